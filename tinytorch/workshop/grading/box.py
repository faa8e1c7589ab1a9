"""A process for code that nobody trusts: Python in WebAssembly, inside Deno.

Deno may read one folder, the image, and nothing else: no network, no files, no other
program, no environment. The parent sends jobs and reads answers; it believes no answer
for what it says, only for the values it holds (`verdicts`).
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread

HERE = Path(__file__).parent
START_SECONDS = 180  # on a machine that others keep busy, too
MOST_BYTES = 64 * 2**20  # of one answer
FLAGS = (
    "--no-prompt",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--no-code-cache",
    "--v8-flags=--max-old-space-size=1024",  # MiB of JavaScript's own
)


class BoxError(Exception):
    """The box ended, went silent or said what it never says; it is gone."""


class TookTooLong(BoxError):
    """No answer came in time; the box is gone."""


def find_deno() -> str | None:
    """Return where Deno is: the one that `pip install deno` brought, or on the PATH."""
    beside = str(Path(sys.executable).parent)
    return shutil.which("deno", path=beside) or shutil.which("deno")


class Box:
    """One process; whoever asks it is alone with it."""

    def __init__(self, image: Path, deno: str) -> None:
        """Start it and wait until it is ready. Raises BoxError, with Deno's words."""
        allowed = f"--allow-read={image}"
        program = [deno, "run", *FLAGS, allowed, str(HERE / "box.mjs"), str(image)]
        self._process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"DENO_DIR": str(image / "deno"), "PATH": os.defpath, "NO_COLOR": "1"},
            cwd=image,
        )
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._last_words = b""
        self._readers = [
            Thread(target=t, daemon=True) for t in (self._read, self._hear)
        ]
        for reader in self._readers:
            reader.start()
        if self._next(START_SECONDS) != {"ready": True}:
            raise self._failed("it did not start as it should")

    def ask(self, job: str, seconds: float) -> str:
        """Return the answer to a job. Raises BoxError, TookTooLong if time runs out."""
        number = secrets.token_hex(16)
        assert self._process.stdin is not None
        line = json.dumps({"id": number, "job": job}) + "\n"
        try:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        except OSError:
            raise self._failed("it has ended") from None
        match self._next(seconds):
            case {"id": told, "answer": str(answer)} if told == number:
                return answer
            case {"id": told, "trouble": str(trouble)} if told == number:
                raise self._failed(trouble)
            case _:
                raise self._failed("it said what it was not asked")

    def close(self) -> None:
        """End the process; once is enough, twice does no harm."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with suppress(OSError):  # what was still to be sent has no reader
                pipe.close()

    def _next(self, seconds: float) -> object:
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.close()
            raise TookTooLong(f"no answer came within {seconds:g} s") from None
        if line is None:
            raise self._failed("it ended without an answer")
        try:
            return json.loads(line or b"")
        except (ValueError, RecursionError):
            return None

    def _failed(self, why: str) -> BoxError:
        self.close()
        words = self._last_words.decode(errors="replace").strip()
        return BoxError(f"{why}{': ' if words else ''}{words}")

    def _read(self) -> None:
        """Put whole lines into the queue, and None at the end or after too much."""
        assert self._process.stdout is not None
        rest = b""
        while piece := os.read(self._process.stdout.fileno(), 2**16):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._lines.put(line)
            if len(rest) > MOST_BYTES:
                self._process.kill()
                break
        self._lines.put(None)

    def _hear(self) -> None:
        assert self._process.stderr is not None
        while piece := os.read(self._process.stderr.fileno(), 2**16):
            self._last_words = (self._last_words + piece)[-2000:]
