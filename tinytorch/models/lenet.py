"""The network that read the digits on bank cheques (LeCun et al., 1998)."""

from __future__ import annotations

from tinytorch.backends.numpy import Pair
from tinytorch.nn import AvgPool2d, Conv2d, Flatten, Linear, Module, Sequential, Tanh
from tinytorch.tensor import Tensor


class LeNet(Module):
    """Two rounds of convolution, tanh and pooling, then three linear layers.

    Input (N, in_channels, size, size), output logits (N, classes). As published:
    size=32, padding=(0, 0). The default fits 28 pixels; digits of 8 need
    LeNet(size=8, kernel_size=3, padding=(1, 1)). `padding` is for each convolution.
    """

    def __init__(
        self,
        classes: int = 10,
        in_channels: int = 1,
        size: int = 28,
        kernel_size: int = 5,
        padding: Pair = (2, 0),
    ) -> None:
        super().__init__()
        side = size
        for border in padding:
            side = (side + 2 * border - kernel_size + 1) // 2
        if side < 1:
            raise ValueError(
                f"LeNet expects images that two windows of {kernel_size} fit, "
                f"got size {size} with padding {padding}"
            )
        first, second = padding
        self.features = Sequential(
            Conv2d(in_channels, 6, kernel_size, padding=first),
            Tanh(),
            AvgPool2d(2),
            Conv2d(6, 16, kernel_size, padding=second),
            Tanh(),
            AvgPool2d(2),
        )
        self.classifier = Sequential(
            Flatten(),
            Linear(16 * side * side, 120),
            Tanh(),
            Linear(120, 84),
            Tanh(),
            Linear(84, classes),
        )

    def forward(self, input: Tensor) -> Tensor:
        return self.classifier(self.features(input))
