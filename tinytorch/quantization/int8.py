"""Eight bits instead of 32: a quarter of the bytes, and integer arithmetic.

Integers q stand for floats x: x is about scale (q - zero_point). Observers find the
range of x; `quantize_dynamic` and `quantize_static` put it all into a trained model.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch import expect
from tinytorch.autograd import no_grad
from tinytorch.backends.window import Window
from tinytorch.nn import Conv2d, Linear, Module
from tinytorch.nn.functional.image import pair
from tinytorch.nn.utils import hooked, replace_module
from tinytorch.ops.quantized import conv2d_int8, linear_int8
from tinytorch.tensor import Tensor
from tinytorch.tensor.sizes import positive_dim
from tinytorch.training.evaluation import evaluating, expect_batches

Array = np.ndarray
LOWEST, HIGHEST = -128, 127  # of int8
MOST_TERMS = 65_536  # in a sum: more products, of up to 255 x 127, may leave 32 bits


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
    point 0. Raises ValueError for a range that is empty, not finite, or too large for
    a scale in float32.
    """
    low, high = _numbers("low", low), _numbers("high", high)
    expect.boolean(symmetric=symmetric)
    if not ((low <= high) & np.isfinite(low) & np.isfinite(high)).all():
        raise ValueError(f"expected finite ranges low <= high, got {low} to {high}")
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    if symmetric:
        step = np.maximum(-low, high) / HIGHEST
    else:
        step = (high - low) / (HIGHEST - LOWEST)
    if (step > np.finfo(np.float32).max).any():
        raise ValueError(f"expected a range for float32, got {low} to {high}")
    # A range of nothing but 0 needs some scale. Tiny ones must survive as float32.
    scale = np.where(step > 0, np.maximum(step, np.finfo(np.float32).tiny), 1)
    zero_point = np.zeros(scale.shape) if symmetric else LOWEST - np.rint(low / scale)
    if (scale > np.finfo(np.float32).max).any():
        raise ValueError(f"expected a range that float32 holds, got {low} to {high}")
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
    expect.tensors("quantize", x=x)
    expect.instance(QuantParams | None, params=params)
    if params is None:
        params = choose_qparams(*extremes(x.data, axis), symmetric, axis)
    elif not np.isfinite(x.data).all():
        raise ValueError("quantize expects finite numbers, got nan or infinity")
    scale, zero_point = params.along(x.data)
    integers = np.rint(x.data / scale) + zero_point
    values = np.clip(integers, LOWEST, HIGHEST).astype(np.int8)
    return QTensor(Tensor(values), params)


def dequantize(values: Tensor, params: QuantParams) -> Tensor:
    """Return scale (values - zero_point) as float32."""
    expect.tensors("dequantize", values=values)
    expect.instance(QuantParams, params=params)
    scale, zero_point = params.along(values.data)
    return Tensor((values.data - zero_point).astype(np.float32) * scale)


def _numbers(name: str, value: Any) -> Array:
    """Return a number, or an array of them, as float64; raises TypeError for others."""
    array = np.asarray(value)
    if array.dtype.kind not in "buif":
        raise TypeError(f"expected {name} as numbers, got {expect.shown(value)}")
    return array.astype(np.float64)


def extremes(array: Array, axis: int | None = None) -> tuple[Array, Array]:
    """Return smallest and largest value, of all or each channel; none: ValueError."""
    expect.array("array", array)
    if not array.size:
        raise ValueError(f"expected at least one value, got shape {array.shape}")
    others = None
    if axis is not None:
        kept = positive_dim(array, axis)
        others = tuple(dim for dim in range(array.ndim) if dim != kept)
    return np.min(array, others), np.max(array, others)


class Observer:
    """Watches batches for the range to quantize; subclasses say how it grows."""

    low = high = 0.0
    batches = 0

    def observe(self, x: Tensor) -> None:
        """Take in one batch; raises ValueError for nan or infinity."""
        expect.tensors("an observer", x=x)
        if not np.isfinite(x.data).all():
            raise ValueError("an observer expects finite numbers, got nan or infinity")
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
        """Return the range that holds both."""
        return min(self.low, low), max(self.high, high)


class PercentileObserver(Observer):
    """The mean of ranges that hold `percentile` of a batch from below and above."""

    def __init__(self, percentile: float = 99.9) -> None:
        expect.number(percentile=percentile)
        if not 50 < percentile <= 100:
            raise ValueError(f"expected percentile in 50..100, got {percentile}")
        self.percentile = percentile

    def batch_range(self, array: Array) -> tuple[Any, Any]:
        """Return the range without the batch's outermost values."""
        return tuple(np.percentile(array, [100 - self.percentile, self.percentile]))

    def join(self, low: float, high: float) -> tuple[float, float]:
        """Return the mean of all ranges so far."""
        n = self.batches
        return self.low + (low - self.low) / n, self.high + (high - self.high) / n


