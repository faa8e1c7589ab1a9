"""Measuring: time with error bars, bytes and operations as they are."""

from tinytorch.benchmark.costs import (
    FLOPS,
    Profile,
    activation_bytes,
    count_flops,
    count_parameters,
    memory,
    peak_memory,
    profile,
    summary,
)
from tinytorch.benchmark.table import Table
from tinytorch.benchmark.timer import (
    Comparison,
    Timer,
    Timing,
    clock_step,
    duration,
    seconds,
)
