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


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_landing_page_opens_a_notebook_in_one_click(open_page, prefix):
    page = open_page("", prefix)
    assert page.title() == "TinyTorch"
    assert page.get_by_role("heading", name="TinyTorch").is_visible()
    assert page.get_by_text("The first visit loads").is_visible()
    page.get_by_role("link", name="Open the first notebook").click()
    page.wait_for_selector(".jp-Notebook h1", timeout=60_000)
    assert "Welcome to TinyTorch" in page.inner_text(".jp-Notebook h1")
    assert page.foreign == []


def test_a_cell_reads_what_it_wrote_and_plots(open_notebook):
    """The drive works although imports no longer go through it; so does matplotlib."""
    notebook = open_notebook("welcome.ipynb")
    notebook.set_source(
        0,
        "import pathlib\n"
        "import matplotlib.pyplot as plt\n"
        "pathlib.Path('note.txt').write_text('kept')\n"
        "print(pathlib.Path('note.txt').read_text())\n"
        "plt.plot([1, 2])\n"
        "plt.show()",
    )
    assert "kept" in notebook.run_all()[0]
    assert notebook.page.locator(".jp-OutputArea-output img").count() == 1
    assert notebook.foreign == []


def test_an_error_in_a_cell_is_an_error_in_the_test(open_notebook):
    notebook = open_notebook("welcome.ipynb")
    notebook.set_source(0, "1 / 0")
    notebook.run_all(check=False)
    assert notebook.errors == ["ZeroDivisionError: division by zero"]


def test_names_complete_without_jedi(open_notebook):
    notebook = open_notebook("welcome.ipynb")
    notebook.run_all()
    matches = notebook.page.evaluate(
        """async () => {
          const { sessionContext } = window.jupyterapp.shell.currentWidget;
          const { kernel } = sessionContext.session;
          const asked = { code: "np.float3", cursor_pos: 9 };
          return (await kernel.requestComplete(asked)).content.matches;
        }"""
    )
    assert any(match.endswith("float32") for match in matches)
