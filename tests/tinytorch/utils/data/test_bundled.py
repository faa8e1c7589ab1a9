"""The bundled data sets, read from a small folder made like the real one."""

import hashlib
import json
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from jupyterlite_site import data as build
from tinytorch import Generator
from tinytorch.utils import browser
from tinytorch.utils.data import (
    CIFAR10,
    DataLoader,
    Digits,
    assets,
    bundled,
    names,
    novel,
    transforms,
)

RNG = np.random.default_rng(0)
SHARDS = [
    (RNG.integers(0, 256, (40, 32, 32, 3), np.uint8), RNG.integers(0, 10, 40, np.uint8))
    for _ in range(3)
]
TRAIN, TEST = SHARDS[:2], SHARDS[2:]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder: two training shards of 40 noise images, in sheets of 20."""
    cifar10 = build.write_cifar10(tmp_path, iter(TRAIN), iter(TEST), sheet_images=20)
    text = build.write_file(tmp_path, "text.txt", "Zoë\nAda\n".encode())
    digits = tmp_path / "digits.npz"
    np.savez(
        digits,
        train_images=np.arange(192, dtype=np.uint8).reshape(3, 8, 8),
        train_labels=np.array([3, 1, 4], np.uint8),
        test_images=np.zeros((1, 8, 8), np.uint8),
        test_labels=np.array([5], np.uint8),
    )
    manifest = {
        "cifar10": cifar10,
        "digits": {
            "classes": list("0123456789"),
            "file": build.write_file(tmp_path, "digits.npz", digits.read_bytes()),
        },
        "names": {"file": text},
        "novel": {"file": text},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(bundled, "_loaded", {})
    return tmp_path


def pixels(shards):
    return np.concatenate([images for images, _ in shards]).transpose(0, 3, 1, 2)


def test_cifar10_gives_the_source_bit_for_bit(folder):
    train, test = CIFAR10(shards=2, root=folder), CIFAR10(train=False, root=folder)
    assert np.array_equal(train.data, pixels(TRAIN))
    assert np.array_equal(test.data, pixels(TEST))
    assert np.array_equal(train.targets, np.concatenate([y for _, y in TRAIN]))
    assert train.data.dtype == np.uint8
    assert train.targets.dtype == np.int64
    assert train.classes[3] == "cat"


def test_the_statistics_are_those_of_the_training_images(folder):
    data = CIFAR10(shards=2, root=folder)
    scaled = data.data / 255
    assert data.mean == pytest.approx(scaled.mean(axis=(0, 2, 3)), abs=1e-6)
    assert data.std == pytest.approx(scaled.std(axis=(0, 2, 3)), abs=1e-6)


def test_a_sample_is_an_image_and_a_label(folder):
    data = CIFAR10(root=folder)
    image, label = data[7]
    assert len(data) == 40
    assert np.array_equal(image, data.data[7])
    assert label == data.targets[7]
    assert isinstance(label, int)


def test_a_loader_gets_transformed_batches(folder):
    data = CIFAR10(root=folder)
    data.transform = transforms.Normalize(data.mean, data.std)
    x, y = next(iter(DataLoader(data, 16, shuffle=True, generator=Generator(0))))
    order = Generator(0).numpy.permutation(40)[:16]
    singly = np.stack([data[i][0] for i in order])
    assert x.dtype == np.float32
    assert np.array_equal(x.numpy(), singly)
    assert np.array_equal(y.numpy(), data.targets[order])


def test_more_shards_read_only_what_is_new(folder):
    steps = []
    first = CIFAR10(root=folder, progress=lambda *step: steps.append(step))
    half = steps[-1][1]
    CIFAR10(root=folder, progress=lambda *step: steps.append(step))
    assert [done for done, _ in steps] == [pytest.approx(half / 2, rel=0.01), half]
    steps.clear()
    both = CIFAR10(shards=2, root=folder, progress=lambda *step: steps.append(step))
    assert len(steps) == 2
    assert np.array_equal(first.data, both.data[:40])
    assert CIFAR10(root=folder).data.base is both.data.base


def test_the_shared_arrays_cannot_be_changed_by_mistake(folder):
    with pytest.raises(ValueError, match="read-only"):
        CIFAR10(root=folder).data[0] = 0


@pytest.mark.parametrize("shards", [0, 3])
def test_impossible_shards_are_refused(folder, shards):
    with pytest.raises(ValueError, match=f"shards from 1 to 2, got {shards}"):
        CIFAR10(shards=shards, root=folder)


def test_a_damaged_sheet_is_refused_and_nothing_is_kept(folder):
    sheet = folder / "cifar10" / "train-01.webp"
    intact = sheet.read_bytes()
    sheet.write_bytes(intact[:-1] + b"?")
    with pytest.raises(OSError, match=r"train-01.webp is damaged: expected .* SHA-256"):
        CIFAR10(root=folder)
    sheet.write_bytes(intact)
    assert np.array_equal(CIFAR10(root=folder).data, pixels(TRAIN[:1]))


def test_a_missing_file_says_how_to_get_it(folder):
    (folder / "cifar10" / "test-00.webp").unlink()
    with pytest.raises(FileNotFoundError, match=r"test-00.webp; run `make data`"):
        CIFAR10(train=False, root=folder)


def test_a_missing_folder_says_how_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.*run `make data`"):
        Digits(root=tmp_path / "nowhere")


def test_a_broken_manifest_is_named(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(OSError, match="manifest.json is not JSON"):
        names(root=tmp_path)


def test_without_pillow_the_error_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        CIFAR10(root=folder)


def test_digits_have_a_channel(folder):
    train, test = Digits(root=folder), Digits(train=False, root=folder)
    assert train.data.shape == (3, 1, 8, 8)
    assert train.targets.tolist() == [3, 1, 4]
    assert test[0][1] == 5


def test_text_is_utf8(folder):
    assert names(root=folder) == ["Zoë", "Ada"]
    assert novel(root=folder) == "Zoë\nAda\n"


def test_the_environment_names_the_folder(folder, monkeypatch):
    monkeypatch.setenv("TINYTORCH_DATA", str(folder))
    assert names() == ["Zoë", "Ada"]


def test_the_default_folder_is_the_builds(monkeypatch):
    monkeypatch.delenv("TINYTORCH_DATA", raising=False)
    monkeypatch.setenv("TINYTORCH_CACHE", "/somewhere")
    assert assets.default_location() == "/somewhere/data"
    monkeypatch.delenv("TINYTORCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert assets.default_location() == "/caches/tinytorch/data"


class JsError(Exception):
    """Stands in for pyodide.ffi.JsException."""


class FakeRequest:
    """An XMLHttpRequest that answers from a folder of files."""

    folder = None
    sent: list[str] = []
    offline = False

    @classmethod
    def new(cls):
        return cls()

    def open(self, method, url, asynchronous):
        assert (method, asynchronous) == ("GET", False)
        self.url = url

    def setRequestHeader(self, name, value):
        assert (name, value) == ("Cache-Control", "no-cache")

    def send(self):
        self.sent.append(self.url)
        if self.offline:
            raise JsError("NetworkError")
        path, _, _ = self.url.removeprefix("https://site/course/").partition("?")
        file = self.folder / path
        self.status = 200 if file.is_file() else 404
        content = file.read_bytes() if self.status == 200 else b""
        self.response = SimpleNamespace(to_bytes=lambda: content)


@pytest.fixture
def site(folder, tmp_path_factory, monkeypatch):
    """Stand-ins for what only a browser has, over a site with the data folder."""
    root = tmp_path_factory.mktemp("site")
    (root / "data").symlink_to(folder)
    request = type("Request", (FakeRequest,), {"folder": root, "sent": []})
    modules = {
        "js": SimpleNamespace(XMLHttpRequest=request),
        "pyodide": ModuleType("pyodide"),
        "pyodide.ffi": SimpleNamespace(JsException=JsError),
        "pyodide_js": SimpleNamespace(
            lockfileBaseUrl="https://site/course/static/pyodide/"
        ),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.delenv("TINYTORCH_DATA", raising=False)
    assets._open.cache_clear()
    yield request
    assets._open.cache_clear()


def test_a_browser_asks_the_site_for_each_file_by_its_hash(site):
    assert np.array_equal(CIFAR10(progress=False).data, pixels(TRAIN[:1]))
    manifest, *files = site.sent
    assert manifest == "https://site/course/data/manifest.json"
    assert len(files) == 3
    for url in files:
        path, _, sha256 = url.partition("?")
        local = site.folder / path.removeprefix("https://site/course/")
        assert hashlib.sha256(local.read_bytes()).hexdigest().startswith(sha256)


def test_a_browser_asks_again_past_a_cached_damaged_copy(site, monkeypatch):
    send = site.send

    def send_from_cache(self):
        send(self)
        if "?" in self.url:
            self.response = SimpleNamespace(to_bytes=lambda: b"damaged")

    monkeypatch.setattr(site, "send", send_from_cache)
    assert novel() == "Zoë\nAda\n"


def test_a_browser_without_the_files_says_so(site):
    (site.folder / "data").unlink()
    with pytest.raises(FileNotFoundError, match="the site has no https://site/course/"):
        novel()


def test_a_browser_offline_says_so(site):
    site.offline = True
    with pytest.raises(ConnectionError, match="cannot reach .*are you online"):
        novel()


def test_a_browser_reports_a_servers_error(site, monkeypatch):
    monkeypatch.setattr(site, "send", lambda self: setattr(self, "status", 503))
    with pytest.raises(ConnectionError, match="expected status 200, got 503"):
        novel()


def test_a_pyodide_from_elsewhere_is_refused(site):
    sys.modules["pyodide_js"].lockfileBaseUrl = "https://cdn/pyodide/"
    with pytest.raises(RuntimeError, match=r"static/pyodide/, got https://cdn"):
        novel()


def test_a_wheel_with_another_hash_is_not_installed(site, tmp_path):
    pyodide_js = sys.modules["pyodide_js"]
    (site.folder / "static" / "pyodide").mkdir(parents=True)
    (site.folder / "static" / "pyodide" / "p.whl").write_bytes(b"other")
    entry = {"pillow": {"file_name": "p.whl", "sha256": "0" * 64}}
    packages = SimpleNamespace(to_py=lambda: entry)
    pyodide_js.lockfile = SimpleNamespace(packages=packages)
    with pytest.raises(OSError, match=r"p.whl expected 0000.*, got d9298a10d1b0"):
        browser.load_package("pillow")
