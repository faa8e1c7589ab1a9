"""Layers that keep their weights as int8 and multiply integers."""

from typing import Any

import numpy as np

from tinytorch.backends.numpy import Pair
from tinytorch.nn import Conv2d, Linear, Module
from tinytorch.ops.quantized import conv2d_int8, linear_int8
from tinytorch.quantization.affine import QuantParams, quantize
from tinytorch.tensor import Tensor


class _Quantized(Module):
    """An int8 weight with a scale for each output, and how inputs become int8.

    Inputs are rounded with `input_params` (static) or, if None, with parameters from
    each batch's own range (dynamic). There is no gradient.
    """

    weight: Tensor
    weight_scale: Tensor
    bias: Tensor | None
    input_scale: Tensor | None
    input_zero_point: Tensor | None

    def __init__(
        self, layer: Linear | Conv2d, input_params: QuantParams | None
    ) -> None:
        super().__init__()
        weight = quantize(layer.weight.detach(), symmetric=True, axis=0)
        self.register_buffer("weight", weight.values)
        self.register_buffer("weight_scale", Tensor(weight.params.scale))
        bias, fixed = layer.bias, input_params
        self.register_buffer("bias", bias.detach() if bias is not None else None)
        self.register_buffer("input_scale", Tensor(fixed.scale) if fixed else None)
        zero_point = Tensor(fixed.zero_point) if fixed else None
        self.register_buffer("input_zero_point", zero_point)

    def _quantize(self, input: Tensor) -> tuple[np.ndarray, np.ndarray, int]:
        """Return the input as int8, and its scale and zero point."""
        params = None
        if self.input_scale is not None and self.input_zero_point is not None:
            params = QuantParams(self.input_scale.data, self.input_zero_point.data)
        x = quantize(input, params)
        return x.values.data, x.params.scale, int(x.params.zero_point)

    def _rescale(self, sums: np.ndarray, scale: np.ndarray, shape: Any) -> Tensor:
        """Return int32 sums as floats, with the bias; `shape` is a channel's."""
        y = sums * (scale * self.weight_scale.data).reshape(shape)
        if self.bias is not None:
            y += self.bias.data.reshape(shape)
        return Tensor(y.astype(np.float32, copy=False))


class QuantizedLinear(_Quantized):
    """`Linear` in int8: x (..., in_features), sums in int32, the result float32."""

    def __init__(self, layer: Linear, input_params: QuantParams | None = None) -> None:
        super().__init__(layer, input_params)
        self.in_features, self.out_features = layer.in_features, layer.out_features

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim == 0 or input.shape[-1] != self.in_features:
            raise ValueError(
                f"QuantizedLinear expects last dimension {self.in_features}, "
                f"got shape {input.shape}"
            )
        x, scale, zero_point = self._quantize(input)
        rows = x.reshape(-1, self.in_features)
        y = self._rescale(linear_int8(rows, self.weight.data, zero_point), scale, -1)
        return y.reshape(*input.shape[:-1], self.out_features)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}"


class QuantizedConv2d(_Quantized):
    """`Conv2d` in int8: images (N, C, H, W), sums in int32, the result float32."""

    def __init__(self, layer: Conv2d, input_params: QuantParams | None = None) -> None:
        super().__init__(layer, input_params)
        self.in_channels, self.out_channels = layer.in_channels, layer.out_channels
        self.groups = layer.groups
        self.window = pair(layer.stride), pair(layer.padding), pair(layer.dilation)

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim != 4 or input.shape[1] != self.in_channels:
            raise ValueError(
                f"QuantizedConv2d expects (N, {self.in_channels}, H, W), "
                f"got shape {input.shape}"
            )
        x, scale, zero_point = self._quantize(input)
        sums = conv2d_int8(x, self.weight.data, self.window, self.groups, zero_point)
        return self._rescale(sums, scale, (-1, 1, 1))

    def extra_repr(self) -> str:
        return f"{self.in_channels}, {self.out_channels}, groups={self.groups}"


def pair(value: int | Pair) -> Pair:
    """Return one number for both axes as two."""
    return (value, value) if isinstance(value, int) else value
