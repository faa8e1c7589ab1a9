"""Image transforms, vectorised: a whole batch at once, each image its own draw.

Every transform takes (C, H, W) or (N, C, H, W), uint8 or float, as an array or a
tensor, and returns the same kind. Random ones draw from `generator`, the default one
if None. Augment while the images are uint8 and normalise last: a byte costs a quarter
of a float.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinytorch import expect, random
from tinytorch.random import Generator
from tinytorch.tensor import Tensor

PaddingMode = Literal["constant", "reflect", "edge"]


class Compose:
    """Applies transforms one after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = expect.sequence("transforms", transforms)
        for transform in self.transforms:
            expect.function(transforms=transform)

    def __call__(self, images: Any) -> Any:
        for transform in self.transforms:
            images = transform(images)
        return images

    def __repr__(self) -> str:
        return f"Compose({self.transforms})"


class Transform:
    """Base of the transforms: subclasses define `apply` for arrays (N, C, H, W)."""

    def __call__(self, images: Any) -> Any:
        if isinstance(images, Tensor):
            return Tensor(self(images.data))
        if not isinstance(images, np.ndarray):
            wanted = f"{type(self).__name__} expects images in an array or a Tensor"
            raise TypeError(f"{wanted}, got {expect.shown(images)}")
        if images.ndim == 3:
            return self.apply(images[None])[0]
        if images.ndim != 4:
            raise ValueError(f"expected (C, H, W) or (N, C, H, W), got {images.shape}")
        return self.apply(images)

    def apply(self, images: np.ndarray) -> np.ndarray:
        """Return what becomes of images (N, C, H, W)."""
        raise NotImplementedError(f"{type(self).__name__} expects an apply method")

    def extra_repr(self) -> str:
        """Return the options that `repr` shows, as "name=value, ..."."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


class Normalize(Transform):
    """(x - mean) / std per channel, as float32; uint8 counts as 0..1."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        for name, values in (("mean", mean), ("std", std)):
            for value in expect.sequence(name, values):
                expect.finite(**{name: value})
        self.mean = np.asarray(mean, np.float32).reshape(-1, 1, 1)  # (C, 1, 1)
        self.std = np.asarray(std, np.float32).reshape(-1, 1, 1)
        if self.mean.shape != self.std.shape or (self.std <= 0).any():
            raise ValueError(f"expected means and positive stds, got {mean} and {std}")

    def apply(self, images: np.ndarray) -> np.ndarray:
        """Return (x - mean) / std of (N, C, H, W), as float32.

        `self.mean` and `self.std` are (C, 1, 1). uint8 is divided by 255 first; floats
        are taken as they are. Raises ValueError unless there are C channels.
        """
        if images.shape[1] != len(self.mean):
            raise ValueError(f"expected {len(self.mean)} channels, got {images.shape}")
        unit = 255 if images.dtype == np.uint8 else 1
        # One conversion and two passes: x / std - mean / std.
        scaled = np.multiply(images, 1 / (self.std * unit), dtype=np.float32)
        scaled -= self.mean / self.std
        return scaled

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"mean={self.mean.ravel().tolist()}, std={self.std.ravel().tolist()}"


