"""A student's parts as readable files beside the notebooks, one file a part."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import takewhile
from pathlib import Path

from tinytorch.utils import files
from tinytorch.workshop import names

FOLDER = "my_tinytorch"
ARCHIVE = "my_tinytorch.zip"  # what an export is called, beside the notebooks
VERSIONS = "notebooks.json"  # the site's list, made by its build
DRIVE = Path("/drive")  # where JupyterLite mounts the notebooks' folder
NO_DRIVE = (
    "This browser gives the notebooks no place to save files, as some private windows "
    "do. Lessons and checks work, and your parts last until you close this tab. Before "
    "that, take them home with workshop.export(); workshop.restore() brings them back."
)
_HEADER = "# Your part of tinytorch: "


def root() -> Path:
    """Return the folder of saved parts; it need not exist yet.

    While nbgrader runs a notebook it is a new one, so that the notebook alone counts.
    Else TINYTORCH_HOME wins; then the browser's drive, or its memory if there is none;
    then `my_tinytorch` in the current folder or the nearest one above that has it.
    """
    if os.environ.get("NBGRADER_EXECUTION"):
        return _new_home()
    chosen = os.environ.get("TINYTORCH_HOME")
    if chosen:
        return Path(chosen)
    if sys.platform == "emscripten":
        return (DRIVE if lasting() else Path.home()) / FOLDER
    here = Path.cwd()
    above = (folder / FOLDER for folder in (here, *here.parents))
    return next((folder for folder in above if folder.is_dir()), here / FOLDER)


@cache
def _new_home() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tinytorch-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / FOLDER


def path_of(address: str) -> Path:
    """Return the file of a part: folders for packages, the rest in the name."""
    *folders, last = names.current(address).split(".")
    lower = [name for name in folders if name == name.lower()]
    rest = [name for name in folders if name != name.lower()]
    return root().joinpath(*lower, ".".join([*rest, last]) + ".py")


def save(address: str, source: str) -> Path:
    """Write a part's source, whole or not at all; returns the file."""
    path = path_of(address)
    text = (
        f"{_first_line(names.current(address))}\n"
        f"# Saved on {date.today()}. Delete this file to return to the reference.\n\n"
        f"{source.rstrip()}\n"
    )
    files.replace(path, text.encode())
    return path


def _first_line(address: str) -> str:
    return f"{_HEADER}{address}"


@dataclass(frozen=True)
class Saved:
    """One file of the student's: its place, its text and the part that it names."""

    path: Path
    text: str

    @property
    def written(self) -> str:
        """The name on the file's first line, or else the file's own path."""
        first = self.text.partition("\n")[0]
        if first.startswith(_HEADER):
            return first.removeprefix(_HEADER).rstrip()
        return str(self.path.relative_to(root()))

    @property
    def address(self) -> str:
        """The part's name today, whatever it was called when it was saved."""
        return names.current(self.written)

    def today(self) -> Saved:
        """This file under its part's name today; itself if it has no other."""
        if self.written == self.address:
            return self
        rest = self.text.partition("\n")[2]
        text = f"{_first_line(self.address)}\n{rest}"
        return Saved(path_of(self.address), text)

    def source(self) -> tuple[str, int]:
        """Return the function's source, and the line of the file that it begins on."""
        lines = self.text.splitlines()
        above = takewhile(lambda line: not line.strip() or line[0] == "#", lines)
        first = len(list(above))
        return "\n".join(lines[first:]) + "\n", first + 1


def saved() -> dict[str, Saved]:
    """Return the files that there are, by address, each read once.

    In a browser every access to the drive asks the page's service worker: what is
    needed again is kept by the caller. Bytes that are no text read as an empty file.
    """
    if not root().is_dir():
        return {}
    read = [Saved(path, _text(path)) for path in sorted(root().rglob("*.py"))]
    found = [_renamed(file) for file in read]
    return {file.address: file for file in found if file is not None}


def _renamed(file: Saved) -> Saved | None:
    """Bring a file under a part's former name to today's name, and return it.

    Where today's name is taken, the file there is the part: an equal body is dropped,
    another one stays beside it as no part any more, and None is returned.
    """
    today = file.today()
    if today == file:
        return file
    if today.path == file.path:  # only the name inside is a former one
        files.replace(today.path, today.text.encode())
        return today
    if not today.path.exists():
        files.replace(today.path, today.text.encode())
        file.path.unlink()
        return today
    if Saved(today.path, _text(today.path)).source()[0] == file.source()[0]:
        file.path.unlink()
    else:
        file.path.replace(aside(today.path))
    return None


def aside(path: Path) -> Path:
    """Return a free name beside `path` under which a file is no part any more."""
    numbers = ("", *(f"-{number}" for number in range(2, 1000)))
    free = (path.with_name(f"{path.name}.restored{number}") for number in numbers)
    return next(name for name in free if not name.exists())


def load(address: str) -> str:
    """Return a part's saved source. Raises KeyError for one that is not saved."""
    return saved()[names.current(address)].source()[0]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def not_exported() -> int:
    """Return how many saved files are newer than the last export, if there is one."""
    archive = root().parent / ARCHIVE
    since = archive.stat().st_mtime if archive.is_file() else 0.0
    return sum(path.stat().st_mtime > since for path in root().rglob("*.py"))


@cache
def lasting() -> bool:
    """Return whether saved files outlive this kernel.

    A browser without a service worker, as in some private windows, gives notebooks no
    drive, or one that answers nothing: what is written then is gone with the tab.
    """
    if sys.platform != "emscripten":
        return True
    try:
        return bool(os.listdir(DRIVE))
    except OSError:
        return False


def untouched(notebook: Path) -> bool:
    """Return whether no cell of a notebook differs from the site's version.

    False where the site cannot be asked, as on a desktop.
    """
    if sys.platform != "emscripten":
        return False
    from tinytorch.utils import browser

    name = notebook.relative_to(root().parent).as_posix()
    try:
        original = browser.get(f"{browser.site_url()}files/{name}", fresh=True)
        return _cells(original) == _cells(notebook.read_bytes())
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _cells(notebook: bytes) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(notebook)["cells"]]


def version_of(notebook: Path) -> str:
    """Return the version of the source that a notebook was made from, or "".

    It stands in the notebook's metadata, which Jupyter keeps through every save.
    """
    try:
        metadata = json.loads(notebook.read_bytes())["metadata"]
        return str(metadata["tinytorch"]["source"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def newer_version(notebook: str) -> bool:
    """Return whether the site has another version of a notebook than this browser.

    A browser's own copy of a notebook hides the one that a new site brings; without
    a copy the drive gives the site's own. False where the site cannot be asked, as on
    a desktop, or where there is no drive.
    """
    if sys.platform != "emscripten":
        return False
    from tinytorch.utils import browser

    version = version_of(root().parent / notebook)
    if not version:
        return False
    try:
        listed = json.loads(browser.get(browser.site_url() + VERSIONS, fresh=True))
    except (OSError, ValueError):
        return False
    return bool(listed.get(notebook, version) != version)
