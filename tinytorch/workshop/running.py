"""One call of a body in its place in the package, and all that came of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np

from tinytorch.workshop.cases import Case
from tinytorch.workshop.leaves import Leaf, doubled, drained, leaves, outline, shared
from tinytorch.workshop.meter import Meter, measured_by
from tinytorch.workshop.place import Place, docstring, transplant
from tinytorch.workshop.surroundings import Surroundings, repeatable
from tinytorch.workshop.words import argument_names

Args = tuple[Any, ...]


@dataclass(frozen=True)
class Alter:
    """Another form of a case's arguments; returns them, and whether they differ."""

    words: str
    apply: Callable[[Args], tuple[Args, bool]]


AS_GIVEN = Alter("", lambda args: (args, False))
IN_DOUBLE = Alter(", in float64", doubled)


@dataclass
class Outcome:
    """What one call did: result or error, and what it changed on the way."""

    args: Args
    altered: bool = False
    containers: list[tuple[str, Any, Any]] = field(default_factory=list)
    arrays: list[tuple[str, np.ndarray, np.ndarray]] = field(default_factory=list)
    changes: list[tuple[str, bool]] = field(default_factory=list)
    results: list[Leaf] = field(default_factory=list)
    shared: set[tuple[str, str]] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    result: Any = None
    looked: Any = None
    looking: bool = False
    error: BaseException | None = None
    steps: int = 0


def perform(
    place: Place,
    body: FunctionType,
    case: Case,
    alter: Alter = AS_GIVEN,
    limit: float = float("inf"),
) -> Outcome:
    """Call a body with a case's arguments while it stands in its place."""
    args, altered = alter.apply(_fresh(case))
    outcome = Outcome(args, altered)
    for name, value in zip(argument_names(body, len(args)), args, strict=True):
        outcome.containers.append((name, value, outline(value)))
        for where, array in leaves(value, name):
            outcome.arrays.append((where, array, array.copy()))
    meter = Meter(limit)
    try:
        with in_place(place, body, meter, outcome.left):
            outcome.result = drained(case.call(place.function, args))
            _observe(outcome)
            outcome.looking = True
            outcome.looked = case.look(args, outcome.result)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        outcome.error = error
    outcome.steps = meter.count
    return outcome


@contextmanager
def in_place(
    place: Place, body: FunctionType, meter: Meter, left: list[str]
) -> Iterator[None]:
    """Run a block while the package runs `body`; then all is as it was before.

    left: collects, in words, what the block did not put back by itself.
    """
    around = Surroundings.now(body)
    careful = "overflow" in docstring(place)
    try:
        transplant(place, body)
        with (
            repeatable(),
            warnings.catch_warnings(record=True) as heard,
            np.errstate(all="ignore", over="warn" if careful else "ignore"),
            measured_by(meter, vars(place.module)),
        ):
            warnings.simplefilter("always")
            errors = np.geterr()
            yield
            later = Surroundings.now(body)
            later.errors = around.errors if np.geterr() == errors else np.geterr()
            left.extend(around.differences(later))
            left.extend(f"numpy warns: {w.message}" for w in heard if _numeric(w))
    finally:
        transplant(place, place.reference)
        around.restore()


def _numeric(heard: warnings.WarningMessage) -> bool:
    return issubclass(heard.category, RuntimeWarning)


def _observe(outcome: Outcome) -> None:
    """Compare the arguments' arrays with their copies, and the result's memory."""
    outcome.changes = [
        (name, outline(value) != before) for name, value, before in outcome.containers
    ]
    outcome.changes += [
        (where, not _same(array, before)) for where, array, before in outcome.arrays
    ]
    outcome.results = leaves(outcome.result, "result")
    given = [(where, array) for where, array, _ in outcome.arrays]
    outcome.shared = shared(outcome.results, given)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    floats = a.dtype.kind in "fc"
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=floats))


def _fresh(case: Case) -> Args:
    args = case.args()
    if not isinstance(args, tuple):
        raise TypeError(f"case {case.label!r} expects a tuple of arguments")
    return args
