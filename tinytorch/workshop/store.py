"""A student's parts as readable files beside the notebooks, one file a part."""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path

FOLDER = "my_tinytorch"
VERSIONS = "notebooks.json"  # the site's list, made by its build
DRIVE = Path("/drive")  # where JupyterLite mounts the notebooks' folder
_HEADER = "# Your part of tinytorch: "


class Unreadable(ValueError):
    """A saved file that is no part: its first line is missing or names another."""


def root() -> Path:
    """Return the folder of saved parts; it need not exist yet.

    TINYTORCH_HOME wins; then the browser's drive; then `my_tinytorch` in the current
    folder or the nearest one above that has it.
    """
    chosen = os.environ.get("TINYTORCH_HOME")
    if chosen:
        return Path(chosen)
    if sys.platform == "emscripten" and DRIVE.is_dir():
        return DRIVE / FOLDER
    here = Path.cwd()
    above = (folder / FOLDER for folder in (here, *here.parents))
    return next((folder for folder in above if folder.is_dir()), here / FOLDER)


def path_of(address: str) -> Path:
    """Return the file of a part: folders for packages, the rest in the name."""
    *folders, last = address.split(".")
    lower = [name for name in folders if name == name.lower()]
    rest = [name for name in folders if name != name.lower()]
    return root().joinpath(*lower, ".".join([*rest, last]) + ".py")


def save(address: str, source: str) -> Path:
    """Write a part's source, whole or not at all; returns the file."""
    path = path_of(address)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (
        f"{_HEADER}{address}\n"
        f"# Saved on {date.today()}. Delete this file to return to the reference.\n\n"
        f"{source.rstrip()}\n"
    )
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return path


def saved() -> dict[str, Path]:
    """Return the files that there are, by the address in their first line.

    A file without such a line is listed under its own path.
    """
    if not root().is_dir():
        return {}
    return {_address(path): path for path in sorted(root().rglob("*.py"))}


def load(address: str) -> str:
    """Return a part's saved source. Raises Unreadable, or OSError."""
    path = saved().get(address, path_of(address))
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0] != _HEADER + address:
        raise Unreadable(f"{path.name} does not begin with {_HEADER + address!r}")
    body = lines[1:]
    while body and (not body[0].strip() or body[0].startswith("#")):
        body.pop(0)
    return "\n".join(body) + "\n"


def first_line(address: str) -> int:
    """Return the line of the saved file on which the source begins."""
    lines = saved()[address].read_text(encoding="utf-8").splitlines()
    body = (i for i, x in enumerate(lines) if x.strip() and not x.startswith("#"))
    return next(body, 0) + 1


def newer_version(notebook: str, version: str) -> bool:
    """Return whether the site has another version of a notebook than this copy.

    A browser's own copy of a notebook hides the one that a new site brings. False
    where the site cannot be asked, as on a desktop.
    """
    if sys.platform != "emscripten" or not version:
        return False
    from tinytorch.utils.data import browser

    try:
        listed = json.loads(browser.get(browser.site_url() + VERSIONS, fresh=True))
    except (OSError, ValueError):
        return False
    return listed.get(notebook, version) != version


def _address(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            line = file.readline().rstrip("\n")
    except (OSError, UnicodeDecodeError):
        line = ""
    if line.startswith(_HEADER):
        return line.removeprefix(_HEADER)
    return str(path.relative_to(root()))
