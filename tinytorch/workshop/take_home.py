"""The student's own tinytorch to take home, and a backup of their work."""

import ast
import base64
import hashlib
import io
import textwrap
import zipfile
from collections.abc import Iterator
from html import escape
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

import tinytorch
from tinytorch.utils import files
from tinytorch.workshop import curriculum, session, store, view
from tinytorch.workshop.place import PACKAGE, find, node_of

BACKUP = "backup/"
# A student's annotation may name what the module of the part does not know.
_LAZY = "from __future__ import annotations"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's first day: equal work gives equal bytes


class Download(view.Panel):
    """What `export` shows: where the file lies, and a link that saves it."""

    def __init__(self, path: Path, rows: tuple[tuple[str, str], ...]) -> None:
        super().__init__(f"Your tinytorch is in {path.name}", rows, view.GOOD)
        self._path = path

    def _repr_html_(self) -> str:
        data = base64.b64encode(self._path.read_bytes()).decode()
        link = (
            f"<a download='{escape(self._path.name)}' "
            f"href='data:application/zip;base64,{data}'>Download {self._path.name}</a>"
        )
        return f"{super()._repr_html_()}<p>{link}</p>"


def export(path: str | Path | None = None) -> Path:
    """Write a zip with your installable tinytorch and a backup; returns its path.

    It holds a wheel for `pip install`, a README that names your parts, and under
    `backup/` every saved part and notebook, for `restore`. The default place is beside
    the notebooks.
    """
    session.restore_parts()
    target = Path(path) if path else store.root().parent / store.ARCHIVE
    wheel_name, wheel = build_wheel(dict(package_files()))
    readme = _readme(wheel_name)
    contents = {"README.md": readme.encode(), wheel_name: wheel, **_backup_files()}
    files.replace(target, _zip(contents))
    count = len(session.mine())
    rows = (
        ("yours", f"{count} of {len(curriculum.parts())} parts"),
        ("install", f"unzip it, then: pip install {wheel_name}"),
        (
            "restore",
            "in another browser, upload it there (File, Open), then: "
            f'workshop.restore("{target.name}")',
        ),
    )
    view.show(Download(target, rows))
    return target


def restore(path: str | Path) -> list[str]:
    """Bring the backup in an exported zip back; returns the files it wrote.

    A file that is there already with other contents stays; the backup's version is
    written beside it, with "restored" in its name. A notebook in which nothing was
    written yet gives way. Raises ValueError for a file that is no
    export, or whose names point outside.
    """
    wrote = []
    for name, body in _read_backup(Path(path)):
        target, body = _home(name, body)
        if target.exists() and target.read_bytes() == body:
            continue
        if target.exists() and not (_is_notebook(target) and store.untouched(target)):
            target = _beside(target)
        files.replace(target, body)
        wrote.append(str(target))
    session.restore_parts()
    rows = (
        ("files", f"{len(wrote)} written; what was there and differs was kept"),
        ("yours", f"{len(session.mine())} of {len(curriculum.parts())} parts"),
    )
    view.show(view.Panel("Your work is back", rows, view.GOOD))
    return wrote


def package_files() -> Iterator[tuple[str, bytes]]:
    """Yield the package's files with the student's bodies in place of ours."""
    saved = store.saved()
    bodies: dict[str, dict[str, str]] = {}
    for address in session.mine():
        of_module = bodies.setdefault(find(address).module.__name__, {})
        of_module[address] = saved[address].source()[0]
    for name, file in _walk(resources.files(PACKAGE), PurePosixPath(PACKAGE)):
        content = file.read_bytes()
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if module in bodies:
            content = replace_bodies(content.decode(), bodies[module]).encode()
        yield name, content


