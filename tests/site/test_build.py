"""What the build writes: the same bytes every time, complete, and nobody else's."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile

import nbformat
import pytest

import tinytorch
from jupyterlite_site import build, distribution, pages
from jupyterlite_site.fetch import load_pins
from tests.site import chromium
from tinytorch.workshop import notebooks

NOTEBOOK = """# %% [markdown]
# # A title

# %% tags=["parameters"]
epochs = 1

# %%
print(epochs)
"""


def test_notebooks_are_deterministic_and_keep_tags():
    first = notebooks.to_notebook(NOTEBOOK, "a.ipynb")
    assert first == notebooks.to_notebook(NOTEBOOK, "a.ipynb")
    notebook = nbformat.reads(first, as_version=4)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "code"]
    assert notebook.cells[1].metadata.tags == ["parameters"]
    assert notebook.metadata.kernelspec.name == "python"
    assert all(not cell.outputs for cell in notebook.cells[1:])
    assert len({cell.id for cell in notebook.cells}) == 3


def test_a_changed_source_changes_the_content_mark():
    marks = {
        json.loads(notebooks.to_notebook(text, "a.ipynb"))["metadata"]["tinytorch"][
            "source"
        ]
        for text in (NOTEBOOK, NOTEBOOK + "\n# %%\n1\n")
    }
    assert len(marks) == 2


def test_notebooks_mirror_the_content_folder(tmp_path):
    source = tmp_path / "content" / "milestones"
    source.mkdir(parents=True)
    (source / "x.py").write_text(NOTEBOOK)
    (path,) = notebooks.build(tmp_path / "content", tmp_path / "files")
    assert path.as_posix() == "milestones/x.ipynb"
    assert pages.title(tmp_path / "files" / path) == "A title"


def test_the_wheel_is_reproducible(tmp_path):
    first, second = (build.build_wheel(tmp_path / name) for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    assert first.name == f"tinytorch-{tinytorch.__version__}-py3-none-any.whl"


def test_the_distribution_is_reproducible_and_closed(tmp_path):
    wheel = build.build_wheel(tmp_path)
    for name in ("a", "b"):
        distribution.build(tmp_path / name, [wheel])
    lock = (tmp_path / "a" / distribution.LOCK).read_text()
    assert lock == (tmp_path / "b" / distribution.LOCK).read_text()
    packages = json.loads(lock)["packages"]
    assert {"numpy", "pillow"} <= set(packages["tinytorch"]["depends"])
    for package in packages.values():
        content = (tmp_path / "a" / package["file_name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == package["sha256"]
        assert set(package["depends"]) <= set(packages)


def test_a_missing_dependency_names_itself(tmp_path):
    wheel = tmp_path / "lonely-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("lonely/__init__.py", "")
        archive.writestr(
            "lonely-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: lonely\nVersion: 1.0\n"
            "Requires-Dist: nowhere>=1; sys_platform == 'emscripten'\n"
            "Requires-Dist: windows-only; sys_platform == 'win32'\n",
        )
    with pytest.raises(ValueError, match="lonely needs nowhere, which is in neither"):
        distribution.build(tmp_path / "out", [wheel])


def test_every_pin_has_a_version_and_a_hash():
    pins = load_pins()
    assert all(len(pin["sha256"]) == 64 for pin in pins["pypi"].values())
    assert all(pin["integrity"][:7] == "sha512-" for pin in pins["npm"].values())
    assert all(
        pin["version"] for kind in ("npm", "pypi") for pin in pins[kind].values()
    )


@pytest.mark.parametrize("lock", ["tools.txt", "kernel.txt"])
def test_locks_hash_every_package_and_name_no_index(lock):
    text = (build.HERE / "locks" / lock).read_text()
    blocks = re.split(r"\n(?=[\w-]+==)", text.partition("\n#    make pins\n")[2])
    assert len(blocks) > 5
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "--find-links" not in text


def test_the_site_names_no_other_host(site):
    """Pyodide and its packages come from the site, whatever a default may say."""
    config = json.loads((site / "jupyter-lite.json").read_text())["jupyter-config-data"]
    kernel = config["litePluginSettings"][
        "@jupyterlite/pyodide-kernel-extension:kernel"
    ]
    assert kernel["pyodideUrl"] == "./static/pyodide/start.mjs"
    assert kernel["disablePyPIFallback"] is True
    assert "://" not in (site / "index.html").read_text().replace(
        "http://www.w3.org", ""
    )


def test_the_site_carries_no_source_maps(site):
    assert not list(site.rglob("*.map"))


def test_the_landing_page_states_the_measured_weight(site):
    stated = re.search(r"loads (\d+) MB", (site / "index.html").read_text())
    assert int(stated[1]) == round(pages.first_load_bytes(site) / 1e6) <= 20


def make(*arguments, path):
    return subprocess.run(
        ["/usr/bin/make", "--no-print-directory", "-C", str(build.ROOT), *arguments],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )


def test_make_says_that_python_is_too_old(tmp_path):
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.8.1\nexit 1\n')
    old.chmod(0o755)
    done = make(
        "venv", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}", path="/usr/bin:/bin"
    )
    assert done.returncode != 0
    first = done.stderr.splitlines()[0]
    assert first.startswith("make: Python 3.11 or newer is needed; ")
    assert "Python 3.8.1" in first
    assert not (tmp_path / "venv").exists()


def test_make_says_that_npm_is_missing(tmp_path):
    for name in ("bash", "find"):
        (tmp_path / name).symlink_to(shutil.which(name))
    done = make("npm", path=str(tmp_path))
    assert done.returncode != 0
    first = done.stderr.splitlines()[0]
    assert first == "make: npm is not on the PATH; install Node.js 20 or newer"


def test_a_missing_browser_is_one_line(monkeypatch):
    monkeypatch.setattr(chromium, "find", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match=r"no browser found .*; install Chromium"):
        chromium.main()
