"""The judgement that counts: saved sources, in a process and a package of their own.

In a notebook a check teaches. It is no proof: Python in one process can always fool
Python. Whoever gives points calls `judge`, which hands the sources as text to a fresh
interpreter and reads its verdicts. `python -m tinytorch.workshop.judging` is that
interpreter: one JSON object, source by address, on its input; verdicts on its output.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import tinytorch
from tinytorch.workshop import curriculum, session

SECONDS_EACH = 60.0  # for one part, the start of the interpreter included


@dataclass(frozen=True)
class Judgement:
    """What a source is worth. kind is "" if it passed, else that of the failure."""

    address: str
    passed: bool
    points: int
    kind: str = ""
    case: str = ""
    message: str = ""


def judge(
    sources: Mapping[str, str], seconds_each: float = SECONDS_EACH
) -> dict[str, Judgement]:
    """Return a verdict on every source, by today's name of its part.

    Each part is judged in a process of its own, so that none can spoil the next. What
    does not answer in time, or not as the judge answers, has not passed. Raises
    KeyError for an address that is no part.
    """
    found = {}
    for address, source in sources.items():
        part = curriculum.part(address)
        found[part.address] = _apart(part.address, source, seconds_each)
    return found


def _apart(address: str, source: str, seconds: float) -> Judgement:
    token = secrets.token_hex(16)
    command = [sys.executable, "-I", "-c", _START, str(_package_folder())]
    asked = json.dumps({"token": token, "address": address, "source": source})
    try:
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run(
                command,
                input=asked,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                cwd=empty,
                env=_environment(),
                check=False,
            )
    except subprocess.TimeoutExpired:
        return _failed(address, "endless", f"it did not end within {seconds:.0f} s")
    return _read(address, token, done.stdout)


# Isolated (-I): no variable, folder or site of the student's is read.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from tinytorch.workshop.judging import answer; answer()"
)


def _package_folder() -> Path:
    return Path(tinytorch.__file__).parent.parent


def _environment() -> dict[str, str]:
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _read(address: str, token: str, output: str) -> Judgement:
    """Return the judge's own words, which begin with a token that only it was told."""
    lines = [line for line in output.splitlines() if line.startswith(token)]
    if len(lines) != 1:
        return _failed(address, "silent", "its process ended without a verdict")
    told = json.loads(lines[0].removeprefix(token))
    return Judgement(**told)


def _failed(address: str, kind: str, message: str) -> Judgement:
    return Judgement(address, False, 0, kind, "", message)


def answer() -> None:
    """Judge the one source on the standard input, and write the verdict."""
    asked = json.loads(sys.stdin.read())
    told = sys.stdout
    sys.stdout = sys.stderr  # what a source prints is no verdict
    judgement = judge_here(asked["address"], asked["source"])
    print(asked["token"] + json.dumps(asdict(judgement)), file=told, flush=True)
    os._exit(0)  # nothing of the source's runs on


def judge_here(address: str, source: str) -> Judgement:
    """Judge one source in this process; only as good as this process is clean."""
    part = curriculum.part(address)
    failure = session.verdict(part.address, source, f"<{part.address}>")
    if failure is None:
        return Judgement(part.address, True, part.points)
    return Judgement(
        part.address, False, 0, failure.kind, failure.case, failure.message
    )
