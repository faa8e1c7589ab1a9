"""The map between floats and 8-bit integers: x is about scale (q - zero_point).

`Observer`s find the range of floats that it covers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.tensor import Tensor

Array = np.ndarray
LOWEST, HIGHEST = -128, 127


@dataclass(frozen=True)
class QuantParams:
    """How integers stand for floats: one scale and zero point, or one a channel.

    With `axis`, both have one entry for each index along it, else they are 0-d.
    """

    scale: Array  # float32, above 0
    zero_point: Array  # int32, from -128 to 127
    axis: int | None = None

    def along(self, array: Array) -> tuple[Array, Array]:
        """Return scale and zero point, shaped to broadcast against `array`."""
        if self.axis is None:
            return self.scale, self.zero_point
        shape = [1] * array.ndim
        shape[self.axis] = -1
        return self.scale.reshape(shape), self.zero_point.reshape(shape)


@dataclass(frozen=True)
class QTensor:
    """A tensor kept as int8."""

    values: Tensor
    params: QuantParams

    @property
    def nbytes(self) -> int:
        """Bytes of the integers, the scales and the zero points."""
        params = self.params
        return self.values.nbytes + params.scale.nbytes + params.zero_point.nbytes

    def dequantize(self) -> Tensor:
        """Return the floats that the integers stand for."""
        return dequantize(self.values, self.params)


def choose_qparams(
    low: Any, high: Any, symmetric: bool = False, axis: int | None = None
) -> QuantParams:
    """Return the parameters that spread low..high over the 256 integers.

    Numbers, or arrays with one entry a channel. 0 always lies in the range and on an
    integer, so that padding and ReLU stay exact. `symmetric` uses -127..127 with zero
    point 0. Raises ValueError for a range that is empty or not finite.
    """
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if not ((low <= high) & np.isfinite(low) & np.isfinite(high)).all():
        raise ValueError(f"expected finite ranges low <= high, got {low} to {high}")
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    span = np.maximum(-low, high) * 2 if symmetric else high - low
    steps = 2 * HIGHEST if symmetric else HIGHEST - LOWEST
    # A range of nothing but 0 needs some scale. Tiny ones must survive as float32.
    tiny = np.finfo(np.float32).tiny
    scale = np.where(span > 0, np.maximum(span / steps, tiny), 1)
    zero_point = np.zeros(scale.shape) if symmetric else LOWEST - np.rint(low / scale)
    return QuantParams(scale.astype(np.float32), zero_point.astype(np.int32), axis)


def quantize(
    x: Tensor,
    params: QuantParams | None = None,
    *,
    symmetric: bool = False,
    axis: int | None = None,
) -> QTensor:
    """Round x to int8; what lies outside the range becomes its end.

    Without `params`, they come from x's own smallest and largest value: of all of x, or
    of each channel along `axis`.
    """
    if params is None:
        params = choose_qparams(*extremes(x.data, axis), symmetric, axis)
    scale, zero_point = params.along(x.data)
    integers = np.rint(x.data / scale) + zero_point
    values = np.clip(integers, LOWEST, HIGHEST).astype(np.int8)
    return QTensor(Tensor(values), params)


def dequantize(values: Tensor, params: QuantParams) -> Tensor:
    """Return scale (values - zero_point) as float32."""
    scale, zero_point = params.along(values.data)
    return Tensor((values.data - zero_point).astype(np.float32) * scale)


def extremes(array: Array, axis: int | None = None) -> tuple[Array, Array]:
    """Return the smallest and largest value, of all or of each channel along `axis`.

    Raises ValueError for an empty array.
    """
    if not array.size:
        raise ValueError(f"expected at least one value, got shape {array.shape}")
    others = None if axis is None else tuple(np.delete(range(array.ndim), axis))
    return array.min(others), array.max(others)


class Observer:
    """Watches batches for the range to quantize; subclasses say how it grows."""

    low = high = 0.0
    batches = 0

    def observe(self, x: Tensor) -> None:
        """Take in one batch."""
        self.batches += 1
        low, high = self.batch_range(x.data)
        if self.batches > 1:
            low, high = self.join(low, high)
        self.low, self.high = float(low), float(high)

    def batch_range(self, array: Array) -> tuple[Any, Any]:
        """Return the range of one batch: its smallest and largest value."""
        return extremes(array)

    def join(self, low: float, high: float) -> tuple[float, float]:
        """Return the range of all batches, given the newest one's."""
        raise NotImplementedError(f"{type(self).__name__} expects a join method")

    def qparams(self, symmetric: bool = False) -> QuantParams:
        """Return the parameters for the range; RuntimeError if nothing was seen."""
        if not self.batches:
            raise RuntimeError("an observer expects at least one batch, got none")
        return choose_qparams(self.low, self.high, symmetric)


class MinMaxObserver(Observer):
    """The smallest and largest value ever: nothing is cut, one outlier costs all."""

    def join(self, low: float, high: float) -> tuple[float, float]:
        return min(self.low, low), max(self.high, high)


class MovingAverageMinMaxObserver(Observer):
    """A running mean of the batches' ranges; a new one counts averaging_constant."""

    def __init__(self, averaging_constant: float = 0.01) -> None:
        if not 0 < averaging_constant <= 1:
            raise ValueError(f"expected a constant in (0, 1], got {averaging_constant}")
        self.averaging_constant = averaging_constant

    def join(self, low: float, high: float) -> tuple[float, float]:
        new = self.averaging_constant
        return self.low + new * (low - self.low), self.high + new * (high - self.high)


class PercentileObserver(MovingAverageMinMaxObserver):
    """The mean over batches of the range that holds all but the outliers.

    `percentile` of the values lie below its end, as many above its start.
    """

    def __init__(self, percentile: float = 99.9) -> None:
        super().__init__()
        if not 50 < percentile <= 100:
            raise ValueError(f"expected percentile in 50..100, got {percentile}")
        self.percentile = percentile

    def batch_range(self, array: Array) -> tuple[Any, Any]:
        self.averaging_constant = 1 / self.batches  # of the running mean: a plain one
        return tuple(np.percentile(array, [100 - self.percentile, self.percentile]))
