"""The small convolutional network of the CIFAR-10 milestone."""

from collections.abc import Sequence

from tinytorch.nn import (
    BatchNorm2d,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
)
from tinytorch.tensor import Tensor


class CNN(Module):
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
        self.scale = scale
        if not channels or size >> len(channels) < 1:
            raise ValueError(
                f"CNN expects 1 to {size.bit_length() - 1} blocks for images of "
                f"{size} pixels, got channels {tuple(channels)}"
            )
        layers: list[Module] = []
        widths = [in_channels, *channels]
        for before, after in zip(widths, widths[1:], strict=False):
            layers += [
                Conv2d(before, after, 3, padding=1, bias=False),
                BatchNorm2d(after),
                ReLU(),
                MaxPool2d(2),
            ]
        self.features = Sequential(*layers)
        side = size >> len(channels)
        self.classifier = Sequential(
            Flatten(), Linear(channels[-1] * side * side, classes)
        )

    def forward(self, input: Tensor) -> Tensor:
        return self.classifier(self.features(input)) * self.scale