def replace_bodies(source: str, bodies: dict[str, str]) -> str:
    """Return a module's source with other functions in place, by their addresses."""
    lines = source.splitlines()
    edits = []
    for address, body in bodies.items():
        node, _ = node_of(find(address))
        own = textwrap.dedent(body).rstrip()
        edits.append((node.lineno, node.end_lineno, node.col_offset, own))
    for first, last, indent, own in sorted(edits, reverse=True):
        lines[first - 1 : last] = textwrap.indent(own, " " * indent).splitlines()
    if _LAZY not in lines:
        docstring = ast.parse(source).body[0]
        lines[docstring.end_lineno : docstring.end_lineno] = ["", _LAZY]
    text = "\n".join(lines) + "\n"
    ast.parse(text)  # a module that cannot be read must not be handed out
    return text


def build_wheel(package: dict[str, bytes]) -> tuple[str, bytes]:
    """Return (file name, bytes) of a wheel: the format is a zip with a record."""
    version = f"{tinytorch.__version__}+mine"
    info = f"{PACKAGE}-{version}.dist-info"
    metadata = (
        f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {version}\n"
        f"Summary: A deep-learning framework, {len(session.mine())} parts of it mine\n"
        "Requires-Python: >=3.11\nRequires-Dist: numpy>=2.0\n"
    )
    tags = "Wheel-Version: 1.0\nGenerator: tinytorch\nRoot-Is-Purelib: true\n"
    every = {
        **package,
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": f"{tags}Tag: py3-none-any\n".encode(),
    }
    record = "".join(f"{name},{_digest(body)}\n" for name, body in every.items())
    every[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"{PACKAGE}-{version}-py3-none-any.whl", _zip(every)


def _digest(body: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=")
    return f"sha256={digest.decode()},{len(body)}"


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, body, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _walk(
    folder: Traversable, name: PurePosixPath
) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _walk(entry, name / entry.name)
        elif entry.is_file():
            yield str(name / entry.name), entry


def _backup_files() -> dict[str, bytes]:
    """Return saved parts and notebooks, as they lie beside each other."""
    root = store.root()
    found = {
        f"{store.FOLDER}/{p.relative_to(root).as_posix()}": p
        for p in root.rglob("*.py")
    }
    for pattern in ("*.ipynb", "milestones/*.ipynb"):
        notebooks = (p for p in root.parent.glob(pattern) if not store.untouched(p))
        found |= {p.relative_to(root.parent).as_posix(): p for p in notebooks}
    return {BACKUP + name: found[name].read_bytes() for name in sorted(found)}


def _home(name: str, body: bytes) -> tuple[Path, bytes]:
    """Return where a file of the backup belongs on this machine, and its contents.

    A part that was saved under a former name goes to its name today.
    """
    folder, _, rest = name.partition("/")
    root = store.root()
    if folder != store.FOLDER:
        return root.parent / name, body
    try:
        file = store.Saved(root / rest, body.decode()).today()
    except UnicodeDecodeError:
        return root / rest, body
    return file.path, file.text.encode()


def _is_notebook(path: Path) -> bool:
    return path.suffix == ".ipynb"


def _beside(path: Path) -> Path:
    """Return another name: a notebook still opens, a part is no part any more."""
    if _is_notebook(path):
        return path.with_stem(f"{path.stem}-restored")
    return store.aside(path)


def _read_backup(path: Path) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.startswith(BACKUP)]
            pairs = [(n.removeprefix(BACKUP), archive.read(n)) for n in names]
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} is no export of the workshop: {error}") from error
    if not pairs:
        raise ValueError(f"{path} is no export of the workshop: it has no {BACKUP}")
    for name, _ in pairs:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ValueError(f"{path} names a file outside its folder: {name}")
    return pairs


def _readme(wheel: str) -> str:
    mine = session.mine()
    rows = "\n".join(f"- `{address}`" for address in mine) or "- none yet"
    return (
        f"# My tinytorch\n\n{len(mine)} of its {len(curriculum.parts())} parts are "
        f"mine:\n\n{rows}\n\nInstall it anywhere with Python 3.11 or newer:\n\n"
        f"    pip install ./{wheel}\n\nThe folder `backup` holds my parts and "
        "notebooks; `workshop.restore` reads this\nvery file.\n"
    )
