"""A class of forty, from perfect to malicious, graded right to the point."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest

from tests.tinytorch.workshop.alternatives import alternatives
from tests.tinytorch.workshop.grading.test_breaking_out import ATTEMPTS, THEFTS, body
from tinytorch.workshop import archive, cli, curriculum, settings
from tinytorch.workshop.grading import alike, report
from tinytorch.workshop.grading import grade as grading
from tinytorch.workshop.grading.grade import grade, graded_lessons
from tinytorch.workshop.grading.submissions import collect
from tinytorch.workshop.place import find, reference_source, stub_source

LESSONS = [curriculum.lesson(number) for number in (2, 3, 6)]
PARTS = [part for lesson in LESSONS for part in lesson.parts]
ADD = "backends.LoopsBackend.add"
LONG = ["backends.LoopsBackend.softmax_grad", "backends.LoopsBackend.adam_step"]
WHOLE = sum(part.points for part in PARTS)
OURS = {part.address: reference_source(find(part.address)) for part in PARTS}
THEIRS = {part.address: alternatives()[part.address] for part in PARTS}
HALF = {part.address: OURS[part.address] for part in PARTS[::2]}
STUBS = {part.address: stub_source(find(part.address)) for part in PARTS}
FORGERIES = [*THEFTS.values(), ATTEMPTS["patched cases"]][:6]
MALICE = ["import os\nos._exit(0)", "return 10 ** 10 ** 9", "x = [0]\nwhile 1: x += x"]


def without_add() -> int:
    return WHOLE - curriculum.part(ADD).points


def points_of(bodies: dict[str, str]) -> int:
    return sum(curriculum.part(address).points for address in bodies)


def zipped(folder: Path, name: str, bodies: dict[str, str]) -> None:
    work = {
        f"my_tinytorch/{address}.py": f"# Your part of tinytorch: {address}\n\n{source}"
        for address, source in bodies.items()
    }
    about = {"kind": "hand-in", "name": name, "course": "c", "time": "2027-02-13"}
    coded = {path: text.encode() for path, text in work.items()}
    data = archive.pack(archive.backup(coded, about))
    (folder / f"{name.replace(' ', '')}.zip").write_bytes(data)


def in_folder(folder: Path, name: str, bodies: dict[str, str]) -> None:
    own = folder / f"{name}_4711_assignsubmission_file" / "my_tinytorch"
    own.mkdir(parents=True)
    for address, source in bodies.items():
        text = f"# Your part of tinytorch: {address}\n\n{source}"
        (own / f"{address}.py").write_text(text)


def as_notebook(folder: Path, name: str, bodies: dict[str, str]) -> None:
    cells = [
        {"cell_type": "code", "source": f'@build("{address}")\n{source.lstrip()}'}
        for address, source in bodies.items()
    ]
    text = json.dumps({"cells": cells})
    (folder / f"{name}_02_tensor.ipynb").write_text(text)


@dataclass(frozen=True)
class Student:
    name: str
    points: int


def marked(number: int, renamed: bool) -> dict[str, str]:
    """Return right bodies that only one pair of students writes so."""
    odd = f"    unusual = {number} + {number}\n    del unusual\n"
    found = dict(OURS)
    for address in LONG:
        head, quotes, rest = OURS[address].partition('"""')
        docstring, closing, code = rest.partition('"""\n')
        found[address] = head + quotes + docstring + closing + odd + code
        if renamed:
            found[address] = found[address].replace("unusual", "nothing_special")
    return found


@pytest.fixture(scope="module")
def class_of_forty(tmp_path_factory):
    """Return (folder, roster, students with the points that they deserve)."""
    folder = tmp_path_factory.mktemp("class")
    students = []
    ways = (zipped, in_folder, as_notebook)

    def hand_in(name: str, bodies: dict[str, str], points: int) -> None:
        ways[len(students) % len(ways)](folder, name, bodies)
        students.append(Student(name, points))

    for number in range(9):
        hand_in(f"Perfect {number}", OURS, WHOLE)
    for number in range(5):
        hand_in(f"Otherwise {number}", THEIRS, WHOLE)
    for number in range(8):
        hand_in(f"Half {number}", HALF, points_of(HALF))
    hand_in("Stubs only", STUBS, 0)
    hand_in("No bodies", {}, 0)
    students.append(Student("Not there", 0))
    for number, code in enumerate(FORGERIES):
        hand_in(f"Forger {number}", OURS | {ADD: body(code)}, without_add())
    for number, code in enumerate(MALICE):
        hand_in(f"Malice {number}", OURS | {ADD: body(code)}, without_add())
    for number in range(2):
        hand_in(f"Source {number}", marked(number, renamed=False), WHOLE)
        hand_in(f"Copier {number}", marked(number, renamed=True), WHOLE)
    with zipfile.ZipFile(folder / "Climber_02_tensor.zip", "w") as opened:
        opened.writestr("backup/../../../evil.py", "evil")
    os.symlink("/etc/passwd", folder / "Linker.ipynb")
    students += [Student("Climber", 0), Student("Linker", 0)]
    roster = tmp_path_factory.mktemp("roster") / "roster.csv"
    rows = [("name", "id"), *((s.name, 100 + i) for i, s in enumerate(students))]
    with roster.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder, roster, students


@pytest.fixture(scope="module")
def results(class_of_forty, judge):
    folder, roster, _ = class_of_forty
    seconds, judge.seconds = judge.seconds, 20
    graded = grade(collect(folder, roster), judge, settings.Course(), LESSONS)
    judge.seconds = seconds
    return {one.submission.name: one for one in graded}


