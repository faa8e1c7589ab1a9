"""Convolution and pooling layers for images (N, C, H, W)."""

from tinytorch import expect
from tinytorch.backends.window import Pair
from tinytorch.nn import functional as F
from tinytorch.nn.functional.image import (
    expect_half_padding,
    make_window,
    pair,
    pixels_out,
)
from tinytorch.nn.linear import Affine
from tinytorch.nn.module import Module
from tinytorch.tensor import Tensor


class Conv2d(Affine):
    """Learned filters slid over images; see `functional.conv2d`.

    weight is (out_channels, in_channels / groups, KH, KW), bias (out_channels,).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        in_channels = expect.count("in_channels", in_channels)
        out_channels = expect.count("out_channels", out_channels)
        expect.divisible(groups, in_channels=in_channels, out_channels=out_channels)
        kernel = pair(kernel_size, "kernel_size")
        make_window("Conv2d", kernel, stride, padding, dilation)
        super().__init__((out_channels, in_channels // groups, *kernel), bias)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.groups = kernel, groups
        self.stride, self.padding, self.dilation = stride, padding, dilation

    def forward(self, input: Tensor) -> Tensor:
        """Return (N, out_channels, OH, OW) for images (N, in_channels, H, W)."""
        window = self.stride, self.padding, self.dilation
        return F.conv2d(input, self.weight, self.bias, *window, self.groups)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return (
            f"in_channels={self.in_channels}, out_channels={self.out_channels}, "
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}, groups={self.groups}, "
            f"bias={self.bias is not None}"
        )


class Pool2d(Module):
    """What the two pooling layers share: a window, and its steps."""

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
    ) -> None:
        super().__init__()
        stride = kernel_size if stride is None else stride
        name = type(self).__name__
        expect_half_padding(name, make_window(name, kernel_size, stride, padding))
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        steps = f"stride={self.stride}, padding={self.padding}"
        return f"kernel_size={self.kernel_size}, {steps}"


class MaxPool2d(Pool2d):
    """The largest value of each window; stride defaults to the window."""

    def forward(self, input: Tensor) -> Tensor:
        """Return (N, C, OH, OW) for images (N, C, H, W)."""
        return F.max_pool2d(input, self.kernel_size, self.stride, self.padding)


class AvgPool2d(Pool2d):
    """The mean of each window; stride defaults to the window."""

    def forward(self, input: Tensor) -> Tensor:
        """Return (N, C, OH, OW) for images (N, C, H, W)."""
        return F.avg_pool2d(input, self.kernel_size, self.stride, self.padding)


class AdaptiveAvgPool2d(Module):
    """The mean over as many windows as give `output_size`."""

    def __init__(self, output_size: int | Pair) -> None:
        super().__init__()
        pixels_out(output_size)
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """Return (N, C, *output_size) for images (N, C, H, W)."""
        return F.adaptive_avg_pool2d(input, self.output_size)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"output_size={self.output_size}"
