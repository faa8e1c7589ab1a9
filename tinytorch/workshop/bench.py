"""One candidate on trial: each call compared with what was wanted, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from tinytorch.workshop import leaves
from tinytorch.workshop.candidate import Candidate, compile_candidate, reference_body
from tinytorch.workshop.cases import REFERENCE, Case, Failure
from tinytorch.workshop.compare import difference
from tinytorch.workshop.meter import TooMuchWork
from tinytorch.workshop.place import Place, docstring
from tinytorch.workshop.running import AS_GIVEN, IN_DOUBLE, Alter, Outcome, perform
from tinytorch.workshop.words import (
    argument_names,
    describe,
    describe_arguments,
    kind_of,
    student_line,
)

# What Python and numpy say where no memory could ever be that large, as in a tab.
_TOO_BIG = re.compile("Maximum allowed dimension|array is too big|an index-sized int")
NO_RETURN = "nothing came back (None): is there a return?"
STEPS_AT_LEAST = 300_000
STEPS_TIMES_REFERENCE = 100
# Failures of the answer itself, which a part's general hint is about.
_ABOUT_THE_ANSWER = ("accepted", "dtype", "length", "none", "shape", "type", "values")


@dataclass
class Bench:
    """One candidate on trial in its place, and what it returned so far."""

    place: Place
    candidate: Candidate
    hint: str
    mistakes: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        self.reference = reference_body(self.place)
        self._kept: list[tuple[Case, list[leaves.Leaf], list[Any]]] = []

    def judge(self, case: Case, alter: Alter = AS_GIVEN) -> Failure | None:
        """Run one case, with altered arguments perhaps, and compare everything."""
        wanted = perform(self.place, self.reference, case, alter)
        if alter is not AS_GIVEN and (wanted.error is not None or not wanted.altered):
            return None  # the reference takes no such arguments either
        if wanted.error is not None and case.raises is None:
            raise wanted.error
        limit = STEPS_AT_LEAST + STEPS_TIMES_REFERENCE * wanted.steps
        got = perform(self.place, self.candidate.metered, case, alter, limit)
        expected: Any = case.expected
        if (expected is REFERENCE or alter is not AS_GIVEN) and case.raises is None:
            expected = wanted.looked
        return _Verdict(self, case, alter, expected, wanted, got).failure()

    def wrong_body(self, source: str) -> FunctionType:
        """Compile a known wrong body."""
        return compile_candidate(self.place, source, "<mistake>").metered

    def keep(self, case: Case, got: Outcome) -> None:
        """Remember a result, to see later that nothing changed it."""
        given = {id(array) for _, array, _ in got.arrays}
        found = [leaf for leaf in got.results if id(leaf[1]) not in given]
        self._kept.append((case, found, [array.copy() for _, array in found]))

    def earlier_results(self) -> Failure | None:
        """Return a failure if a later call changed what an earlier one returned."""
        for case, found, copies in self._kept:
            for (_, array), before in zip(found, copies, strict=True):
                if difference(before, array, rtol=0, atol=0):
                    message = (
                        "a later call changed what this one had returned: every "
                        "result needs memory of its own"
                    )
                    return Failure("mutated", case.label, message)
        return None


@dataclass
class _Verdict:
    """The comparison of one call of a candidate with what was wanted."""

    bench: Bench
    case: Case
    alter: Alter
    expected: Any
    wanted: Outcome
    got: Outcome

    def failure(self) -> Failure | None:
        got, case = self.got, self.case
        if got.error is not None:
            return self._judge_error(got.error)
        if case.raises is not None:
            message = f"these arguments are bad and must raise {case.raises.__name__}"
            return self._fail("accepted", message, describe(got.result))
        return self._changed() or self._left() or self._shared() or self._differs()

    def _fail(self, kind: str, message: str, got: str = "") -> Failure:
        function = self.bench.candidate.function
        shown = self.expected is not REFERENCE and self.case.raises is None
        about = self.bench.hint if kind in _ABOUT_THE_ANSWER else ""
        return Failure(
            kind,
            self.case.label + self.alter.words,
            message,
            describe_arguments(function, self.alter.apply(self.case.args())[0]),
            describe(self.expected) if shown else "",
            got,
            self.case.hint or about,
        )

    def _judge_error(self, error: BaseException) -> Failure | None:
        raises = self.case.raises
        if raises is not None and isinstance(error, raises):
            own = not isinstance(error, NotImplementedError)
            return None if own else self._fail("stub", "it is still the empty stub")
        if isinstance(error, NotImplementedError):
            text = "it is still to be written: replace the last two lines"
            return Failure("stub", self.case.label, text, hint=self.bench.hint)
        if self.got.looking and not isinstance(error, TooMuchWork):
            return self._unreadable(error)
        return self._fail(*in_words(error, self.bench, raises))

    def _unreadable(self, error: BaseException) -> Failure:
        result = self.got.result
        if result is None:
            return self._fail("none", NO_RETURN, "None")
        text = f"{kind_of(result)} came back, and it cannot be used as what is expected"
        return self._fail("type", f"{text}: {error}", describe(result))

    def _changed(self) -> Failure | None:
        names = self._names()
        may = {names[i] for i in self.case.may_change}
        allowed = {where for where, changed in self.wanted.changes if changed}
        for where, changed in self.got.changes:
            inside = where.split(".")[0].split("[")[0] in may
            if changed and where not in allowed and not inside:
                return self._mutated(where)
        return None

    def _mutated(self, name: str) -> Failure:
        about = docstring(self.bench.place).lower()
        if any(words in about for words in ("restore", "as it was", "put back")):
            text = f"it leaves {name!r} changed: put it back as it was"
        else:
            text = f"it changed its argument {name!r}; work on a copy"
        return self._fail("mutated", text)

    def _left(self) -> Failure | None:
        words = [text for text in self.got.left if text not in self.wanted.left]
        return self._fail("state", "; ".join(words)) if words else None

    def _shared(self) -> Failure | None:
        if not self.case.fresh:
            return None
        for result, argument in sorted(self.got.shared - self.wanted.shared):
            text = (
                f"the result ({result}) lies in the memory of the argument {argument}"
            )
            return self._fail("shared", f"{text}: return an array of its own")
        return None

    def _differs(self) -> Failure | None:
        case, got = self.case, self.got.looked
        found = difference(self.expected, got, case.rtol, case.atol)
        if found is None or self._more_exact():
            self.bench.keep(case, self.got)
            return None
        if found.kind == "none":
            return self._fail("none", NO_RETURN, "None")
        return self._fail(found.kind, found.text + self._mistake(), describe(got))

    def _more_exact(self) -> bool:
        """Return whether the result is right in higher precision than the reference."""
        if self.case.expected is not REFERENCE or self.alter is not AS_GIVEN:
            return False
        case, bench = self.case, self.bench
        exact = perform(bench.place, bench.reference, case, IN_DOUBLE)
        if exact.error is not None or not exact.altered:
            return False
        return not difference(
            exact.looked, self.got.looked, case.rtol, case.atol, dtypes=False
        )

    def _mistake(self) -> str:
        """Name the misconception whose result this is, if it is a known one."""
        bench = self.bench
        for source, words in bench.mistakes:
            wrong = bench.wrong_body(source)
            outcome = perform(bench.place, wrong, self.case, self.alter, STEPS_AT_LEAST)
            same = outcome.error is None and not difference(
                outcome.looked, self.got.looked, 1e-5, 1e-7
            )
            if same and difference(self.expected, outcome.looked, 1e-5, 1e-7):
                return f"\n{words}"
        return ""

    def _names(self) -> list[str]:
        return argument_names(self.bench.candidate.function, len(self.got.args))


def in_words(
    error: BaseException, bench: Bench, raises: type[Exception] | None
) -> tuple[str, str]:
    """Return (kind, message) for what a candidate raised."""
    code = bench.candidate.function.__code__
    line, text = student_line(error, code.co_filename)
    where = f" in line {line}: {text}" if line else ""
    told = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, TooMuchWork):
        return "endless", _unfinished(error, where)
    if isinstance(error, RecursionError):
        return "endless", f"it calls itself without end{where}"
    if isinstance(error, MemoryError) or _TOO_BIG.search(str(error)):
        return "memory", f"it asks for far more memory than it needs{where}"
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return "name", (
            f"{error}{where}\nYour function runs inside {bench.place.module.__name__}: "
            "it knows that module's names, not the notebook's. Define helpers inside "
            "the function."
        )
    if raises is not None:
        return (
            "raised",
            f"these arguments must raise {raises.__name__}, got {told}{where}",
        )
    if not isinstance(error, Exception):
        return "raised", f"it ends the program: {told}{where}"
    return "raised", f"{told}{where}"


def _unfinished(error: TooMuchWork, where: str) -> str:
    if error.reason == "depth":
        return (
            f"it calls itself more than {error.limit:.0f} calls deep{where}; that "
            "overflows a browser's stack: use a loop, with a list of what is left to do"
        )
    unit = "seconds" if error.reason == "seconds" else "steps of work"
    return (
        f"it did not end within {error.limit:,.0f} {unit}{where}; does its loop ever "
        "stop? Or does it do the same work again and again?"
    )
