"""Public names of parts, and the names that they had before."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.tinytorch.workshop.test_session import ADD, write
from tinytorch.workshop import answers, curriculum, restore, session, store
from tinytorch.workshop.names import CURRENT_NAMES, current
from tinytorch.workshop.place import find

# All parts, exported by the version that still named them by their files.
OLD_BACKUP = Path(__file__).parent / "backup_0_1_0.zip"
OLD_ADD = "backends.loops.LoopsBackend.add"
BODY = "def add(self, a, b):\n    return np.add(a, b)\n"


def save_as_before(home: Path, body: str = BODY) -> Path:
    path = home / "backends" / "loops" / "LoopsBackend.add.py"
    path.parent.mkdir(parents=True)
    path.write_text(f"# Your part of tinytorch: {OLD_ADD}\n# Saved.\n\n{body}")
    return path


@pytest.mark.parametrize("address", curriculum.parts())
def test_a_part_stands_where_its_name_says(address):
    place = find(address)
    assert address.endswith(place.name)
    assert place.function.__module__ == place.module.__name__


def test_no_function_is_two_parts():
    functions = [find(address).function for address in curriculum.parts()]
    assert len(set(functions)) == len(functions)


@pytest.mark.parametrize("former", CURRENT_NAMES)
def test_a_former_name_is_the_same_part(former):
    assert curriculum.part(former) is curriculum.part(current(former))
    assert former not in curriculum.parts()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("optim.SGD.step", "its own name is 'optim.Optimizer.step'"),
        ("nn.Linear.named_children", "its own name is 'nn.Module.named_children'"),
        ("backends.LoopsBackend.rellu", "did you mean 'backends.LoopsBackend.relu'"),
        ("nn.functional._private", "no part"),
        ("numpy.add", "no part"),
    ],
)
def test_a_name_that_is_no_part_leads_to_the_right_one(name, words):
    with pytest.raises(KeyError, match=words):
        curriculum.part(name)


@pytest.mark.parametrize("name", ["optim.SGD.step", "nothing.there", "random._state"])
def test_only_a_function_of_its_own_has_a_place(name):
    with pytest.raises(KeyError, match="inherited|no public function"):
        find(name)


def test_a_backup_of_an_earlier_version_brings_every_part_back(home):
    wrote = restore(OLD_BACKUP)
    assert len(wrote) == 80
    assert session.aside() == {}
    assert set(session.mine()) == {current(p) for p in _addresses_in(OLD_BACKUP)}
    assert {file.written for file in store.saved().values()} == set(session.mine())
    assert restore(OLD_BACKUP) == []


def _addresses_in(archive: Path) -> set[str]:
    with zipfile.ZipFile(archive) as backup:
        texts = [backup.read(name).decode() for name in backup.namelist()]
    return {text.split("\n")[0].rpartition(" ")[2] for text in texts}


def test_a_file_under_a_former_name_is_renamed(home):
    old = save_as_before(home)
    session.restore_parts()
    assert session.mine() == [ADD]
    assert not old.exists()
    assert store.path_of(ADD).read_text().startswith(f"# Your part of tinytorch: {ADD}")
    assert store.load(ADD) == store.load(OLD_ADD) == BODY


def test_newer_work_wins_and_older_work_is_kept_beside_it(home):
    write(ADD, "def add(self, a, b):\n    return a + b\n")
    old = save_as_before(home)
    session.restore_parts()
    assert "a + b" in store.load(ADD)
    assert not old.exists()
    beside = store.path_of(ADD)
    assert "np.add" in beside.with_name(f"{beside.name}.restored").read_text()


def test_what_is_saved_under_a_former_name_is_kept(home):
    body = "def step(self):\n    return 1\n"
    path = store.save("optim.optimizer.Optimizer.step", body)
    for _ in range(2):
        assert store.load("optim.Optimizer.step") == body
    assert store.saved()["optim.Optimizer.step"].path == path


def test_a_cell_with_a_former_name_builds_the_same_part(home, tmp_path, capsys):
    write(OLD_ADD, BODY)
    assert session.mine() == [ADD]
    assert list(store.saved()) == [ADD]
    session.check(OLD_ADD)
    assert f"{ADD}: 2 of 2 points" in capsys.readouterr().out
    assert session.verdict(OLD_ADD, BODY) is None
    text = tmp_path / "mine.py"
    text.write_text(f'# %%\n@build("{OLD_ADD}")\n{BODY}')
    assert list(answers.answers(text)[0]) == [ADD]
