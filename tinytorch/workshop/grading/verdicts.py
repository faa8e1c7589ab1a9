"""The parent's verdict on a submission, out of what a box saw.

A box runs the checks on a student's body and sends every value that they compared. The
same checks have run on our own body, in a box that no student's code ever entered. A
part passes if its checks say so and its values are ours, within each check's own
tolerance: who fools the checker still has to bring the right values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tinytorch.workshop import curriculum, names
from tinytorch.workshop.answers import Answers
from tinytorch.workshop.checking import Failure
from tinytorch.workshop.compare import difference
from tinytorch.workshop.grading import rules
from tinytorch.workshop.grading.alike import same_meaning
from tinytorch.workshop.grading.box import Box, BoxError, TookTooLong
from tinytorch.workshop.grading.values import decode
from tinytorch.workshop.place import find, reference_source

SECONDS = 60.0  # for one part, where ours take less than one
LONGEST = 4000  # characters of one text in a verdict
Verdicts = dict[str, Failure | None]


@dataclass(frozen=True)
class Right:
    """What one case has to give: a value out of these, this near, or an error."""

    values: tuple[Any, ...] = ()
    rtol: float = 0.0
    atol: float = 0.0

    def difference(self, coded: dict[str, Any]) -> str | None:
        """Return what is wrong with a case's outcome. Raises ValueError for no value.

        The second value is ours in higher precision: there the dtype is not asked for.
        """
        if not self.values:
            return None if coded == {"raised": True} else "it did not raise"
        got = decode(coded["got"])
        found = [
            difference(value, got, self.rtol, self.atol, dtypes=number == 0)
            for number, value in enumerate(self.values)
        ]
        first = found[0]
        return None if first is None or None in found else first.text


@dataclass(frozen=True)
class Job:
    """A body to judge, and the line of the student's file that it begins on."""

    address: str
    source: str
    line: int = 1
    ours: bool = False

    @property
    def text(self) -> str:
        """What the box is told."""
        return json.dumps(asdict(self))

    @property
    def key(self) -> str:
        """The same for the same text."""
        return f"{self.address} {hashlib.sha256(self.source.encode()).hexdigest()}"

    @property
    def meaning(self) -> str:
        """The same for bodies that differ in layout and names of their own only."""
        return f"{self.address} {same_meaning(self.source)}"


class Judge:
    """Judges submissions in boxes; many threads may ask one judge."""

    def __init__(
        self,
        image: Path,
        deno: str,
        seconds: float = SECONDS,
        fence: Callable[[str], str | None] = rules.reaches_for,
    ) -> None:
        """Learn what our own bodies give. Raises BoxError where the box is no box.

        seconds: for one part. fence: names what a source must not use, or None.
        """
        self.seconds = seconds
        self._image, self._deno, self._fence = image, deno, fence
        self._known: dict[str, Failure | None] = {}
        self._passed: set[str] = set()
        self._ours: dict[str, list[Right]] = {}
        with self._box() as box:
            for address in curriculum.parts():
                self._ours[address] = self._learn(box, address)

    def judge(self, answers: Answers) -> Verdicts:
        """Return a verdict for each part that is there: None, or why it fails.

        All of it runs in boxes that no other submission enters. A source that was
        judged before, in whosever hands, has its verdict already: before each part a
        box is as it was at its start, so the verdict depends on the source alone. One
        that passed also speaks for bodies that differ in names and layout only; what a
        failure says quotes the text, and speaks for that text alone.
        """
        jobs = {names.current(a): Job(names.current(a), *answers[a]) for a in answers}
        verdicts: Verdicts = {}
        for address, job in jobs.items():
            name = self._fence(job.source)
            if name is not None:
                verdicts[address] = reached(name)
            elif job.key in self._known:
                verdicts[address] = self._known[job.key]
            elif job.meaning in self._passed:
                verdicts[address] = None
        todo = [job for address, job in jobs.items() if address not in verdicts]
        for job, (verdict, lasting) in zip(todo, self.run(todo), strict=True):
            verdicts[job.address] = verdict
            if lasting:
                self._known[job.key] = verdict
            if verdict is None:
                self._passed.add(job.meaning)
        return {address: verdicts[address] for address in jobs}

    def run(self, jobs: list[Job]) -> list[tuple[Failure | None, bool]]:
        """Return verdicts, and whether each holds for good, in as few boxes as stand.

        A verdict on a body that ended its box, or took too long, is this run's alone.
        """
        found: list[tuple[Failure | None, bool]] = []
        while len(found) < len(jobs):
            with self._box() as box:
                lasting = True
                while lasting and len(found) < len(jobs):
                    verdict, lasting = self._one(box, jobs[len(found)])
                    found.append((verdict, lasting))
        return found

    def _one(self, box: Box, job: Job) -> tuple[Failure | None, bool]:
        try:
            return self._verdict(job.address, box.ask(job.text, self.seconds)), True
        except TookTooLong:
            return _too_long(self.seconds), False
        except BoxError as error:
            return _broke(error), False

    def _verdict(self, address: str, text: str) -> Failure | None:
        """Make the verdict out of a box's answer, which may be any text at all."""
        try:
            match json.loads(text):
                case {"failure": None, "values": [*values]}:
                    return self._compare(address, values)
                case {"failure": {**failure}, "values": [*_]}:
                    return _failure(failure)
        except (ValueError, RecursionError):
            pass  # no JSON: said below
        return _forged("what came out of the box is no answer")

    def _compare(self, address: str, values: list[Any]) -> Failure | None:
        ours = self._ours[address]
        if len(values) != len(ours):
            return _forged(f"expected values of {len(ours)} cases, got {len(values)}")
        for number, (right, coded) in enumerate(zip(ours, values, strict=True)):
            try:
                found = right.difference(coded)
            except (ValueError, TypeError, KeyError, RecursionError):
                found = "it is none that a check sees"
            if found is not None:
                return _forged(f"the value of case {number}: {found}")
        return None

    def _learn(self, box: Box, address: str) -> list[Right]:
        """Return what each case has to give, from our own body."""
        job = Job(address, reference_source(find(address)), ours=True)
        answer = json.loads(box.ask(job.text, self.seconds))
        if answer["failure"] is not None:
            raise BoxError(f"our own {address} fails its checks: {answer['failure']}")
        return [
            Right(tuple(map(decode, one["right"])), one["rtol"], one["atol"])
            if "right" in one
            else Right()
            for one in answer["values"]
        ]

    @contextmanager
    def _box(self) -> Iterator[Box]:
        box = Box(self._image, self._deno)
        try:
            yield box
        finally:
            box.close()


def _failure(found: dict[Any, Any]) -> Failure:
    """Return a failure whose texts are texts, and not endless."""
    texts = {field.name: str(found.get(field.name, "")) for field in fields(Failure)}
    return Failure(**{name: text[:LONGEST] for name, text in texts.items()})


def reached(name: str) -> Failure:
    """Return the failure of a body that is not run, for a name in it."""
    message = f"it uses {name!r}, which no part needs; a body like this is not run"
    return Failure("reaches", "reading it", message)


def _forged(why: str) -> Failure:
    message = f"the checks were passed by values that are not right: {why}"
    return Failure("forged", "comparing it", message)


def _too_long(seconds: float) -> Failure:
    message = f"it did not end within {seconds:g} s; does its loop ever stop?"
    return Failure("endless", "running it", message)


def _broke(error: BoxError) -> Failure:
    message = f"it ended Python itself: {error}"
    return Failure("broke", "running it", message[:LONGEST])
