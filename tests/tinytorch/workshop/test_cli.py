"""`tito`: what each command says, and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import tinytorch
from tests.tinytorch.workshop.alternatives import alternatives
from tinytorch.workshop import (
    cli,
    completion,
    curriculum,
    lesson_files,
    magic,
    session,
    store,
)
from tinytorch.workshop.place import find, reference_source, stub_source

LESSON = curriculum.lesson(2)
ADD = "backends.LoopsBackend.add"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Return a student's folder for saved parts; nothing of it is left afterwards."""
    folder = tmp_path / "my_tinytorch"
    monkeypatch.setenv("TINYTORCH_HOME", str(folder))
    session.forget()
    yield folder
    session.forget()


@pytest.fixture
def tito(capsys):
    """Return `tito("check 2")`, which gives (exit code, output, errors)."""

    def run(line: str) -> tuple[int, str, str]:
        code = cli.main(line.split())
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def save_lesson() -> None:
    for part in LESSON.parts:
        store.save(part.address, reference_source(find(part.address)))


@pytest.mark.parametrize(
    "line", ["", "-h", "lesson -h", "lesson open -h", "check --help"]
)
def test_help_reads_well_and_is_no_error(tito, line):
    code, out, err = tito(line)
    assert (code, err) == (0, "")
    assert out.startswith("usage: tito")
    assert max(map(len, out.splitlines())) <= 88


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stauts", "did you mean 'status'?"),
        ("lesson opn 2", "did you mean 'open'?"),
        ("lesson open tensr", "did you mean 'tensor'?"),
        ("lesson open 99", "there is no lesson '99'; there are "),
        ("check", "required: N"),
        ("lesson", "required: COMMAND"),
        ("milestone run xr", "did you mean 'xor'?"),
        ("status --loud", "unrecognized arguments: --loud"),
    ],
)
def test_wrong_words_exit_with_2_and_a_suggestion(tito, line, words):
    code, out, err = tito(line)
    assert (code, out) == (2, "")
    assert err.startswith("tito: ")
    assert words in err


def test_the_version_is_the_package_s(tito):
    assert tito("--version") == (0, f"tito, of tinytorch {tinytorch.__version__}\n", "")


def test_json_says_the_same_as_data_with_the_same_exit_code(tito):
    code, out, _ = tito("check 2 --json")
    told = json.loads(out)
    assert (code, told["exit"]) == (1, 1)
    assert "0 of 20 points" in told["shown"][0]["title"]
    assert json.loads(tito("--json status")[1])["shown"][0]["mine"] == []
    code, out, err = tito("check --json")
    assert (code, out) == (2, "")


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_shells_complete_the_commands(tito, shell):
    code, out, _ = tito(f"completion {shell}")
    assert code == 0
    assert "list open reset" in out
    assert "hand-in" in out


def test_bash_completes_what_is_begun(tito):
    asks = "COMP_WORDS=(tito lesson o); COMP_CWORD=2; _tito; echo ${COMPREPLY[@]}"
    script = f"{tito('completion bash')[1]}\n{asks}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("open\n", "")


def test_doctor_measures_this_machine(tito, tmp_path, monkeypatch):
    (tmp_path / "manifest.json").write_text('{"digits": {}}')
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path))
    code, out, _ = tito("doctor")
    assert code == 0, out
    for words in ("python", "numpy", "ticks every", "GiB", "digits at"):
        assert words in out


