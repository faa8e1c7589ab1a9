"""The folder that a box may read: an interpreter, numpy and this very package.

Pyodide comes as source text, which each start would compile again: six seconds of
seven. So a first box compiles once what a start imports, and the image keeps that.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

from tinytorch.utils.data import assets
from tinytorch.workshop.grading.box import HERE, Box
from tinytorch.workshop.place import PACKAGE

PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json")
STDLIB = "python_stdlib.zip"
OURS = f"{PACKAGE}.zip"
SECONDS = 300  # for compiling, on a slow and busy machine
# Where the box has each archive's files, and whether a compiled one lies apart.
PLACES = {"zip/": STDLIB, "site-packages/": "numpy", "/lib/box/": OURS}
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def prepare(pyodide: Path, deno: str) -> Path:
    """Return an image made from a Pyodide distribution; the cache keeps it.

    Raises ValueError where the distribution is not whole.
    """
    numpy = sorted(pyodide.glob("numpy-*.whl"))
    missing = [n for n in (*PYODIDE, STDLIB) if not (pyodide / n).is_file()]
    if missing or not numpy:
        raise ValueError(
            f"expected a Pyodide distribution in {pyodide}, got no "
            f"{(missing or ['numpy-*.whl'])[0]}; `make site` builds one"
        )
    wanted = {name: (pyodide / name).read_bytes() for name in (*PYODIDE, STDLIB)}
    wanted |= {numpy[0].name: numpy[0].read_bytes(), OURS: _package()}
    wanted |= {n: (HERE / n).read_bytes() for n in ("start.py", "compile.py")}
    digest = hashlib.sha256(repr(sorted(wanted)).encode())
    for name in sorted(wanted):
        digest.update(hashlib.sha256(wanted[name]).digest())
    folder = assets.cache_folder() / "box" / digest.hexdigest()[:16]
    if not folder.is_dir():
        _make(folder, wanted, deno)
    return folder


def _make(folder: Path, wanted: dict[str, bytes], deno: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "image"
        made.mkdir()
        for name, body in wanted.items():
            (made / name).write_bytes(body)
        shutil.copyfile(made / "compile.py", made / "start.py")
        box = Box(made, deno)
        try:
            compiled = json.loads(box.ask("", SECONDS))
        finally:
            box.close()
        for name, body in with_compiled(wanted, compiled).items():
            (made / name).write_bytes(body)
        made.replace(folder)


def with_compiled(
    wanted: dict[str, bytes], compiled: dict[str, str]
) -> dict[str, bytes]:
    """Return the files again, with compiled modules, by path in the box, in theirs."""
    extra: dict[str, dict[str, bytes]] = {name: {} for name in PLACES.values()}
    for path, code in compiled.items():
        for place, archive in PLACES.items():
            _, found, inside = path.partition(place)
            if found:
                extra[archive][inside] = base64.b64decode(code)
    return {
        name: _added(body, extra[archive])
        for name, body in wanted.items()
        for archive in [name.partition("-")[0]]
        if archive in extra
    } | {"start.py": wanted["start.py"]}


def _added(archive: bytes, extra: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO(archive)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as opened:
        for name, body in extra.items():
            opened.writestr(zipfile.ZipInfo(name, _FIRST_DAY), body)
    return buffer.getvalue()


def _package() -> bytes:
    buffer = io.BytesIO()
    root = HERE.parents[1]
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(root.rglob("*.py")):
            name = f"{PACKAGE}/{path.relative_to(root).as_posix()}"
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DAY), path.read_bytes())
    return buffer.getvalue()
