"""One line that tells how far a download has come."""

import time

from tinytorch.utils.display import Live


class ProgressLine:
    """A line that is rewritten in place: in a notebook, or on a terminal.

    Called with bytes done and bytes in all. Where there is neither a notebook nor a
    terminal, nothing is written.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.start = time.perf_counter()
        self._line = Live()

    def __call__(self, done: int, total: int) -> None:
        if done < total:
            self._line.show(self.text(done, total), done, total)
        else:
            self._line.finish(self.text(done, total))

    def text(self, done: int, total: int) -> str:
        """Return the line as text: megabytes so far, or all of them and the time."""
        if done < total:
            return f"{self.title}: {done / 1e6:.1f} of {total / 1e6:.1f} MB"
        seconds = time.perf_counter() - self.start
        return f"{self.title}: {total / 1e6:.1f} MB in {seconds:.1f} s"