def test_doctor_names_what_will_not_work(tito, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr(store, "lasting", lambda: False)
    code, out, _ = tito("doctor")
    assert code == 1
    assert "2 problems" in out
    assert "PROBLEM: no data at" in out
    assert "workshop.export()" in out


def test_status_counts_saved_parts_that_pass(tito, home):
    save_lesson()
    broken = store.path_of(ADD)
    broken.write_text(broken.read_text().replace("return", "return None and"))
    code, out, _ = tito("status")
    assert code == 0
    assert f"Your tinytorch: {len(LESSON.parts) - 1} of" in out
    assert f"Left aside: {ADD}" in out
    assert "not in an export yet" in out


def test_export_ends_the_reminder(tito, home):
    save_lesson()
    assert tito("export")[0] == 0
    assert (home.parent / store.ARCHIVE).is_file()
    assert "not in an export yet" not in tito("status")[1]


def test_handing_in_writes_the_file_under_the_name(tito, home):
    save_lesson()
    code, out, _ = tito("hand-in Ada Lovelace")
    assert code == 0
    assert "What Ada Lovelace hands in" in out
    assert (home.parent / "tinytorch-ada-lovelace.zip").is_file()


def test_every_list_is_the_registry(tito):
    lessons, questions = tito("lesson list")[1], tito("checkpoint list")[1]
    for lesson in curriculum.lessons():
        assert lesson.title in lessons
        assert lesson.question in questions
    milestones = tito("milestone list")[1]
    assert all(milestone.title in milestones for milestone in curriculum.MILESTONES)


def test_check_grades_saved_parts(tito):
    code, out, _ = tito("check 2")
    assert code == 1
    assert "0 of 20 points" in out
    assert "not built yet" in out
    save_lesson()
    code, out, _ = tito("check tensor")
    assert code == 0
    assert "20 of 20 points" in out


def notebook(path, sources):
    cells = [{"cell_type": "code", "source": source} for source in sources]
    path.write_text(json.dumps({"cells": cells}))


@pytest.mark.parametrize("ending", ["ipynb", "py"])
def test_check_grades_the_build_cells_of_a_file(tito, tmp_path, home, ending):
    cells = [f'@build("{a}")\n{body.lstrip()}' for a, body in alternatives().items()]
    cells += ["%time 1 + 1", '@build("shape.infer_shape")\ndef broken(']
    path = tmp_path / f"mine.{ending}"
    if ending == "ipynb":
        notebook(path, cells)
    else:
        path.write_text("".join(f"# %%\n{cell}\n\n" for cell in cells))
    code, out, _ = tito(f"check 2 {path}")
    assert code == 1
    assert "17 of 20 points" in out
    assert "0 of 3 points: compiling" in out
    assert "shape.infer_shape" in out
    assert "built in two cells: the last counts" in out
    assert not home.exists(), "grading a file saves nothing"
    assert session.mine() == []


def test_check_says_why_a_part_fails(tito, tmp_path):
    path = tmp_path / "mine.ipynb"
    wrong = "def add(self, a, b):\n    return a - b"
    stub = stub_source(find("shape.infer_shape"))
    notebook(
        path, [f'@build("{ADD}")\n{wrong}', f'@build("shape.infer_shape")\n{stub}']
    )
    code, out, _ = tito(f"check 2 {path}")
    assert code == 1
    assert "a row and a column" in out
    assert "still to be written" in out


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("gone.py", None, "No such file"),
        ("bad.ipynb", "{", "is no notebook"),
        ("bad.ipynb", "[]", "is no notebook"),
    ],
)
def test_an_unreadable_file_is_one_line(tito, tmp_path, name, text, words):
    if text is not None:
        (tmp_path / name).write_text(text)
    code, out, err = tito(f"check 2 {tmp_path / name}")
    assert (code, out) == (1, "")
    assert words in err
    assert err.count("\n") == 1


def one_cell(text: str) -> str:
    cell = {"cell_type": "code", "source": text}
    return json.dumps({"cells": [cell]})


RELU = "backends.LoopsBackend.relu"
OF_LESSON_3 = one_cell(f'@build("{RELU}")\ndef relu(self, x):\n    return x\n')


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (OF_LESSON_3.encode(), "is of 03_activations, not 02_tensor"),
        (OF_LESSON_3.encode("utf-16"), "is UTF-16: save it as UTF-8"),
        (b"\xff\xff", "is no text in UTF-8: byte 0 is 0xff"),
    ],
)
def test_a_file_that_is_none_of_this_lesson_is_named(tito, tmp_path, body, words):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(body)
    code, out, err = tito(f"check 2 {path}")
    assert (code, out) == (1, "")
    assert words in err


