"""Runs a candidate through its part's cases and says what went wrong, in words."""

from __future__ import annotations

import copy
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy as np

from tinytorch import random
from tinytorch.tensor import Tensor
from tinytorch.workshop.compare import difference


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


class TooMuchWork(BaseException):
    """A candidate worked far longer than the reference; not to be caught by it."""


Outcome = tuple[Any, BaseException | None]

NO_RETURN = "nothing came back (None): is there a return?"
STEPS_AT_LEAST = 300_000
STEPS_TIMES_REFERENCE = 100


def run_cases(
    candidate: FunctionType,
    reference: FunctionType,
    cases: list[Case],
    hint: str,
    bounded: bool = True,
) -> Failure | None:
    """Return the first failure, smallest case first, or None if all pass.

    bounded: count the candidate's steps and stop one that runs away.
    """
    for case in cases:
        failure = _run(candidate, reference, case, case.hint or hint, bounded)
        if failure:
            return failure
    return None


def _run(
    candidate: FunctionType,
    reference: FunctionType,
    case: Case,
    hint: str,
    bounded: bool,
) -> Failure | None:
    steps = StepCounter(reference.__code__, None)
    given = _fresh(case)
    wanted, error = _call(reference, case, given, steps if bounded else None)
    if error is not None and case.raises is None:
        raise error
    expected = case.expected
    if expected is REFERENCE and case.raises is None:
        expected = case.look(given, wanted)
    args = _fresh(case)
    before = copy.deepcopy(args)
    limit = STEPS_AT_LEAST + STEPS_TIMES_REFERENCE * steps.count
    counter = StepCounter(candidate.__code__, limit) if bounded else None
    result, error = _call(candidate, case, args, counter)
    arguments = describe_arguments(candidate, before)

    def fail(kind: str, message: str, got: str = "") -> Failure:
        shown = "" if expected is REFERENCE else describe(expected)
        return Failure(kind, case.label, message, arguments, shown, got, hint)

    if error is not None:
        return _judge_error(case, candidate, error, fail, limit)
    if case.raises is not None:
        message = f"these arguments are bad and must raise {case.raises.__name__}"
        return fail("accepted", message, describe(result))
    for i, (was, now) in enumerate(zip(before, args, strict=True)):
        if i not in case.may_change and _differs(was, now):
            name = argument_names(candidate, len(args))[i]
            return fail("mutated", f"it changed its argument {name!r}; work on a copy")
    try:
        got = case.look(args, result)
    except (AttributeError, TypeError, KeyError, IndexError):
        if result is None:
            return fail("none", NO_RETURN, "None")
        return fail("type", f"a {type(result).__name__} came back", describe(result))
    found = difference(expected, got, case.rtol, case.atol)
    if found is None:
        return None
    if found.kind == "none":
        return fail("none", NO_RETURN, "None")
    return fail(found.kind, found.text, describe(got))


def _judge_error(
    case: Case,
    candidate: FunctionType,
    error: BaseException,
    fail: Callable[..., Failure],
    limit: int,
) -> Failure | None:
    if case.raises is not None and isinstance(error, case.raises):
        own = not isinstance(error, NotImplementedError)
        return None if own else fail("stub", "it is still the empty stub")
    line, text = student_line(error, candidate.__code__.co_filename)
    where = f" in line {line}: {text}" if line else ""
    if isinstance(error, NotImplementedError):
        return fail("stub", "it is still to be written: replace the last two lines")
    if isinstance(error, TooMuchWork):
        message = f"it did not end within {limit:,} steps of work{where}"
        return fail("endless", f"{message}; does its loop ever stop?")
    if isinstance(error, NameError):
        module = candidate.__globals__["__name__"]
        message = (
            f"{error}{where}\nYour function runs inside {module}: it knows that "
            "module's names, not the notebook's. Define helpers inside the function."
        )
        return fail("name", message)
    return fail("raised", f"{type(error).__name__}: {error}{where}")


