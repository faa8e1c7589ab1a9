"""How long a first visit waits for its first output, and what it transfers.

``make bench`` prints the medians of several cold opens on this machine, split by
stage. ``--record`` rewrites the list of application files that a first visit fetches,
from which the landing page's weight is computed: run it after changing JupyterLite.
"""

import argparse
import statistics
import time
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, sync_playwright

from jupyterlite_site.build import DIST
from jupyterlite_site.pages import FIRST_LOAD, START, transfer_size
from jupyterlite_site.serve import server
from tests.site.chromium import launch
from tests.site.notebook import Notebook, visit

MARK = "tinytorch:"


def main() -> None:
    """Measure and print, or record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    httpd = server(DIST)
    Thread(target=httpd.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{httpd.server_port}/"
    runs = []
    with sync_playwright() as playwright:
        for _ in range(1 if options.record else options.runs):
            browser = launch(playwright)
            runs.append(cold_open(browser.new_context(), base))
            browser.close()
    httpd.shutdown()
    files = runs[0][1]
    if options.record:
        record(files)
    else:
        report([times for times, _ in runs], files)


def cold_open(context: BrowserContext, base: str) -> tuple[dict[str, float], set[Path]]:
    """Open the first notebook in a fresh browser: seconds by stage, files fetched."""
    files: set[Path] = set()
    context.on("request", lambda request: files.add(_file(request.url)))
    start = time.perf_counter()
    times = {}
    notebook = Notebook(visit(context, base, f"notebooks/index.html?path={START}"))
    times["page"] = time.perf_counter() - start
    notebook.run_all()
    times["first output"] = time.perf_counter() - start
    times |= stages(notebook)
    return times, {file for file in files if file.is_file()}


def stages(notebook: Notebook) -> dict[str, float]:
    """Return when Python, the kernel and the library were up, by start.mjs's marks."""
    opened = notebook.page.evaluate("() => performance.timeOrigin")
    marks = [line.split() for line in notebook.page.said if line.startswith(MARK)]
    return {stage: (float(when) - opened) / 1000 for _, stage, when in marks}


def record(files: set[Path]) -> None:
    """Rewrite the list of application files."""
    names = {file.relative_to(DIST).as_posix() for file in files}
    static = {
        name for name in names if not name.startswith(("static/pyodide", "files"))
    }
    FIRST_LOAD.write_text("\n".join(sorted(static)) + "\n")
    print(f"{len(static)} files in {FIRST_LOAD.name}")


def report(runs: list[dict[str, float]], files: set[Path]) -> None:
    """Print medians with their range, and the bytes."""
    print(f"cold open, {len(runs)} runs: seconds after navigation")
    for stage in runs[0]:
        values = sorted(run[stage] for run in runs)
        middle = statistics.median(values)
        print(f"  {stage:<14}{middle:6.2f}   ({values[0]:.2f} to {values[-1]:.2f})")
    raw = sum(file.stat().st_size for file in files) / 1e6
    sent = sum(map(transfer_size, files)) / 1e6
    print(f"{len(files)} files: {raw:.1f} MB on disk, {sent:.1f} MB with gzip")


def _file(url: str) -> Path:
    return DIST / urlsplit(url).path.lstrip("/")


if __name__ == "__main__":
    main()
