"""Files that are replaced whole: a reader sees the old contents or the new ones."""

import os
import secrets
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder of what is downloaded and made once; it need not exist yet.

    `$TINYTORCH_CACHE`, else `$XDG_CACHE_HOME/tinytorch`, else `~/.cache/tinytorch`.
    """
    if explicit := os.environ.get("TINYTORCH_CACHE"):
        return Path(explicit).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tinytorch"


def replace(path: str | os.PathLike[str], contents: bytes) -> None:
    """Make `contents` the contents of the file, or leave it as it was.

    Folders above it are made. The bytes go to a new file beside it, under a name that
    no other tab or process uses, and that file takes the place of the old one when all
    of them are on the disk. Raises OSError, also for a full disk.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{secrets.token_hex(8)}.partial")
    try:
        with partial.open("xb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