def _call(
    function: FunctionType,
    case: Case,
    args: tuple[Any, ...],
    counter: StepCounter | None,
) -> Outcome:
    state = random.default_generator.get_state()
    random.manual_seed(0)
    try:
        with np.errstate(all="ignore"), counter or _nothing():
            return case.call(function, args), None
    except (Exception, TooMuchWork) as error:
        return None, error
    finally:
        random.default_generator.set_state(state)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class StepCounter:
    """Counts the steps of the code of one file; past `limit`, it raises.

    A tab cannot be interrupted, so an endless loop must end by itself. Seconds would
    depend on the machine. A step is a line, or a jump back to it; Python 3.11 does not
    report such a jump in `while True: pass`, so there bytecodes are counted as well.
    """

    def __init__(self, code: CodeType, limit: int | None) -> None:
        self.count = 0
        self._limit = limit
        self._file = code.co_filename

    def __enter__(self) -> None:
        self._outer = sys.gettrace()
        sys.settrace(self._enter_frame)

    def __exit__(self, *exc: object) -> None:
        sys.settrace(self._outer)

    def _enter_frame(self, frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename != self._file:
            return None
        frame.f_trace_opcodes = sys.version_info < (3, 12)
        return self._step

    def _step(self, frame: FrameType, event: str, arg: Any) -> Any:
        self.count += 1
        if self._limit is not None and self.count > self._limit:
            raise TooMuchWork
        return self._step


def student_line(error: BaseException, filename: str) -> tuple[int | None, str]:
    """Return the last line of the student's file that the error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename == filename]
    return (own[-1].lineno, (own[-1].line or "").strip()) if own else (None, "")


def _fresh(case: Case) -> tuple[Any, ...]:
    args = case.args()
    if not isinstance(args, tuple):
        raise TypeError(f"case {case.label!r} expects a tuple of arguments")
    return args


def _differs(before: Any, now: Any) -> bool:
    comparable = (Tensor, np.ndarray, list, tuple, dict)
    if not isinstance(before, comparable):
        return False
    return difference(before, now, rtol=0, atol=0) is not None


def describe_arguments(function: FunctionType, args: tuple[Any, ...]) -> str:
    """Show each argument on its own line, by its name."""
    lines = []
    for name, value in zip(argument_names(function, len(args)), args, strict=True):
        rest = describe(value).replace("\n", "\n" + " " * (len(name) + 3))
        lines.append(f"{name} = {rest}")
    return "\n".join(lines)


def argument_names(function: FunctionType, count: int) -> list[str]:
    """Return a name for each of `count` arguments; those of `*rest` are numbered."""
    code = function.__code__
    if not code.co_flags & inspect.CO_VARARGS:
        return list(code.co_varnames[:count])
    names = list(code.co_varnames[: min(count, code.co_argcount)])
    rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
    return names + [f"{rest}[{i}]" for i in range(count - len(names))]


def describe(value: Any) -> str:
    """Show a value in at most a few lines; big arrays by shape and corner."""
    if isinstance(value, np.ndarray) and value.size <= 64:
        text = np.array2string(value, separator=", ", precision=5)
        return text if value.dtype == np.float32 else f"{text} ({value.dtype})"
    if isinstance(value, np.ndarray):
        corner = np.array2string(value.ravel()[:4], separator=", ", precision=5)
        return f"array of shape {value.shape} and dtype {value.dtype}: {corner[:-1]}…]"
    if isinstance(value, Tensor):
        return f"tensor({describe(value.data)})"
    if isinstance(value, np.generic):
        return str(value)
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, dict):
        return "\n".join(f"{key}: {describe(item)}" for key, item in value.items())
    if isinstance(value, list) and any(isinstance(x, np.ndarray) for x in value):
        return " and ".join(describe(item) for item in value)
    text = repr(value)
    if text.startswith("<"):
        return f"a {type(value).__name__}"
    return text if len(text) <= 300 else text[:300] + "…"
