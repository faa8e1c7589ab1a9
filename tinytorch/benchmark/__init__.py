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
from tinytorch.benchmark.timer import Comparison, Timer, Timing, clock_step, duration

__all__ = [
    "FLOPS",
    "Comparison",
    "Profile",
    "Table",
    "Timer",
    "Timing",
    "activation_bytes",
    "clock_step",
    "count_flops",
    "count_parameters",
    "duration",
    "memory",
    "peak_memory",
    "profile",
    "summary",
]
