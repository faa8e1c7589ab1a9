"""A student's work in the built site: it is accepted, and it stays theirs."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import expect

from jupyterlite_site.serve import server
from tests.conftest import ROOT
from tests.site.notebook import Notebook, visit
from tests.tinytorch.workshop.alternatives import alternatives
from tinytorch.workshop import curriculum, notebooks

CONTENT = ROOT / "content"
STRIDES = "shape.contiguous_strides"
LESSONS = curriculum.lessons()
NOTHING_YET = f"0 of {len(curriculum.parts())} parts are yours"
ONE_PART = f"1 of {len(curriculum.parts())} parts are yours"


@pytest.fixture
def copy(site, tmp_path) -> Path:
    """Return a copy of the built site, of links: to change a file, replace it."""
    return shutil.copytree(site, tmp_path / "dist", copy_function=os.symlink)


@pytest.fixture
def lend(browser):
    """Return `lend(site, prefix, **options)`, which gives `open(path)` of a visitor."""
    with ExitStack() as stack:

        def lend(site: Path, prefix: str = "/", **options):
            httpd = server(site, prefix=prefix)
            stack.callback(httpd.server_close)
            stack.callback(httpd.shutdown)
            Thread(target=httpd.serve_forever, daemon=True).start()
            base = f"http://127.0.0.1:{httpd.server_port}{prefix}"

            def visitor():
                context = browser.new_context(
                    viewport={"width": 1280, "height": 900}, **options
                )
                stack.callback(context.close)
                return lambda path: visit(context, base, path)

            return visitor

        yield lend


def lesson(number: int) -> str:
    return f"notebooks/index.html?path={curriculum.lesson(number).stem}.ipynb"


def replace(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


def redeploy(site: Path, number: int, heading: str) -> None:
    """Give a lesson another first heading, as the next version of the site would."""
    name = curriculum.lesson(number).stem
    text = (CONTENT / f"{name}.py").read_text()
    before = text.splitlines()[1]
    text = text.replace(before, f"# # {heading}", 1)
    replace(
        site / "files" / f"{name}.ipynb", notebooks.to_notebook(text, f"{name}.ipynb")
    )
    listed = json.loads((site / notebooks.VERSIONS).read_text())
    listed[f"{name}.ipynb"] = notebooks.version(text)
    replace(site / notebooks.VERSIONS, json.dumps(listed))


def solve(notebook: Notebook, address: str) -> str:
    """Write another right body into a part's cell and run it."""
    index = notebook.find(f'@build("{address}")')
    body = alternatives()[address].strip()
    notebook.set_source(index, f'@build("{address}")\n{body}')
    return notebook.run_cell(index)


def test_work_outlives_reloads_new_versions_and_a_lost_browser(copy, lend, tmp_path):
    """Build a part, reload, redeploy, export, start over elsewhere, restore."""
    visitor = lend(copy, "/course/")
    open_page = visitor()
    notebook = Notebook(open_page(lesson(2)))
    assert NOTHING_YET in notebook.run_cell(0)
    assert f"{STRIDES}: not yet" in notebook.run_cell(notebook.find("@build"))
    assert f"{STRIDES} is now yours" in solve(notebook, STRIDES)
    assert "2 of 2 points" in notebook.run_cell(notebook.find("check("))
    notebook.save()

    notebook.page.reload()
    notebook = Notebook(notebook.page)
    own = alternatives()[STRIDES].strip()
    assert own in notebook.cells()[notebook.find("@build")].source
    notebook.page.close()

    following = Notebook(open_page(lesson(3)))
    assert ONE_PART in following.run_cell(0)
    following.set_source(1, "print(tt.shape.contiguous_strides.__code__)")
    assert "my_tinytorch/shape/contiguous_strides.py" in following.run_cell(1)
    following.page.close()

    redeploy(copy, 2, "A new version")
    notebook = Notebook(open_page(lesson(2)))
    assert own in notebook.cells()[notebook.find("@build")].source
    shown = notebook.run_cell(0)
    assert ONE_PART in shown
    assert "This lesson has changed" in shown

    archive = take_home(notebook, tmp_path)
    notebook.set_source(1, "%tito lesson reset 2")
    notebook.leave_by(1)
    notebook = Notebook(notebook.page)
    assert notebook.page.inner_text(".jp-Notebook h1").startswith("A new version")
    shown = notebook.run_cell(0)
    assert ONE_PART in shown
    assert "has changed" not in shown
    kept = Notebook(open_page("notebooks/index.html?path=02_tensor-mine-1.ipynb"))
    assert own in kept.cells()[kept.find("@build")].source

    elsewhere = visitor()
    upload(elsewhere("tree/index.html"), archive)
    notebook = Notebook(elsewhere(lesson(3)))
    assert NOTHING_YET in notebook.run_cell(0)
    notebook.set_source(1, f'workshop.restore("{archive.name}")')
    assert "Your work is back" in notebook.run_cell(1)
    assert ONE_PART in notebook.run_cell(0)
    notebook.page.close()
    notebook = Notebook(elsewhere(lesson(2)))
    assert own in notebook.cells()[notebook.find("@build")].source


