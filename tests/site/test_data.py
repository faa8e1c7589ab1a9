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

#: Channel statistics of the 50,000 training images, as published everywhere.
MEAN = [0.4914, 0.4822, 0.4465]
STD = [0.2470, 0.2435, 0.2616]


@pytest.fixture(scope="module")
def root(site):
    """The data folder of the built site."""
    return site / "data"


@pytest.fixture(scope="module")
def manifest(root):
    return json.loads((root / "manifest.json").read_text())


@pytest.fixture(scope="module")
def source():
    """The pinned archive of CIFAR-10."""
    with tarfile.open(fetch_pin(build.CIFAR10)) as archive:
        yield archive


@pytest.fixture(scope="module")
def train_source(source):
    """All five training batches as they come: (images (10000, 32, 32, 3), labels)."""
    return list(build.cifar10_batches(source, "train", 5))


def test_the_manifest_lists_exactly_the_files_with_size_and_hash(root, manifest):
    listed = {file["path"]: file for file in build.listed_files(manifest)}
    files = [path for path in root.rglob("*") if path.is_file()]
    found = {path.relative_to(root).as_posix() for path in files}
    assert found == {*listed, "manifest.json"}
    for path, file in listed.items():
        content = (root / path).read_bytes()
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


def test_training_shards_are_the_source_bit_for_bit(root, manifest, train_source):
    shards = load_pins()["data"]["cifar10_train_shards"]
    bundled = CIFAR10(shards=shards, root=root, progress=False)
    assert manifest["cifar10"]["train"]["count"] == len(bundled) == 10_000 * shards
    for shard in range(shards):
        images, labels = train_source[shard]
        rows = slice(10_000 * shard, 10_000 * (shard + 1))
        assert np.array_equal(bundled.data[rows], images.transpose(0, 3, 1, 2))
        assert np.array_equal(bundled.targets[rows], labels)


def test_the_test_set_is_the_source_bit_for_bit(root, source):
    ((images, labels),) = build.cifar10_batches(source, "test", 1)
    bundled = CIFAR10(train=False, root=root, progress=False)
    assert np.array_equal(bundled.data, images.transpose(0, 3, 1, 2))
    assert np.array_equal(bundled.targets, labels)
    assert np.bincount(bundled.targets).tolist() == [1_000] * 10


def test_the_bundled_statistics_are_measured_and_near_the_published(root):
    shards = load_pins()["data"]["cifar10_train_shards"]
    bundled = CIFAR10(shards=shards, root=root, progress=False)
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


def test_digits_are_1797_with_a_fifth_of_each_class_held_out(root):
    train, test = Digits(root=root), Digits(train=False, root=root)
    assert len(train) + len(test) == 1_797
    assert train.data.max() == test.data.max() == 16
    kept, held_out = np.bincount(train.targets), np.bincount(test.targets)
    assert len(kept) == len(held_out) == 10
    assert np.abs(held_out - (kept + held_out) / 5).max() <= 0.5


def test_no_digit_is_in_both_parts_or_lost(root):
    both = [Digits(train=part, root=root) for part in (True, False)]
    train, test = ({image.tobytes() for image in half.data} for half in both)
    assert not train & test
    assert len(train | test) == 1_797


def test_names_are_unique_and_sorted(root, manifest):
    found = names(root=root)
    assert len(found) == manifest["names"]["count"] == 8_422
    assert found == sorted(set(found))
    assert {"Ada", "Zoe", "Herman"} <= set(found)


def test_the_novel_is_whole(root):
    text = novel(root=root)
    assert text.startswith("CHAPTER 1. Loomings.\n\nCall me Ishmael.")
    assert text.endswith("five thousand years ago.\n")
    assert len(text) == 1_190_317


def test_building_again_makes_equal_sheets(root, source):
    ((images, _),) = build.cifar10_batches(source, "test", 1)
    encoded = build.encode_sheet(images[: build.SHEET_IMAGES])
    assert encoded == (root / "cifar10" / "test-00.webp").read_bytes()


@pytest.mark.parametrize("shards", [0, 6])
def test_an_impossible_pin_is_refused(shards, monkeypatch, tmp_path):
    monkeypatch.setitem(load_pins()["data"], "cifar10_train_shards", shards)
    with pytest.raises(build.FetchError, match=f"from 1 to 5, got {shards}"):
        build.write_all(tmp_path / "data", "recipe")


@pytest.fixture
def making(tmp_path, monkeypatch):
    """An empty cache and a stand-in for the slow work; returns what was made."""
    made = []

    def write_all(out, recipe):
        made.append(recipe)
        out.mkdir()
        manifest = {"recipe": recipe, "novel": build.write_file(out, "a", b"text")}
        (out / "manifest.json").write_text(json.dumps(manifest))

    monkeypatch.setattr(build, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(build, "write_all", write_all)
    return made


def test_the_data_is_made_once_until_a_pin_changes(making, monkeypatch, tmp_path):
    build.build(tmp_path / "one")
    out = build.build(tmp_path / "two")
    assert len(making) == 1
    assert (out / "manifest.json").exists()
    monkeypatch.setitem(load_pins()["data"], "cifar10_train_shards", 4)
    build.build(out)
    assert len(set(making)) == 2
    assert json.loads((out / "manifest.json").read_text())["recipe"] == making[1]


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"")])
def test_data_that_was_damaged_is_made_again(making, damage):
    damage(build.made() / "a")
    assert (build.made() / "a").read_bytes() == b"text"
    assert len(making) == 2


def test_a_failure_leaves_the_last_good_data(making, monkeypatch, tmp_path):
    kept = build.made()

    def fail(out, recipe):
        out.mkdir()
        (out / "half").touch()
        raise build.FetchError("no network")

    monkeypatch.setattr(build, "write_all", fail)
    monkeypatch.setitem(load_pins()["data"], "cifar10_train_shards", 4)
    with pytest.raises(build.FetchError, match="no network"):
        build.made()
    assert [path.name for path in kept.parent.iterdir()] == ["data"]
    assert sorted(path.name for path in kept.iterdir()) == ["a", "manifest.json"]
