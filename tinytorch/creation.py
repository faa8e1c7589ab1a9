"""Functions that make tensors. Default dtype: float32, integers int64."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.dtypes import as_array, float32, int64
from tinytorch.random import Generator, default_generator
from tinytorch.tensor import Tensor
from tinytorch.tensor_shape import _ints


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a new tensor with a copy of `data` (nested lists, arrays, numbers)."""
    return Tensor(as_array(data, dtype).copy(), requires_grad=requires_grad)


def from_numpy(array: np.ndarray) -> Tensor:
    """Return a tensor that shares the array's memory."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy expects an ndarray, got {type(array).__name__}")
    return Tensor(array)


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor of one repeated value."""
    shape = _ints((size,))
    value = as_array(fill_value, dtype)
    return Tensor(np.full(shape, value), requires_grad=requires_grad)


def zeros(*size: Any, dtype: Any = float32, requires_grad: bool = False) -> Tensor:
    """Return zeros: `zeros(2, 3)` or `zeros((2, 3))`."""
    return Tensor(np.zeros(_ints(size), dtype=dtype), requires_grad=requires_grad)


def ones(*size: Any, dtype: Any = float32, requires_grad: bool = False) -> Tensor:
    """Return ones: `ones(2, 3)` or `ones((2, 3))`."""
    return Tensor(np.ones(_ints(size), dtype=dtype), requires_grad=requires_grad)


def empty(*size: Any, dtype: Any = float32) -> Tensor:
    """Return a tensor whose elements are whatever lay in memory."""
    return Tensor(np.empty(_ints(size), dtype=dtype))


def zeros_like(input: Tensor, dtype: Any = None) -> Tensor:
    return Tensor(np.zeros_like(input.data, dtype=dtype))


def ones_like(input: Tensor, dtype: Any = None) -> Tensor:
    return Tensor(np.ones_like(input.data, dtype=dtype))


def full_like(input: Tensor, fill_value: Any, dtype: Any = None) -> Tensor:
    return Tensor(np.full_like(input.data, fill_value, dtype=dtype))


def eye(n: int, m: int | None = None, *, dtype: Any = float32) -> Tensor:
    """Return (n, m) with ones on the diagonal."""
    return Tensor(np.eye(n, m, dtype=dtype))


def arange(start: float, end: float | None = None, step: float = 1) -> Tensor:
    """Return start, start + step, ... below end; `arange(n)` counts from 0."""
    if end is None:
        start, end = 0, start
    if step == 0:
        raise ValueError("arange expects a step other than 0")
    whole = all(isinstance(v, int | np.integer) for v in (start, end, step))
    return Tensor(np.arange(start, end, step, dtype=int64 if whole else float32))


def linspace(start: float, end: float, steps: int, *, dtype: Any = float32) -> Tensor:
    """Return `steps` values from start to end, both included."""
    return Tensor(np.linspace(start, end, steps).astype(dtype))


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = float32,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers uniform in [0, 1)."""
    values = _source(generator).random(_ints(size)).astype(dtype)
    return Tensor(values, requires_grad=requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = float32,
    requires_grad: bool = False,
) -> Tensor:
    """Return standard normal numbers."""
    values = np.asarray(_source(generator).standard_normal(_ints(size)), dtype=dtype)
    return Tensor(values, requires_grad=requires_grad)


def randint(
    low: int, high: int, size: Any, *, generator: Generator | None = None
) -> Tensor:
    """Return integers (int64) uniform from low to high, high excluded."""
    return Tensor(_source(generator).integers(low, high, _ints((size,)), dtype=int64))


def randperm(n: int, *, generator: Generator | None = None) -> Tensor:
    """Return 0 .. n-1 (int64) in random order."""
    return Tensor(_source(generator).permutation(n).astype(int64))


def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Return 1 with the probability that `input` gives for each element, else 0."""
    draws = _source(generator).random(input.shape)
    return Tensor((draws < input.data).astype(input.dtype))


def multinomial(
    input: Tensor, num_samples: int, *, generator: Generator | None = None
) -> Tensor:
    """Draw columns of (R, V) in proportion to their weights, with replacement.

    Returns int64 (R, num_samples), or (num_samples,) for input (V,). Raises
    ValueError for weights that are negative, not finite, or all zero.
    """
    weights = np.atleast_2d(input.data.astype(np.float64))
    total = weights.sum(axis=1, keepdims=True)
    if (weights < 0).any() or not np.isfinite(total).all() or (total == 0).any():
        raise ValueError(
            "multinomial expects finite weights >= 0 with a positive sum in each row, "
            f"got sums {total.ravel().tolist()}"
        )
    edges = (weights / total).cumsum(axis=1)
    draws = _source(generator).random((len(weights), num_samples, 1))
    picked = (draws >= edges[:, None, :-1]).sum(axis=2, dtype=int64)
    return Tensor(picked if input.ndim == 2 else picked[0])


def _source(generator: Generator | None) -> np.random.Generator:
    return (generator or default_generator).numpy
