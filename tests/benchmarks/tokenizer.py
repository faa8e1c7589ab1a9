"""How long byte-pair encoding takes to learn from the novel: 768 merges of 1.2 MB.

By counts that follow, as the library does it, and by counting anew (a few merges, and
what all of them would take). ``make bench`` runs it in this Python and in the site's
Pyodide under Node, where learning shall take less than five seconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tinytorch.text import ByteBPE, count_words, learn_merges, recount_merges
from tinytorch.utils.data import novel

ROOT = Path(__file__).parent.parent.parent
VOCAB_SIZE, BYTES = 1024, 256
GOAL = 5.0  # seconds, in a tab
ROUNDS, FEW = 3, 4


def seconds(function: Callable[[], object]) -> float:
    """Return the time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def report(data: str | None) -> None:
    """Print the quickest of some rounds, which are taken by turns."""
    text = novel(data)
    words, merges = count_words(text), VOCAB_SIZE - BYTES
    train, anew = [], []
    for _ in range(ROUNDS):
        train.append(seconds(lambda: ByteBPE.train(text, VOCAB_SIZE)))
        anew.append(seconds(lambda: recount_merges(words, FEW)) / FEW * merges)
    tokenizer = ByteBPE(learn_merges(words, merges))
    encode = seconds(lambda: tokenizer.encode(text))
    where = "Pyodide" if sys.platform == "emscripten" else "CPython"
    print(f"{where} {sys.version.split()[0]}: {merges} merges of the novel")
    print(f"  counts that follow {min(train):7.1f} s   to reach in a tab: {GOAL:g} s")
    print(
        f"  counting anew      {min(anew):7.1f} s   {min(anew) / min(train):.0f} times"
    )
    print(f"  encoding it        {encode:7.1f} s")


def main() -> None:
    """Measure here, and then under Node."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--here", action="store_true", help="in this Python only")
    parser.add_argument("--data", help="the folder or URL of the data sets")
    options = parser.parse_args()
    report(options.data)
    if not options.here:
        dist = "jupyterlite_site/dist"
        command = ["node", "jupyterlite_site/run_in_pyodide.mjs", dist]
        module = [
            "-m",
            "tests.benchmarks.tokenizer",
            "--here",
            "--data",
            f"{dist}/data",
        ]
        sys.stdout.flush()
        subprocess.run([*command, *module], cwd=ROOT, env=os.environ, check=True)


if __name__ == "__main__":
    main()
