"""The number types, and which one the result of two operands has."""

import math
from typing import Any

import numpy as np

Array = np.ndarray
Scalar = bool | int | float

float32 = np.dtype("float32")
float64 = np.dtype("float64")
int8 = np.dtype("int8")
uint8 = np.dtype("uint8")
int32 = np.dtype("int32")
int64 = np.dtype("int64")
bool_ = np.dtype("bool")

KINDS = "buif"  # boolean, unsigned, signed, floating


def bytes_of(shape: tuple[int, ...], dtype: Any) -> int:
    """Return the bytes of an array of this shape, all elements side by side.

    dtype: what `np.dtype` takes, such as "float32", whose `itemsize` is 4 bytes. The
    shape () is a single element.
    """
    return math.prod(shape) * np.dtype(dtype).itemsize


def as_dtype(dtype: Any) -> np.dtype:
    """Return the dtype that a name, a type or a dtype stands for.

    Raises TypeError for what names none, or one that is not of numbers.
    """
    try:
        found = None if dtype is None else np.dtype(dtype)
    except (TypeError, ValueError):
        found = None
    if found is None or found.kind not in KINDS:
        raise TypeError(f"expected a dtype such as float32 or int64, got {dtype!r}")
    return found


def as_array(data: Any, dtype: Any = None) -> Array:
    """Return `data` as an array: Python floats as float32, integers as int64.

    Arrays keep their dtype, and are not copied. Raises TypeError for what is not a
    number or a regular nested list of numbers, OverflowError for one that the dtype
    cannot hold, ValueError for nan as an integer.
    """
    array = _as_found(data)
    if dtype is not None:
        return _held(data, array, as_dtype(dtype))
    if isinstance(data, np.ndarray | np.generic):
        return array
    if array.dtype.kind == "f":
        return array.astype(float32)
    return _held(data, array, int64) if array.dtype.kind in "iu" else array


def _as_found(data: Any) -> Array:
    """Return `data` as the array that numpy makes of it, if that is of numbers."""
    try:
        array = np.asarray(data)
    except ValueError:
        raise TypeError("expected a regular nested list, got a ragged one") from None
    if array.dtype.kind in KINDS:
        return array
    if isinstance(data, int):
        raise OverflowError(f"expected an integer that int64 can hold, got {data}")
    raise TypeError(
        f"expected numbers, got {type(data).__name__} of dtype {array.dtype}"
    )


def _held(data: Any, array: Array, dtype: np.dtype) -> Array:
    """Convert what a caller wrote down: unlike an array's, its integers must fit."""
    written = not isinstance(data, np.ndarray | np.generic)
    if written and array.size and array.dtype.kind in "iu" and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        for got in (int(array.min()), int(array.max())):
            if not limits.min <= got <= limits.max:
                raise OverflowError(
                    f"expected integers that {dtype} can hold: {got} out of bounds for "
                    f"{dtype}"
                )
    return cast(array, dtype)


def cast(array: Array, dtype: np.dtype) -> Array:
    """Return an array as another dtype, itself if that is its own.

    Integers that leave the range wrap around, as in PyTorch. Raises ValueError for
    nan as an integer, OverflowError for infinity and whatever is too large.
    """
    if array.dtype.kind == "f" and dtype.kind in "iu" and array.size:
        limits = np.iinfo(dtype)
        for value in (float(array.min()), float(array.max())):
            if math.isnan(value):
                raise ValueError(f"{dtype} expects numbers, cannot hold nan")
            if math.isinf(value) or not limits.min <= math.trunc(value) <= limits.max:
                got = "infinity" if math.isinf(value) else f"{value:g}"
                raise OverflowError(f"cannot convert {got} to integer, as {dtype}")
    return array.astype(dtype, copy=False)


def result_dtype(a: Any, b: Any) -> np.dtype:
    """Return the dtype of an operation on two arrays or Python numbers.

    PyTorch's rule: floating wins over integer over boolean; within one of these an
    array with axes wins over one without, and any array over a Python number.
    """
    ranks = _rank(a), _rank(b)
    a, b = as_array(a).dtype, as_array(b).dtype
    if ranks[0] == ranks[1]:
        return np.result_type(a, b)
    return a if ranks[0] > ranks[1] else b


def _rank(x: Any) -> tuple[int, int]:
    kind = {"b": 0, "u": 1, "i": 1, "f": 2}[as_array(x).dtype.kind]
    return kind, 0 if isinstance(x, Scalar) else 1 + bool(np.ndim(x))
