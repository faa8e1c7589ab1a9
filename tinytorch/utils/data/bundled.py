"""The data sets that come with the site: images, digits, names and a novel.

Where each comes from, under which licence, stands in the manifest beside the files.
"""

import io
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ..display import Download
from . import browser
from .assets import Assets, Progress, open_assets
from .dataset import Dataset
from .transforms import channel_statistics

Root = str | os.PathLike | None


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
        classes: Sequence[str],
        transform: Callable[[np.ndarray], Any] | None = None,
    ) -> None:
        self.data = data
        self.targets = targets
        self.classes = list(classes)
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
        transform: Callable[[np.ndarray], Any] | None = None,
        progress: bool | Progress = True,
    ) -> None:
        assets = open_assets(root)
        about = assets.manifest["cifar10"]
        part = "train" if train else "test"
        bundled = about[part]["shards"]
        if train and not 1 <= shards <= bundled:
            raise ValueError(f"expected shards from 1 to {bundled}, got {shards}")
        if progress is True:
            progress = Download(f"CIFAR-10 {part} images")
        data, targets = _cifar10_part(
            assets, part, shards if train else bundled, progress or None
        )
        super().__init__(data, targets, about["classes"], transform)
        self.mean: list[float] = about["mean"]
        self.std: list[float] = about["std"]


class Digits(ImageClassification):
    """1,797 handwritten digits of 8×8 pixels with values 0 to 16 (Alpaydin 1998).

    A fixed fifth of each class is held out as the test set. `mean` and `std` are those
    of the training images, for `transforms.Normalize`.
    """

    def __init__(
        self,
        train: bool = True,
        root: Root = None,
        transform: Callable[[np.ndarray], Any] | None = None,
    ) -> None:
        assets = open_assets(root)
        about = assets.manifest["digits"]
        part = "train" if train else "test"
        with np.load(io.BytesIO(assets.read(about["file"]))) as arrays:
            data = arrays[f"{part}_images"][:, None]  # (N, 1, 8, 8)
            targets = arrays[f"{part}_labels"].astype(np.int64)
            self.mean, self.std = channel_statistics(arrays["train_images"][:, None])
        super().__init__(data, targets, about["classes"], transform)


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


def _cifar10_part(
    assets: Assets, part: str, shards: int, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first `shards` of a part; only what is not in memory is read."""
    about = assets.manifest["cifar10"]
    images_a_shard = about["shard_images"]
    key = (assets.location, part)
    have = len(_loaded[key][0]) if key in _loaded else 0
    want = shards * images_a_shard
    if have < want:
        first, last = (n // about["sheet_images"] for n in (have, want))
        sheets = about[part]["sheets"][first:last]
        new = [_decode(sheet) for sheet in assets.read_each(sheets, progress)]
        labels = np.frombuffer(assets.read(about[part]["labels"]), np.uint8)[:want]
        images = np.concatenate([_loaded[key][0], *new] if have else new)
        targets = labels.astype(np.int64)
        images.flags.writeable = targets.flags.writeable = False
        _loaded[key] = images, targets
    images, targets = _loaded[key]
    return images[:want], targets[:want]


def _decode(sheet: bytes) -> np.ndarray:
    """Return the images (N, 3, 32, 32) of a compressed sheet."""
    with _pillow().open(io.BytesIO(sheet)) as image:
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


def _pillow() -> ModuleType:
    """Import Pillow, which only these images need."""
    try:
        from PIL import Image
    except ImportError:
        if sys.platform != "emscripten":
            raise ImportError(
                "CIFAR10 needs Pillow to decode its images: `pip install pillow`"
            ) from None
        browser.load_package("pillow")
        from PIL import Image
    return Image
