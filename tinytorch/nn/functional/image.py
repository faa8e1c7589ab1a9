"""Convolution and pooling of images (N, C, H, W)."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np

from tinytorch import expect, ops
from tinytorch.autograd import Function
from tinytorch.backends.window import Pair, Window, output_size
from tinytorch.tensor import Tensor

Size = int | Sequence[int]
LARGEST = 2**31 - 1  # of a size, in pixels


def pair(value: Size, name: str = "a size") -> Pair:
    """Return (value, value) for a whole number, and a pair as it is, of ints.

    Numpy's integers count too. Raises ValueError, with the name, for anything else.
    """
    if type(value) is int and value <= LARGEST:
        return value, value
    sides = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(sides) == 2 and all(isinstance(side, Integral) for side in sides):
        height, width = int(sides[0]), int(sides[1])
        if max(height, width) > LARGEST:
            raise ValueError(f"expected {name} of at most {LARGEST}, got {value}")
        return height, width
    wanted = f"{name} as a whole number or a pair of them"
    raise ValueError(f"expected {wanted}, got {expect.shown(value)}")


def make_window(
    name: str, kernel_size: Size, stride: Size, padding: Size, dilation: Size = 1
) -> Window:
    """Return what slides over images; raises ValueError for sizes that cannot be.

    name: whose, such as "Conv2d". Kernel, stride and dilation are at least 1, the
    padding at least 0.
    """
    kernel, steps = pair(kernel_size, "kernel_size"), pair(stride, "stride")
    border, spread = pair(padding, "padding"), pair(dilation, "dilation")
    if min(*kernel, *steps, *spread) < 1 or min(border) < 0:
        got = f"kernel_size {kernel}, stride {steps}, padding {border}"
        raise ValueError(
            f"{name} expects sizes >= 1 and padding >= 0, got {got} and dilation "
            f"{spread}"
        )
    return Window(kernel, steps, border, spread)


def expect_half_padding(name: str, window: Window) -> None:
    """Raise ValueError if a pooling window could lie on nothing but padding."""
    kernel, padding = window.kernel, window.padding
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        wanted = f"padding of at most half the window {kernel}"
        raise ValueError(f"{name} expects {wanted}, got {padding}")


def pixels_out(output_size: Size) -> Pair:
    """Return how many rows and columns an adaptive pooling is to give, at least 1."""
    size = pair(output_size, "output_size")
    if min(size) < 1:
        raise ValueError(f"expected output_size of at least one pixel, got {size}")
    return size


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
    expect.tensors("Conv2d", input=input, weight=weight)
    expect.axes("Conv2d's weight", weight, 4)
    outputs, channels = weight.shape[:2]
    expect.divisible(groups, outputs=outputs)
    if input.ndim != 4 or input.shape[1] != channels * groups:
        wanted = f"(N, {channels * groups}, H, W)"
        raise ValueError(f"Conv2d expects {wanted}, got {input.shape}")
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
    expect.tensors("max_pool2d", input=input)
    return _pool(ops.MaxPool2d, input, kernel_size, stride, padding, dilation)


def avg_pool2d(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> Tensor:
    """Mean of each window, padding counted as zeros; stride defaults to the window."""
    expect.tensors("avg_pool2d", input=input)
    expect.floating("avg_pool2d", input)
    return _pool(ops.AvgPool2d, input, kernel_size, stride, padding, 1)


def adaptive_avg_pool2d(input: Tensor, output_size: Size) -> Tensor:
    """Mean over (near) equal windows, so that (N, C, *output_size) comes out."""
    expect.tensors("adaptive_avg_pool2d", input=input)
    expect.floating("adaptive_avg_pool2d", input)
    rows, cols = pixels_out(output_size)
    expect.axes("adaptive_avg_pool2d's input (N, C, H, W)", input, 4)
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
    expect_half_padding(op.__name__, window)
    return op.apply(input, window=window)


def _window(name: str, input: Tensor, *sizes: Size) -> Window:
    """Return kernel, stride, padding and dilation as a window that fits the input."""
    expect.axes(f"{name}'s input (N, C, H, W)", input, 4)
    window = make_window(name, *sizes)
    if min(output_size(input.data.shape[2:], window)) < 1:
        got = f"kernel_size {window.kernel}, padding {window.padding}, dilation "
        got += f"{window.dilation} for images of {input.shape[2:]}"
        raise ValueError(f"{name} expects a window that fits, got {got}")
    return window
