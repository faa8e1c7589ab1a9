"""Measuring: time with error bars, bytes and operations as they are."""

from .costs import (
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
from .table import Table
from .timer import Comparison, Timer, Timing, clock_step, duration, seconds
