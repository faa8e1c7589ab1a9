"""What a notebook or a terminal shows: pictures, and text rewritten in place."""

import sys
import time
from html import escape
from typing import Any


class Picture:
    """What a notebook shows in line; `html` is its source, an SVG or a grid."""

    def __init__(self, html: str) -> None:
        self.html = html

    def _repr_html_(self) -> str:
        return self.html


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
            bar = f'<progress value="{done}" max="{total}"></progress> '
            self._write(text, bar)

    def finish(self, text: str) -> None:
        """Replace the line by `text` for good; the next `show` starts another."""
        self._write(text, end="\n")
        self._handle, self._next = None, 0.0

    def _write(self, text: str, bar: str = "", end: str = "") -> None:
        content = {"text/plain": text, "text/html": f"{bar}<span>{escape(text)}</span>"}
        if self._handle is not None:
            self._handle.update(content, raw=True, metadata={})
        elif in_notebook():
            from IPython.display import display

            self._handle = display(content, raw=True, metadata={}, display_id=True)
        elif sys.stderr.isatty():
            # Back to the start and clear the line: the next text may be shorter.
            print(f"\r\033[K{text}", end=end, file=sys.stderr, flush=True)


class Download(Live):
    """A line that tells how far a download has come, given bytes done and in all."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.start = time.perf_counter()

    def __call__(self, done: int, total: int) -> None:
        size = f"{total / 1e6:.1f} MB"
        if done < total:
            self.show(f"{self.title}: {done / 1e6:.1f} of {size}", done, total)
        else:
            seconds = time.perf_counter() - self.start
            self.finish(f"{self.title}: {size} in {seconds:.1f} s")


def in_notebook() -> bool:
    """Return whether the running code belongs to a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None
