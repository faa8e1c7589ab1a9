"""The file that work travels in, from friends and from foes."""

from __future__ import annotations

import io
import json
import stat
import zipfile

import pytest

from tests.tinytorch.workshop.test_session import ADD, write
from tinytorch.workshop import (
    archive,
    curriculum,
    hand_in,
    restore,
    session,
    settings,
    store,
)

BODY = "def add(self, a, b):\n    return np.add(a, b)\n"
PART = "backup/my_tinytorch/backends/LoopsBackend.add.py"
PART_TEXT = f"# Your part of tinytorch: {ADD}\n\n{BODY}".encode()


def entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(tmp_path, files, change=None):
    """Write a zip of the files; `change` alters each entry before it is written."""
    path = tmp_path / "from_someone.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name)
            if change is not None:
                change(entry)
            opened.writestr(entry, body)
    return path


@pytest.fixture
def handed(home, monkeypatch):
    """Return the file that a student with one part and one notebook hands in."""
    write(ADD, BODY)
    (home.parent / "02_tensor.ipynb").write_text('{"cells": []}')
    return hand_in("Ada  Lovelace")


def test_handing_in_says_what_is_in_it_what_is_missing_and_where_it_goes(home, capsys):
    write(ADD, BODY)
    capsys.readouterr()
    path = hand_in("Ada  Lovelace")
    shown = capsys.readouterr().out
    assert path == home.parent / "tinytorch-ada-lovelace.zip"
    for words in (
        "Ada Lovelace hands in",
        f"1 of {len(curriculum.lesson(2).parts)} parts of 02_tensor",
        "0 notebooks",
        "backends.LoopsBackend.matmul",
        settings.course().hand_in,
    ):
        assert words in shown
    about = archive.read(path, "it").about
    assert about["check"] in shown
    assert about["name"] == "Ada Lovelace"
    assert about["course"] == settings.course().name
    assert about["time"] in shown


def test_a_name_is_needed():
    with pytest.raises(ValueError, match="expects your name"):
        hand_in("  ")


def test_the_check_value_is_that_of_files_name_and_time(handed):
    contents = archive.read(handed, "it")
    assert contents.unchanged
    contents.about["name"] = "Somebody Else"
    assert not contents.unchanged
    contents = archive.read(handed, "it")
    contents.files["02_tensor.ipynb"] += b" "
    assert not contents.unchanged


@pytest.mark.parametrize("top", ["", "Ada's work/", "a/b/"])
def test_a_backup_that_was_unpacked_and_zipped_again_restores(
    handed, tmp_path, monkeypatch, top
):
    again = {
        f"{top}{name}": body for name, body in entries(handed.read_bytes()).items()
    }
    again |= {top: b""} if top else {}
    again |= {f"{top}backup/": b"", f"{top}backup/my_tinytorch/": b""}
    again |= {f"__MACOSX/{top}._add.py": b"\0", f"{top}backup/.DS_Store": b"\0"}
    path = packed(tmp_path, again)
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "new" / "my_tinytorch"))
    session.forget()
    assert len(restore(path)) == 2
    assert session.mine() == [ADD]
    assert archive.read(path, "it").unchanged


def test_names_with_backslashes_are_paths(tmp_path):
    path = packed(tmp_path, {PART.replace("/", "\\"): PART_TEXT})
    restore(path)
    assert session.mine() == [ADD]


def test_whose_code_runs_is_said_before_it_runs(handed, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "new" / "my_tinytorch"))
    session.forget()
    capsys.readouterr()
    restore(handed)
    shown = capsys.readouterr().out
    assert "Ada Lovelace" in shown
    assert shown.index("is about to run") < shown.index("Your work is back")


