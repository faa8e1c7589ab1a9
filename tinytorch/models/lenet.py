"""The network that read the digits on bank cheques (LeCun et al., 1998)."""

from tinytorch.backends.numpy import Pair
from tinytorch.nn import Conv2d, Flatten, Linear, MaxPool2d, Module, Sequential, Tanh
from tinytorch.tensor import Tensor


class LeNet(Module):
    """Two rounds of convolution, tanh and pooling, then three linear layers.

    Input (N, in_channels, size, size), output logits (N, classes). `padding` and
    `channels` are those of the two convolutions. In the paper's shapes, with size=32
    and padding=(0, 0), but with today's maximum where it pooled by a trained mean. The
    default fits 28 pixels; 8 need kernel_size=3 and padding=(1, 1).
    """

    def __init__(
        self,
        classes: int = 10,
        in_channels: int = 1,
        size: int = 28,
        kernel_size: int = 5,
        padding: Pair = (2, 0),
        channels: Pair = (6, 16),
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
        first, second = channels
        self.features = Sequential(
            Conv2d(in_channels, first, kernel_size, padding=padding[0]),
            Tanh(),
            MaxPool2d(2),
            Conv2d(first, second, kernel_size, padding=padding[1]),
            Tanh(),
            MaxPool2d(2),
        )
        self.classifier = Sequential(
            Flatten(),
            Linear(second * side * side, 120),
            Tanh(),
            Linear(120, 84),
            Tanh(),
            Linear(84, classes),
        )

    def forward(self, input: Tensor) -> Tensor:
        return self.classifier(self.features(input))
