"""The instructor's page: its facts are filled in, and its steps are ones that work."""

from __future__ import annotations

import re
import tomllib

import pytest

from jupyterlite_site import instructors
from tests.conftest import ROOT
from tinytorch.workshop import cli, curriculum, settings

TEXT = instructors.filled(instructors.PAGE.read_text())
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [
    line
    for kind, block in BLOCKS
    if kind == "sh"
    for line in block.splitlines()
    if line
]


def test_every_fact_is_filled_in():
    assert "<!-- begin" not in TEXT
    for lesson in curriculum.lessons():
        assert f"| {lesson.number:02d} {lesson.title} |" in TEXT
    for block in curriculum.WEEKS:
        assert block.title in TEXT
    assert "A part gets 60 seconds and 1024 MiB" in TEXT


def test_a_fact_without_a_place_is_an_error():
    with pytest.raises(ValueError, match="expects <!-- begin weeks -->"):
        instructors.filled("no marks")


def test_the_settings_are_the_file_s():
    (shown,) = (block for kind, block in BLOCKS if kind == "toml")
    assert tomllib.loads(shown) == tomllib.loads(settings.FILE.read_text())


@pytest.mark.parametrize("line", [c for c in COMMANDS if c.startswith("tito ")])
def test_every_command_of_tito_is_one(line):
    assert callable(cli.parser().parse(line.split()[1:]).run)


@pytest.mark.parametrize("line", [c for c in COMMANDS if c.startswith("make ")])
def test_every_target_of_make_is_one(line):
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line.split()[1] in targets


@pytest.mark.parametrize("path", re.findall(r"`([\w/]+/[\w./]*)`", TEXT))
def test_every_path_of_the_repository_exists(path):
    made = path.startswith(("results/", "release/", "submitted/"))
    assert made or (ROOT / path).exists()


def test_the_site_has_the_page(tmp_path):
    instructors.build(tmp_path)
    page = (tmp_path / "instructors" / "index.html").read_text()
    assert "<table>" in page
    assert "tito grade submissions --out results" in page
    assert "<!-- begin" not in page
