"""Layers that keep their weights as int8, and models made of them."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from tinytorch.autograd import no_grad
from tinytorch.nn import Conv2d, Linear, Module
from tinytorch.nn.functional.checks import pair
from tinytorch.nn.utils import hooked, replace_module
from tinytorch.ops.quantized import conv2d_int8, linear_int8
from tinytorch.quantization.affine import (
    MinMaxObserver,
    Observer,
    QuantParams,
    quantize,
)
from tinytorch.tensor import Tensor
from tinytorch.training.evaluation import evaluating


class _Quantized(Module):
    """An int8 weight with a scale for each output; sums are int32, the result float32.

    Inputs are rounded with `input_params` (static) or, if None, with parameters from
    each batch's own range (dynamic). There is no gradient.
    """

    weight: Tensor
    weight_scale: Tensor
    bias: Tensor | None
    input_scale: Tensor | None
    input_zero_point: Any
    channel: tuple[int, ...]  # the shape in which the outputs' scales broadcast

    def __init__(self, layer: Any, input_params: QuantParams | None = None) -> None:
        super().__init__()
        weight = quantize(layer.weight.detach(), symmetric=True, axis=0)
        self.register_buffer("weight", weight.values)
        self.register_buffer("weight_scale", Tensor(weight.params.scale))
        self.register_buffer(
            "bias", None if layer.bias is None else layer.bias.detach()
        )
        for name in ("scale", "zero_point"):
            fixed = Tensor(getattr(input_params, name)) if input_params else None
            self.register_buffer(f"input_{name}", fixed)

    def forward(self, input: Tensor) -> Tensor:
        params = None
        if self.input_scale is not None:
            params = QuantParams(self.input_scale.data, self.input_zero_point.data)
        x = quantize(input, params)
        sums = self.products(x.values.data, int(x.params.zero_point))
        scale = x.params.scale * self.weight_scale.data
        y = sums * scale.reshape(self.channel)
        if self.bias is not None:
            y += self.bias.data.reshape(self.channel)
        return Tensor(y.astype(np.float32, copy=False))

    def products(self, x: np.ndarray, zero_point: int) -> np.ndarray:
        """Return the int32 outputs, without scale and bias, for int8 inputs."""
        raise NotImplementedError(f"{type(self).__name__} expects a products method")

    def extra_repr(self) -> str:
        kind = "dynamic" if self.input_scale is None else "static"
        return f"weight={self.weight.shape}, {kind}"


class QuantizedLinear(_Quantized):
    """`Linear` in int8: x (..., in_features) gives (..., out_features)."""

    channel = (-1,)

    def products(self, x: np.ndarray, zero_point: int) -> np.ndarray:
        outputs, inputs = self.weight.shape
        if x.shape[-1:] != (inputs,):
            raise ValueError(f"QuantizedLinear expects (..., {inputs}), got {x.shape}")
        sums = linear_int8(x.reshape(-1, inputs), self.weight.data, zero_point)
        return sums.reshape(*x.shape[:-1], outputs)


class QuantizedConv2d(_Quantized):
    """`Conv2d` in int8: images (N, C, H, W)."""

    channel = (-1, 1, 1)

    def __init__(self, layer: Conv2d, input_params: QuantParams | None = None) -> None:
        super().__init__(layer, input_params)
        self.groups = layer.groups
        self.window = pair(layer.stride), pair(layer.padding), pair(layer.dilation)

    def products(self, x: np.ndarray, zero_point: int) -> np.ndarray:
        c = self.weight.shape[1] * self.groups
        if x.ndim != 4 or x.shape[1] != c:
            raise ValueError(f"QuantizedConv2d expects (N, {c}, H, W), got {x.shape}")
        return conv2d_int8(x, self.weight.data, self.window, self.groups, zero_point)


def quantize_dynamic(model: Module) -> Module:
    """Return a copy whose Linear layers are int8, inputs rounded batch by batch."""
    named = model.named_modules()
    return _converted(
        model, {n: None for n, layer in named if isinstance(layer, Linear)}
    )


def quantize_static(
    model: Module,
    calibration: Iterable,
    observer: Callable[[], Observer] = MinMaxObserver,
) -> Module:
    """Return a copy whose Linear and Conv2d layers are int8, with fixed input ranges.

    The ranges are what `calibration`'s batches (inputs, or tuples that begin with them)
    show to each layer. Raises ValueError if a layer sees none.
    """
    named = model.named_modules()
    observers = {n: observer() for n, x in named if isinstance(x, Linear | Conv2d)}

    def watch(name: str, module: Module, inputs: Any, output: Any) -> None:
        if name in observers:
            observers[name].observe(inputs[0])

    with hooked(model, watch), evaluating(model), no_grad():
        for batch in calibration:
            model(batch[0] if isinstance(batch, tuple | list) else batch)
    unseen = [name for name, observer in observers.items() if not observer.batches]
    if unseen:
        raise ValueError(f"calibration showed no input to {unseen}")
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
