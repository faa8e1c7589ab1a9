"""Drive a notebook of the built site as a reader would, and read what it shows."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

_READY = """async () => {
  const ready = async () => {
    const app = window.jupyterapp;
    await app.restored;
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    return true;
  };
  const late = new Promise((done) => setTimeout(() => done(false), 60000));
  return await Promise.race([ready(), late]);
}"""

_RUN_ALL = """() => {
  window.testRun = { done: false };
  window.jupyterapp.commands.execute("notebook:run-all-cells").then(
    () => { window.testRun.done = true; },
    (error) => { window.testRun = { done: true, error: String(error) }; });
}"""

_RUN_CELL = """async ([index, wait]) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const cells = content.widgets.filter((cell) => cell.model.type === "code");
  content.activeCellIndex = content.widgets.indexOf(cells[index]);
  const done = window.jupyterapp.commands.execute("notebook:run-cell");
  if (wait) await done;
}"""

# Outputs are read from the page, not from the notebook's model.
_CELLS = """() => {
  const text = (node) => [...node.querySelectorAll(".jp-OutputArea-output")]
    .map((output) => output.textContent).join("\\n");
  return window.jupyterapp.shell.currentWidget.content.widgets
    .filter((cell) => cell.model.type === "code")
    .map((cell) => ({
      source: cell.model.sharedModel.getSource(),
      tags: cell.model.getMetadata("tags") ?? [],
      count: cell.model.executionCount,
      output: text(cell.node),
      error: cell.model.outputs.toJSON()
        .filter((output) => output.output_type === "error")
        .map(({ ename, evalue }) => [ename.replace(/<class '(.+)'>/, "$1"), evalue])
        .map((words) => words.join(": "))
        .join("\\n"),
    }));
}"""

# A cell that runs or waits shows a star for its number.
_IDLE = """() => {
  const { sessionContext, content } = window.jupyterapp.shell.currentWidget;
  return sessionContext.session?.kernel?.status === "idle" && !content.widgets.some(
    (cell) => cell.promptNode?.textContent.includes("*"));
}"""

_SET_SOURCE = """([index, source]) => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets
    .filter((cell) => cell.model.type === "code");
  cells[index].model.sharedModel.setSource(source);
}"""


class ErrorInCell(AssertionError):
    """A cell of a notebook raised."""


@dataclass
class Cell:
    """A code cell: its source, tags, execution count, shown text and error, if any."""

    source: str
    tags: list[str]
    count: int | None
    output: str
    error: str


def visit(context: BrowserContext, base: str, path: str) -> Page:
    """Open a page as a first visitor; note foreign requests and the console."""
    page = context.new_page()
    page.foreign, page.said = [], []
    page.on("console", lambda message: page.said.append(message.text))

    def note(request) -> None:
        if not request.url.startswith((base, "data:", "blob:")):
            page.foreign.append(request.url)

    context.on("request", note)
    page.goto(base + path)
    return page


class Notebook:
    """One notebook in the simple interface, its kernel ready to run."""

    def __init__(self, page: Page):
        self.page = page
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        assert page.evaluate(_READY), f"the kernel did not start:\n{page.said}"

    @property
    def foreign(self) -> list[str]:
        """URLs outside the site that were asked for; every one is a failure."""
        return self.page.foreign

    def cells(self) -> list[Cell]:
        """Return the code cells as they are now."""
        return [Cell(**cell) for cell in self.page.evaluate(_CELLS)]

    @property
    def outputs(self) -> list[str]:
        """The text that each code cell shows."""
        return [cell.output for cell in self.cells()]

    @property
    def errors(self) -> list[str]:
        """The errors that cells show, as ``Name: message``."""
        return [cell.error for cell in self.cells() if cell.error]

    def set_parameters(self, **values: object) -> None:
        """Give names in the cell tagged ``parameters`` other values."""
        index, cell = next(
            (i, c) for i, c in enumerate(self.cells()) if "parameters" in c.tags
        )
        source = cell.source
        for name, value in values.items():
            line = re.compile(rf"^{name}\s*=[^\n#]*", re.MULTILINE)
            source, found = line.subn(f"{name} = {value!r}  ", source)
            assert found == 1, f"no single `{name} = …` among the parameters:\n{source}"
        self.set_source(index, source)

    def set_source(self, index: int, source: str) -> None:
        """Replace the code of the code cell at ``index``."""
        self.page.evaluate(_SET_SOURCE, [index, source])

    def run_all(self, timeout: float = 120, check: bool = True) -> list[str]:
        """Run every cell and return ``outputs``; ``timeout`` is in seconds.

        Raises ``ErrorInCell`` if a cell raises and ``check`` is left on.
        """
        self.page.evaluate(_RUN_ALL)
        deadline = time.monotonic() + timeout
        while not (run := self.page.evaluate("() => window.testRun"))["done"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"still running after {timeout} s:\n{self._shown()}")
            self.page.wait_for_timeout(200)
        assert "error" not in run, run
        if check and self.errors:
            raise ErrorInCell(self._shown())
        cells = [cell for cell in self.cells() if cell.source.strip()]
        assert self.errors or all(cell.count for cell in cells), "cells did not run"
        return self.outputs

    def run_cell(self, index: int) -> str:
        """Run the code cell at ``index`` and return the text that it shows."""
        self.page.evaluate(_RUN_CELL, [index, True])
        return self.outputs[index]

    def start_cell(self, index: int) -> None:
        """Run the code cell at ``index`` without waiting for its end."""
        self.page.evaluate(_RUN_CELL, [index, False])

    def wait_idle(self, timeout: float = 60) -> None:
        """Wait until no cell runs and none waits; ``timeout`` is in seconds."""
        self.page.wait_for_function(_IDLE, timeout=timeout * 1000)

    def leave_by(self, index: int) -> None:
        """Run the code cell at ``index``, which makes the browser load a page."""
        with self.page.expect_navigation():
            self.start_cell(index)

    def find(self, start: str) -> int:
        """Return the index of the code cell whose source begins with ``start``."""
        sources = [cell.source for cell in self.cells()]
        return next(i for i, source in enumerate(sources) if source.startswith(start))

    def save(self) -> None:
        """Save the notebook, as Ctrl+S does."""
        self.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")

    def screenshot(self, path: str | Path, full: bool = True) -> None:
        """Write a PNG of the window, grown to the whole notebook if ``full``."""
        if full:
            height = self.page.evaluate(
                "() => document.querySelector('.jp-WindowedPanel-outer, .jp-Notebook')"
                ".scrollHeight"
            )
            self.page.set_viewport_size({"width": 1280, "height": height + 150})
            self.page.wait_for_timeout(500)
        self.page.screenshot(path=str(path))

    def _shown(self) -> str:
        return json.dumps([vars(cell) for cell in self.cells()], indent=1)
