"""The data that the site was built with, against its pinned sources."""

import hashlib
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from jupyterlite_site import data as build
from jupyterlite_site.fetch import fetch_pin, load_pins
from tinytorch.utils.data import CIFAR10, Digits, names, novel

ROOT = Path(__file__).parents[2] / "jupyterlite_site" / "dist" / "data"

#: Channel statistics of the 50,000 training images, as published everywhere.
MEAN = [0.4914, 0.4822, 0.4465]
STD = [0.2470, 0.2435, 0.2616]


@pytest.fixture(scope="module")
def manifest():
    return json.loads((ROOT / "manifest.json").read_text())


@pytest.fixture(scope="module")
def source():
    """The pinned archive of CIFAR-10."""
    with tarfile.open(fetch_pin(build.CIFAR10)) as archive:
        yield archive


@pytest.fixture(scope="module")
def train_source(source):
    """All five training batches as they come: (images (10000, 32, 32, 3), labels)."""
    return list(build.cifar10_batches(source, "train", 5))


def listed_files(entry):
    """Every file entry anywhere inside a part of the manifest."""
    if isinstance(entry, dict) and "sha256" in entry:
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry
    nested = [part for part in parts if isinstance(part, dict | list)]
    return [file for part in nested for file in listed_files(part)]


def test_the_manifest_lists_exactly_the_files_with_size_and_hash(manifest):
    listed = {file["path"]: file for file in listed_files(manifest)}
    files = [path for path in ROOT.rglob("*") if path.is_file()]
    found = {path.relative_to(ROOT).as_posix() for path in files}
    assert found == {*listed, "manifest.json"}
    for path, file in listed.items():
        content = (ROOT / path).read_bytes()
        assert len(content) == file["bytes"]
        assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_every_set_names_its_licence_and_source(manifest):
    pins = load_pins()
    hashes = {pin["integrity"] for pin in pins["npm"].values()}
    hashes |= {f"sha256:{pin['sha256']}" for pin in pins["pypi"].values()}
    for name in ("cifar10", "digits", "names", "novel"):
        assert manifest[name]["licence"]
        assert {source["hash"] for source in manifest[name]["source"]} <= hashes


def test_the_source_is_the_published_cifar10(train_source):
    images = np.concatenate([images for images, _ in train_source])
    labels = np.concatenate([labels for _, labels in train_source])
    for channel in range(3):
        scaled = images[..., channel] / np.float32(255)
        assert scaled.mean(dtype=float) == pytest.approx(MEAN[channel], abs=5e-5)
        assert scaled.std(dtype=float) == pytest.approx(STD[channel], abs=5e-5)
    assert np.bincount(labels).tolist() == [5_000] * 10


def test_training_shards_are_the_source_bit_for_bit(manifest, train_source):
    shards = load_pins()["data"]["cifar10_train_shards"]
    bundled = CIFAR10(shards=shards, root=ROOT, progress=False)
    assert manifest["cifar10"]["train"]["count"] == len(bundled) == 10_000 * shards
    for shard in range(shards):
        images, labels = train_source[shard]
        rows = slice(10_000 * shard, 10_000 * (shard + 1))
        assert np.array_equal(bundled.data[rows], images.transpose(0, 3, 1, 2))
        assert np.array_equal(bundled.targets[rows], labels)


def test_the_test_set_is_the_source_bit_for_bit(source):
    ((images, labels),) = build.cifar10_batches(source, "test", 1)
    bundled = CIFAR10(train=False, root=ROOT, progress=False)
    assert np.array_equal(bundled.data, images.transpose(0, 3, 1, 2))
    assert np.array_equal(bundled.targets, labels)
    assert np.bincount(bundled.targets).tolist() == [1_000] * 10


def test_the_bundled_statistics_are_measured_and_near_the_published():
    shards = load_pins()["data"]["cifar10_train_shards"]
    bundled = CIFAR10(shards=shards, root=ROOT, progress=False)
    for channel in range(3):
        scaled = bundled.data[:, channel] / np.float32(255)
        assert scaled.mean(dtype=float) == pytest.approx(
            bundled.mean[channel], abs=1e-6
        )
        assert scaled.std(dtype=float) == pytest.approx(bundled.std[channel], abs=1e-6)
    assert bundled.mean == pytest.approx(MEAN, abs=3e-3)
    assert bundled.std == pytest.approx(STD, abs=2e-3)


def test_an_image_weighs_at_most_1750_bytes(manifest):
    for part in ("train", "test"):
        entry = manifest["cifar10"][part]
        size = sum(sheet["bytes"] for sheet in entry["sheets"])
        assert size / entry["count"] <= 1_750


def test_digits_are_1797_with_a_fifth_of_each_class_held_out():
    train, test = Digits(root=ROOT), Digits(train=False, root=ROOT)
    assert len(train) + len(test) == 1_797
    assert train.data.max() == test.data.max() == 16
    kept, held_out = np.bincount(train.targets), np.bincount(test.targets)
    assert len(kept) == len(held_out) == 10
    assert np.abs(held_out - (kept + held_out) / 5).max() <= 0.5


def test_no_digit_is_in_both_parts_or_lost():
    both = [Digits(train=part, root=ROOT) for part in (True, False)]
    train, test = ({image.tobytes() for image in half.data} for half in both)
    assert not train & test
    assert len(train | test) == 1_797


def test_names_are_unique_and_sorted(manifest):
    found = names(root=ROOT)
    assert len(found) == manifest["names"]["count"] == 8_422
    assert found == sorted(set(found))
    assert {"Ada", "Zoe", "Herman"} <= set(found)


def test_the_novel_is_whole():
    text = novel(root=ROOT)
    assert text.startswith("CHAPTER 1. Loomings.\n\nCall me Ishmael.")
    assert text.endswith("five thousand years ago.\n")
    assert len(text) == 1_190_317


def test_building_again_makes_equal_sheets(source):
    ((images, _),) = build.cifar10_batches(source, "test", 1)
    encoded = build.encode_sheet(images[: build.SHEET_IMAGES])
    assert encoded == (ROOT / "cifar10" / "test-00.webp").read_bytes()


@pytest.mark.parametrize("shards", [0, 6])
def test_an_impossible_pin_is_refused(shards, monkeypatch, tmp_path):
    monkeypatch.setitem(load_pins()["data"], "cifar10_train_shards", shards)
    with pytest.raises(build.FetchError, match=f"from 1 to 5, got {shards}"):
        build.write_all(tmp_path / "data", "recipe")
