"""Rewrite every hash after a version was changed: ``make pins`` runs this.

In pins.toml the versions stand as a person wrote them, and the hashes follow from what
npm and PyPI serve. The locks are resolved anew from pyproject.toml and kernel.in.
Read the difference before committing it: these hashes are what the build trusts.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from .distribution import OMITTED
from .fetch import PINS_FILE, Digest, FetchError, load_pins, npm_pack, pip_download

ROOT = Path(__file__).parent.parent
LOCKS = Path(__file__).parent / "locks"
COMPILE = (
    *("pip", "compile", "--quiet", "--upgrade", "--generate-hashes"),
    *(
        "--no-annotate",
        "--no-emit-package=tinytorch",
        "--custom-compile-command",
        "make pins",
    ),
)
TOOLS = ("--universal", "--python-version", "3.11", "--extra", "dev")
KERNEL = ("--python-version", "3.14", "--python-platform", "wasm32-pyodide2025")


def main() -> None:
    """Update pins.toml and both locks, each in one rename."""
    try:
        text = PINS_FILE.read_text()
        for name, pin in load_pins()["npm"].items():
            text = replace(text, pin["integrity"], npm_integrity(name, pin["version"]))
        for name, pin in load_pins()["pypi"].items():
            text = replace(text, pin["sha256"], pypi_sha256(name, pin))
        write(PINS_FILE, text)
        compile_lock(ROOT / "pyproject.toml", LOCKS / "tools.txt", *TOOLS)
        omit = [f"--no-emit-package={name}" for name in sorted(OMITTED)]
        compile_lock(LOCKS / "kernel.in", LOCKS / "kernel.txt", *KERNEL, *omit)
    except FetchError as error:
        sys.exit(f"make pins: {error}")


def npm_integrity(name: str, version: str) -> str:
    """Return npm's integrity string of a package as it is served now."""
    with tempfile.TemporaryDirectory() as into:
        return Digest.of(npm_pack(name, version, Path(into)), "sha512").integrity


def pypi_sha256(name: str, pin: dict) -> str:
    """Return the sha256 of a wheel as it is served now."""
    with tempfile.TemporaryDirectory() as into:
        unhashed = pin | {"sha256": None}
        return Digest.of(pip_download(name, unhashed, Path(into)), "sha256").hex


def replace(text: str, old: str, new: str) -> str:
    """Replace a hash in pins.toml, leaving its comments alone."""
    if old != new:
        print(f"{old} -> {new}")
    return text.replace(old, new)


def compile_lock(source: Path, lock: Path, *options: str) -> None:
    """Resolve ``source`` into ``lock`` with uv."""
    # A folder of wheels on this machine must not end up in a lock for everyone.
    environment = {k: v for k, v in os.environ.items() if not k.endswith("FIND_LINKS")}
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run(
        [str(uv), *COMPILE, *options, str(source)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise FetchError(f"uv could not resolve {source.name}: {done.stderr.strip()}")
    before, after = lock.read_text(), done.stdout
    for line in sorted(set(_versions(after)) - set(_versions(before))):
        print(f"{lock.name}: {line}")
    write(lock, after)


def write(path: Path, text: str) -> None:
    """Write a file so that it is either the old one or the new one."""
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    os.replace(partial, path)


def _versions(lock: str) -> list[str]:
    return re.findall(r"^[\w.-]+==\S+", lock, re.MULTILINE)


if __name__ == "__main__":
    main()
