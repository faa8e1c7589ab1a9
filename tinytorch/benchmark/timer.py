"""How long something takes, and how sure that is.

A single call may be shorter than the clock's step (0.1 ms in a browser), so a sample is
a loop of calls, and a result is the median of samples with an interval around it.
"""

import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinytorch import expect

Call = Callable[[], object]
Clock = Callable[[], float]
Interval = tuple[float, float]
RESAMPLES = 2000


@dataclass(frozen=True)
class Timing:
    """Seconds a call, one for each sample of `loops` calls."""

    samples: np.ndarray
    loops: int

    @property
    def median(self) -> float:
        """The middle sample, in seconds a call: one slow sample does not move it."""
        return float(np.median(self.samples))

    def percentile(self, q: float) -> float:
        """Return the time that q percent of the samples stay below."""
        return float(np.percentile(self.samples, q))

    def interval(self, level: float = 0.95) -> Interval:
        """Return a confidence interval of the median (bootstrap)."""
        return _interval(self.resampled(), level)

    def resampled(self) -> np.ndarray:
        """Return the medians of samples drawn with replacement, always the same."""
        n = len(self.samples)
        drawn = np.random.default_rng(0).integers(n, size=(RESAMPLES, n))
        return np.median(self.samples[drawn], axis=1)

    def __repr__(self) -> str:
        low, high = map(duration, self.interval())
        samples = f"{len(self.samples)} samples of {self.loops} calls"
        return f"{duration(self.median)} (95 %: {low} to {high}; {samples})"


@dataclass(frozen=True)
class Comparison:
    """Two timings, sampled in turns."""

    first: Timing
    second: Timing

    @property
    def ratio(self) -> float:
        """The first's median over the second's: above 1, the second is faster."""
        return self.first.median / self.second.median

    def interval(self, level: float = 0.95) -> Interval:
        """Return a confidence interval of the ratio (bootstrap).

        Pairs are drawn together, so what slowed both down at once cancels out.
        """
        return _interval(self.first.resampled() / self.second.resampled(), level)

    def __repr__(self) -> str:
        low, high = self.interval()
        first, second = duration(self.first.median), duration(self.second.median)
        times = f"{self.ratio:.2f} times (95 %: {low:.2f} to {high:.2f})"
        verdict = "; no difference is shown" if low <= 1 <= high else ""
        return f"{first} against {second}: {times}{verdict}"


class Timer:
    """Times calls: some to warm up, then `repeats` samples of `min_sample` seconds.

    `time_budget` (seconds) ends the sampling early, with at least 5 samples. The
    garbage collector is off meanwhile. `clock` returns seconds.
    """

    def __init__(
        self,
        repeats: int = 25,
        warmup: int = 2,
        min_sample: float = 0.01,
        time_budget: float = 2.0,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.repeats = expect.count("repeats", repeats, least=5)
        self.warmup = expect.count("warmup", warmup, least=0)
        expect.finite(min_sample=min_sample)
        expect.at_least(0, min_sample=min_sample, time_budget=time_budget)
        expect.function(clock=clock)
        self.min_sample, self.time_budget = min_sample, time_budget
        self.clock = clock

    def __repr__(self) -> str:
        return (
            f"Timer(repeats={self.repeats}, warmup={self.warmup}, "
            f"min_sample={self.min_sample}, time_budget={self.time_budget})"
        )

    def measure(self, function: Call) -> Timing:
        """Return how long `function()` takes."""
        expect.function(function=function)
        return self._sample(function)[0]

    def compare(self, first: Call, second: Call) -> Comparison:
        """Return how long both take, sampled in turns so that noise hits both."""
        expect.function(first=first, second=second)
        return Comparison(*self._sample(first, second))

    def _sample(self, *functions: Call) -> list[Timing]:
        enabled = gc.isenabled()
        gc.disable()
        try:
            # Of two answers the larger: an interruption makes a few calls look enough.
            jobs: list[tuple[Call, int, list[float]]] = [
                (f, max(self.loops_for(f), self.loops_for(f)), []) for f in functions
            ]
            end = self.clock() + self.time_budget
            for i in range(self.repeats):
                if i >= 5 and self.clock() >= end:
                    break
                # Every other round the other way about: none is always first.
                for function, loops, samples in jobs[:: -1 if i % 2 else 1]:
                    samples.append(self.time_calls(function, loops) / loops)
        finally:
            if enabled:
                gc.enable()
        return [Timing(np.array(samples), loops) for _, loops, samples in jobs]

    def loops_for(self, function: Call) -> int:
        """Return how many calls of `function` make a sample of min_sample seconds.

        First it is called `warmup` times, untimed. Then 1, 2, 4, ... calls are timed,
        until that many last at least min_sample.
        """
        for _ in range(self.warmup):
            function()
        loops = 1
        while self.time_calls(function, loops) < self.min_sample:
            loops *= 2
        return loops

    def time_calls(self, function: Call, loops: int) -> float:
        """Return the seconds, by `self.clock`, that `loops` calls of `function` take.

        The clock is read twice: before the first call and after the last.
        """
        start = self.clock()
        for _ in range(loops):
            function()
        return self.clock() - start


def seconds(function: Call, at_least: float = 0.05) -> float:
    """Return the time of one call: the mean of as many as take `at_least` seconds.

    Of two runs the quicker counts, as an interruption makes a few calls look enough.
    Quick, for a plot of many times; a `Timer` repeats it and says how sure it is.
    """
    expect.function(function=function)
    expect.finite(at_least=at_least)
    timer, calls = Timer(), 1
    while (took := min(timer.time_calls(function, calls) for _ in range(2))) < at_least:
        calls *= 2
    return took / calls


def duration(seconds: float) -> str:
    """Return a time with its unit, s, ms, µs or ns, and at most three digits.

    1.5 gives "1.5 s", 0.01234 "12.3 ms"; 0 gives "0 ns". The unit is the largest of
    which there is at least one, or ns.
    """
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if float(f"{seconds / scale:.3g}") >= 1:  # rounded, or 0.9996 s is 1e+03 ms
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def clock_step(clock: Clock = time.perf_counter, rounds: int = 20) -> float:
    """Return the smallest step, in seconds, that a clock took in `rounds` steps.

    A step is from one reading to the first one that differs. What takes less time
    than that cannot be seen in a single reading.
    """
    smallest = math.inf
    for _ in range(rounds):
        start = now = clock()
        while now == start:
            now = clock()
        smallest = min(smallest, now - start)
    return smallest


def _interval(values: np.ndarray, level: float) -> Interval:
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, got {level}")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
