"""Convolution and pooling layers for images (N, C, H, W)."""

from tinytorch import expect
from tinytorch.backends.numpy import Pair
from tinytorch.nn import functional as F
from tinytorch.nn.functional.image import pair
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
        expect.at_least(1, in_channels=in_channels, out_channels=out_channels)
        expect.divisible(groups, in_channels=in_channels, out_channels=out_channels)
        kernel = pair(kernel_size)
        super().__init__((out_channels, in_channels // groups, *kernel), bias)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.groups = kernel, groups
        self.stride, self.padding, self.dilation = stride, padding, dilation

    def forward(self, input: Tensor) -> Tensor:
        window = self.stride, self.padding, self.dilation
        return F.conv2d(input, self.weight, self.bias, *window, self.groups)


class _Pool2d(Module):
    """What the two pooling layers share."""

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
    ) -> None:
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride


class MaxPool2d(_Pool2d):
    """The largest value of each window; stride defaults to the window."""

    def forward(self, input: Tensor) -> Tensor:
        return F.max_pool2d(input, self.kernel_size, self.stride, self.padding)


class AvgPool2d(_Pool2d):
    """The mean of each window; stride defaults to the window."""

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool2d(input, self.kernel_size, self.stride, self.padding)


class AdaptiveAvgPool2d(Module):
    """The mean over as many windows as give `output_size`."""

    def __init__(self, output_size: int | Pair) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(input, self.output_size)
