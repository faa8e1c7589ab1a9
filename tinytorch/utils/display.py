"""Text that is rewritten in place: in a notebook, or on a terminal."""

from __future__ import annotations

import sys
import time
from html import escape
from typing import Any


class Live:
    """One line on the screen whose content is replaced at most once an `interval`.

    Where there is neither a notebook nor a terminal, nothing is written.
    """

    def __init__(self, interval: float = 0.0) -> None:
        self.interval = interval
        self._handle: Any = None
        self._next = 0.0

    def show(self, text: str, done: float, total: float) -> None:
        """Replace the line by `text`, with a bar in a notebook."""
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + self.interval
            self._write(Bar(text, done, total), end="")

    def finish(self, text: str) -> None:
        """Replace the line by `text` for good; the next `show` starts another."""
        self._write(Bar(text, 1, 1), end="\n")
        self._handle, self._next = None, 0.0

    def _write(self, bar: Bar, end: str) -> None:
        if in_notebook():
            self._display(bar)
        elif sys.stderr.isatty():
            # Back to the start and clear the line: the next text may be shorter.
            print(f"\r\033[K{bar.text}", end=end, file=sys.stderr, flush=True)

    def _display(self, bar: Bar) -> None:
        from IPython.display import display

        if self._handle is None:
            self._handle = display(bar, display_id=True)
        else:
            self._handle.update(bar)


class Bar:
    """What a notebook shows: a progress bar until the end, then the text alone."""

    def __init__(self, text: str, done: float, total: float) -> None:
        self.text = text
        self.done = done
        self.total = total

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        text = f"<span>{escape(self.text)}</span>"
        if self.done == self.total:
            return text
        return f'<progress value="{self.done}" max="{self.total}"></progress> {text}'


def in_notebook() -> bool:
    """Return whether the running code belongs to a notebook's kernel."""
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None
