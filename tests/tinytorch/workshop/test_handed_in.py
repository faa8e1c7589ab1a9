"""Finding the text of a function that a cell defines."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tinytorch.workshop.handed_in import _in_cell

CELL = '%%time\n@build("x.y")\ndef y(a):\n    return a\n\nprint(1)\n'


def test_a_cell_magic_counts_as_a_comment():
    assert _in_cell(CELL, "y") == ('@build("x.y")\ndef y(a):\n    return a\n', 2)


@pytest.mark.parametrize("cell", ["", "def z(a):\n    return a\n", "def y("])
def test_what_is_not_there_is_not_found(cell):
    assert _in_cell(cell, "y") is None


def test_a_timed_cell_builds_its_part(tmp_path):
    pytest.importorskip("IPython")
    body = "def add(self, a, b):\\n    return np.add(a, b)\\n"
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as Shell\n"
        "shell = Shell.instance()\n"
        "shell.run_cell('from tinytorch.workshop import build')\n"
        f"cell = '%%time\\n@build(\"backends.LoopsBackend.add\")\\n{body}'\n"
        "shell.run_cell(cell, store_history=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"TINYTORCH_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": ""},
    )
    assert "is now yours" in done.stdout, done.stdout + done.stderr
