"""Which saved parts passed these very checks before, so that a kernel starts at once.

A file beside the saved parts holds a digest of each body that passed, and one of the
package with its checks. Where the package differs, all are judged again. It is no
proof of anything: points are given elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

import tinytorch
from tinytorch.utils import files
from tinytorch.workshop import store

FILE = ".passed.json"


def key(address: str, source: str) -> str:
    """Return the digest of a part's body."""
    return hashlib.sha256(f"{address}\n{source}".encode()).hexdigest()[:32]


def passed() -> set[str]:
    """Return the digests of the bodies that passed the checks as they are now."""
    try:
        kept = json.loads((store.root() / FILE).read_bytes())
        return set(kept["passed"]) if kept["checks"] == _checks() else set()
    except (OSError, ValueError, LookupError, TypeError):
        return set()


def keep(keys: Iterable[str]) -> None:
    """Write which bodies passed, if there is anything saved and anything new."""
    known = sorted(set(keys))
    if not store.root().is_dir() or set(known) == passed():
        return
    text = json.dumps({"checks": _checks(), "passed": known})
    files.replace(store.root() / FILE, text.encode())


@cache
def _checks() -> str:
    """Return a digest of the package, its checks included, and what it runs on."""
    digest = hashlib.sha256(f"{sys.version} {np.__version__}".encode())
    folder = Path(tinytorch.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
