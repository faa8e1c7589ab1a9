"""The one file that work travels in: written the same way twice, read with suspicion.

A zip holds parts, lessons and milestones below `backup/`, and `tinytorch.json`, which
says what it is. Whatever packed it again may have put folders around them; a file is
known by the end of its path.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from tinytorch.workshop import curriculum, store

FORMAT = 1  # of the archive; a reader refuses what is newer
BACKUP = "backup/"
ABOUT = "tinytorch.json"
MOST_FILES = 5_000
LARGEST_FILE = 32 * 2**20  # bytes: a notebook with pictures has a few million
LARGEST = 256 * 2**20  # bytes of all files together
_EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's first day: equal work gives equal bytes
_DRIVE = re.compile(r"^[A-Za-z]:")
_RUBBISH = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass
class Contents:
    """What an archive holds: files by their place beside the notebooks.

    about: what it says of itself. others: names of files that are neither part, lesson
    nor milestone; nothing reads them.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    @property
    def unchanged(self) -> bool:
        """Whether the check value is that of these files, name, course and time."""
        return self.about.get("check") == check_value(self.about, self.files)


def pack(files: dict[str, bytes]) -> bytes:
    """Return a zip of the files; equal files give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, body, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def backup(files: dict[str, bytes], about: dict[str, str]) -> dict[str, bytes]:
    """Return an archive's entries for work and for what is said of it."""
    said: dict[str, str | int] = {"format": FORMAT, **about}
    said["check"] = check_value(about, files)
    text = json.dumps(said, indent=1, ensure_ascii=False) + "\n"
    return {ABOUT: text.encode(), **{BACKUP + name: files[name] for name in files}}


def check_value(about: dict[str, str], files: dict[str, bytes]) -> str:
    """Return sixteen letters that change when a file, a name or the time does.

    They show a mishap, or a change made by hand; they are no signature.
    """
    said = [about.get(key, "") for key in ("name", "course", "time")]
    digests = {n: hashlib.sha256(body).hexdigest() for n, body in files.items()}
    text = json.dumps([said, sorted(digests.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read(source: Path | IO[bytes], name: str) -> Contents:
    """Return what an archive holds, after a look at every entry of it.

    Raises ValueError, which begins with `name`, for what is no archive, is encrypted,
    too big or newer than this package, and for links and names that point elsewhere.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            _expect_modest(entries)
            kept = [entry for entry in entries if _is_wanted(entry)]
            return _sorted_out({_plain(e): _body(archive, e) for e in kept})
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"{name} is no export of the workshop: {error}") from error
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _expect_modest(entries: list[zipfile.ZipInfo]) -> None:
    size = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_FILES or size > LARGEST:
        raise ValueError(
            f"expected at most {MOST_FILES:,} files and {LARGEST:,} bytes, "
            f"got {len(entries):,} and {size:,}"
        )
    for entry in entries:
        path = PurePosixPath(_plain(entry))
        outside = path.is_absolute() or ".." in path.parts or _DRIVE.match(str(path))
        if outside or "\0" in entry.orig_filename:
            raise ValueError(f"an entry names a file outside its folder: {path}")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ValueError(f"an entry is a link, not a file: {path}")
        if entry.flag_bits & 0x1:
            raise ValueError(f"expected no password, got an encrypted entry: {path}")
    names = [_plain(entry) for entry in entries if _is_wanted(entry)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two entries have one name: {twice}")


def _plain(entry: zipfile.ZipInfo) -> str:
    return entry.filename.replace("\\", "/")  # as some programs for Windows write it


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(_plain(entry)).parts
    return not entry.is_dir() and not any(part in _RUBBISH for part in parts)


def _body(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as opened:
        body = opened.read(LARGEST_FILE + 1)  # what an entry says of its size may lie
    if len(body) > LARGEST_FILE:
        size = f"expected at most {LARGEST_FILE:,} bytes in a file, got more"
        raise ValueError(f"{size} in {_plain(entry)}")
    return body


def _sorted_out(bodies: dict[str, bytes]) -> Contents:
    found = Contents()
    for name, body in bodies.items():
        if PurePosixPath(name).name == ABOUT:
            found.about = about(body)
            continue
        where = place(name)
        if where is None:
            found.others.append(name)
        elif found.files.get(where, body) != body:
            raise ValueError(f"two different files would become {where}")
        else:
            found.files[where] = body
    return found


def about(body: bytes) -> dict[str, str]:
    """Return what an archive says of itself. Raises ValueError for a newer format."""
    try:
        said = json.loads(body)
        format_ = int(said.pop("format"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"expected JSON with a format in {ABOUT}") from None
    if format_ > FORMAT:
        raise ValueError(
            f"expected format {FORMAT} or older, got {format_}: a newer tinytorch "
            "made it, and can read it"
        )
    return {str(key)[:100]: str(value)[:1000] for key, value in said.items()}


def place(name: str) -> str | None:
    """Return where a file of this path belongs beside the notebooks, or None.

    A part is any Python file below `my_tinytorch`; lessons and milestones are notebooks
    under their own names, or copies of them such as `02_tensor-mine-1.ipynb`.
    """
    parts = PurePosixPath(name).parts
    if store.FOLDER in parts[:-1]:
        inside = parts[parts.index(store.FOLDER) :]
        return "/".join(inside) if name.endswith(".py") else None
    *folders, last = parts
    stem = last.removesuffix(".ipynb").partition("-")[0]
    if not last.endswith(".ipynb"):
        return None
    if folders[-1:] == ["milestones"]:
        known = stem in {milestone.name for milestone in curriculum.MILESTONES}
        return f"milestones/{last}" if known else None
    lessons = {"welcome", *(lesson.stem for lesson in curriculum.lessons())}
    return last if stem in lessons else None
