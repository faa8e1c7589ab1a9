"""A workshop with an empty home, for each test."""

from __future__ import annotations

import pytest

from tinytorch.workshop import session


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Return the folder for saved parts; the package is ours again afterwards."""
    folder = tmp_path / "my_tinytorch"
    monkeypatch.setenv("TINYTORCH_HOME", str(folder))
    session.forget()
    yield folder
    session.forget()
