"""Who handed in what: names from files, from two systems' naming, and from a roster."""

from __future__ import annotations

import json
import zipfile

import pytest

from tests.tinytorch.workshop.grading.test_class import zipped
from tinytorch.workshop.grading.submissions import collect

ADD = "backends.LoopsBackend.add"
BODY = "def add(self, a, b):\n    return a + b\n"


def cells(*sources: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": s} for s in sources]})


def lesson(body: str = BODY) -> str:
    return cells(f'@build("{ADD}")\n{body}')


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("ada_lovelace_02_tensor.ipynb", ("ada_lovelace", "")),
        ("Ada L_123_assignsubmission_file_02_tensor.ipynb", ("Ada L", "123")),
        ("lovelaceada_LATE_678_99_02_tensor.ipynb", ("lovelaceada", "678")),
        ("lovelaceada_678_99_02_tensor.ipynb", ("lovelaceada", "678")),
    ],
)
def test_names_come_from_files(tmp_path, name, student):
    (tmp_path / name).write_text(lesson())
    (one,) = collect(tmp_path)
    assert (one.name, one.id) == student
    assert one.answers[ADD][0] == BODY.rstrip()


def test_a_roster_names_everyone_and_who_is_not_on_it(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("\ufeffname,id\nAda Lovelace,1\nGrace Hopper,2\n", "utf-8")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "lovelaceada_1_99_02_tensor.ipynb").write_text(lesson())
    (folder / "nobody.ipynb").write_text(lesson())
    found = {one.name: one for one in collect(folder, roster)}
    assert set(found) == {"Ada Lovelace", "Grace Hopper", "nobody"}
    assert found["Grace Hopper"].answers == {}
    assert found["nobody"].notes == ["the roster has no such student"]
    assert found["Ada Lovelace"].notes == []


def test_files_of_one_student_come_together_and_a_second_copy_is_named(tmp_path):
    other = "def add(self, a, b):\n    return b + a\n"
    zipped(tmp_path, "Ada L", {ADD: other})
    (tmp_path / "Ada L_02_tensor.ipynb").write_text(lesson())
    (one,) = collect(tmp_path)
    assert len(one.files) == 2
    assert any("comes twice" in note for note in one.notes)


def test_a_stub_is_nothing_handed_in(tmp_path):
    stub = "def add(self, a, b):\n    # YOUR CODE HERE\n    raise NotImplementedError\n"
    (tmp_path / "ada.ipynb").write_text(lesson(stub))
    assert collect(tmp_path)[0].answers == {}


@pytest.mark.parametrize(
    ("name", "body", "note"),
    [
        ("ada.ipynb", b"{", "is no notebook"),
        ("ada.ipynb", "ü".encode("utf-16"), "is UTF-16"),
        ("ada.zip", b"PK", "is no export"),
        ("ada.exe", b"MZ", "is no zip, folder, notebook or .py file"),
    ],
)
def test_what_cannot_be_read_is_noted_with_its_student(tmp_path, name, body, note):
    (tmp_path / name).write_bytes(body)
    (one,) = collect(tmp_path)
    assert one.name == "ada"
    assert any(note in text for text in one.notes)


def test_a_zip_that_was_changed_is_noted(tmp_path):
    zipped(tmp_path, "Ada", {ADD: BODY})
    path = tmp_path / "Ada.zip"
    folder = tmp_path / "again"
    folder.mkdir()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(folder / "a.zip", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"a + b", b"b + a"))
    assert collect(folder)[0].notes == ["a.zip was changed after it was made"]
