"""Convolution and pooling of images (N, C, H, W)."""

import numpy as np

from tinytorch import ops
from tinytorch.backends.numpy import Pair
from tinytorch.nn.functional.checks import (
    expect_dtype,
    expect_half_padding,
    expect_shape,
    pair,
    window,
)
from tinytorch.tensor import Tensor


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation: (N, C, H, W) with weight (O, C/groups, KH, KW) and bias (O,).

    Returns (N, O, OH, OW), OH = (H + 2 padding - dilation (KH - 1) - 1) / stride + 1,
    rounded down.
    """
    channels = weight.shape[1] * groups
    if input.ndim != 4 or input.shape[1] != channels or len(weight) % groups:
        raise ValueError(
            f"Conv2d expects (N, {channels}, H, W) and out_channels divisible by "
            f"{groups}, got {input.shape} and {len(weight)} out_channels"
        )
    expect_dtype("Conv2d", input, weight)
    expect_shape("Conv2d's bias", bias, weight.shape[:1])
    where = window("Conv2d", input, weight.shape[2:], stride, padding, dilation)
    tensors = [input, weight] if bias is None else [input, weight, bias]
    return ops.Conv2d.apply(*tensors, window=where, groups=groups)


def max_pool2d(
    input: Tensor,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
) -> Tensor:
    """Largest value of each window; stride defaults to the window."""
    kernel = pair(kernel_size)
    stride = kernel if stride is None else stride
    where = window("MaxPool2d", input, kernel, stride, padding, dilation)
    expect_half_padding("MaxPool2d", kernel, where[1])
    return ops.MaxPool2d.apply(input, kernel=kernel, window=where)


def avg_pool2d(
    input: Tensor,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
) -> Tensor:
    """Mean of each window, padding counted as zeros; stride defaults to the window."""
    kernel = pair(kernel_size)
    stride = kernel if stride is None else stride
    where = window("AvgPool2d", input, kernel, stride, padding)
    expect_half_padding("AvgPool2d", kernel, where[1])
    return ops.AvgPool2d.apply(input, kernel=kernel, window=where)


def adaptive_avg_pool2d(input: Tensor, output_size: int | Pair) -> Tensor:
    """Mean over (near) equal windows, so that (N, C, *output_size) comes out."""
    rows, cols = pair(output_size)
    if input.ndim != 4 or min(rows, cols) < 1:
        raise ValueError(
            "AdaptiveAvgPool2d expects (N, C, H, W) and an output of at least one "
            f"pixel, got {input.shape} and {(rows, cols)}"
        )
    height, width = input.shape[2:]
    if height % rows == 0 and width % cols == 0:
        return avg_pool2d(input, (height // rows, width // cols))
    down = _averaging(height, rows, input.dtype)  # (OH, H)
    across = _averaging(width, cols, input.dtype)  # (OW, W)
    return down @ input @ across.T


def _averaging(size: int, parts: int, dtype: np.dtype) -> Tensor:
    """Return (parts, size): row i averages places floor(i s/p) to ceil((i+1) s/p)."""
    matrix = np.zeros((parts, size), dtype=dtype)
    for i in range(parts):
        first, last = i * size // parts, -(-(i + 1) * size // parts)
        matrix[i, first:last] = 1 / (last - first)
    return Tensor(matrix)
