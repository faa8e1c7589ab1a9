"""Every lesson runs top to bottom, solved and unanswered."""

from __future__ import annotations

import pytest

from tests.content.conftest import LESSONS
from tinytorch.workshop import curriculum


def lesson_of(stem: str) -> curriculum.Lesson:
    return next(lesson for lesson in curriculum.lessons() if lesson.stem == stem)


@pytest.mark.parametrize("stem", LESSONS)
def test_a_solved_lesson_accepts_every_part(graded, stem):
    run, lesson = graded(stem, "solved"), lesson_of(stem)
    assert run.errors == []
    shown = "\n".join(run.outputs)
    for part in lesson.parts:
        assert f"{part.address} is now yours" in shown
        assert f"{part.address}: {part.points} of {part.points} points" in shown
    assert f"Yes, I can {lesson.question}" in shown
    assert all(cell.execution_count for cell in code_cells(run))


@pytest.mark.parametrize("stem", LESSONS)
def test_a_lesson_draws_something(graded, stem):
    shown = "\n".join(graded(stem, "solved").outputs)
    drawings = shown.count("<svg") - shown.count("<svg role='img' aria-label='")
    assert drawings > 0 or "<img" in shown or "image/png" in shown


@pytest.mark.parametrize("stem", LESSONS)
def test_an_unanswered_lesson_fails_kindly_and_runs_to_its_end(graded, stem):
    run, lesson = graded(stem, "unanswered"), lesson_of(stem)
    stubs = [error for error in run.errors if "still to be written" in error]
    assert run.errors == stubs, "only the checks of stubs may fail"
    named = [error.split(": ")[1] for error in stubs]
    assert sorted(named) == sorted(part.address for part in lesson.parts)
    assert all(error.startswith("CheckFailed") for error in stubs)
    assert all(cell.execution_count for cell in code_cells(run))
    assert "is now yours" not in "\n".join(run.outputs)
    assert f"Can I {lesson.question}?" in "\n".join(run.outputs)


def code_cells(run) -> list:
    cells = run.notebook.cells
    return [c for c in cells if c.cell_type == "code" and c.source.strip()]