def test_a_byte_order_mark_does_no_harm(tito, tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + OF_LESSON_3.encode())
    code, out, _ = tito(f"check 3 {path}")
    assert code == 1
    assert RELU in out


def test_links_to_themselves_and_files_without_end_are_named(tito, tmp_path):
    loop = tmp_path / "loop.ipynb"
    loop.symlink_to(loop)
    code, _, err = tito(f"check 2 {loop}")
    assert (code, err.count("\n")) == (1, 1)
    assert "loop.ipynb" in err
    code, _, err = tito("check 2 /dev/zero")
    assert code == 1
    assert "zero is no plain file" in err
    code, _, err = tito(f"check 2 {tmp_path}")
    assert code == 1
    assert "is no plain file" in err


def test_a_checkpoint_is_answered_by_the_checks(tito):
    assert tito("checkpoint test 2")[0] == 1
    save_lesson()
    code, out, _ = tito("checkpoint test 2")
    assert code == 0
    assert "Can I hold n-dimensional data and multiply it? Yes" in out


def test_opening_a_lesson_writes_it_once_and_is_honest(tito, home):
    code, out, _ = tito("lesson open 2")
    assert code == 0
    assert "package is open" in out
    path = home.parent / "02_tensor.ipynb"
    path.write_text("mine")
    tito("lesson open 2")
    assert path.read_text() == "mine"


def test_a_reset_keeps_the_student_s_copy(tito, home):
    path = home.parent / "02_tensor.ipynb"
    for number in (1, 2):
        path.write_text(f"mine {number}")
        code, out, _ = tito("lesson reset 2")
        assert code == 0
        assert f"02_tensor-mine-{number}.ipynb" in out
        kept = home.parent / f"02_tensor-mine-{number}.ipynb"
        assert kept.read_text() == f"mine {number}"
        assert json.loads(path.read_text())["cells"]


def test_without_the_lessons_a_reset_changes_nothing(tito, home, monkeypatch):
    monkeypatch.setattr(lesson_files, "checkout", lambda: None)
    path = home.parent / "02_tensor.ipynb"
    path.write_text("mine")
    code, _, err = tito("lesson reset 2")
    assert code == 1
    assert "checkout" in err
    assert path.read_text() == "mine"


def test_what_needs_a_checkout_says_so(tito, monkeypatch):
    monkeypatch.setattr(lesson_files, "checkout", lambda: None)
    code, _, err = tito("milestone run xor")
    assert code == 1
    assert "text did not come with this package" in err


def test_the_magic_runs_commands_and_never_raises(capsys):
    magic.tito("lesson list")
    assert LESSON.title in capsys.readouterr().out
    magic.tito("nonsense 'in quotes'")
    assert "there is no command" in capsys.readouterr().err


def test_the_magic_is_there_once_the_workshop_is_imported():
    pytest.importorskip("IPython")
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as Shell\n"
        "shell = Shell.instance()\n"
        "import tinytorch.workshop\n"
        "shell.run_line_magic('tito', 'lesson list')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert LESSON.title in done.stdout, done.stderr


def test_the_weeks_hold_every_lesson_once():
    numbers = [number for weeks in curriculum.WEEKS for number in weeks.lessons]
    assert numbers == list(range(1, 21))
    weeks = [
        w for block in curriculum.WEEKS for w in range(block.first, block.last + 1)
    ]
    assert weeks == list(range(1, 16))
    for lesson in curriculum.lessons():
        number, _, name = lesson.chapter.partition(" ")
        assert not number.isdigit() or curriculum.CHAPTERS[int(number)] == name
