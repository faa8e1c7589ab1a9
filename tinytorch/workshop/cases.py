"""What a check is made of: a call, what must come of it, and why it failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any


class _Reference:
    """Marks a case whose expected value is the reference's own."""

    def __repr__(self) -> str:
        return "what the reference returns"


REFERENCE = _Reference()


def returned(args: tuple[Any, ...], result: Any) -> Any:
    """Compare what the function returned."""
    return result


def changed(index: int) -> Callable[[tuple[Any, ...], Any], Any]:
    """Compare argument number `index` after the call: the part works in place."""
    return lambda args, result: args[index]


def _plainly(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    return function(*args)


@dataclass(frozen=True)
class Case:
    """One call of a part, and what must come of it.

    args: makes the arguments, afresh for each run (the part's own `self` first).
    call: calls the part with them; for options, or inside a context.
    expected: a literal that a student can verify by hand, or the reference's result.
    look: picks what is compared from the arguments after the call and the result.
    may_change: numbers of the arguments that the part is meant to change.
    raises: the exception that bad arguments must give.
    hint: about this case; the part's own is shown where there is none.
    fresh: whether the result must lie in memory of its own.

    Write the smallest case first, by hand and in integers, one for each thing that can
    go wrong (a batch, an axis, no axis, a tie, nothing at all); random arrays come
    last. This is looked at without being asked:

    - The candidate runs in its place: its own name, and everything in the package that
      calls the part, mean the candidate. Work without end, deep recursion, huge
      allocations and the end of the program become messages.
    - A result of REFERENCE may be the reference's, or more exact than the reference.
    - Nothing else changes: arrays in the arguments (`ctx.saved` included) that the
      reference leaves alone, results of earlier calls, and the surroundings: recording,
      backend, numpy's errors, global generators, the limit of recursion.
    - The first cases run once more in float64, and with the part's other dtypes
      (`Part.also`); with a generator where the part's signature says Iterable.
    - Where tensors come in and go out, slopes by differences must agree with
      `backward`, for every input to which the reference passes a gradient.
    - Where the docstring says that something cannot overflow, numpy may not warn.
    """

    label: str
    args: Callable[[], tuple[Any, ...]]
    expected: Any = REFERENCE
    look: Callable[[tuple[Any, ...], Any], Any] = returned
    may_change: tuple[int, ...] = ()
    raises: type[Exception] | None = None
    hint: str = ""
    rtol: float = 1e-4
    atol: float = 1e-6
    call: Callable[[Callable[..., Any], tuple[Any, ...]], Any] = _plainly
    fresh: bool = False


def of_backward(cases: list[Case]) -> list[Case]:
    """Let a value, a tuple of one and a list be alike, as they are to the engine."""

    def alike(args: tuple[Any, ...], result: Any) -> Any:
        return tuple(result) if isinstance(result, tuple | list) else (result,)

    return [
        replace(
            case,
            look=alike,
            expected=REFERENCE
            if case.expected is REFERENCE
            else alike((), case.expected),
        )
        for case in cases
    ]


@dataclass(frozen=True)
class Failure:
    """Why a candidate was not accepted; `kind` is stable, the rest is for people."""

    kind: str
    case: str
    message: str
    arguments: str = ""
    expected: str = ""
    got: str = ""
    hint: str = ""
