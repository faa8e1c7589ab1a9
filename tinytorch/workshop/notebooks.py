"""Text notebooks (jupytext's percent format) to .ipynb, the same bytes every time.

A cell that names a part (``# %% part="optim.Optimizer.step"``) has no code in the
source. Its signature and docstring come from the package: with an empty body for
students, with the package's own body in a solution. A check cell follows it.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Literal

from tinytorch.workshop import curriculum
from tinytorch.workshop.at_hand import in_words
from tinytorch.workshop.place import find, reference_source, stub_source
from tinytorch.workshop.store import VERSIONS

KERNEL = {"name": "python", "display_name": "Python", "language": "python"}
__all__ = ["VERSIONS", "build", "to_notebook", "version", "versions"]

Cell = dict[str, Any]
Edition = Literal["student", "solution"]
MARK = "# %%"
_HEADER = re.compile(
    r"# %%(?P<markdown> \[markdown\])?(?P<rest>( \w+=(\"[^\"]*\"|\[.*\]))*)"
)
_KEY = re.compile(r" (\w+)=(\"[^\"]*\"|\[.*?\])")


def build(content: Path, out: Path, edition: Edition = "student") -> list[Path]:
    """Convert every ``content/**/*.py``; return the notebooks' paths under ``out``."""
    made = []
    for source in sorted(content.rglob("*.py")):
        relative = source.relative_to(content).with_suffix(".ipynb")
        target = out / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text()
        target.write_text(to_notebook(text, relative.as_posix(), edition))
        made.append(relative)
    return made


def versions(content: Path) -> str:
    """Return JSON: the version of every notebook's source, by the notebook's path."""
    found = {
        path.relative_to(content).with_suffix(".ipynb").as_posix(): version(text)
        for path in sorted(content.rglob("*.py"))
        for text in [path.read_text()]
    }
    return json.dumps(found, indent=1) + "\n"


def version(text: str) -> str:
    """Return a short hash of a source, by which an older saved copy is known."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def to_notebook(text: str, path: str, edition: Edition = "student") -> str:
    """Return the notebook's JSON: cell ids follow from ``path``, nothing is executed.

    The metadata carries the source's version, by which `workshop.open` can tell that
    the site has a newer one. Raises ValueError for a cell's first line that is none.
    """
    cells: list[Cell] = []
    for first, lines in _split(text):
        kind, metadata = _header(first, path)
        address = metadata.pop("part", None)
        cells += (
            _exercise(address, edition) if address else [_cell(kind, lines, metadata)]
        )
    for number, cell in enumerate(cells):
        cell["id"] = hashlib.sha256(f"{path}#{number}".encode()).hexdigest()[:12]
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
            "tinytorch": {"source": version(text)},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _split(text: str) -> list[tuple[str, list[str]]]:
    """Return each cell's first line and the lines below it."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith(MARK):
            found.append((line, []))
        elif found:
            found[-1][1].append(line)
    return found


def _header(line: str, path: str) -> tuple[str, dict[str, Any]]:
    """Return a cell's kind and its metadata, out of `# %% [markdown] tags=["x"]`."""
    match = _HEADER.fullmatch(line.rstrip())
    if match is None:
        raise ValueError(f"{path}: expected {_HEADER.pattern}, got {line!r}")
    metadata = {key: json.loads(value) for key, value in _KEY.findall(match["rest"])}
    return "markdown" if match["markdown"] else "code", metadata


def _cell(kind: str, lines: list[str], metadata: dict[str, Any]) -> Cell:
    if kind == "markdown":
        lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
    source = "\n".join(lines).strip("\n").splitlines(keepends=True)
    cell: Cell = {"cell_type": kind, "metadata": metadata, "source": source}
    return (
        cell if kind == "markdown" else cell | {"execution_count": None, "outputs": []}
    )


def _exercise(address: str, edition: Edition) -> list[Cell]:
    """Return what is at hand, the cell to write in, and the one that grades it."""
    place, part = find(address), curriculum.part(address)
    source = stub_source(place) if edition == "student" else reference_source(place)
    grade_id = address.replace(".", "-")
    graded = {"nbgrader": _graded(grade_id, solution=True)}
    build_cell = _cell("code", [f'@build("{address}")', *source.splitlines()], graded)
    # A check that fails must not keep the cells below it from running.
    checked = {
        "nbgrader": _graded(f"check-{grade_id}", points=part.points),
        "tags": ["raises-exception"],
    }
    hand_cell: Cell = _cell(
        "markdown", in_words(place, part.loop is not None).splitlines(), {}
    )
    return [hand_cell, build_cell, _cell("code", [f'check("{address}")'], checked)]


def _graded(grade_id: str, solution: bool = False, points: int = 0) -> dict[str, Any]:
    """Return nbgrader's metadata: a cell to write in, or a locked one with points."""
    grade = {"points": points} if points else {}
    return {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": bool(points),
        "solution": solution,
        "locked": not solution,
        "task": False,
        **grade,
    }
