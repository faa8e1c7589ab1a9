"""The words that a kernel knows beside Python's own, and what each means in Python.

A kernel that uses them also runs uncompiled, as the Python function it is.
"""

from typing import Any

import numpy as np

Four = np.ndarray  # of shape (4,), float32
Value = Any  # one float, or four


def load4(a: np.ndarray, *index: int) -> Four:
    """Return the four numbers of `a` that begin at an index, along its last axis."""
    *row, first = index
    return a[tuple(row)][first : first + 4].copy()


def store4(a: np.ndarray, *index_and_value: Any) -> None:
    """Write four numbers into `a` from an index on: store4(c, i, j, value)."""
    *row, first, value = index_and_value
    a[tuple(row)][first : first + 4] = value


def splat(x: Value) -> Four:
    """Return four times the same number."""
    return np.full(4, x, dtype=np.float32)


def muladd(x: Value, y: Value, z: Value) -> Value:
    """Return x y + z: two operations, each rounded, of one float or of four."""
    return x * y + z


def registers(*shape: int) -> np.ndarray:
    """Return room for one or two axes of four floats each, all 0.

    Compiled, each four has a register of its own; so the shape must be known then,
    and so must every index: literals, and the counters of `unroll`.
    """
    return np.zeros((*shape, 4), dtype=np.float32)


def unroll(count: int) -> range:
    """Count like `range`, but write the loop's body out `count` times."""
    return range(count)


def floor(x: Value) -> Value:
    """Return the next whole number at or below, as a float; of one float or four."""
    return np.floor(x)


def sqrt(x: Value) -> Value:
    """Return the square root, of one float or of four."""
    return np.sqrt(x)


def power2(n: Value) -> Value:
    """Return 2 to the power of a whole float from -126 to 127; of one or of four.

    A float32 is a sign, 8 bits of exponent with 127 added, and 23 of fraction: so n
    becomes an integer and is put where the exponent stands. -127 gives 0, 128 infinity.
    """
    exponent = np.nan_to_num(n, nan=0.0, posinf=2.0**31, neginf=-(2.0**31))
    whole = np.clip(np.trunc(exponent), -(2.0**31), 2.0**31 - 1).astype(np.int64)
    bits = ((whole + 127) << 23).astype(np.uint32)
    return np.asarray(bits).view(np.float32)[()]


LOG2_E = 1.4426950408889634
LN2_HIGH = 0.693359375  # few bits: n times it is exact
LN2_LOW = -2.1219444005469057e-4


def exp(x: Value) -> Value:
    """Return e to the power of x, of one float or of four, to about 2e-7 of itself.

    exp(x) = 2^n exp(r) with a whole n and r from 0 to ln 2, where a polynomial will
    do. Results below 2^-126 are 0.
    """
    x = max(min(x, 88.8), -88.0)
    n = floor(x * LOG2_E)
    r = x - n * LN2_HIGH - n * LN2_LOW
    # (exp(r) - 1) / r, fitted by least squares to exp's relative error.
    p = 0.0077818898 + r * 0.0019536016
    p = 0.1666067867 + r * (0.0419235301 + r * p)
    p = 0.9999997531 + r * (0.5000064512 + r * p)
    return (1.0 + r * p) * power2(n)