def take_home(notebook: Notebook, folder: Path) -> Path:
    """Export, click the link, and return the downloaded file."""
    notebook.set_source(1, "workshop.export()")
    assert "my_tinytorch.zip" in notebook.run_cell(1)
    with notebook.page.expect_download() as download:
        notebook.page.get_by_role("link", name="Download my_tinytorch.zip").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def upload(page, path: Path) -> None:
    """Bring a file into the browser's storage with the button of the file list."""
    with page.expect_file_chooser() as chooser:
        page.get_by_title("Upload Files").click()
    chooser.value.set_files(path)
    page.get_by_title(path.name).wait_for()
    page.close()


def test_without_storage_a_lesson_says_what_still_works(lend, site):
    notebook = Notebook(lend(site, service_workers="block")()(lesson(2)))
    shown = notebook.run_cell(0)
    assert "gives the notebooks no place to save files" in shown
    assert f"{STRIDES} is now yours" in solve(notebook, STRIDES)
    notebook.set_source(1, "workshop.export()")
    assert "Download my_tinytorch.zip" in notebook.run_cell(1)
    notebook.set_source(1, "%tito doctor")
    assert "PROBLEM: This browser gives the notebooks no place" in notebook.run_cell(1)


def test_tito_answers_in_a_notebook(open_notebook):
    notebook = open_notebook("02_tensor.ipynb", "/course/")
    notebook.run_cell(0)
    notebook.set_source(1, "%tito doctor")
    shown = notebook.run_cell(1)
    for words in ("All is well", "in this browser tab", "simd", "/course/data"):
        assert words in shown
    notebook.set_source(1, "%tito lesson opn 3")
    assert "did you mean 'open'?" in notebook.run_cell(1)
    notebook.set_source(1, "%tito lesson open 3")
    notebook.run_cell(1)
    with notebook.page.expect_popup() as popup:
        notebook.page.locator(".jp-OutputArea a").first.click()
    assert "/course/notebooks/index.html?path=03_" in popup.value.url
    assert notebook.errors == []


def test_whoever_types_has_the_browser_asked_to_keep_storage(open_notebook):
    page = open_notebook("02_tensor.ipynb").page
    page.evaluate(
        "() => { navigator.storage.persist = async () => { window.asked = true; }; }"
    )
    assert not page.evaluate("() => window.asked")
    page.keyboard.press("Control")
    page.wait_for_function("() => window.asked")


@pytest.fixture(scope="module")
def reader(site, browser):
    """Return `open(lesson)` of one reader, whose browser keeps what it fetched."""
    httpd = server(site)
    Thread(target=httpd.serve_forever, daemon=True).start()
    context = browser.new_context()

    def opened(number: int) -> Notebook:
        base = f"http://127.0.0.1:{httpd.server_port}/"
        return Notebook(visit(context, base, lesson(number)))

    yield opened
    context.close()
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture(scope="module")
def solved(site, browser, tmp_path_factory):
    """Return `open(lesson)`: its solution, in one visitor's browser after another."""
    made = tmp_path_factory.mktemp("solved")
    copied = shutil.copytree(site, made / "dist", copy_function=os.symlink)
    for path in notebooks.build(CONTENT, made / "notebooks", "solution"):
        replace(copied / "files" / path, (made / "notebooks" / path).read_text())
    httpd = server(copied)
    Thread(target=httpd.serve_forever, daemon=True).start()
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def opened(number: int) -> Notebook:
        page = visit(context, f"http://127.0.0.1:{httpd.server_port}/", lesson(number))
        return Notebook(page)

    yield opened
    context.close()
    httpd.shutdown()
    httpd.server_close()


@pytest.mark.parametrize("number", [lesson.number for lesson in LESSONS])
def test_a_solution_runs_in_the_browser(solved, number):
    """One student solves lesson after lesson: the parts of all stay theirs."""
    wanted = curriculum.lesson(number)
    notebook = solved(number)
    outputs = notebook.run_all(timeout=300)
    shown = "\n".join(outputs)
    for part in wanted.parts:
        assert f"{part.address} is now yours" in shown
        assert f"{part.address}: {part.points} of {part.points} points" in shown
    assert "left aside" not in shown.lower()
    assert f"Yes, I can {wanted.question}" in shown
    drawings = notebook.page.locator(".jp-OutputArea :is(svg[viewBox], img)")
    assert drawings.count() > 0
    graphs = sum("draw_graph(" in cell.source for cell in notebook.cells())
    expect(notebook.page.locator(".jp-RenderedMermaid img")).to_have_count(graphs)
    assert notebook.foreign == []
    notebook.page.close()


@pytest.mark.parametrize("number", [lesson.number for lesson in LESSONS])
def test_the_first_cell_answers(reader, number):
    """How soon is for `make bench` to say."""
    notebook = reader(number)
    assert f"Can I {curriculum.lesson(number).question}?" in notebook.run_cell(0)
    notebook.page.close()
