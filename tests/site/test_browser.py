"""The built site in a real browser."""

import pytest

import tinytorch

PREFIXES = ["/", "/course/"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_first_cell_imports_the_library(open_notebook, prefix):
    notebook = open_notebook("welcome.ipynb", prefix)
    (output,) = notebook.run_all()
    assert f"tinytorch {tinytorch.__version__}" in output
    assert "numpy 2.4.3" in output
    assert "wasm32" in output
    assert notebook.foreign == []
