"""A tab with a notebook: Stop stops, output has a limit, what is typed is kept."""

import re

import pytest
from playwright.sync_api import expect

from tests.site.notebook import Notebook, visit

BUSY = """() =>
  jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'busy'"""
DIRTY = "() => jupyterapp.shell.currentWidget.context.model.dirty"
LESSON = "notebooks/index.html?path=02_tensor.ipynb"


@pytest.fixture(scope="module")
def lesson(browser, serve):
    """One lesson in one tab, for all that does not need a fresh one."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Notebook(visit(context, serve("/course/"), LESSON))
    context.close()


def stop(notebook: Notebook, source: str, after: float = 0.5) -> tuple[str, str]:
    """Run a cell, press Stop some seconds later; return its output and its error."""
    notebook.set_source(1, source)
    notebook.start_cell(1)
    notebook.page.wait_for_function(BUSY, timeout=60_000)
    notebook.page.wait_for_timeout(after * 1000)
    notebook.page.locator("jp-button[data-command='notebook:interrupt-kernel']").click()
    notebook.wait_idle()
    cell = notebook.cells()[1]
    return cell.output, cell.error


def test_opening_a_lesson_is_no_change(lesson):
    """Nobody who only reads is asked whether to leave."""
    lesson.page.wait_for_timeout(500)
    assert not lesson.page.evaluate(DIRTY)


def test_a_tab_is_isolated_on_a_static_host(lesson):
    assert lesson.page.evaluate("() => window.tinytorch.stoppable")


def test_stop_ends_a_loop_without_end(lesson):
    _, error = stop(lesson, "while True: pass")
    assert error == "KeyboardInterrupt: "
    lesson.set_source(1, "print(6 * 7)")
    assert "42" in lesson.run_cell(1)


def test_stop_ends_a_sleep(lesson):
    output, error = stop(lesson, "import time\nprint('zzz')\ntime.sleep(1000)")
    assert "zzz" in output
    assert error == "KeyboardInterrupt: "


def test_stop_ends_a_chain_of_c_kernels(lesson):
    source = "import tinytorch as tt\nx = tt.randn(512, 512)\nwhile True: x @ x"
    assert stop(lesson, source)[1] == "KeyboardInterrupt: "


def test_stopped_training_and_generation_return_what_they_have(lesson):
    source = """
import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.models import GPT
from tinytorch.training import fit
from tinytorch.utils.data import DataLoader, TensorDataset, make_moons

model = nn.Linear(2, 2)
loader = DataLoader(TensorDataset(*make_moons(500)), 10)
optimizer = optim.SGD(model.parameters(), 0.1)
history = fit(model, loader, nn.CrossEntropyLoss(), optimizer, 1_000_000)
print("fit:", history.stopped, len(history.steps["loss"]) > 0)
"""
    output, error = stop(lesson, source, after=2)
    assert "fit: interrupted True" in output
    assert error == ""
    source = """
ids = GPT(11, 64).eval().generate(tt.tensor([[1]]), 1_000_000)
print("tokens:", ids.shape[1] > 1)
"""
    output, error = stop(lesson, source, after=2)
    assert "tokens: True" in output
    assert error == ""


def test_a_late_stop_does_not_end_the_next_cell(lesson):
    lesson.page.locator("jp-button[data-command='notebook:interrupt-kernel']").click()
    lesson.set_source(1, "for i in range(100_000): pass\nprint('whole')")
    assert "whole" in lesson.run_cell(1)
    assert lesson.cells()[1].error == ""


def test_a_restarted_kernel_can_be_stopped_too(lesson):
    lesson.page.evaluate(
        "() => jupyterapp.shell.currentWidget.sessionContext.restartKernel()"
    )
    assert stop(lesson, "while True: pass")[1] == "KeyboardInterrupt: "


def test_output_without_end_has_a_limit_that_says_so(lesson):
    lesson.set_source(1, "for i in range(200_000):\n    print('line', i)")
    shown = lesson.run_cell(1).splitlines()
    assert shown[0] == "line 0"
    assert shown[-1] == "line 199999"
    assert len(shown) < 2000
    assert "… 198,500 lines left out …" in shown


def test_output_of_one_long_line_has_a_limit(lesson):
    lesson.set_source(1, "print('x' * 5_000_000 + 'end')")
    shown = lesson.run_cell(1)
    assert len(shown) < 300_000
    assert shown.endswith("end")


def test_output_keeps_its_order_and_comes_while_the_cell_runs(lesson):
    source = """
from IPython.display import HTML, display
import sys, time
print("first")
display(HTML("<b>second</b>"))
print("third")
print("fourth", file=sys.stderr)
time.sleep(10)
"fifth"
"""
    lesson.set_source(1, source)
    lesson.start_cell(1)
    outputs = (
        lesson.page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    )
    expect(outputs.filter(has_text="fourth")).to_be_visible()
    assert lesson.page.evaluate(BUSY)
    lesson.wait_idle()
    words = re.findall(r"first|second|third|fourth|fifth", lesson.outputs[1])
    assert words == ["first", "second", "third", "fourth", "fifth"]


def test_what_is_typed_outlives_a_reload(lesson):
    """Typed with the keyboard, no cell run, five seconds later."""
    cell = lesson.page.locator(".jp-CodeCell").nth(1)
    cell.locator(".cm-content").click()
    lesson.page.keyboard.press("Control+a")
    lesson.page.keyboard.type("answer = 42  # typed")
    lesson.page.wait_for_timeout(5000)
    assert not lesson.page.evaluate(DIRTY)
    expect(lesson.page.locator("#tinytorch-saved")).to_contain_text(
        "Saved in this browser"
    )
    lesson.page.reload()
    assert "# typed" in Notebook(lesson.page).cells()[1].source


def test_a_run_pressed_early_waits_for_python(open_page):
    page = open_page(LESSON)
    cell = page.locator(".jp-Notebook .jp-CodeCell").first
    cell.locator(".cm-content").click(timeout=60_000)
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_text("Python is starting")).to_be_visible()
    expect(cell.locator(".jp-OutputArea-output")).to_contain_text(
        "Can I", timeout=60_000
    )
    expect(page.get_by_text("Python is starting")).to_be_hidden()
