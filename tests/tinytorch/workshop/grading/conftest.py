"""A judge with a box, made once for all tests of grading."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyterlite_site import distribution
from tinytorch.workshop.grading import box, image
from tinytorch.workshop.grading.verdicts import Judge


@pytest.fixture(scope="session")
def pyodide_folder(tmp_path_factory) -> Path:
    """Return a folder with the site's interpreter and numpy."""
    folder = tmp_path_factory.mktemp("site") / "pyodide"
    distribution.build(folder, [])
    return folder


@pytest.fixture(scope="session")
def box_image(pyodide_folder) -> Path:
    """Return the folder that a box may read."""
    return image.prepare(pyodide_folder, deno())


@pytest.fixture(scope="session")
def judge(box_image) -> Judge:
    """Return a judge as `tito grade` has it."""
    return Judge(box_image, deno())


@pytest.fixture(scope="session")
def unfenced(box_image) -> Judge:
    """Return a judge that runs whatever it gets: the box alone has to hold."""
    return Judge(box_image, deno(), fence=lambda source: None)


def deno() -> str:
    found = box.find_deno()
    assert found is not None, "the extra `test` brings Deno"
    return found
