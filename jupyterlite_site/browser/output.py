"""What a kernel does to printed text on its way to the page: batched, and bounded.

The page lays out a cell's whole text again for every piece that arrives: 20,000 lines
printed one by one kept it busy for a minute. So text that comes fast is sent in
batches; and of a cell that prints a great deal, the page shows the first lines as they
came, then the newest ones, and how much was left out between.
"""

import time
from collections import deque
from collections.abc import Callable
from functools import wraps

import pyodide_kernel
from pyodide_kernel.display import LiteStream

HEAD_LINES, HEAD_CHARACTERS = 1_000, 200_000  # shown as they come
TAIL_LINES, LINE_CHARACTERS = 500, 1_000  # the newest, shown after that
BURST = 50  # pieces that are sent at once, until time gives new ones
BATCH = 0.05  # seconds between two batches, and in which a burst is forgotten
REFRESH = 1.0  # seconds between two looks at the newest lines


class Printed:
    """The text of one cell: pieces (stream's name, text) in the order they came."""

    def __init__(self, send: Callable[[str, str], None]) -> None:
        self._send = send
        self._waiting: list[tuple[str, str]] = []
        self._lines = self._characters = self._burst = 0
        self._sent = self._refreshed = 0.0
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._open = ""  # the last line, not ended yet
        self._beyond = 0  # lines that the head had no room for
        self._shown: Shown | None = None

    def write(self, name: str, text: str) -> None:
        """Take a piece; send it now, later, or keep its newest lines."""
        head, rest = self._split(text)
        if head:
            self._waiting.append((name, head))
            if self._may_send():
                self.flush()
        if rest:
            self._keep(rest)

    def flush(self) -> None:
        """Send the pieces that wait, those of one stream together."""
        waiting, self._waiting = self._waiting, []
        self._sent = time.monotonic()
        together: list[list[str]] = []
        for name, text in waiting:
            if together and together[-1][0] == name:
                together[-1][1] += text
            else:
                together.append([name, text])
        for name, text in together:
            self._send(name, text)

    def end(self) -> None:
        """Send all there is: the cell has come to its end."""
        self.flush()
        if self._beyond or self._open:
            self._show()

    def _split(self, text: str) -> tuple[str, str]:
        """Return what the head has room for, whole lines if possible, and the rest."""
        if self._beyond or self._open:
            return "", text
        lines = text.splitlines(keepends=True)
        room = HEAD_LINES - self._lines
        head = "".join(lines[:room])[: HEAD_CHARACTERS - self._characters]
        self._lines += head.count("\n")
        self._characters += len(head)
        return head, text[len(head) :]

    def _may_send(self) -> bool:
        passed = time.monotonic() - self._sent
        self._burst = 0 if passed > BATCH else self._burst + 1
        return self._burst < BURST

    def _keep(self, text: str) -> None:
        *whole, self._open = (self._open + text).split("\n")
        self._open = self._open[-LINE_CHARACTERS:]
        self._beyond += len(whole)
        self._tail.extend(line[-LINE_CHARACTERS:] for line in whole[-TAIL_LINES:])
        if time.monotonic() - self._refreshed > REFRESH:
            self.flush()
            self._show()

    def _show(self) -> None:
        left_out = self._beyond - len(self._tail)
        note = [f"… {left_out:,} lines left out …"] if left_out else []
        text = "\n".join([*note, *self._tail, *([self._open] if self._open else [])])
        self._shown = self._shown or Shown()
        self._shown.update(text)
        self._refreshed = time.monotonic()


class Shown:
    """A place in the cell's output whose text can be replaced."""

    _count = 0

    def __init__(self) -> None:
        Shown._count += 1
        self._name = f"tinytorch-printed-{Shown._count}"
        self._there = False

    def update(self, text: str) -> None:
        """Show `text` here instead of what was here before."""
        publish = type(pyodide_kernel.ipython_shell.display_pub).publish
        publish(
            pyodide_kernel.ipython_shell.display_pub,
            {"text/plain": text},
            {},
            transient={"display_id": self._name},
            update=self._there,
        )
        self._there = True


_printed: Printed | None = None


def _write(stream: LiteStream, text: str) -> None:
    if _printed is not None:
        _printed.write(stream.name, text)
    elif stream.publish_stream_callback:  # between cells: nothing to bound
        stream.publish_stream_callback(stream.name, text)


def _send(name: str, text: str) -> None:
    streams = (pyodide_kernel.stdout_stream, pyodide_kernel.stderr_stream)
    stream = next(stream for stream in streams if stream.name == name)
    if stream.publish_stream_callback:
        stream.publish_stream_callback(name, text)


def _flush_before(function: Callable) -> Callable:
    """Keep the order: text printed before a picture is shown before it."""

    @wraps(function)
    def flushed(*args, **kwargs):
        if _printed is not None:
            _printed.flush()
        return function(*args, **kwargs)

    return flushed


def install() -> None:
    """Put this between the kernel's streams and the page."""
    shell, kernel = pyodide_kernel.ipython_shell, pyodide_kernel.kernel_instance
    LiteStream.write = _write
    for owner, name in (
        (shell.display_pub, "publish"),
        (shell.display_pub, "clear_output"),
        (shell.displayhook, "finish_displayhook"),
    ):
        setattr(owner, name, _flush_before(getattr(owner, name)))
    run = kernel.run

    async def bounded(code: str):
        global _printed
        _printed = Printed(_send)
        try:
            return await run(code)
        finally:
            _printed.end()
            _printed = None

    kernel.run = bounded


install()
