"""The course page: fifteen weeks, and what each of them asks, reads and builds."""

import html
from pathlib import Path

from tinytorch.workshop import curriculum, settings
from tinytorch.workshop.curriculum.model import Lesson, Milestone, Weeks

from . import documents

ABOUT = (
    "Fifteen weeks in which you build a deep-learning framework, beside a textbook on "
    "machine-learning systems: what to build, what to read, and what you can do then."
)


def build(out: Path) -> None:
    """Write ``course/index.html`` from the registry."""
    blocks = "".join(map(_block, curriculum.WEEKS))
    body = f"<h1>The course</h1>\n<p>{ABOUT}</p>\n{blocks}"
    target = out / "course" / "index.html"
    target.parent.mkdir()
    target.write_text(documents.page("The course · TinyTorch", ABOUT, body, "../"))


def _block(weeks: Weeks) -> str:
    span = f"{weeks.first}" if weeks.first == weeks.last else _span(weeks)
    there = [x for x in curriculum.lessons() if x.number in weeks.lessons]
    there = [x for x in there if settings.course().shows(x.number)]
    rows = "".join(map(_lesson, there))
    rows += "".join(
        _milestone(x) for x in curriculum.MILESTONES if x.after in weeks.lessons
    )
    missing = len(weeks.lessons) - len(there)
    plural = "lessons are" if missing > 1 else "lesson is"
    more = f'<p class="soft">{missing} more {plural} planned.</p>' if missing else ""
    week = "Week" if weeks.first == weeks.last else "Weeks"
    table = f'<div class="table"><table>{_HEAD}{rows}</table></div>' if rows else ""
    return (
        f"<h2>{week} {span}: {html.escape(weeks.title)}</h2>\n"
        f"<p>{_reading(weeks)}</p>\n{table}\n{more}\n"
    )


_HEAD = "<tr><th>build</th><th>time</th><th>then you can say</th></tr>\n"


def _span(weeks: Weeks) -> str:
    return f"{weeks.first} to {weeks.last}"


def _reading(weeks: Weeks) -> str:
    """Return which of the textbook's chapters belong to these weeks."""
    if not weeks.chapters:
        return "Nothing to read in the textbook: the lessons bring what they need."
    named = ", ".join(
        f"{number} {curriculum.CHAPTERS.get(number, '')}".strip()
        for number in weeks.chapters
    )
    return f"Read: {html.escape(named)}."


def _lesson(lesson: Lesson) -> str:
    title = f"{lesson.number:02d} · {html.escape(lesson.title)}"
    return (
        f'<tr><td><a href="../read/{lesson.stem}.html">{title}</a></td>'
        f"<td>{lesson.minutes} min</td>"
        f"<td>I can {html.escape(lesson.question)}.</td></tr>\n"
    )


def _milestone(milestone: Milestone) -> str:
    return (
        f'<tr><td><a href="../read/milestones/{milestone.name}.html">'
        f"{html.escape(milestone.title)}</a>, {html.escape(milestone.year)}</td>"
        f"<td>milestone</td><td>Reach: {html.escape(milestone.reach)}.</td></tr>\n"
    )
