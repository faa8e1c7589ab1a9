"""Functions that make tensors. Default dtype: float32, integers int64."""

from typing import Any

import numpy as np

from tinytorch import expect
from tinytorch.random import Generator, default_generator
from tinytorch.tensor.dtypes import Array, as_array, as_dtype, float32, int64
from tinytorch.tensor.sizes import sizes_of
from tinytorch.tensor.tensor import Tensor


def tensor(data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a new tensor with a copy of `data` (nested lists, arrays, numbers)."""
    source = data.data if isinstance(data, Tensor) else data
    return Tensor(as_array(source, dtype).copy(), requires_grad=requires_grad)


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """Return a tensor that shares the array's memory."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy expects an ndarray, got {type(ndarray).__name__}")
    return Tensor(ndarray)


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor of one repeated value."""
    shape = sizes_of((size,))
    value = as_array(fill_value, dtype)
    return Tensor(np.full(shape, value), requires_grad=requires_grad)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return zeros: `zeros(2, 3)` or `zeros((2, 3))`."""
    return full(sizes_of(size), 0.0, dtype=dtype, requires_grad=requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return ones: `ones(2, 3)` or `ones((2, 3))`."""
    return full(sizes_of(size), 1.0, dtype=dtype, requires_grad=requires_grad)


def empty(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor whose elements are whatever lay in memory."""
    array = np.empty(sizes_of(size), dtype=_float32_or(dtype))
    return Tensor(array, requires_grad=requires_grad)


def zeros_like(
    input: Tensor, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return zeros of the input's shape, and of its dtype unless another is given."""
    expect.tensors("zeros_like", input=input)
    return full_like(input, 0, dtype=dtype, requires_grad=requires_grad)


def ones_like(
    input: Tensor, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return ones of the input's shape, and of its dtype unless another is given."""
    expect.tensors("ones_like", input=input)
    return full_like(input, 1, dtype=dtype, requires_grad=requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return one value in the input's shape, and its dtype unless another is given."""
    expect.tensors("full_like", input=input)
    wanted = input.dtype if dtype is None else as_dtype(dtype)
    array = np.full(input.shape, fill_value, dtype=wanted)
    return Tensor(array, requires_grad=requires_grad)


def eye(
    n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return (n, m) with ones on the diagonal."""
    return Tensor(np.eye(n, m, dtype=_float32_or(dtype)), requires_grad=requires_grad)


def arange(
    start: float,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return start, start + step, ... before end; `arange(n)` counts from 0.

    Whole numbers give int64, others float32.
    """
    if end is None:
        start, end = 0, start
    if step == 0:
        raise ValueError("arange expects a step other than 0, got 0")
    whole = all(isinstance(v, int | np.integer) for v in (start, end, step))
    values = np.arange(start, end, step, dtype=int64 if whole else None)
    wanted = (int64 if whole else float32) if dtype is None else as_dtype(dtype)
    return Tensor(values.astype(wanted), requires_grad=requires_grad)


def linspace(
    start: float,
    end: float,
    steps: int,
    *,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return `steps` values from start to end, both included."""
    values = np.linspace(start, end, steps).astype(_float32_or(dtype))
    return Tensor(values, requires_grad=requires_grad)


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers uniform in [0, 1)."""
    dtype = _float32_or(dtype)
    values = _source(generator).random(sizes_of(size), dtype=dtype.type)
    return Tensor(values, requires_grad=requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return standard normal numbers."""
    values = _source(generator).standard_normal(sizes_of(size))
    values = np.asarray(values, dtype=_float32_or(dtype))
    return Tensor(values, requires_grad=requires_grad)


def randint(
    low: int, high: Any, size: Any = None, *, generator: Generator | None = None
) -> Tensor:
    """Return integers (int64) uniform from low to high, high excluded.

    `randint(10, (2, 3))` starts from 0, as in PyTorch.
    """
    if size is None:
        low, high, size = 0, low, high
    if low >= high:
        raise ValueError(f"randint expects low < high, got {low} and {high}")
    return Tensor(
        _source(generator).integers(low, high, sizes_of((size,)), dtype=int64)
    )


def randperm(n: int, *, generator: Generator | None = None) -> Tensor:
    """Return 0 .. n-1 (int64) in random order."""
    expect.at_least(0, n=n)
    return Tensor(_source(generator).permutation(n).astype(int64))


def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Return 1 with the probability that `input` gives for each element, else 0."""
    expect.tensors("bernoulli", input=input)
    low, high = input.data.min(initial=0), input.data.max(initial=0)
    expect.between(0, 1, lowest_probability=low, highest_probability=high)
    draws = _source(generator).random(input.shape)
    return Tensor((draws < input.data).astype(input.dtype))


def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Draw columns of (R, V) in proportion to their weights.

    Without replacement a column is drawn once at most. Returns int64
    (R, num_samples), or (num_samples,) for input (V,). Raises ValueError for weights
    that are negative, not finite, all zero, or too few.
    """
    expect.tensors("multinomial", input=input)
    if input.ndim not in (1, 2):
        raise ValueError(f"multinomial expects (R, V) or (V,), got {input.shape}")
    weights = np.atleast_2d(input.data.astype(np.float64))
    total = weights.sum(axis=1, keepdims=True)
    if (weights < 0).any() or not np.isfinite(total).all() or (total == 0).any():
        raise ValueError(
            "multinomial expects finite weights >= 0 with a positive sum in each row, "
            f"got sums {total.ravel().tolist()}"
        )
    source = _source(generator)
    if replacement or num_samples == 1:
        edges = (weights / total).cumsum(axis=1)
        draws = source.random((len(weights), num_samples, 1))
        picked = (draws >= edges[:, None, :-1]).sum(axis=2, dtype=int64)
    else:
        picked = _draw_once(weights, num_samples, source)
    return Tensor(picked if input.ndim == 2 else picked[0])


def _draw_once(weights: Array, count: int, source: np.random.Generator) -> Array:
    """Draw columns without replacement: the first arrivals of waiting times 1/weight.

    Source: Efraimidis and Spirakis, 2006.
    """
    possible = int((weights > 0).sum(axis=1).min())
    if count > possible:
        raise ValueError(
            f"multinomial without replacement expects at most {possible} samples "
            f"(positive weights), got {count}"
        )
    with np.errstate(divide="ignore"):  # a weight of 0 never arrives
        arrivals = source.standard_exponential(weights.shape) / weights
    return arrivals.argsort(axis=1)[:, :count].astype(int64)


def _float32_or(dtype: Any) -> np.dtype:
    """Return the dtype that was asked for, float32 if none was."""
    return float32 if dtype is None else as_dtype(dtype)


def _source(generator: Generator | None) -> np.random.Generator:
    return (generator or default_generator).numpy