def channel_statistics(
    images: np.ndarray, chunk: int = 1000
) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of each channel of (N, C, H, W).

    Over all images and pixels; uint8 counts as 0..1. In one pass over `chunk` images at
    a time, from the sums of the values and of their squares, in float64.
    """
    total, squares = np.zeros((2, images.shape[1]))
    for first in range(0, len(images), chunk):
        part = images[first : first + chunk].astype(np.float64)
        total += part.sum(axis=(0, 2, 3))
        squares += (part * part).sum(axis=(0, 2, 3))
    count = images.size / images.shape[1]
    unit = 255 if images.dtype == np.uint8 else 1
    mean = total / count
    # Rounding may leave a constant channel a variance just below 0.
    var = np.maximum(squares / count - mean**2, 0)
    return (mean / unit).tolist(), (np.sqrt(var) / unit).tolist()


class RandomTransform(Transform):
    """A transform that draws from `generator`, or from the default one."""

    def __init__(self, *, generator: Generator | None = None) -> None:
        random.expect_generator(generator)
        self.generator = generator

    @property
    def rng(self) -> np.random.Generator:
        """The numpy generator to draw from."""
        return (self.generator or random.default_generator).numpy


class RandomHorizontalFlip(RandomTransform):
    """Mirrors each image left to right with probability `p`."""

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__(generator=generator)
        expect.between(0, 1, p=p)
        self.p = p

    def apply(self, images: np.ndarray) -> np.ndarray:
        """Return (N, C, H, W), each image mirrored with probability `self.p`.

        Draws once an image from `self.rng`, a numpy generator.
        """
        flipped = self.rng.random(len(images)) < self.p
        out = images.copy()
        out[flipped] = images[flipped, :, :, ::-1]
        return out

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"p={self.p}"


class RandomCrop(RandomTransform):
    """Cuts a window of `size` out of each image, after padding it on all sides.

    `size` is a side or (height, width); `padding_mode` is "constant" (zeros),
    "reflect" (mirrored without repeating the edge) or "edge".
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        padding: int = 0,
        *,
        padding_mode: PaddingMode = "constant",
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator=generator)
        expect.one_of(get_args(PaddingMode), padding_mode=padding_mode)
        self.padding = expect.count("padding", padding, least=0)
        self.padding_mode = padding_mode
        sides = size if isinstance(size, tuple | list) else (size, size)
        if len(sides) != 2:
            raise ValueError(f"expected size as a side or (height, width), got {size}")
        height = expect.count("height", sides[0])
        self.size = height, expect.count("width", sides[1])

    def apply(self, images: np.ndarray) -> np.ndarray:
        """Return a window of `self.size` of each image: (N, C, height, width).

        First pads (N, C, H, W) by `self.padding` pixels on all four sides, as np.pad
        does in the mode `self.padding_mode`. Every place of the window is equally
        likely and drawn from `self.rng`, for each image afresh; channels stay together.
        Raises ValueError if the window is larger than the padded image.
        """
        n = len(images)
        sides = (self.padding, self.padding)
        padded = np.pad(images, ((0, 0), (0, 0), sides, sides), self.padding_mode)
        height, width = padded.shape[2:]
        if self.size[0] > height or self.size[1] > width:
            raise ValueError(f"expected at most {height, width}, got size {self.size}")
        windows = sliding_window_view(padded, self.size, axis=(2, 3))
        tops = self.rng.integers(height - self.size[0] + 1, size=n)
        lefts = self.rng.integers(width - self.size[1] + 1, size=n)
        return windows[np.arange(n), :, tops, lefts]  # (N, C, *size)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        options = f"size={self.size}, padding={self.padding}"
        return f"{options}, padding_mode={self.padding_mode!r}"


class Cutout(RandomTransform):
    """Overwrites a square of side `size` around a random pixel of each image.

    What lies outside the image is cut off (DeVries & Taylor 2017).
    """

    def __init__(
        self, size: int, value: float = 0, *, generator: Generator | None = None
    ) -> None:
        super().__init__(generator=generator)
        self.size = expect.count("size", size)
        expect.finite(value=value)
        self.value = value

    def apply(self, images: np.ndarray) -> np.ndarray:
        """Return (N, C, H, W) with a square of each image overwritten."""
        n, _, height, width = images.shape
        half = self.size // 2
        rows = self._strip(self.rng.integers(-half, height - half, n), height)
        columns = self._strip(self.rng.integers(-half, width - half, n), width)
        square = rows[:, None, :, None] & columns[:, None, None, :]  # (N, 1, H, W)
        return np.where(square, np.asarray(self.value, images.dtype), images)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"size={self.size}, value={self.value}"

    def _strip(self, start: np.ndarray, length: int) -> np.ndarray:
        """Return (N, length), true on the `size` places from each start on."""
        place = np.arange(length) - start[:, None]
        return (place >= 0) & (place < self.size)
