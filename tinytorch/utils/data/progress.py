"""One line that tells how far a download has come."""

from __future__ import annotations

import sys
import time
from typing import Any


class ProgressLine:
    """A line that is rewritten in place: in a notebook, or on a terminal.

    Called with bytes done and bytes in all. Where there is neither a notebook nor a
    terminal, nothing is written.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.start = time.perf_counter()
        self._handle: Any = None

    def __call__(self, done: int, total: int) -> None:
        if _in_notebook():
            self._display(_Bar(self.text(done, total), done, total))
        elif sys.stderr.isatty():
            # Back to the start and clear the line: the next text may be shorter.
            line, end = f"\r\033[K{self.text(done, total)}", "\n" * (done == total)
            print(line, end=end, file=sys.stderr, flush=True)

    def text(self, done: int, total: int) -> str:
        """Return the line as text: megabytes so far, or all of them and the time."""
        if done < total:
            return f"{self.title}: {done / 1e6:.1f} of {total / 1e6:.1f} MB"
        seconds = time.perf_counter() - self.start
        return f"{self.title}: {total / 1e6:.1f} MB in {seconds:.1f} s"

    def _display(self, bar: _Bar) -> None:
        from IPython.display import display  # type: ignore[import-not-found]

        if self._handle is None:
            self._handle = display(bar, display_id=True)
        else:
            self._handle.update(bar)


class _Bar:
    """What a notebook shows: a progress bar until the end, then the text alone."""

    def __init__(self, text: str, done: int, total: int) -> None:
        self.text = text
        self.done = done
        self.total = total

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        if self.done == self.total:
            return f"<span>{self.text}</span>"
        bar = f'<progress value="{self.done}" max="{self.total}"></progress>'
        return f"{bar} <span>{self.text}</span>"


def _in_notebook() -> bool:
    """Whether the running code belongs to a notebook's kernel."""
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None
