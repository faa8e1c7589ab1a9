"""Taking one's own library home, and bringing work back."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest

import tinytorch
from tests.tinytorch.workshop.alternatives import alternatives
from tests.tinytorch.workshop.test_session import ADD, MATMUL, write
from tinytorch.workshop import export, restore, session, store

TRAINS_XOR = """
import inspect
import tinytorch as tt
from tinytorch import backends, nn, optim

assert "products = a[" in inspect.getsource(backends.loops.LoopsBackend.matmul)
tt.manual_seed(0)
x = tt.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = tt.tensor([[0.0], [1.0], [1.0], [0.0]])
model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
with backends.use("loops"):
    for _ in range(200):
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(tt.__file__, ((model(x) > 0) == (y > 0)).all().item())
"""


@pytest.fixture
def exported():
    """Return the zip of a student with two parts."""
    write(ADD, alternatives()[ADD])
    write(MATMUL, alternatives()[MATMUL])
    return export()


def extracted(exported, folder):
    """Take the wheel out of an exported zip; return its name."""
    with zipfile.ZipFile(exported) as archive:
        (wheel,) = [n for n in archive.namelist() if n.endswith(".whl")]
        archive.extract(wheel, folder)
    return wheel


def test_the_exported_wheel_installs_and_trains_xor(exported, tmp_path):
    wheel = extracted(exported, tmp_path)
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", target, tmp_path / wheel], check=True)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(target)!r})\n{TRAINS_XOR}",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    path, solved = done.stdout.split()
    assert path.startswith(str(target))
    assert solved == "True"


def test_the_exported_wheel_has_our_licence_tito_and_a_version_of_its_own(
    exported, tmp_path
):
    wheel = extracted(exported, tmp_path)
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", target, tmp_path / wheel], check=True)
    (info,) = target.glob("tinytorch-*.dist-info")
    assert info.name == f"tinytorch-{tinytorch.__version__}+mine.dist-info"
    assert "MIT License" in (info / "licenses" / "LICENSE").read_text()
    done = subprocess.run(
        [target / "bin" / "tito", "doctor"],
        env=os.environ | {"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert f"{tinytorch.__version__}+mine" in done.stdout, done.stderr


def test_an_annotation_that_the_module_lacks_does_no_harm(tmp_path):
    write(ADD, "def add(self, a: Table, b: Table) -> Table:\n    return np.add(a, b)\n")
    wheel = extracted(export(), tmp_path)
    code = f"import sys; sys.path.insert(0, {wheel!r}); import tinytorch"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_equal_work_gives_equal_bytes(exported):
    first = exported.read_bytes()
    assert export().read_bytes() == first


def test_the_readme_names_the_parts(exported):
    with zipfile.ZipFile(exported) as archive:
        readme = archive.read("README.md").decode()
    assert ADD in readme
    assert MATMUL in readme


def test_a_backup_brings_everything_back_elsewhere(exported, tmp_path, monkeypatch):
    elsewhere = tmp_path / "other" / "my_parts"
    monkeypatch.setenv("TINYTORCH_HOME", str(elsewhere))
    session.forget()
    wrote = restore(exported)
    assert len(wrote) == 2
    assert session.mine() == [ADD, MATMUL]


def test_restoring_never_overwrites_other_work(exported):
    write(ADD, "def add(self, a, b):\n    return np.add(a, b)\n")
    wrote = restore(exported)
    assert [name.endswith(".restored") for name in wrote] == [True]
    assert "np.add" in store.load(ADD)


def test_a_file_that_is_no_export_is_refused(tmp_path):
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"not a zip")
    with pytest.raises(ValueError, match="no export"):
        restore(bad)
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("backup/../../evil.py", "")
    with pytest.raises(ValueError, match="outside its folder"):
        restore(bad)
    assert not (tmp_path.parent / "evil.py").exists()
