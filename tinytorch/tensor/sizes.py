"""Arithmetic of shapes, and what a method may be given as dims and sizes."""

import math
import operator
from collections.abc import Sequence
from typing import Any

Dim = int | tuple[int, ...] | None


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the step along each axis, in elements, of a gapless row-by-row array.

    The last axis has step 1; each other one steps over all that lies to its right.
    (2, 3, 4) gives (12, 4, 1).
    """
    strides = []
    step = 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def infer_shape(count: int, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Return `wanted`, its -1, if any, replaced so that `count` elements fit.

    Raises ValueError if no shape like it has `count` elements, or for a second -1.
    """
    known = math.prod(n for n in wanted if n != -1)
    holes = wanted.count(-1)
    if holes == 1 and known > 0 and count % known == 0:
        return tuple(count // known if n == -1 else n for n in wanted)
    if holes == 0 and known == count:
        return wanted
    raise ValueError(f"expected a shape for {count} elements, got {wanted}")


def broadcast_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which two shapes stretch.

    Axes are matched from the right; a missing axis counts as 1, and an axis of
    length 1 stretches to the other's length. Raises ValueError where both differ.
    """
    ndim = max(len(a), len(b))
    left = (1,) * (ndim - len(a)) + a
    right = (1,) * (ndim - len(b)) + b
    for m, n in zip(left, right, strict=True):
        if m != n and 1 not in (m, n):
            raise ValueError(f"expected shapes that broadcast, got {a} and {b}")
    return tuple(n if m == 1 else m for m, n in zip(left, right, strict=True))


def positive_dim(x: Any, dim: Any) -> int:
    """Return a dim of `x`, a tensor or an array, counted from the front.

    Raises IndexError for one that x lacks, TypeError for what is no integer.
    """
    number = _integer("a dim", dim)
    if not -x.ndim <= number < x.ndim:
        raise IndexError(f"expected a dim of shape {tuple(x.shape)}, got {dim}")
    return number % x.ndim


def positive_dims(x: Any, dim: Any) -> Dim:
    """Return dims as numpy takes them, counted from the front: one, several or None.

    Raises as `positive_dim`, and ValueError for one named twice.
    """
    if dim is None:
        return None
    if not isinstance(dim, list | tuple):
        return positive_dim(x, dim)
    dims = tuple(positive_dim(x, d) for d in dim)
    if len(set(dims)) != len(dims):
        raise ValueError(f"expected each dim once, got {tuple(dim)}")
    return dims


def sizes_of(values: tuple[Any, ...]) -> tuple[int, ...]:
    """Return integers that were given one by one, f(2, 3), or as one list, f((2, 3)).

    Raises TypeError for what is no integer.
    """
    if len(values) == 1 and isinstance(values[0], Sequence):
        values = tuple(values[0])
    return tuple(_integer("a size", value) for value in values)


def _integer(name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        got = f"{type(value).__name__!r} {value!r}"
        raise TypeError(f"expected {name}, got {got}: that is no integer") from None
