"""How fast the kernels are beside numpy, TensorFlow.js, ConvNetJS and PyTorch.

``make bench`` prints it: rates in headless Chromium and under Node, measured by turns
in one run, and the ratio of ours to each. PyTorch, on one thread and outside the
browser, is there if this Python, or the one given as ``--torch``, can import it.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from playwright.sync_api import sync_playwright

from jupyterlite_site.build import DIST
from jupyterlite_site.fetch import fetch_pin
from jupyterlite_site.serve import server
from tests.site.chromium import launch

HERE = Path(__file__).parent
Measure = Callable[[str, str], float]

#: Row, title, unit, ours, and those it is compared with.
ROWS = [
    ("gemm", "float32 GEMM 512³", "GFLOP/s", "simd", ["numpy", "tfjs wasm"]),
    ("int8", "int8 GEMM 512³", "GOP/s", "int8", ["float32"]),
    (
        "cnn",
        "training the CNN",
        "images/s",
        "simd",
        ["numpy", "tfjs cpu", "convnetjs", "torch"],
    ),
    ("gpt", "training the GPT", "tokens/s", "simd", ["numpy"]),
]
#: Files of the peers: where each lies in its tarball, and what it is called here.
PEERS = {
    "@tensorflow/tfjs": {"dist/tf.min.js": "tf.js"},
    "@tensorflow/tfjs-backend-wasm": {
        "dist/tf-backend-wasm.min.js": "tf-wasm.js",
        "dist/tfjs-backend-wasm-simd.wasm": "tfjs-backend-wasm-simd.wasm",
    },
    "convnetjs": {"build/convnet.js": "convnet.js"},
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--torch", default=sys.executable, help="a Python with torch")
    options = parser.parse_args()
    native = find_torch(options.torch)
    with tempfile.TemporaryDirectory() as folder:
        unpack_peers(Path(folder))
        columns = {}
        for name, tab in (("Chromium", chromium), ("Node", node)):
            with tab(Path(folder)) as measure:
                columns[name] = measure_all(measure, native, options.rounds)
    report(columns)


def measure_all(measure: Measure, native: Measure | None, rounds: int) -> dict:
    """Return the best rate of each (row, who); by turns, so that noise hits all."""
    best: dict[tuple[str, str], float] = {}
    for number in range(rounds):
        for row, title, _, ours, others in ROWS:
            print(f"{title}, round {number + 1} of {rounds}", file=sys.stderr)
            for who in [ours, *others]:
                run = native if who == "torch" else measure
                if run:
                    best[row, who] = max(best.get((row, who), 0), run(row, who))
    return best


def report(columns: dict[str, dict]) -> None:
    """Print a table: rates, and how many times as fast ours is."""
    print(f"\n{'':32}" + "".join(f"{name:>20}" for name in columns))
    for row, title, unit, ours, others in ROWS:
        print(f"{title}, {unit}")
        for who in [ours, *others]:
            cells = (cell(best, row, who, ours) for best in columns.values())
            print(f"  {who:30}" + "".join(f"{text:>20}" for text in cells))


def cell(best: dict, row: str, who: str, ours: str) -> str:
    """Return a rate and, for another one than ours, the ratio."""
    if (row, who) not in best:
        return "not installed"
    rate = best[row, who]
    ratio = "" if who == ours else f" ({best[row, ours] / rate:.1f}x)"
    return f"{rate:.1f}{ratio}"


def unpack_peers(folder: Path) -> None:
    """Put the peers' files, from tarballs verified by hash, into a folder."""
    for package, files in PEERS.items():
        with tarfile.open(fetch_pin(package)) as tarball:
            for member, name in files.items():
                with tarball.extractfile(f"package/{member}") as packed:
                    (folder / name).write_bytes(packed.read())


@contextmanager
def chromium(peers: Path) -> Iterator[Measure]:
    """Yield a function that measures in one page of a headless browser."""
    httpd = server(DIST)
    Thread(target=httpd.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{httpd.server_port}/"
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        page.set_default_timeout(600_000)
        files = {
            file.name: file for folder in (HERE, peers) for file in folder.iterdir()
        }
        page.route(
            f"{base}bench/*",
            lambda route: route.fulfill(path=files[route.request.url.split("/")[-1]]),
        )
        page.goto(f"{base}static/pyodide/pyodide-lock.json")
        for name in ("tf.js", "tf-wasm.js", "convnet.js"):
            page.add_script_tag(url=f"{base}bench/{name}")
        page.evaluate(
            """async ([base, workloads]) => {
              tf.wasm.setWasmPaths(`${base}bench/`);
              const { start } = await import(`${base}bench/tab.mjs`);
              window.measure = await start(`${base}static/pyodide/`, workloads);
            }""",
            [base, (HERE / "workloads.py").read_text()],
        )
        yield lambda row, who: page.evaluate(
            "(asked) => window.measure(...asked)", [row, who]
        )
        browser.close()
    httpd.shutdown()


@contextmanager
def node(peers: Path) -> Iterator[Measure]:
    """Yield a function that measures in one Node process."""
    arguments = [DIST / "static" / "pyodide", HERE / "workloads.py", peers]
    process = subprocess.Popen(
        ["node", HERE / "node.mjs", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def answer() -> str:
        for line in process.stdout:
            if line.startswith("answer: "):
                return line.removeprefix("answer: ")
        raise RuntimeError(f"node ended with status {process.wait()}")

    def measure(row: str, who: str) -> float:
        process.stdin.write(f"{row}\t{who}\n")
        process.stdin.flush()
        return float(answer())

    answer()  # ready
    yield measure
    process.stdin.close()
    process.wait()


def find_torch(python: str) -> Measure | None:
    """Return a function that measures PyTorch, if that Python can import it."""
    if python == sys.executable and importlib.util.find_spec("torch") is None:
        return None

    def measure(row: str, who: str) -> float:
        done = subprocess.run(
            [python, HERE / "torch_cnn.py"], capture_output=True, text=True, check=True
        )
        return float(done.stdout)

    return measure


if __name__ == "__main__":
    main()
