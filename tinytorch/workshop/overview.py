"""The progress view: lessons, parts, checkpoints and milestones at a glance."""

from dataclasses import dataclass
from html import escape

from tinytorch.workshop import curriculum
from tinytorch.workshop.curriculum import Lesson, Milestone, Part
from tinytorch.workshop.view import GOOD

SQUARE, STEP = 11, 14  # pixels


@dataclass(frozen=True)
class Overview:
    """How far a student is: their parts, files left aside and not yet exported."""

    mine: tuple[str, ...]
    aside: dict[str, str]
    not_exported: int

    def own(self, lesson: Lesson) -> list[Part]:
        """Return the parts of a lesson that are the student's."""
        return [part for part in lesson.parts if part.address in self.mine]

    def reached(self, lesson: Lesson) -> bool:
        """Return whether the lesson's question can be answered with yes."""
        return bool(lesson.parts) and len(self.own(lesson)) == len(lesson.parts)

    def missing(self, milestone: Milestone) -> list[str]:
        """Return the addresses that still keep a milestone locked."""
        return [address for address in milestone.needs if address not in self.mine]

    @property
    def title(self) -> str:
        """How much of the package is the student's, in one line."""
        every = curriculum.parts()
        points = sum(every[address].points for address in self.mine)
        total = sum(part.points for part in every.values())
        return (
            f"Your tinytorch: {len(self.mine)} of {len(every)} parts, "
            f"{points} of {total} points"
        )

    @property
    def text(self) -> str:
        """The overview as plain text."""
        lines = [self.title]
        for lesson in curriculum.lessons():
            own, total = len(self.own(lesson)), len(lesson.parts)
            bar = "■" * own + "□" * (total - own)
            lines.append(
                f"  {lesson.stem:<18} {bar:<9} {self._points(lesson):>8} points  "
                f"{self.answer(lesson)}"
            )
        for milestone in curriculum.MILESTONES:
            name = f"{milestone.title} ({milestone.year})"
            lines.append(f"  {name:<28} {self.state(milestone)}")
        return "\n".join([*lines, *(f"  {note}" for note in self._notes())])

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        lessons = "".join(map(self._lesson_row, curriculum.lessons()))
        milestones = "".join(map(self._milestone_row, curriculum.MILESTONES))
        notes = "".join(
            f"<p style='margin:.3em 0'>{escape(n)}</p>" for n in self._notes()
        )
        table = "<table style='margin:.5em 0;border-collapse:collapse'>"
        return (
            f"<div><b>{escape(self.title)}</b>{table}{lessons}</table>"
            + (f"<b>Milestones</b>{table}{milestones}</table>" if milestones else "")
            + f"{notes}</div>"
        )

    def _points(self, lesson: Lesson) -> str:
        own = sum(part.points for part in self.own(lesson))
        return f"{own} of {sum(part.points for part in lesson.parts)}"

    def answer(self, lesson: Lesson) -> str:
        """Return the lesson's question, or that it is answered."""
        if self.reached(lesson):
            return f"Yes, I can {lesson.question}."
        return f"Can I {lesson.question}?"

    def state(self, milestone: Milestone) -> str:
        """Return what a milestone still waits for, or what it has to reach."""
        missing = self.missing(milestone)
        if not missing:
            return f"unlocked: {milestone.reach}"
        return f"{len(missing)} of its {len(milestone.needs)} parts are still to build"

    def _notes(self) -> list[str]:
        notes = [f"Left aside: {name}: {why}" for name, why in self.aside.items()]
        if self.not_exported:
            notes.append(
                f"{self.not_exported} of your saved files are not in an export yet: "
                "workshop.export() makes one to download and keep."
            )
        return notes

    def _lesson_row(self, lesson: Lesson) -> str:
        mark = "✓" if self.reached(lesson) else ""
        cells = (
            f"{lesson.number:02d}",
            escape(lesson.name),
            self._squares(lesson),
            f"{self._points(lesson)} points",
            f"<span style='color:{GOOD}'>{mark}</span> {escape(self.answer(lesson))}",
        )
        return _row(cells, faint=not self.own(lesson))

    def _squares(self, lesson: Lesson) -> str:
        """Draw a square for each part: full if it is the student's, else empty."""
        squares = ""
        for i, part in enumerate(lesson.parts):
            own = part.address in self.mine
            paint = (
                f"fill='{GOOD}'"
                if own
                else "fill='none' stroke='currentColor' stroke-opacity='.45'"
            )
            squares += (
                f"<rect x='{STEP * i + 0.5}' y='.5' width='{SQUARE}' "
                f"height='{SQUARE}' rx='2' {paint}>"
                f"<title>{escape(part.address)}</title></rect>"
            )
        words = f"{len(self.own(lesson))} of {len(lesson.parts)} parts"
        return (
            f"<svg role='img' aria-label='{words}' width='{STEP * len(lesson.parts)}' "
            f"height='{STEP}' style='vertical-align:middle'>{squares}</svg>"
        )

    def _milestone_row(self, milestone: Milestone) -> str:
        missing = self.missing(milestone)
        mark = "" if missing else f"<span style='color:{GOOD}'>✓</span>"
        cells = (
            escape(milestone.year),
            escape(milestone.title),
            f"after lesson {milestone.after:02d}",
            f"{mark} {escape(self.state(milestone))}",
        )
        return _row(cells, faint=bool(missing))


def _row(cells: tuple[str, ...], faint: bool) -> str:
    style = "text-align:left;padding:.15em 1.2em .15em 0;white-space:nowrap"
    body = "".join(f"<td style='{style}'>{cell}</td>" for cell in cells)
    return f"<tr style='background:none;opacity:{0.75 if faint else 1}'>{body}</tr>"
