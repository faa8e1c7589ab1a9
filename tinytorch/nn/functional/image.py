"""Convolution and pooling of images (N, C, H, W)."""

from collections.abc import Sequence

import numpy as np

from tinytorch import expect, ops
from tinytorch.autograd import Function
from tinytorch.backends.numpy import Pair, Window, output_size
from tinytorch.tensor import Tensor

Size = int | Sequence[int]


def pair(value: Size) -> Pair:
    """Return (value, value) for a number, and a pair as it is."""
    match value:
        case int():
            return value, value
        case [int(height), int(width)]:
            return height, width
    raise ValueError(f"expected a whole number or a pair of them, got {value!r}")


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation: (N, C, H, W) with weight (O, C/groups, KH, KW) and bias (O,).

    Returns (N, O, OH, OW), OH = (H + 2 padding - dilation (KH - 1) - 1) / stride + 1,
    rounded down.
    """
    expect.axes("Conv2d's weight", weight, 4)
    outputs, channels = weight.shape[:2]
    if input.ndim != 4 or input.shape[1] != channels * groups or outputs % groups:
        wanted = f"(N, {channels * groups}, H, W) and outputs divisible by {groups}"
        raise ValueError(f"Conv2d expects {wanted}, got {input.shape} and {outputs}")
    expect.dtype("Conv2d", input, weight.dtype)
    expect.shape("Conv2d's bias", bias, (outputs,))
    window = _window("Conv2d", input, weight.shape[2:], stride, padding, dilation)
    tensors = [input, weight] if bias is None else [input, weight, bias]
    return ops.Conv2d.apply(*tensors, window=window, groups=groups)


def max_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
) -> Tensor:
    """Largest value of each window; stride defaults to the window."""
    return _pool(ops.MaxPool2d, input, kernel_size, stride, padding, dilation)


def avg_pool2d(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> Tensor:
    """Mean of each window, padding counted as zeros; stride defaults to the window."""
    expect.floating("avg_pool2d", input)
    return _pool(ops.AvgPool2d, input, kernel_size, stride, padding, 1)


def adaptive_avg_pool2d(input: Tensor, output_size: Size) -> Tensor:
    """Mean over (near) equal windows, so that (N, C, *output_size) comes out."""
    expect.floating("adaptive_avg_pool2d", input)
    rows, cols = pair(output_size)
    if input.ndim != 4 or min(rows, cols) < 1:
        wanted = "(N, C, H, W) and at least one pixel out"
        raise ValueError(f"expected {wanted}, got {input.shape} and {(rows, cols)}")
    height, width = input.shape[2:]
    if height % rows == 0 and width % cols == 0:
        return avg_pool2d(input, (height // rows, width // cols))
    down = _averaging(height, rows, input.dtype)  # (OH, H)
    across = _averaging(width, cols, input.dtype)  # (OW, W)
    return down @ input @ across.T


def _averaging(size: int, parts: int, dtype: np.dtype) -> Tensor:
    """Return (parts, size): row i averages places floor(i s/p) to ceil((i+1) s/p)."""
    part, place = np.ogrid[:parts, :size]
    within = (part * size // parts <= place) & (place * parts < (part + 1) * size)
    return Tensor((within / within.sum(1, keepdims=True)).astype(dtype))


def _pool(
    op: type[Function], input: Tensor, size: Size, stride: Size | None, *sizes: Size
) -> Tensor:
    """Apply a pooling, whose windows must each meet at least one real pixel."""
    stride = size if stride is None else stride
    window = _window(op.__name__, input, size, stride, *sizes)
    kernel, _, padding, _ = window
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        wanted = f"padding of at most half the window {kernel}"
        raise ValueError(f"{op.__name__} expects {wanted}, got {padding}")
    return op.apply(input, window=window)


def _window(name: str, input: Tensor, *sizes: Size) -> Window:
    """Return kernel, stride, padding and dilation as a window that fits the input."""
    expect.axes(f"{name}'s input (N, C, H, W)", input, 4)
    window = Window(*map(pair, sizes))
    kernel, stride, padding, dilation = window
    if min(*kernel, *stride, *dilation) < 1 or min(padding) < 0:
        raise ValueError(f"{name} expects sizes >= 1 and padding >= 0, got {window}")
    if min(output_size(input.data.shape[2:], window)) < 1:
        got = f"{window} for {input.shape}"
        raise ValueError(f"{name} expects a window that fits, got {got}")
    return window
