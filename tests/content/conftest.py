"""Lessons run once, in both editions, and every test reads what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT
from tests.content import grade
from tinytorch.workshop import curriculum
from tinytorch.workshop.place import find, reference_source

LESSONS = [lesson.stem for lesson in curriculum.lessons()]


@dataclass(frozen=True)
class Run:
    """A lesson as nbgrader ran it: score, points there are, and the notebook."""

    score: float
    points: float
    notebook: nbformat.NotebookNode

    @property
    def outputs(self) -> list[str]:
        """The text of each code cell's outputs, HTML included."""
        return [_text(c) for c in self.notebook.cells if c.cell_type == "code"]

    @property
    def errors(self) -> list[str]:
        """The errors of all cells, as `Name: message`."""
        cells = [c for c in self.notebook.cells if c.cell_type == "code"]
        return [
            f"{o.ename}: {o.evalue}"
            for cell in cells
            for o in cell.outputs
            if o.output_type == "error"
        ]


def _text(cell: nbformat.NotebookNode) -> str:
    found = []
    for output in cell.outputs:
        found += [str(value) for value in output.get("data", {}).values()]
        found.append(output.get("text", ""))
    return "\n".join(found)


@pytest.fixture(scope="session")
def graded(tmp_path_factory) -> Callable[[str, str], Run]:
    """Return `graded(stem, "solved" or "unanswered")`: that Run, made once."""

    @cache
    def course(stem: str) -> tuple[Path, dict]:
        # What lies above a course is nobody's answer: here, every right body.
        above = tmp_path_factory.mktemp(stem)
        for address in curriculum.parts():
            saved = above / "my_tinytorch" / f"{address}.py"
            saved.parent.mkdir(exist_ok=True)
            body = reference_source(find(address))
            saved.write_text(f"# Your part of tinytorch: {address}\n\n{body}")
        folder = above / "course"
        folder.mkdir()
        own = {"JUPYTER_CONFIG_DIR": str(folder), "IPYTHONDIR": str(folder / "ipython")}
        commands = Path(sys.executable).parent  # nbgrader calls alembic by its name
        own["PATH"] = f"{commands}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [sys.executable, grade.__file__, str(folder), stem],
            env=os.environ | own | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return folder, json.loads(done.stdout.splitlines()[-1])

    @cache
    def run(stem: str, student: str) -> Run:
        folder, scores = course(stem)
        path = folder / "autograded" / student / stem / f"{stem}.ipynb"
        return Run(*scores[student], nbformat.read(path, as_version=4))

    return run
