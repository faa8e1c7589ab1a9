"""Convolutional networks, for digits and for CIFAR-10."""

from collections.abc import Sequence
from itertools import pairwise

from tinytorch import expect, nn
from tinytorch.backends.window import Pair
from tinytorch.nn.functional.image import pair
from tinytorch.tensor import Tensor


class LeNet(nn.Module):
    """Two rounds of convolution, tanh and pooling, then three linear layers.

    Input (N, in_channels, size, size), output logits (N, classes). `padding` and
    `channels` are those of the two convolutions. The network that read the digits on
    bank cheques (LeCun et al., 1998) has size=32 and padding=(0, 0), and pooled by a
    trained mean where this takes today's maximum. The default fits 28 pixels; 8 need
    kernel_size=3 and padding=(1, 1).
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
        size = expect.count("size", size)
        kernel_size = expect.count("kernel_size", kernel_size)
        padding = pair(padding, "padding")
        channels = pair(channels, "channels")
        layers: list[nn.Module] = []
        before, side = in_channels, size
        for after, border in zip(channels, padding, strict=True):
            conv = nn.Conv2d(before, after, kernel_size, padding=border)
            layers += [conv, nn.Tanh(), nn.MaxPool2d(2)]
            before, side = after, (side + 2 * border - kernel_size + 1) // 2
        if side < 1:
            got = f"size {size} with padding {padding}"
            raise ValueError(f"expected two windows of {kernel_size} to fit, got {got}")
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(before * side * side, 120),
            nn.Tanh(),
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, classes),
        )

    def forward(self, input: Tensor) -> Tensor:
        """Return logits (N, classes) of images (N, in_channels, size, size)."""
        return self.classifier(self.features(input))


class CNN(nn.Module):
    """Blocks of Conv3x3, BatchNorm, ReLU and MaxPool2, then one Linear layer.

    Each block halves the image; `channels` gives the blocks' widths. Input
    (N, in_channels, size, size), output logits (N, classes), multiplied by `scale`:
    the last layer sums over so many positive inputs that its first steps would
    otherwise throw it far off.
    """

    def __init__(
        self,
        channels: Sequence[int] = (16, 32, 64),
        classes: int = 10,
        in_channels: int = 3,
        size: int = 32,
        scale: float = 0.125,
    ) -> None:
        super().__init__()
        size, widths = expect.count("size", size), expect.sequence("channels", channels)
        expect.number(scale=scale)
        expect.between(1, size.bit_length() - 1, blocks=len(channels))
        layers: list[nn.Module] = []
        for before, after in pairwise([in_channels, *widths]):
            conv = nn.Conv2d(before, after, 3, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers)
        pixels = (size >> len(channels)) ** 2
        last = nn.Linear(channels[-1] * pixels, classes)
        self.classifier = nn.Sequential(nn.Flatten(), last)
        self.scale = scale

    def forward(self, input: Tensor) -> Tensor:
        """Return logits (N, classes) of images (N, in_channels, size, size)."""
        return self.classifier(self.features(input)) * self.scale