STARTUP = "backup/my_tinytorch/../../.bashrc"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("backup/../../evil.py", "outside its folder"),
        ("/etc/cron.d/backup/02_tensor.ipynb", "outside its folder"),
        ("C:/backup/02_tensor.ipynb", "outside its folder"),
        ("C:\\backup\\02_tensor.ipynb", "outside its folder"),
        ("backup\\..\\..\\evil.py", "outside its folder"),
        (STARTUP, "outside its folder"),
    ],
)
def test_names_that_point_elsewhere_are_refused_and_nothing_is_written(
    tmp_path, name, words
):
    path = packed(tmp_path, {PART: PART_TEXT, name: b"evil"})
    with pytest.raises(ValueError, match=words):
        restore(path)
    assert not store.root().exists()
    assert session.mine() == []


def link(entry):
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16


def test_links_are_refused(tmp_path):
    path = packed(tmp_path, {PART: b"/etc/passwd"}, link)
    with pytest.raises(ValueError, match="is a link"):
        restore(path)


def test_an_encrypted_archive_is_refused(tmp_path):
    path = packed(tmp_path, {PART: PART_TEXT})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the entry's own flag, and the one in the directory
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="expected no password"):
        restore(path)


def test_an_archive_that_says_it_is_small_and_is_not_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_FILE", 1000)
    path = packed(tmp_path, {PART: PART_TEXT + b"#" * 2000})
    with pytest.raises(ValueError, match="at most 1,000 bytes in a file"):
        restore(path)
    monkeypatch.setattr(archive, "LARGEST", 1500)
    with pytest.raises(ValueError, match="and 1,500 bytes, got 1 and 2,"):
        restore(path)
    assert not store.root().exists()


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    path = packed(tmp_path, {f"{n}.txt": b"" for n in range(4)})
    with pytest.raises(ValueError, match="at most 3 files"):
        restore(path)


def test_one_name_twice_is_refused(tmp_path):
    path = packed(tmp_path, {PART: PART_TEXT})
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(path, "a") as opened,
    ):
        opened.writestr(PART, b"another")
    with pytest.raises(ValueError, match="two entries have one name"):
        restore(path)
    path = packed(tmp_path, {PART: PART_TEXT, f"b/{PART}": b"another"})
    with pytest.raises(ValueError, match="two different files would become"):
        restore(path)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"format": archive.FORMAT + 1}, "a newer tinytorch made it"),
        ({"name": "Ada"}, "with a format"),
        ([1], "with a format"),
    ],
)
def test_another_format_is_named(tmp_path, about, words):
    said = json.dumps(about).encode()
    path = packed(tmp_path, {archive.ABOUT: said, PART: PART_TEXT})
    with pytest.raises(ValueError, match=words):
        restore(path)


def test_only_parts_lessons_and_milestones_come_back(tmp_path, capsys):
    files = {
        PART: PART_TEXT,
        "backup/numpy.py": b"evil",
        "backup/my_tinytorch/sitecustomize.py": b"evil",
        "backup/my_tinytorch/.bashrc": b"evil",
        "backup/notes.ipynb": b"{}",
        "backup/02_tensor.ipynb": b"{}",
        "backup/02_tensor-mine-1.ipynb": b"{}",
        "backup/milestones/xor.ipynb": b"{}",
        "backup/milestones/evil.ipynb": b"{}",
    }
    restore(packed(tmp_path, files))
    home = store.root().parent
    found = {p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file()}
    assert found == {
        "from_someone.zip",
        "my_tinytorch/.passed.json",  # the workshop's own note of what passed
        "my_tinytorch/backends/LoopsBackend.add.py",
        "02_tensor.ipynb",
        "02_tensor-mine-1.ipynb",
        "milestones/xor.ipynb",
    }
    shown = capsys.readouterr().out
    for name in (
        "numpy.py",
        "sitecustomize.py",
        ".bashrc",
        "notes.ipynb",
        "evil.ipynb",
    ):
        assert name in shown


def test_an_archive_without_work_is_none(tmp_path):
    with pytest.raises(ValueError, match="holds no work"):
        restore(packed(tmp_path, {"holiday.jpg": b"\xff"}))