def test_everyone_gets_the_points_that_they_deserve(class_of_forty, results):
    students = class_of_forty[2]
    assert len(students) == 40
    assert set(results) == {student.name for student in students}
    found = {name: one.total(LESSONS) for name, one in results.items()}
    assert found == {student.name: student.points for student in students}


def test_forgers_and_unreadable_files_are_named(results):
    for name in ("Forger 0", "Climber", "Linker", "Malice 0"):
        assert report.remarks(results[name]), name
    assert "outside its folder" in results["Climber"].submission.notes[0]
    assert "is a link" in results["Linker"].submission.notes[0]
    assert not report.remarks(results["Perfect 0"])


def test_those_who_share_unusual_bodies_are_found_and_no_one_else(results):
    found = alike.pairs([one.submission for one in results.values()])
    copied = {("Copier 0", "Source 0"), ("Copier 1", "Source 1")}
    together = combinations([f"Otherwise {number}" for number in range(5)], 2)
    assert {(pair.one, pair.other) for pair in found} == copied | set(together)
    (pair,) = (pair for pair in found if pair.one == "Copier 0")
    assert pair.parts == tuple(sorted(LONG))


def test_the_same_three_lines_say_nothing():
    short = "def relu(self, x):\n    zero = x * 0\n    return np.maximum(x, zero)\n"
    assert alike.normal_form(short) == ""


def test_everything_is_written(results, tmp_path):
    graded = list(results.values())
    course = settings.Course(name="ML Systems")
    report.write(tmp_path, graded, LESSONS, course, [])
    with (tmp_path / "grades.csv").open() as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert float(rows["Half 0"]["total"]) == points_of(HALF)
    assert float(rows["Half 0"]["of"]) == WHOLE
    assert rows["Not there"]["id"]
    told = json.loads((tmp_path / "grades.json").read_text())
    assert len(told["students"]) == 40
    page = (tmp_path / "class.html").read_text()
    assert "Forger 0" in page
    assert "missing" not in page
    (own,) = (tmp_path / "feedback").glob("Half-0-*.html")
    assert "nothing was handed in for it" in own.read_text()
    assert "tito grade FOLDER" in own.read_text()


@pytest.mark.parametrize(
    ("format_", "header"),
    [
        ("canvas", "Student,ID,SIS User ID,SIS Login ID,Section,02_tensor"),
        ("moodle", "Full name,ID number,02_tensor"),
    ],
)
def test_other_systems_get_their_columns(results, format_, header):
    text = report.table(list(results.values()), LESSONS, settings.Course(), format_)
    lines = text.splitlines()
    assert lines[0].startswith(header)
    assert len({line.count(",") for line in csv_lines(text)}) == 1
    assert any("Perfect 0" in line for line in lines)


def csv_lines(text: str) -> list[str]:
    return [",".join("x" for _ in row) for row in csv.reader(text.splitlines())]


def test_weights_and_late_days_count(results):
    settings_ = settings.Course(
        weights={2: 50.0},
        due={2: results["Perfect 0"].submission.day.replace(day=12)},
        late_percent=10,
        late_days=3,
    )
    one = results["Perfect 0"]
    one.course = settings_
    assert one.counted(LESSONS[0]) == 45.0
    one.course = settings.Course()


def test_a_course_grades_the_lessons_that_it_shows():
    course = settings.Course(lessons=(2, 3))
    assert [lesson.number for lesson in graded_lessons(course)] == [2, 3]
    assert [lesson.number for lesson in graded_lessons(course, [6])] == [6]


@pytest.fixture
def tito(capsys):
    """Return `tito("grade", …)`, which gives (exit code, output, errors)."""

    def run(*words: object) -> tuple[int, str, str]:
        code = cli.main([str(word) for word in words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def two_students(tmp_path):
    """Return a folder with a right and a wrong body of one part."""
    folder = tmp_path / "handed in"
    folder.mkdir()
    zipped(folder, "Ada L", {ADD: OURS[ADD]})
    zipped(folder, "=cmd|x", {ADD: "def add(self, a, b):\n    return a - b\n"})
    return folder


def test_without_a_box_grading_refuses_unless_told(
    tito, two_students, tmp_path, monkeypatch
):
    monkeypatch.setattr(grading, "find_deno", lambda: None)
    out = tmp_path / "out"
    code, _, err = tito("grade", two_students, "--out", out)
    assert code == 1
    assert "there is no box" in err
    assert "pip install deno" in err
    assert not out.exists()
    words = ("--unsafe-in-process", "--lesson", "2", "--out", out)
    code, _, _ = tito("grade", two_students, *words)
    assert code == 0
    with (out / "grades.csv").open() as file:
        rows = list(csv.DictReader(file))
    totals = {row["name"]: float(row["total"]) for row in rows}
    assert totals == {"Ada L": curriculum.part(ADD).points, "'=cmd|x": 0}


def test_grading_with_a_box_is_one_command(
    tito, two_students, tmp_path, pyodide_folder
):
    out = tmp_path / "out"
    words = ("--pyodide", pyodide_folder, "--lesson", 2, "--out", out)
    code, _, _ = tito("grade", two_students, *words)
    assert code == 0
    told = json.loads((out / "grades.json").read_text())
    by_name = {student["name"]: student for student in told["students"]}
    assert by_name["Ada L"]["total"] == curriculum.part(ADD).points
    assert by_name["=cmd|x"]["parts"][ADD]["failure"]["kind"] == "values"


def test_a_folder_that_is_none_is_named(tito, tmp_path):
    code, _, err = tito("grade", tmp_path / "gone", "--out", tmp_path)
    assert code == 1
    assert "expected a folder of submissions" in err
