"""The one registry: lessons, their parts and checks, milestones, chapters, time.

Pages, notebooks, `tito`, progress and the tests read it; there is no second list.
"""

from __future__ import annotations

import difflib
import pkgutil
from functools import cache
from importlib import import_module

from tinytorch.workshop.curriculum.model import Lesson, Milestone, Part

MILESTONES: tuple[Milestone, ...] = ()

__all__ = [
    "MILESTONES",
    "Lesson",
    "Milestone",
    "Part",
    "lesson",
    "lesson_of",
    "lessons",
    "part",
    "parts",
]


@cache
def lessons() -> tuple[Lesson, ...]:
    """Return every lesson, in order: one a module here called `lesson_NN`."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__))
    numbered = [name for name in names if name.removeprefix("lesson_").isdigit()]
    return tuple(import_module(f"{__name__}.{name}").LESSON for name in numbered)


def lesson(number: int) -> Lesson:
    """Return a lesson by number. Raises KeyError for one that is not there."""
    for found in lessons():
        if found.number == number:
            return found
    known = ", ".join(str(found.number) for found in lessons())
    raise KeyError(f"there is no lesson {number!r}; there are {known}")


@cache
def parts() -> dict[str, Part]:
    """Return every part by address, in the order of the lessons."""
    return {p.address: p for found in lessons() for p in found.parts}


def part(address: str) -> Part:
    """Return a part by address. Raises KeyError, with the likeliest, for no part."""
    if address not in parts():
        close = difflib.get_close_matches(address, parts(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise KeyError(f"there is no part {address!r}{hint}")
    return parts()[address]


def lesson_of(address: str) -> Lesson:
    """Return the lesson in which a part is built."""
    return next(x for x in lessons() if address in {p.address for p in x.parts})
