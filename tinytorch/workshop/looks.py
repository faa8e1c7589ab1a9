"""What is looked at in every part without being asked, once its cases pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinytorch.tensor import Tensor
from tinytorch.workshop.bench import Bench, in_words
from tinytorch.workshop.cases import Case, Failure
from tinytorch.workshop.leaves import drained, float_tensors
from tinytorch.workshop.meter import Meter
from tinytorch.workshop.running import IN_DOUBLE, Alter, Args, in_place, perform
from tinytorch.workshop.slopes import Slopes, agree, slopes
from tinytorch.workshop.surroundings import repeatable
from tinytorch.workshop.words import argument_names

MOST = 3  # cases that run once more in another form
MOST_STEPS = 2_000_000  # in all runs for slopes by differences


def look_again(
    bench: Bench, cases: list[Case], also: tuple[str, ...]
) -> Failure | None:
    """Return the first failure of the cases in another form, or None."""
    usual = [case for case in cases if case.raises is None]
    for alter in _forms(bench, also):
        for case in _spread(usual, bench, alter):
            failure = bench.judge(case, alter)
            if failure:
                return failure
    for case in usual[:MOST] + usual[-1:]:
        failure = _slopes(bench, case)
        if failure:
            return failure
    return None


def _spread(cases: list[Case], bench: Bench, alter: Alter) -> Iterator[Case]:
    """Yield the first cases, and the last, that a form changes at all."""
    changed = [case for case in cases if alter.apply(case.args())[1]]
    yield from changed[: MOST - 1]
    yield from changed[MOST - 1 :][-1:]


def _forms(bench: Bench, also: tuple[str, ...]) -> list[Alter]:
    forms = [IN_DOUBLE]
    forms += [Alter(f", as {name}", _cast_to(np.dtype(name))) for name in also]
    hints = bench.place.function.__annotations__
    names = argument_names(bench.reference, len(hints))
    iterables = [
        i for i, name in enumerate(names) if "Iterable" in str(hints.get(name))
    ]
    if iterables:
        forms.append(Alter(", from a generator", _generators(iterables)))
    return forms


def _cast_to(dtype: np.dtype) -> Any:
    def apply(args: Args) -> tuple[Args, bool]:
        cast = tuple([_cast(value, dtype) for value in args])
        pairs = zip(args, cast, strict=True)
        return cast, any(new is not old for old, new in pairs)

    return apply


def _cast(value: Any, dtype: np.dtype) -> Any:
    if isinstance(value, Tensor) and value.dtype.kind == "f":
        return Tensor(_cast(value.data, dtype))
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    finite = np.nan_to_num(value, nan=0.0, posinf=100.0, neginf=-100.0)
    if dtype.kind == "b":
        return finite > 0
    whole = np.rint(np.clip(3 * finite, -100, 100))
    return np.abs(whole).astype(dtype) if dtype.kind == "u" else whole.astype(dtype)


def _generators(numbers: list[int]) -> Any:
    def apply(args: Args) -> tuple[Args, bool]:
        made = [
            iter(value) if i in numbers and isinstance(value, list | tuple) else value
            for i, value in enumerate(args)
        ]
        return tuple(made), any(a is not b for a, b in zip(args, made, strict=True))

    return apply


def _slopes(bench: Bench, case: Case) -> Failure | None:
    """Compare the slopes of a candidate's tensors with differences of its results."""
    if case.may_change or not _has_tensors(bench, case):
        return None
    ours = _measured(bench, case, bench.reference)
    if isinstance(ours, Exception):
        return None
    passed = [name for name, (back, diff) in ours.items() if back and agree(back, diff)]
    if not passed:
        return None
    theirs = _measured(bench, case, bench.candidate.metered)
    label = f"{case.label}: the slopes"
    if isinstance(theirs, Exception):
        kind, message = in_words(theirs, bench, None)
        return Failure(kind, label, message)
    for name in passed:
        back, diff = theirs.get(name, (None, 0.0))
        if back is None:
            text = (
                f"no gradient arrives at {name!r}: the way to it is cut, as by "
                ".detach(), .data or a fresh Tensor"
            )
            return Failure("slope", label, text)
        if name in theirs and not agree(back, diff):
            text = f"backward gives {back:.5g} at {name!r}, differences {diff:.5g}"
            return Failure("slope", label, text)
    return None


def _has_tensors(bench: Bench, case: Case) -> bool:
    outcome = perform(bench.place, bench.reference, case)
    inputs = any(float_tensors(value, "") for value in outcome.args)
    return inputs and bool(float_tensors(outcome.result, ""))


def _measured(bench: Bench, case: Case, body: Any) -> Slopes | Exception:
    def call(args: Args) -> Any:
        with repeatable():
            return drained(case.call(bench.place.function, args))

    names = argument_names(bench.reference, len(case.args()))
    try:
        with in_place(bench.place, body, Meter(MOST_STEPS), []):
            return slopes(call, case.args, names)
    except Exception as error:
        return error
