"""The files of the bundled data sets: where they are, and that they are intact.

`jupyterlite_site.data` makes them, with a manifest of sizes and hashes. On a desktop
they lie in a folder, in a browser beside the page; `TINYTORCH_DATA` names another
folder or URL.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from . import browser

MANIFEST = "manifest.json"


class Assets:
    """The files at one location; each is checked against the manifest when read."""

    def __init__(self, location: str) -> None:
        self.location = location.rstrip("/")
        self.remote = "://" in location
        manifest = self._bytes(MANIFEST)
        try:
            self.manifest = json.loads(manifest)
        except ValueError as error:
            raise OSError(f"{self.location}/{MANIFEST} is not JSON: {error}") from error

    def read(self, file: dict) -> bytes:
        """Return the contents of a file, given its entry in the manifest.

        Raises `OSError` if they are not what the manifest says, `FileNotFoundError` or
        `ConnectionError` if they cannot be had.
        """
        content = self._bytes(file["path"], file["sha256"])
        if self.remote and not _intact(content, file):
            content = self._bytes(file["path"])  # past the browser's cache
        if not _intact(content, file):
            raise OSError(
                f"{self.location}/{file['path']} is damaged: "
                f"expected {file['bytes']:,} bytes with SHA-256 {file['sha256']}, "
                f"got {len(content):,} other bytes; {_remedy()}"
            )
        return content

    def read_each(
        self, files: list[dict], progress: Progress | None = None
    ) -> Iterator[bytes]:
        """Yield the contents of files; report each one once it was made use of."""
        total = sum(file["bytes"] for file in files)
        done = 0
        for file in files:
            yield self.read(file)
            done += file["bytes"]
            if progress:
                progress(done, total)

    def _bytes(self, path: str, sha256: str | None = None) -> bytes:
        if self.remote:
            # Named by its hash, a file that a new site replaced is not taken from
            # the browser's cache; the manifest itself is asked for every time.
            query = f"?{sha256[:16]}" if sha256 else ""
            return browser.get(f"{self.location}/{path}{query}", fresh=not sha256)
        try:
            return Path(self.location, path).read_bytes()
        except FileNotFoundError:
            raise FileNotFoundError(
                f"no data at {Path(self.location, path)}; {_remedy()}"
            ) from None


#: Called with bytes done and bytes in all.
Progress = Callable[[int, int], None]


def open_assets(root: str | os.PathLike | None = None) -> Assets:
    """Return the files at `root`, or at the default location; opened once each."""
    return _open(str(root or default_location()))


_open = cache(Assets)


def default_location() -> str:
    """Return `TINYTORCH_DATA`, else the site's data URL or the build's folder."""
    if explicit := os.environ.get("TINYTORCH_DATA"):
        return explicit
    if sys.platform == "emscripten":
        return browser.site_url() + "data"
    downloads = os.environ.get("TINYTORCH_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return str(Path(downloads or base / "tinytorch").expanduser() / "data")


def _intact(content: bytes, file: dict) -> bool:
    return hashlib.sha256(content).hexdigest() == file["sha256"]


def _remedy() -> str:
    if sys.platform == "emscripten":
        return "reload the page, and tell the site's owner if that does not help"
    return (
        "run `make data` in the TinyTorch repository, or give the folder as root= or "
        "in TINYTORCH_DATA"
    )
