"""What the first pages say is so: the example prints its line, named files exist."""

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

#: Where a path may begin, beside the repository's root.
ROOMS = [
    ROOT / room for room in ("tinytorch", "tinytorch/workshop", "jupyterlite_site")
]


def test_the_example_prints_what_the_readme_says():
    text = (ROOT / "README.md").read_text()
    code, printed = re.search(
        r"```python\n(.*?)```\n\nprints `(.*?)`", text, re.S
    ).groups()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == printed, done.stderr


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_exists(name):
    text = (ROOT / name).read_text()
    paths = re.findall(r"`((?:[\w.]+/)+[\w.]*\w\.?\w*/?)`", text)
    paths = [path for path in paths if not re.search(r"NN|^\.venv|dist|ipynb", path)]
    missing = [
        path for path in paths if not any((p / path).exists() for p in (ROOT, *ROOMS))
    ]
    assert paths
    assert not missing


def test_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\(([^):]+)\)", (ROOT / "README.md").read_text())
    assert links
    assert all((ROOT / link).exists() for link in links)
