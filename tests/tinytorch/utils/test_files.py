"""Files are replaced whole, whoever else writes them and however full the disk is."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT
from tinytorch import saving
from tinytorch.utils import files
from tinytorch.workshop import lesson_files, store
from tinytorch.workshop.curriculum import lesson

WRITES = """
import sys
from pathlib import Path
from tinytorch.utils import files

path, letter = Path(sys.argv[1]), sys.argv[2].encode()
sys.stdin.read(1)  # both begin when they are told
for _ in range(300):
    files.replace(path, letter * 100_000)
    seen = path.read_bytes()
    assert len(seen) == 100_000 and len(set(seen)) == 1, "half a file"
"""
SAVES = """
import sys
from tinytorch.workshop import store

body = f"def add(self, a, b):\\n    return a + b  # {sys.argv[1]}\\n"
sys.stdin.read(1)
for _ in range(300):
    store.save("backends.loops.LoopsBackend.add", body)
    assert "return a + b" in store.load("backends.loops.LoopsBackend.add")
"""
# A limit on the size of files does what a full disk does: a write fails half way.
FULL = """
import resource
from tests.tinytorch.utils import test_files

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
test_files.{function}()
"""


def together(code, *arguments):
    """Run the code in one process for each argument list, all at the same moment."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for words in arguments
    ]
    for process in running:
        process.stdin.write(b"!")
        process.stdin.flush()
    ended = [(process.communicate()[1], process.returncode) for process in running]
    assert ended == [(b"", 0)] * len(running)


def test_two_processes_that_write_one_file_leave_it_whole(tmp_path):
    path = tmp_path / "file"
    together(WRITES, (path, "a"), (path, "b"))
    assert list(tmp_path.iterdir()) == [path]


def test_two_processes_that_save_one_part_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path))
    together(SAVES, ("one",), ("two",))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a folder with a saved part, a weight and a lesson's notebook."""
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "my_tinytorch"))
    monkeypatch.chdir(tmp_path)
    store.save("backends.loops.LoopsBackend.add", "def add(self, a, b):\n    pass\n")
    saving.save_file({}, "weights")
    return tmp_path


def expect_full(write) -> None:
    with pytest.raises(OSError, match="File too large"):
        write()


def save_a_part():
    big = "def add(self, a, b):\n    pass\n" + "#" * 50_000
    expect_full(lambda: store.save("backends.loops.LoopsBackend.add", big))


def save_weights():
    big = {"w": np.zeros(50_000, np.uint8)}
    expect_full(lambda: saving.save_file(big, "weights"))


def open_a_lesson():
    expect_full(lambda: lesson_files.reset(lesson(2)))


@pytest.mark.parametrize("function", [save_a_part, save_weights, open_a_lesson])
def test_a_full_disk_leaves_everything_as_it_was(home, function):
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    code = FULL.format(function=function.__name__)
    command = [sys.executable, "-c", code]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert before == {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}


def test_a_folder_that_is_missing_is_made(tmp_path):
    files.replace(tmp_path / "a" / "b", b"1")
    assert (tmp_path / "a" / "b").read_bytes() == b"1"
