"""Submissions out of a folder: zips, folders and single files, mixed, by student."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from tinytorch.workshop import archive, curriculum, store
from tinytorch.workshop.answers import Answers, answers_in

# How two systems name what they hand out: name_number_assignsubmission…, and
# name_LATE_number_number_file.
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission\w*")
_CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_(?P<rest>.*)")


@dataclass
class Submission:
    """What one student handed in: bodies by part, and what there is to say about it.

    id: the learning system's number, if the file's name has one. day: as the file
    itself says. files: names in the folder, with the check value where there is one.
    """

    name: str
    id: str = ""
    day: date | None = None
    files: dict[str, str] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def collect(folder: Path, roster: Path | None = None) -> list[Submission]:
    """Return what each student handed in, by name; those on the roster all appear.

    What cannot be read is noted with the student whose name it bears. Raises OSError
    or ValueError for a folder or roster that is none.
    """
    if not folder.is_dir():
        raise ValueError(f"expected a folder of submissions, got {folder}")
    found: dict[str, Submission] = {}
    students = _roster(roster) if roster else {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__MACOSX")):
            continue
        contents, problem = _contents(path)
        name, number = _whose(path, contents)
        student = students.get(number) or students.get(_letters(name))
        key = _letters(student[0] if student else name)
        one = found.setdefault(key, Submission(*(student or (name, number))))
        if roster and student is None:
            one.notes.append("the roster has no such student")
        _add(one, path, contents, problem)
    for name, number in dict.fromkeys(students.values()):
        found.setdefault(_letters(name), Submission(name, number))
    return sorted(found.values(), key=lambda one: _letters(one.name))


def _roster(path: Path) -> dict[str, tuple[str, str]]:
    """Return (name, id) by the letters of the name and by the id."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or "name" not in rows[0]:
        raise ValueError(f"{path.name} expects the columns name and, perhaps, id")
    students = [(row["name"].strip(), (row.get("id") or "").strip()) for row in rows]
    by_id = {number: (name, number) for name, number in students if number}
    return by_id | {_letters(name): (name, number) for name, number in students}


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def _contents(path: Path) -> tuple[archive.Contents, str]:
    """Return what a file or folder holds, and why it cannot be read, or nothing."""
    try:
        if path.is_symlink():
            raise ValueError(f"{path.name} is a link, not a file")
        if path.is_dir():
            return _folder(path), ""
        if path.suffix.lower() == ".zip":
            return archive.read(path, path.name), ""
        if not path.is_file() or path.suffix not in (".ipynb", ".py"):
            raise ValueError(f"{path.name} is no zip, folder, notebook or .py file")
        return archive.Contents({path.name: _bytes(path)}), ""
    except (OSError, ValueError) as error:
        return archive.Contents(), str(error)


def _folder(path: Path) -> archive.Contents:
    """Read an unpacked submission; a zip inside it, as some systems make, too."""
    contents = archive.Contents()
    for file in _plain_files(path):
        name = file.relative_to(path).as_posix()
        if file.name == archive.ABOUT:
            contents.about = archive.about(_bytes(file))
        elif file.suffix.lower() == ".zip":
            inner = archive.read(file, file.name)
            contents.files |= inner.files
            contents.about = contents.about or inner.about
        elif file.suffix in (".ipynb", ".py"):
            contents.files[archive.place(name) or name] = _bytes(file)
    return contents


def _plain_files(path: Path) -> Iterator[Path]:
    found = [p for p in sorted(path.rglob("*")) if p.is_file() and not p.is_symlink()]
    if len(found) > archive.MOST_FILES:
        expected = f"expected at most {archive.MOST_FILES:,} files"
        raise ValueError(f"{path.name}: {expected}, got {len(found):,}")
    yield from found


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(archive.LARGEST_FILE + 1)


def _whose(path: Path, contents: archive.Contents) -> tuple[str, str]:
    """Return (name, id): the system's own naming wins over what a file says."""
    for system in (_MOODLE, _CANVAS):
        match = system.match(path.name)
        if match:
            return contents.about.get("name") or match["name"], match["id"]
    if contents.about.get("name"):
        return contents.about["name"], ""
    stem = path.name if path.is_dir() else path.stem
    for lesson in curriculum.lessons():
        stem = stem.replace(lesson.stem, "")
    return stem.strip(" _-.") or path.name, ""


def _add(one: Submission, path: Path, contents: archive.Contents, problem: str) -> None:
    """Add a file's bodies to a submission; a saved part counts before a notebook's."""
    one.files[path.name] = contents.about.get("check", "")
    if problem:
        one.notes.append(problem)
    if contents.about.get("check") and not contents.unchanged:
        one.notes.append(f"{path.name} was changed after it was made")
    one.day = one.day or _day(contents.about.get("time", ""))
    for name, body in sorted(contents.files.items(), key=_saved_last):
        try:
            built = _saved_part(name, body) or _notebook(one, name, body)
        except ValueError as error:
            one.notes.append(str(error))
            continue
        for address in built.keys() & one.answers.keys():
            if built[address][0].strip() != one.answers[address][0].strip():
                one.notes.append(f"{address} comes twice; the one in {name} counts")
        one.answers |= {a: built[a] for a in built if a in curriculum.parts()}


def _saved_last(item: tuple[str, bytes]) -> tuple[bool, str]:
    return item[0].startswith(store.FOLDER), item[0]


def _saved_part(name: str, body: bytes) -> Answers:
    if not name.startswith(f"{store.FOLDER}/"):
        return {}
    try:
        file = store.Saved(store.root().parent / name, body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{name} is no text in UTF-8") from None
    return {file.address: file.source()}


def _notebook(one: Submission, name: str, body: bytes) -> Answers:
    if name.startswith(f"{store.FOLDER}/"):
        return {}
    built, twice = answers_in(body, name)
    notes = [
        f"{name} builds {address} in two cells; the last counts" for address in twice
    ]
    one.notes.extend(notes)
    return {
        a: answer
        for a, answer in built.items()
        if "NotImplementedError" not in answer[0]
    }


def _day(time: str) -> date | None:
    try:
        return datetime.fromisoformat(time).date()
    except ValueError:
        return None
