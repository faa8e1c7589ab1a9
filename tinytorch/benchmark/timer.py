"""How long something takes, and how sure that is.

A single call may be shorter than the clock's step (0.1 ms in a browser), so a sample is
a loop of calls, and a result is the median of samples with an interval around it.
"""

import gc
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

Call = Callable[[], object]
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

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return a confidence interval of the median (bootstrap)."""
        drawn = self.samples[_resampled(len(self.samples))]
        return _interval(np.median(drawn, axis=1), level)

    def __repr__(self) -> str:
        low, high = self.interval()
        return (
            f"{duration(self.median)} (95 %: {duration(low)} to {duration(high)}; "
            f"{len(self.samples)} samples of {self.loops} calls)"
        )


@dataclass(frozen=True)
class Comparison:
    """Two timings, sampled in turns."""

    first: Timing
    second: Timing

    @property
    def ratio(self) -> float:
        """The first's median over the second's: above 1, the second is faster."""
        return self.first.median / self.second.median

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return a confidence interval of the ratio (bootstrap).

        Pairs are drawn together, so what slowed both down at once cancels out.
        """
        drawn = _resampled(len(self.first.samples))
        first, second = self.first.samples[drawn], self.second.samples[drawn]
        return _interval(np.median(first, axis=1) / np.median(second, axis=1), level)

    def __repr__(self) -> str:
        low, high = self.interval()
        verdict = "; no difference is shown" if low <= 1 <= high else ""
        return (
            f"{duration(self.first.median)} against {duration(self.second.median)}: "
            f"{self.ratio:.2f} times (95 %: {low:.2f} to {high:.2f}){verdict}"
        )


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
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if repeats < 5 or warmup < 0:
            raise ValueError(
                "Timer expects repeats of at least 5 and warmup of at least 0, "
                f"got {repeats} and {warmup}"
            )
        self.repeats, self.warmup, self.clock = repeats, warmup, clock
        self.min_sample, self.time_budget = min_sample, time_budget

    def measure(self, function: Call) -> Timing:
        """Return how long `function()` takes."""
        return self._sample([function])[0]

    def compare(self, first: Call, second: Call) -> Comparison:
        """Return how long both take, sampled in turns so that noise hits both."""
        return Comparison(*self._sample([first, second]))

    def _sample(self, functions: list[Call]) -> list[Timing]:
        with _without_garbage_collection():
            loops = [self.loops_for(function) for function in functions]
            samples: list[list[float]] = [[] for _ in functions]
            end = self.clock() + self.time_budget
            for i in range(self.repeats):
                if i >= 5 and self.clock() >= end:
                    break
                # Every other round the other way about: none is always first.
                order = range(len(functions))[:: -1 if i % 2 else 1]
                for k in order:
                    samples[k].append(
                        self.time_calls(functions[k], loops[k]) / loops[k]
                    )
        pairs = zip(samples, loops, strict=True)
        return [Timing(np.array(times), n) for times, n in pairs]

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


def duration(seconds: float) -> str:
    """Return a time with its unit, s, ms, µs or ns, and at most three digits.

    1.5 gives "1.5 s", 0.01234 "12.3 ms"; 0 gives "0 ns". The unit is the largest of
    which there is at least one, or ns.
    """
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def clock_step(
    clock: Callable[[], float] = time.perf_counter, rounds: int = 20
) -> float:
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


def _resampled(n: int) -> np.ndarray:
    """Return numbers of samples, drawn with replacement, always the same: (2000, n)."""
    return np.random.default_rng(0).integers(n, size=(RESAMPLES, n))


def _interval(values: np.ndarray, level: float) -> tuple[float, float]:
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, got {level}")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
