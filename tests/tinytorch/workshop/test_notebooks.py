"""Our reader of text notebooks against jupytext, on every notebook that there is."""

from __future__ import annotations

import jupytext
import nbformat
import pytest

from tests.conftest import ROOT
from tinytorch.workshop import notebooks

PAGES = sorted((ROOT / "content").rglob("*.py"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_cells_are_those_that_jupytext_reads(path):
    text = path.read_text()
    theirs = jupytext.reads(text, fmt="py:percent")
    ours = nbformat.reads(notebooks.to_notebook(text, path.stem), as_version=4)
    nbformat.validate(ours)
    built = iter(ours.cells)
    for cell in theirs.cells:
        own = next(built)
        if "part" in cell.metadata:
            assert own.source.startswith("*At hand:* ")
            assert next(built).source.startswith(f'@build("{cell.metadata.part}")')
            assert next(built).source == f'check("{cell.metadata.part}")'
            continue
        assert (own.cell_type, own.source) == (cell.cell_type, cell.source)
        assert own.metadata.get("tags") == cell.metadata.get("tags")
    assert list(built) == []


@pytest.mark.parametrize("line", ["# %% [markdwn]", "# %% part=", "# %%code", "# %% A"])
def test_a_cell_that_begins_wrongly_is_named(line):
    with pytest.raises(ValueError, match="a.ipynb: expected "):
        notebooks.to_notebook(f"{line}\n1\n", "a.ipynb")
