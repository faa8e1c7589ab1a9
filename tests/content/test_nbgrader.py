"""Lessons in an instructor's hands: nbgrader grades them, unchanged."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.content.conftest import LESSONS
from tinytorch.workshop import curriculum, notebooks


@pytest.mark.parametrize("stem", LESSONS)
def test_the_unanswered_notebook_scores_zero(graded, stem):
    run = graded(stem, "unanswered")
    assert run.score == 0
    assert run.points == points(stem)


@pytest.mark.parametrize("stem", LESSONS)
def test_the_solution_scores_full_marks(graded, stem):
    assert graded(stem, "solved").score == points(stem)


def points(stem: str) -> int:
    (lesson,) = (lesson for lesson in curriculum.lessons() if lesson.stem == stem)
    return sum(part.points for part in lesson.parts)


@pytest.mark.parametrize(
    ("edition", "words"),
    [
        ("solution", "Success! Your notebook passes all the tests."),
        ("student", "still to be written: replace the last two lines"),
    ],
)
def test_nbgrader_validates_a_notebook(tmp_path, edition, words):
    notebook = tmp_path / "02_tensor.ipynb"
    text = (ROOT / "content" / "02_tensor.py").read_text()
    notebook.write_text(notebooks.to_notebook(text, notebook.name, edition))
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "validate", notebook.name],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
