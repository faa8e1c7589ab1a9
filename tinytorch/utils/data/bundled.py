"""The data sets that come with the site: images, digits, names and a novel.

Where each comes from, under which licence, stands in the manifest beside the files.
"""

import io
import os
import sys
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from tinytorch import expect
from tinytorch.utils import browser
from tinytorch.utils.data.assets import Assets, open_assets
from tinytorch.utils.data.dataset import Dataset
from tinytorch.utils.data.transforms import channel_statistics
from tinytorch.utils.display import Download

Root = str | os.PathLike | None
Transform = Callable[[np.ndarray], Any] | None
Progress = Callable[[int, int], None]


class ImageClassification(Dataset):
    """Images with labels, in memory; sample `i` is `(image, label)`.

    `data` is uint8 of shape (N, C, H, W), `targets` int64 of shape (N,), `classes` the
    names of the labels. Both arrays are shared and read-only. `transform` is applied to
    a sample's image, or to all images of a batch at once.
    """

    def __init__(
        self,
        data: np.ndarray,
        targets: np.ndarray,
        classes: list[str],
        transform: Transform = None,
    ) -> None:
        self.data, self.targets, self.classes = data, targets, classes
        self.transform = transform

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self._transformed(self.data[index]), int(self.targets[index])

    def __getitems__(self, indices: Sequence[int]) -> tuple[Any, np.ndarray]:
        return self._transformed(self.data[indices]), self.targets[indices]

    def __len__(self) -> int:
        return len(self.data)

    def _transformed(self, images: np.ndarray) -> Any:
        return self.transform(images) if self.transform else images


class CIFAR10(ImageClassification):
    """32×32 colour photographs of ten kinds of things (Krizhevsky 2009).

    The training set comes in shards of 10,000 images, of which the first `shards` are
    loaded; the test set always is all 10,000. `mean` and `std` are those of the bundled
    training images, per channel, for `transforms.Normalize`. `progress` shows a line
    while loading; give a function of (bytes done, bytes in all) to show your own.

    Raises `ValueError` for more shards than are bundled, `OSError` if the files are
    missing, damaged or out of reach.
    """

    def __init__(
        self,
        train: bool = True,
        shards: int = 1,
        root: Root = None,
        transform: Transform = None,
        progress: bool | Progress = True,
    ) -> None:
        assets = open_assets(root)
        about = assets.manifest["cifar10"]
        part = "train" if train else "test"
        bundled = about[part]["shards"]
        shards = shards if train else bundled
        expect.between(1, bundled, shards=shards)
        if progress is True:
            progress = Download(f"CIFAR-10 {part} images")
        count = shards * about["shard_images"]
        images, targets = _first_images(assets, part, count, progress or None)
        super().__init__(images, targets, about["classes"], transform)
        self.mean, self.std = about["mean"], about["std"]


class Digits(ImageClassification):
    """1,797 handwritten digits of 8×8 pixels with values 0 to 16 (Alpaydin 1998).

    A fixed fifth of each class is held out as the test set. `mean` and `std` are those
    of the training images, for `transforms.Normalize`.
    """

    def __init__(
        self, train: bool = True, root: Root = None, transform: Transform = None
    ) -> None:
        assets = open_assets(root)
        about = assets.manifest["digits"]
        part = "train" if train else "test"
        with np.load(io.BytesIO(assets.read(about["file"]))) as arrays:
            images = arrays[f"{part}_images"][:, None]  # (N, 1, 8, 8)
            targets = arrays[f"{part}_labels"].astype(np.int64)
            self.mean, self.std = channel_statistics(arrays["train_images"][:, None])
        super().__init__(images, targets, about["classes"], transform)


def names(root: Root = None) -> list[str]:
    """Return some 8,400 English first names, in alphabetical order."""
    return _text("names", root).splitlines()


def novel(root: Root = None) -> str:
    """Return the text of Moby Dick (Melville 1851), 1.2 million characters."""
    return _text("novel", root)


def _text(name: str, root: Root) -> str:
    assets = open_assets(root)
    return assets.read(assets.manifest[name]["file"]).decode()


#: The longest run of shards loaded so far, by location and part: images and labels.
_loaded: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}


def _first_images(
    assets: Assets, part: str, count: int, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels of CIFAR-10; only what is not in memory is read."""
    key = assets.location, part
    images = _loaded[key][0] if key in _loaded else np.empty((0, 3, 32, 32), np.uint8)
    if len(images) < count:
        about = assets.manifest["cifar10"]
        first, last = (n // about["sheet_images"] for n in (len(images), count))
        sheets = about[part]["sheets"][first:last]
        done = list(accumulate(sheet["bytes"] for sheet in sheets))
        parts = [images]
        for sheet, so_far in zip(sheets, done, strict=True):
            parts.append(_decode(assets.read(sheet)))
            if progress:
                progress(so_far, done[-1])
        images = np.concatenate(parts)
        labels = assets.read(about[part]["labels"])
        targets = np.frombuffer(labels, np.uint8).astype(np.int64)
        images.flags.writeable = targets.flags.writeable = False
        _loaded[key] = images, targets
    images, targets = _loaded[key]
    return images[:count], targets[:count]


def _decode(sheet: bytes) -> np.ndarray:
    """Return the images (N, 3, 32, 32) of a compressed sheet, which takes Pillow."""
    try:
        from PIL import Image
    except ImportError:
        if sys.platform != "emscripten":
            raise ImportError("CIFAR10 needs Pillow: `pip install pillow`") from None
        browser.load_package("pillow")
        from PIL import Image
    with Image.open(io.BytesIO(sheet)) as image:
        return cut_sheet(np.asarray(image.convert("RGB")), 32)


def cut_sheet(pixels: np.ndarray, size: int) -> np.ndarray:
    """Cut a sheet of square images, `size` pixels wide, into (N, C, size, size).

    `pixels` is (rows size, columns size, C), as pictures are stored: the colours of a
    pixel lie side by side. Images are counted along the rows of the sheet, as one
    reads. No pixel is touched, only moved; the dtype stays.
    """
    height, width, channels = pixels.shape
    rows, columns = height // size, width // size
    grid = pixels.reshape(rows, size, columns, size, channels)
    grid = grid.transpose(0, 2, 4, 1, 3)  # (rows, columns, C, size, size)
    return grid.reshape(rows * columns, channels, size, size)
