"""The progress view: what it counts, in words and in HTML."""

from __future__ import annotations

import pytest

from tinytorch.workshop import curriculum
from tinytorch.workshop.overview import Overview
from tinytorch.workshop.view import GOOD

LESSON = curriculum.lesson(2)
ALL = tuple(part.address for part in LESSON.parts)


@pytest.mark.parametrize("count", range(len(ALL) + 1))
def test_every_part_is_a_square_and_those_of_the_student_are_full(count):
    view = Overview(ALL[:count], {}, 0)
    assert f"{count} of {len(curriculum.parts())} parts" in view.title
    html = view._repr_html_()
    assert html.count(f"fill='{GOOD}'") == count
    assert html.count("<rect") == len(curriculum.parts())
    bar = "■" * count + "□" * (len(ALL) - count)
    assert f"{LESSON.stem:<18} {bar} " in view.text


def test_a_question_is_answered_when_all_its_parts_are_there():
    assert f"Can I {LESSON.question}?" in Overview(ALL[1:], {}, 0).text
    assert f"Yes, I can {LESSON.question}." in Overview(ALL, {}, 0).text


@pytest.mark.parametrize("milestone", curriculum.MILESTONES, ids=lambda m: m.name)
def test_a_milestone_unlocks_with_its_last_part(milestone):
    assert milestone.needs, "a milestone runs on parts"
    assert set(milestone.needs) <= set(curriculum.parts())
    nearly = Overview(milestone.needs[1:], {}, 0)
    assert nearly.state(milestone).startswith("1 of its ")
    reached = Overview(milestone.needs, {}, 0)
    assert reached.state(milestone) == f"unlocked: {milestone.reach}"
    assert reached.state(milestone) in reached.text


def test_what_was_left_aside_or_not_exported_is_said_and_escaped():
    view = Overview((), {"odd.py": "a < b"}, 2)
    assert "Left aside: odd.py: a < b" in view.text
    assert "2 of your saved files" in view.text
    assert "a &lt; b" in view._repr_html_()
    assert "export" not in Overview((), {}, 0).text
