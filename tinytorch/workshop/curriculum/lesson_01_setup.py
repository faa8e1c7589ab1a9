"""Lesson 01, setup: how big a number is, and how long something takes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.benchmark.timer import Timer
from tinytorch.workshop.checking import Case
from tinytorch.workshop.curriculum.model import Lesson, Part


class Scripted:
    """A clock that is read from a list, and from then on gains a second a reading."""

    def __init__(self, *readings: float) -> None:
        self.readings = list(readings)
        self.used = 0

    def read(self) -> float:
        """Return the next reading."""
        self.used += 1
        over = self.used - len(self.readings)
        return self.readings[self.used - 1] if over <= 0 else self.readings[-1] + over

    def __repr__(self) -> str:
        return f"Scripted{tuple(self.readings)}"


class Job:
    """Work that takes a known time by a clock of its own; the first calls are slower.

    slow: seconds of the first calls. seconds: of every later one.
    """

    def __init__(self, seconds: float, slow: tuple[float, ...] = ()) -> None:
        self.seconds, self.slow = seconds, slow
        self.now, self.calls, self.readings = 100.0, 0, 0

    def work(self) -> None:
        """Let the time pass that this call takes."""
        first = self.calls < len(self.slow)
        self.now += self.slow[self.calls] if first else self.seconds
        self.calls += 1

    def clock(self) -> float:
        """Return the time, and remember being asked."""
        self.readings += 1
        return self.now


def _bytes() -> list[Case]:
    table: list[tuple[Any, Any, int]] = [
        ((5,), "float32", 20),
        ((2, 3), "float32", 24),
        ((2, 3), "int8", 6),
        ((2, 3), "float64", 48),
        ((3, 224, 224), "float32", 602_112),
        ((), "int64", 8),
        ((7, 0, 2), "float32", 0),
        ((1_000_000, 1_000_000), "float64", 8 * 10**12),
        ((4, 1), "bool", 4),
        ((3,), "float16", 6),
        ((2, 2), np.float32, 16),
        ((3,), np.dtype("uint8"), 3),
    ]
    return [
        Case(f"shape {shape} of {dtype}", lambda s=shape, d=dtype: (s, d), want)
        for shape, dtype, want in table
    ]


def _duration() -> list[Case]:
    digits = "The format .3g writes at most three digits."
    table = [
        (1.5, "1.5 s", ""),
        (0.25, "250 ms", "Below one second: how many milliseconds are there?"),
        (0.000_007, "7 µs", ""),
        (3e-9, "3 ns", ""),
        (1.0, "1 s", "One second is at least one second."),
        (0.001, "1 ms", ""),
        (0.000_001, "1 µs", ""),
        (0.012_345, "12.3 ms", digits),
        (86.44, "86.4 s", digits),
        (0.0, "0 ns", "Nanoseconds are the last resort, for 0 too."),
        (2e-10, "0.2 ns", ""),
    ]
    return [
        Case(f"{seconds:g} seconds", lambda s=seconds: (s,), want, hint=hint)
        for seconds, want, hint in table
    ]


def _clock_step() -> list[Case]:
    changes = "Read the clock until the reading changes, and subtract."
    table = [
        ((5.0, 5.5), 1, 0.5, changes),
        ((5.0, 5.0, 5.0, 5.25), 1, 0.25, changes),
        ((0.0, 3.0, 3.0, 3.5, 3.5, 5.5), 3, 0.5, "Keep the smallest of all rounds."),
        ((0.0, 0.5, 0.5, 3.5, 3.5, 5.5), 3, 0.5, "Keep the smallest of all rounds."),
        ((0.0, 2.0, 2.0, 4.0, 4.0, 4.125), 2, 2.0, "Two rounds are two steps."),
        ((0.0, 200.0, 200.0, 500.0), 2, 200.0, "A clock may tick every few minutes."),
    ]
    return [
        Case(
            f"{rounds} rounds of a clock that says {', '.join(map(str, readings))}",
            lambda r=readings, n=rounds: (Scripted(*r).read, n),
            want,
            hint=hint,
        )
        for readings, rounds, want, hint in table
    ]


def _job(args: tuple, out: Any) -> dict[str, Any]:
    """What came back, how often the work was done and the clock was read."""
    job = args[1].__self__
    return {"returned": out, "calls": job.calls, "readings": job.readings}


def _timed(
    seconds: float, slow: tuple[float, ...], *rest: Any, **options: Any
) -> Callable[[], tuple]:
    def args() -> tuple:
        job = Job(seconds, slow)
        return Timer(clock=job.clock, **options), job.work, *rest

    return args


def _time_calls() -> list[Case]:
    def case(label: str, seconds: float, loops: int, want: float, hint: str) -> Case:
        return Case(
            label,
            _timed(seconds, (), loops),
            {"returned": want, "calls": loops, "readings": 2},
            look=_job,
            hint=hint,
        )

    uneven = Case(
        "three calls of 5, 1 and 0.5 s",
        _timed(0.5, (5.0, 1.0), 3),
        {"returned": 6.5, "calls": 3, "readings": 2},
        look=_job,
    )
    start = "Read self.clock() before the loop and after it, and subtract."
    return [
        case("one call of 2 s", 2.0, 1, 2.0, start),
        case("four calls of 0.5 s", 0.5, 4, 2.0, "Call the function `loops` times."),
        uneven,
        case("no call at all", 2.0, 0, 0.0, start),
    ]


def _loops_for() -> list[Case]:
    def result(args: tuple, out: Any) -> int:
        return out

    def case(
        label: str, want: int, hint: str, *job: Any, warmup: int = 0, least: float = 1.0
    ) -> Case:
        args = _timed(*job, warmup=warmup, min_sample=least)
        return Case(label, args, want, look=result, hint=hint)

    double = "Begin with 1, and double it while the calls take less than min_sample."
    exact = "Long enough is long enough: at least min_sample."
    warm = "The first `warmup` calls are not timed; they may be slow."
    return [
        case("a call of 2 s, samples of 1 s", 1, double, 2.0, ()),
        case("a call of 0.3 s, samples of 1 s", 4, double, 0.3, ()),
        case("a call of 0.25 s, samples of 1 s", 4, exact, 0.25, ()),
        case("slow twice, warmed up twice", 8, warm, 0.125, (9.0, 9.0), warmup=2),
        case("slow twice, warmed up once", 1, warm, 0.125, (9.0, 9.0), warmup=1),
        case("a call of 10 µs", 128, double, 1e-5, (), least=1e-3),
    ]


LESSON = Lesson(
    number=1,
    name="setup",
    title="Setup: what this machine can do",
    question="trust this machine: what runs where, how fast, how big is a number",
    chapter="1 Introduction",
    minutes=45,
    summary="A tour of the kernel, its memory and its clock, and an honest timer.",
    parts=(
        Part(
            "dtypes.bytes_of",
            1,
            "Multiply all lengths, and then by the bytes of one element.",
            _bytes,
        ),
        Part(
            "benchmark.duration",
            2,
            "From the largest unit down: the first that gives at least 1 is it.",
            _duration,
        ),
        Part(
            "benchmark.clock_step",
            3,
            "A loop of rounds, and in it a loop that waits for the clock to move.",
            _clock_step,
        ),
        Part(
            "benchmark.Timer.time_calls",
            2,
            "Read self.clock() twice, with all the calls in between.",
            _time_calls,
        ),
        Part(
            "benchmark.Timer.loops_for",
            3,
            "Warm up first; then ask self.time_calls for 1, 2, 4, ... calls.",
            _loops_for,
        ),
    ),
)
