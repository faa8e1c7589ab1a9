"""A class's own settings: its name, lessons, weights, dates and where to hand in."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from tinytorch.workshop import curriculum

FILE = Path(__file__).parent / "course.toml"
_KNOWN = {"name", "hand_in", "lessons", "weights", "due", "late"}
_LATE = {"percent_per_day": 0.0, "days": 0}


@dataclass(frozen=True)
class Course:
    """What one class does differently; see course.toml for each line's meaning.

    late_percent: of a lesson's points, for each day. late_days: after so many it is 0.
    """

    name: str = "TinyTorch"
    hand_in: str = ""
    lessons: tuple[int, ...] = ()
    weights: dict[int, float] = field(default_factory=dict)
    due: dict[int, date] = field(default_factory=dict)
    late_percent: float = 0.0
    late_days: int = 0

    def shows(self, number: int) -> bool:
        """Return whether the class works on a lesson."""
        return number in self.lessons or not self.lessons

    def kept(self, lesson: int, handed_in: date | None) -> float:
        """Return which part of a lesson's points, 0 to 1, its day of handing in leaves.

        All of it where no date is set or known.
        """
        due = self.due.get(lesson)
        if due is None or handed_in is None or handed_in <= due:
            return 1.0
        days = (handed_in - due).days
        if days > self.late_days:
            return 0.0
        return max(0.0, 1.0 - days * self.late_percent / 100)


@cache
def course() -> Course:
    """Return the settings that came with this package."""
    return read(FILE)


def read(path: Path) -> Course:
    """Return the settings in a file. Raises ValueError that names the wrong line."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return _course(found)
    except ValueError as error:  # a TOML error is one, too
        raise ValueError(f"{path.name}: {error}") from None


def _course(found: dict[str, Any]) -> Course:
    unknown = sorted(set(found) - _KNOWN)
    if unknown:
        raise ValueError(f"expected {', '.join(sorted(_KNOWN))}, got {unknown[0]!r}")
    late = _LATE | _table(found, "late", int, float)
    if set(late) != set(_LATE) or min(late.values()) < 0:
        raise ValueError(f"[late] expects {', '.join(_LATE)} of at least 0, got {late}")
    weights = _by_lesson(found, "weights", int, float)
    if any(weight < 0 for weight in weights.values()):
        raise ValueError(f"[weights] expects numbers of at least 0, got {weights}")
    return Course(
        name=_text(found, "name", "TinyTorch"),
        hand_in=_text(found, "hand_in", ""),
        lessons=_lessons(found.get("lessons", [])),
        weights={number: float(weight) for number, weight in weights.items()},
        due=_by_lesson(found, "due", date),
        late_percent=float(late["percent_per_day"]),
        late_days=int(late["days"]),
    )


def _text(found: dict[str, Any], key: str, otherwise: str) -> str:
    text = found.get(key, otherwise)
    if not isinstance(text, str):
        raise ValueError(f"{key} expects a text, got {text!r}")
    return text


def _lessons(numbers: Any) -> tuple[int, ...]:
    if not isinstance(numbers, list):
        raise ValueError(f"lessons expects a list of numbers, got {numbers!r}")
    return tuple(_lesson("lessons", number) for number in numbers)


def _lesson(key: str, number: Any) -> int:
    known = [lesson.number for lesson in curriculum.lessons()]
    if type(number) is not int or number not in known:
        raise ValueError(f"{key} expects a lesson out of {known}, got {number!r}")
    return number


def _by_lesson(found: dict[str, Any], key: str, *kinds: type) -> dict[int, Any]:
    table = _table(found, key, *kinds)
    return {_lesson(key, int(n) if n.isdecimal() else n): table[n] for n in table}


def _table(found: dict[str, Any], key: str, *kinds: type) -> dict[str, Any]:
    table = found.get(key, {})
    if not isinstance(table, dict):
        raise ValueError(f"[{key}] expects lines like `7 = 30`, got {table!r}")
    for name, value in table.items():
        if type(value) not in kinds:
            names = " or ".join(kind.__name__ for kind in kinds)
            raise ValueError(f"[{key}] {name} expects a {names}, got {value!r}")
    return table
