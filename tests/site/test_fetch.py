"""Downloads: accepted by hash or not at all, and each failure is one line."""

import hashlib
import shutil
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from jupyterlite_site import fetch
from jupyterlite_site.fetch import Digest, FetchError, Source, url_source

CONTENT = b"a pinned file"
DIGEST = Digest("sha256", hashlib.sha256(CONTENT).hexdigest())


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Keep the test's output clean."""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch, "_unreachable", {})
    return tmp_path / "cache"


@pytest.fixture
def web(tmp_path):
    """A web server of this test's own; returns its URL and its folder."""
    folder = tmp_path / "web"
    folder.mkdir()
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}", folder
        httpd.shutdown()


def broken(message):
    def download(into):
        raise FetchError(message)

    return Source("broken", download)


def leftovers(cache):
    return [path for path in cache.rglob("*") if path.is_file()] + list(
        cache.glob("partial-*")
    )


def test_a_file_is_fetched_once_and_kept_under_its_hash(web, cache):
    url, folder = web
    (folder / "file").write_bytes(CONTENT)
    kept = fetch.fetch("file", DIGEST, [url_source(f"{url}/file")])
    assert kept.read_bytes() == CONTENT
    assert DIGEST.hex in kept.parts
    (folder / "file").unlink()
    assert fetch.fetch("file", DIGEST, [url_source(f"{url}/file")]) == kept
    assert leftovers(cache) == [kept]


def test_a_wrong_hash_is_refused_and_nothing_stays(web, cache):
    url, folder = web
    (folder / "file").write_bytes(b"something else")
    with pytest.raises(FetchError, match=r"wrong hash, expected sha256:.*make pins"):
        fetch.fetch("file", DIGEST, [url_source(f"{url}/file")])
    assert leftovers(cache) == []


def test_the_next_source_is_tried(web):
    url, folder = web
    (folder / "bad").write_bytes(b"something else")
    (folder / "good").write_bytes(CONTENT)
    sources = [
        broken("is down"),
        url_source("http://127.0.0.1:9/file"),
        url_source(f"{url}/missing"),
        url_source(f"{url}/bad"),
        url_source(f"{url}/good"),
    ]
    assert fetch.fetch("file", DIGEST, sources).read_bytes() == CONTENT


def test_the_error_is_one_line_and_names_every_source(web):
    url, _ = web
    sources = [broken("is down"), url_source(f"{url}/missing")]
    with pytest.raises(FetchError) as caught:
        fetch.fetch("file", DIGEST, sources)
    message = str(caught.value)
    assert message.startswith("cannot fetch file: broken: is down; ")
    assert "answered 404" in message
    assert "\n" not in message


def test_an_unreachable_host_is_asked_once(monkeypatch):
    asked = []

    def refuse(url, timeout):
        asked.append(url)
        raise fetch.URLError("no route")

    monkeypatch.setattr(fetch, "urlopen", refuse)
    for name in ("one", "two"):
        with pytest.raises(FetchError, match="cannot be reached"):
            fetch.fetch(name, DIGEST, [url_source(f"https://cdn.example/{name}")])
    assert asked == ["https://cdn.example/one"]


def test_a_damaged_cache_is_fetched_again(web):
    url, folder = web
    (folder / "file").write_bytes(CONTENT)
    kept = fetch.fetch("file", DIGEST, [url_source(f"{url}/file")])
    kept.write_bytes(b"damaged")
    fetch.fetch("file", DIGEST, [url_source(f"{url}/file")])
    assert kept.read_bytes() == CONTENT


def test_a_wheel_can_be_a_source(tmp_path, monkeypatch):
    wheel = tmp_path / "some.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("inside/file", CONTENT)
    monkeypatch.setattr(fetch, "fetch_pin", lambda name: wheel)
    found = fetch.member_source("some", "inside/file")
    assert fetch.fetch("file", DIGEST, [found]).read_bytes() == CONTENT
    with pytest.raises(FetchError, match="has no inside/other"):
        fetch.fetch(
            "other",
            Digest("sha256", "0"),
            [fetch.member_source("some", "inside/other")],
        )


def test_a_missing_npm_says_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(FetchError, match=r"npm is not on the PATH \(install Node\.js"):
        fetch.fetch_pin("pyodide")


def test_a_failing_npm_is_one_line(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network unreachable' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(FetchError, match="npm error network unreachable") as caught:
        fetch.fetch_pin("pyodide")
    assert "\n" not in str(caught.value)


def test_an_unknown_pin_is_a_key_error():
    with pytest.raises(KeyError, match=r"no \[npm\.nothing\]"):
        fetch.fetch_pin("nothing")


def test_the_cache_follows_xdg(monkeypatch, tmp_path):
    monkeypatch.delenv("TINYTORCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert fetch.cache_dir() == tmp_path / "tinytorch"


def test_npm_integrity_round_trips():
    integrity = fetch.load_pins()["npm"]["pyodide"]["integrity"]
    assert Digest.from_integrity(integrity).integrity == integrity
