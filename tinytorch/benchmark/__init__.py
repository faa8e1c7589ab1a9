"""Measuring: time with error bars, bytes and operations as they are."""

from tinytorch.benchmark.counters import (
    FLOPS,
    activation_bytes,
    count_flops,
    count_parameters,
    memory,
    peak_memory,
    summary,
)
from tinytorch.benchmark.profiler import Profile, profile
from tinytorch.benchmark.table import Table
from tinytorch.benchmark.timer import (
    Comparison,
    Timer,
    Timing,
    clock_step,
    duration,
    seconds,
)
