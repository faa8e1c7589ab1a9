"""What the registry is made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tinytorch.workshop.cases import Case


@dataclass(frozen=True)
class Part:
    """A function of the package that students write themselves.

    address: its dotted name below `tinytorch`. cases: makes the checks, smallest
    first. equivalent: mutants that no check can tell from the reference, as
    "old -> new because it makes no difference". mistakes: wrong bodies that students
    really write, and what to say to one whose result was handed in. also: dtypes that
    its arrays may have beside floats. loop: where the lesson is the loop, makes
    arguments on which a body without one is timed against it.
    """

    address: str
    points: int
    hint: str
    cases: Callable[[], list[Case]]
    equivalent: tuple[str, ...] = ()
    mistakes: tuple[tuple[str, str], ...] = ()
    also: tuple[str, ...] = ()
    loop: Callable[[], tuple[Any, ...]] | None = None


@dataclass(frozen=True)
class Lesson:
    """One module: what it builds, and the question it lets a student answer."""

    number: int
    name: str
    title: str
    question: str
    chapter: str
    minutes: int
    parts: tuple[Part, ...] = ()
    summary: str = ""

    @property
    def stem(self) -> str:
        """File name of its notebook, without the ending."""
        return f"{self.number:02d}_{self.name}"


@dataclass(frozen=True)
class Milestone:
    """A moment of the field's history, rebuilt: what it needs and must reach."""

    name: str
    title: str
    year: str
    after: int
    shows: str
    reach: str
    needs: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Weeks:
    """Some weeks of the course: its lessons, and the textbook's chapters to read."""

    first: int
    last: int
    title: str
    lessons: tuple[int, ...]
    chapters: tuple[int, ...]
