"""The one registry: lessons, their parts and checks, milestones, chapters, time.

Pages, notebooks, `tito`, progress and the tests read it; there is no second list.
"""

import difflib
import pkgutil
from functools import cache
from importlib import import_module

from tinytorch.workshop import names
from tinytorch.workshop.curriculum.course import CHAPTERS, WEEKS
from tinytorch.workshop.curriculum.milestones import MILESTONES
from tinytorch.workshop.curriculum.model import Lesson, Milestone, Part
from tinytorch.workshop.place import find

__all__ = [
    "CHAPTERS",
    "MILESTONES",
    "WEEKS",
    "Lesson",
    "Milestone",
    "Part",
    "lesson",
    "lesson_of",
    "lessons",
    "milestone",
    "part",
    "parts",
]


@cache
def lessons() -> tuple[Lesson, ...]:
    """Return every lesson, in order: one a module here called `lesson_NN_name`."""
    modules = sorted(m.name for m in pkgutil.iter_modules(__path__))
    named = [name for name in modules if name.startswith("lesson_")]
    return tuple(import_module(f"{__name__}.{name}").LESSON for name in named)


def lesson(number: int) -> Lesson:
    """Return a lesson by number. Raises KeyError for one that is not there."""
    for found in lessons():
        if found.number == number:
            return found
    known = ", ".join(str(found.number) for found in lessons())
    raise KeyError(f"there is no lesson {number!r}; there are {known}")


def milestone(name: str) -> Milestone:
    """Return a milestone by name. Raises KeyError for one that is not there."""
    for found in MILESTONES:
        if found.name == name:
            return found
    known = ", ".join(found.name for found in MILESTONES)
    raise KeyError(f"there is no milestone {name!r}; there are {known}")


@cache
def parts() -> dict[str, Part]:
    """Return every part by address, in the order of the lessons."""
    return {p.address: p for found in lessons() for p in found.parts}


def part(address: str) -> Part:
    """Return a part by its name, or by one that it had in an earlier version.

    Raises KeyError, with the right or the likeliest name, for what is no part.
    """
    found = parts().get(names.current(address))
    if found is None:
        raise KeyError(f"there is no part {address!r}{_hint(address)}")
    return found


def _hint(address: str) -> str:
    """Return "; …" with the part whose body has this name, too, or a close name."""
    try:
        function = find(address).function
        same = [name for name in parts() if find(name).function is function]
    except KeyError as error:
        if "inherited" in error.args[0]:
            return f"; {error.args[0]}"
        same = difflib.get_close_matches(names.current(address), parts(), n=1)
    return f"; did you mean {same[0]!r}?" if same else ""


def lesson_of(address: str) -> Lesson:
    """Return the lesson in which a part is built."""
    return next(x for x in lessons() if address in {p.address for p in x.parts})
