"""The map between floats and 8-bit integers: x is about scale (q - zero_point)."""

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
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise ValueError(f"expected finite ranges low <= high, got {low} to {high}")
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    if symmetric:
        scale = np.maximum(-low, high) / HIGHEST
        zero_point = np.zeros(scale.shape)
    else:
        scale = (high - low) / (HIGHEST - LOWEST)
        zero_point = LOWEST - np.rint(low / np.where(scale > 0, scale, 1))
    # A range of nothing but 0 needs some scale. Tiny ones must survive as float32.
    scale = np.where(scale > 0, np.maximum(scale, np.finfo(np.float32).tiny), 1)
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
    if axis is None:
        return array.min(), array.max()
    others = tuple(i for i in range(array.ndim) if i != axis % array.ndim)
    return array.min(axis=others), array.max(axis=others)
