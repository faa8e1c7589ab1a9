"""The files of the bundled data sets: where they are, and that they are intact.

`jupyterlite_site.data` makes them, with a manifest of sizes and hashes. On a desktop
they lie in a folder, in a browser beside the page; `TINYTORCH_DATA` names another
folder or URL.
"""

import json
import os
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

from tinytorch.utils import browser
from tinytorch.utils.files import cache_folder

MANIFEST = "manifest.json"


class Assets:
    """The files at one location; each is checked against the manifest when read."""

    def __init__(self, location: str) -> None:
        self.location = location.rstrip("/")
        manifest = self._bytes(MANIFEST)
        try:
            self.manifest = json.loads(manifest)
        except ValueError as error:
            raise OSError(f"{location}/{MANIFEST} is not JSON: {error}") from error

    def read(self, file: dict) -> bytes:
        """Return the contents of a file, given its entry in the manifest.

        Raises `OSError` if they are not what the manifest says, `FileNotFoundError` or
        `ConnectionError` if they cannot be had.
        """
        # Named by its hash, a file that a new site replaced is not taken from the
        # browser's cache; a damaged one is asked for once more, past the cache.
        for version in (file["sha256"][:16], ""):
            content = self._bytes(file["path"], version)
            if sha256(content).hexdigest() == file["sha256"]:
                return content
        raise OSError(
            f"{self.location}/{file['path']} is damaged: expected {file['bytes']:,} "
            f"bytes with SHA-256 {file['sha256']}, got {len(content):,} others; "
            "run `make data` again, or reload the page"
        )

    def _bytes(self, path: str, version: str = "") -> bytes:
        if "://" in self.location:
            query = f"?{version}" if version else ""
            return browser.get(f"{self.location}/{path}{query}", fresh=not version)
        file = Path(self.location, path)
        if not file.is_file():
            raise FileNotFoundError(
                f"no data at {file}; run `make data` in the TinyTorch repository, or "
                "give the folder as root= or in TINYTORCH_DATA"
            )
        return file.read_bytes()


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
    return str(cache_folder() / "data")
