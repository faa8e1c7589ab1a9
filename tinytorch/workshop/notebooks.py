"""Text notebooks (jupytext's percent format) to .ipynb, the same bytes every time.

A cell that names a part (``# %% part="optim.Optimizer.step"``) has no code in the
source. Its signature and docstring come from the package: with an empty body for
students, with the package's own body in a solution. A check cell follows it.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from pathlib import Path
from typing import Any, Literal

from tinytorch.workshop import curriculum
from tinytorch.workshop.place import find, reference_source, stub_source
from tinytorch.workshop.store import VERSIONS

KERNEL = {"name": "python", "display_name": "Python", "language": "python"}
__all__ = ["VERSIONS", "build", "to_notebook", "version", "versions"]

Edition = Literal["student", "solution"]


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
    the site has a newer one. Raises ModuleNotFoundError without the site's tools.
    """
    jupytext, nbformat = _tool("jupytext"), _tool("nbformat")
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
            "tinytorch": {"source": version(text)},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    cells: list[Any] = []
    for cell in notebook.cells:
        address = cell.metadata.pop("part", None)
        cells += _exercise(address, edition) if address else [cell]
    for number, cell in enumerate(cells):
        cell.id = hashlib.sha256(f"{path}#{number}".encode()).hexdigest()[:12]
    notebook.cells = cells
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook, version=4)) + "\n"


def _tool(name: str) -> Any:
    """Import one of the site's tools; the package itself depends on numpy alone."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"a notebook is made with {name}, which is not installed here: "
            "`make venv` in a checkout installs it",
            name=name,
        ) from error


def _exercise(address: str, edition: Edition) -> list[Any]:
    """Return the cell in which a part is written, and the one that grades it."""
    place, part = find(address), curriculum.part(address)
    source = stub_source(place) if edition == "student" else reference_source(place)
    new_cell = _tool("nbformat").v4.new_code_cell
    build_cell = new_cell(f'@build("{address}")\n{source}')
    check_cell = new_cell(f'check("{address}")')
    # A check that fails must not keep the cells below it from running.
    check_cell.metadata.tags = ["raises-exception"]
    grade_id = address.replace(".", "-")
    build_cell.metadata.nbgrader = _graded(grade_id, solution=True)
    check_cell.metadata.nbgrader = _graded(f"check-{grade_id}", points=part.points)
    return [build_cell, check_cell]


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
