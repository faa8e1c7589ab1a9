"""How the workshop speaks: the same words as text and, in a notebook, as HTML."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from html import escape
from typing import Any, Protocol

from tinytorch.utils.display import in_notebook
from tinytorch.workshop import curriculum, store
from tinytorch.workshop.checking import Failure
from tinytorch.workshop.curriculum import Lesson, Milestone, Part

GOOD, BAD, PLAIN = "#2e9e5b", "#d9534f", "#8a8f98"  # readable on light and dark


@dataclass
class Panel:
    """A title and (label, text) rows; `colour` marks the edge."""

    title: str
    rows: tuple[tuple[str, str], ...] = ()
    colour: str = PLAIN

    @property
    def text(self) -> str:
        """What the panel says, as plain text."""
        wide = max((len(label) for label, _ in self.rows), default=0)
        lines = [self.title]
        for label, text in self.rows:
            first, *rest = text.splitlines() or [""]
            lines.append(f"  {label:<{wide}}  {first}".rstrip())
            lines += [f"  {'':<{wide}}  {line}" for line in rest]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='{_LABEL}'>{escape(label)}</td>"
            f"<td style='{_TEXT}'>{_linked(text)}</td></tr>"
            for label, text in self.rows
        )
        return (
            f"<div style='border-left:4px solid {self.colour};padding:.3em 1em'>"
            f"<b>{escape(self.title)}</b>"
            f"<table style='margin:.3em 0 0 0'>{rows}</table></div>"
        )


def _linked(text: str) -> str:
    """Return text as HTML; one that is an address becomes a link."""
    if text.startswith(("http://", "https://")):
        return f"<a href='{escape(text)}' target='_blank'>{escape(text)}</a>"
    return escape(text)


_LABEL = "text-align:left;vertical-align:top;opacity:.7;padding:.1em 1em .1em 0"
_TEXT = "text-align:left;white-space:pre-wrap;font-family:monospace;padding:.1em 0"


class Showable(Protocol):
    """Says the same twice: `text` for a terminal, HTML for a notebook."""

    @property
    def text(self) -> str:
        """What it says, as plain text."""

    def _repr_html_(self) -> str: ...


_collecting: list[list[dict[str, Any]]] = []


@contextmanager
def collected() -> Iterator[list[dict[str, Any]]]:
    """Collect what a block shows, as plain data, instead of showing it."""
    shown: list[dict[str, Any]] = []
    _collecting.append(shown)
    try:
        yield shown
    finally:
        _collecting.pop()


def show(panel: Showable) -> None:
    """Display in a notebook, print elsewhere."""
    if _collecting:
        _collecting[-1].append(_data(panel))
    elif in_notebook():
        from IPython.display import display

        display(panel)
    else:
        print(panel.text)


def _data(panel: Showable) -> dict[str, Any]:
    return asdict(panel) if is_dataclass(panel) else {"text": panel.text}


def accepted(part: Part, count: int, total: int) -> Panel:
    """A candidate passed and is in the package now."""
    rows = (
        ("checks", f"all {len(part.cases())} passed"),
        ("yours", f"{count} of {total} parts"),
    )
    return Panel(f"{part.address} is now yours", rows, GOOD)


def refused(part: Part, failure: Failure) -> Panel:
    """A candidate failed: the smallest failing case, as a teaching assistant would."""
    rows = [
        ("case", failure.case),
        ("with", failure.arguments),
        ("expected", failure.expected),
        ("got", failure.got),
        ("problem", failure.message),
        ("hint", failure.hint),
    ]
    if failure.kind == "stub":
        rows = [row for row in rows if row[0] in ("problem", "hint")]
    kept = tuple((label, text) for label, text in rows if text)
    return Panel(f"{part.address}: not yet", kept, BAD)


def without_loop(part: Part, faster: float, own: bool) -> Panel:
    """A right body without the loop that the lesson is about."""
    whose = "your loop" if own else "our loop"
    speed = f"{faster:,.0f} times as fast as {whose}, measured here just now"
    if own:
        stays = ("yours", "the loop that you wrote stays in the package")
        title = f"{part.address}: right without a loop, too"
        return Panel(title, (("speed", speed), stays), GOOD)
    rows = (
        ("problem", "it hands the loop to numpy, and the lesson is the loop"),
        ("speed", speed),
        ("hint", part.hint),
        ("then", "hand this one in again: it counts as a second achievement"),
    )
    return Panel(f"{part.address}: right, and not yet yours: write the loop", rows)


def missing(part: Part) -> Panel:
    """A check cell's verdict on a part that no cell has built."""
    rows = (("problem", "nothing to check: run the cell that builds it"),)
    return Panel(f"{part.address}: not built yet", rows, BAD)


def passed(part: Part) -> Panel:
    """A check cell's verdict."""
    return Panel(f"{part.address}: {part.points} of {part.points} points", (), GOOD)


def opened(
    lesson: Lesson, mine: list[str], aside: dict[str, str], newer: bool
) -> Panel:
    """A lesson's first cell: its question and what is there already."""
    own = [p.address for p in lesson.parts if p.address in mine]
    rows = [
        ("question", f"Can I {lesson.question}?"),
        ("this lesson", f"{len(own)} of {len(lesson.parts)} parts are yours"),
        ("in all", f"{len(mine)} of {len(curriculum.parts())} parts are yours"),
    ]
    rows += [("left aside", f"{name}: {why}") for name, why in aside.items()]
    if not store.lasting():
        rows.append(("storage", store.NO_DRIVE))
    if newer:
        rows.append(
            (
                "new version",
                "This lesson has changed since you first opened it, and you see your "
                f"own copy. `%tito lesson reset {lesson.number}` fetches the new one "
                "and keeps yours beside it.",
            )
        )
    return Panel(f"Lesson {lesson.number:02d} · {lesson.title}", tuple(rows))


def milestone(found: Milestone, mine: list[str], aside: dict[str, str]) -> Panel:
    """A milestone's first cell: what it shows, and whose parts it runs on."""
    own = [address for address in found.needs if address in mine]
    ours = [address for address in found.needs if address not in mine]
    rows = [
        ("shows", found.shows),
        ("reach", found.reach),
        ("runs on", f"{len(own)} of {len(found.needs)} parts that are yours"),
        ("yours", "\n".join(own) or "none yet"),
    ]
    rows += [("ours", "\n".join(ours))] if ours else []
    rows += [("left aside", f"{name}: {why}") for name, why in aside.items()]
    return Panel(f"Milestone · {found.title} · {found.year}", tuple(rows))
