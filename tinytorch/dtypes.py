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


def as_array(data: Any, dtype: Any = None) -> Array:
    """Return `data` as an array: Python floats as float32, integers as int64.

    Arrays keep their dtype, and are not copied. Raises TypeError for what is not a
    number or a regular nested list of numbers.
    """
    known = isinstance(data, np.ndarray | np.generic)
    try:
        array = np.asarray(data, dtype=dtype)
    except ValueError:
        raise TypeError("expected a regular nested list, got a ragged one") from None
    if array.dtype.kind not in KINDS:
        raise TypeError(
            f"expected numbers, got {type(data).__name__} of dtype {array.dtype}"
        )
    if known or dtype is not None:
        return array
    if array.dtype.kind == "f":
        return array.astype(float32)
    return array.astype(int64) if array.dtype.kind == "i" else array


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