class Quantized(Module):
    """An int8 weight with a scale for each output; sums are int32, the result float32.

    Inputs are rounded with `input_params` (static) or, if None, with parameters from
    each batch's own range (dynamic). There is no gradient.
    """

    weight: Tensor
    weight_scale: Tensor
    bias: Tensor | None
    input_scale: Tensor | None
    input_zero_point: Any

    def __init__(self, layer: Any, input_params: QuantParams | None = None) -> None:
        super().__init__()
        expect.instance(Linear | Conv2d, layer=layer)
        expect.instance(QuantParams | None, input_params=input_params)
        weight, bias = quantize(layer.weight, symmetric=True, axis=0), layer.bias
        shape = -1, *(1,) * (weight.values.ndim - 2)  # a channel's: (O,) or (O, 1, 1)
        bias = None if bias is None else Tensor(bias.data.reshape(shape))
        self.register_buffer("weight", weight.values)
        self.register_buffer("weight_scale", Tensor(weight.params.scale.reshape(shape)))
        self.register_buffer("bias", bias)
        for name in ("scale", "zero_point"):
            fixed = Tensor(getattr(input_params, name)) if input_params else None
            self.register_buffer(f"input_{name}", fixed)

    def forward(self, input: Tensor) -> Tensor:
        """Return the layer's output as float32, without a gradient."""
        expect.tensors(type(self).__name__, input=input)
        params = None
        if self.input_scale is not None:
            params = QuantParams(self.input_scale.data, self.input_zero_point.data)
        x = quantize(input, params)
        sums = self.products(x.values.data, int(x.params.zero_point))
        y = sums * (x.params.scale * self.weight_scale.data)
        if self.bias is not None:
            y += self.bias.data
        return Tensor(y.astype(np.float32, copy=False))

    def products(self, x: Array, zero_point: int) -> Array:
        """Return the outputs as integers, without scale and bias, for int8 inputs."""
        raise NotImplementedError(f"{type(self).__name__} expects a products method")

    def extra_repr(self) -> str:
        """Return the weight's shape, and how inputs are rounded."""
        kind = "dynamic" if self.input_scale is None else "static"
        return f"weight={self.weight.shape}, {kind}"


class QuantizedLinear(Quantized):
    """`Linear` in int8: x (..., in_features) gives (..., out_features)."""

    def products(self, x: Array, zero_point: int) -> Array:
        """Return x (..., in_features) minus its zero point, times the weight."""
        outputs, inputs = self.weight.shape
        if x.shape[-1:] != (inputs,):
            raise ValueError(f"QuantizedLinear expects (..., {inputs}), got {x.shape}")
        sums = exact_sums(x.reshape(-1, inputs), self.weight.data, zero_point)
        return sums.reshape(*x.shape[:-1], outputs)


def exact_sums(x: Array, weight: Array, zero_point: int) -> Array:
    """Return (x - zero_point) times weight^T, int8 (R, K) and (O, K), without overflow.

    int32 (R, O), or int64 where so many products are added that 32 bits may not do.
    """
    if x.shape[1] <= MOST_TERMS:
        return linear_int8(x, weight, zero_point)
    sums = np.zeros((len(x), len(weight)), np.int64)
    for first in range(0, x.shape[1], MOST_TERMS):
        some = np.s_[:, first : first + MOST_TERMS]
        part, filters = (
            np.ascontiguousarray(x[some]),
            np.ascontiguousarray(weight[some]),
        )
        sums += linear_int8(part, filters, zero_point)
    return sums


class QuantizedConv2d(Quantized):
    """`Conv2d` in int8: images (N, C, H, W)."""

    def __init__(self, layer: Conv2d, input_params: QuantParams | None = None) -> None:
        super().__init__(layer, input_params)
        self.groups = layer.groups
        terms = math.prod(layer.weight.shape[1:])
        expect.between(1, MOST_TERMS, products_in_a_sum=terms)
        sizes = layer.kernel_size, layer.stride, layer.padding, layer.dilation
        self.window = Window(*map(pair, sizes))

    def products(self, x: Array, zero_point: int) -> Array:
        """Return x (N, C, H, W) minus its zero point, under the weight's filters."""
        c = self.weight.shape[1] * self.groups
        if x.ndim != 4 or x.shape[1] != c:
            raise ValueError(f"QuantizedConv2d expects (N, {c}, H, W), got {x.shape}")
        return conv2d_int8(x, self.weight.data, self.window, self.groups, zero_point)


def quantize_dynamic(model: Module) -> Module:
    """Return a copy whose Linear layers are int8, inputs rounded batch by batch."""
    expect.instance(Module, model=model)
    named = model.named_modules()
    return _converted(model, {n: None for n, x in named if isinstance(x, Linear)})


def quantize_static(
    model: Module,
    calibration: Iterable,
    observer: Callable[[], Observer] = MinMaxObserver,
) -> Module:
    """Return a copy whose Linear and Conv2d layers are int8, with fixed input ranges.

    The ranges are what `calibration`'s batches (inputs, or tuples that begin with them)
    show to each layer. Raises ValueError if a layer sees none.
    """
    expect.instance(Module, model=model)
    expect_batches("quantize_static", calibration)
    expect.function(observer=observer)
    observers = {
        name: observer()
        for name, layer in model.named_modules()
        if isinstance(layer, Linear | Conv2d)
    }

    def watch(name: str, module: Module, inputs: Any, output: Any) -> None:
        if name in observers:
            observers[name].observe(inputs[0])

    with hooked(model, watch), evaluating(model), no_grad():
        for batch in calibration:
            model(batch[0] if isinstance(batch, tuple | list) else batch)
    unseen = [name for name, observer in observers.items() if not observer.batches]
    if unseen:
        raise ValueError(f"expected batches for every layer, got no input to {unseen}")
    return _converted(model, {name: seen.qparams() for name, seen in observers.items()})


def _converted(model: Module, params: Mapping[str, QuantParams | None]) -> Module:
    """Return a frozen copy in evaluation mode, with the named layers in int8."""
    if not params:
        raise ValueError(f"expected Linear (or, static, Conv2d) layers, got {model}")
    copy = deepcopy(model).requires_grad_(False)
    modules = dict(copy.named_modules())
    for name, input_params in params.items():
        layer: Any = modules[name]
        kind = QuantizedLinear if isinstance(layer, Linear) else QuantizedConv2d
        copy = replace_module(copy, name, kind(layer, input_params))
    return copy.eval()
