"""After `pip install` of the wheel alone lessons open, milestones run, tito answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import tinytorch
from jupyterlite_site import build
from tinytorch.workshop import curriculum


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return `run("lesson open 2")`: an installed wheel's tito, in a folder."""
    target = tmp_path_factory.mktemp("installed")
    wheel = build.build_wheel(tmp_path_factory.mktemp("wheel"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", target, wheel], check=True)
    home = tmp_path_factory.mktemp("student")

    own = {"PYTHONPATH": str(target), "TINYTORCH_HOME": str(home / "my_tinytorch")}

    def run(line: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "tinytorch", *line.split()],
            env=os.environ | own,
            cwd=home,
            capture_output=True,
            text=True,
        )

    run.home, run.target = home, target
    return run


def test_python_dash_m_is_tito(run):
    done = run("--version")
    assert done.stdout == f"tito, of tinytorch {tinytorch.__version__}\n", done.stderr


def test_every_lesson_opens(run):
    for lesson in curriculum.lessons():
        done = run(f"lesson open {lesson.number}")
        assert done.returncode == 0, done.stderr
        assert json.loads((run.home / f"{lesson.stem}.ipynb").read_text())["cells"]


def test_a_milestone_runs(run):
    done = run("milestone run perceptron")
    assert done.returncode == 0, done.stderr
    assert "Perceptron" in done.stdout


def test_the_lessons_are_a_small_part_of_the_wheel(run):
    text = [
        path.stat().st_size for path in (run.target / "tinytorch/content").rglob("*")
    ]
    whole = [path.stat().st_size for path in run.target.rglob("*.py")]
    assert sum(text) < sum(whole) / 2
