"""What a tab reaches, in headless Chromium, and how soon.

How long a returning reader waits for the first answer of each lesson; the digits that a
small network learns to read; and the CIFAR-10 milestone with its own defaults: the test
accuracy and the seconds of training for each seed, and what share of an epoch goes into
decoding its images and augmenting its batches.
"""

import argparse
import re
import time
from threading import Thread

from playwright.sync_api import sync_playwright

from jupyterlite_site.build import DIST
from jupyterlite_site.serve import server
from tests.site.chromium import launch
from tests.site.notebook import Notebook, visit
from tests.site.test_training import CODE
from tinytorch.workshop import curriculum

RESULT = re.compile(r"test accuracy: (\d+\.\d) % on 10,000 images · trained in (\d+) s")
GOAL, LIMIT = 75.0, 300  # per cent, seconds

# Runs in place of the notebook's last cell, on what its cells have left.
DATA_PATH = """
from tinytorch.utils.data import bundled
bundled._loaded.clear()
begin = time.perf_counter()
CIFAR10(train=True, shards=shards, progress=False)
decoded = time.perf_counter()
for _ in loader:
    pass
batched = time.perf_counter()
share = ((decoded - begin) / epochs + batched - decoded) / (seconds / epochs)
print(f"decoding {decoded - begin:.2f} s once, batches {batched - decoded:.2f} s and "
      f"training {seconds / epochs:.1f} s an epoch: data path {share:.1%}")
"""


def main() -> None:
    """Train once for each seed, one tab after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    seeds = parser.parse_args().seeds
    httpd = server(DIST)
    Thread(target=httpd.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{httpd.server_port}/"
    with sync_playwright() as playwright:
        browser = launch(playwright)
        first_answers(browser.new_context(), base)
        print(f"digits: {digits(browser.new_context(), base)}")
        print(f"CIFAR-10; to reach: {GOAL:.0f} % in {LIMIT} s of training")
        for seed in seeds:
            print(
                f"seed {seed}: {train(browser.new_context(), base, seed)}", flush=True
            )
        browser.close()
    httpd.shutdown()


def first_answers(context, base: str) -> None:
    """Open each lesson in one browser, run its first cell, and print the seconds."""
    print("first answer of a lesson, the first one with nothing in the browser's cache")
    for lesson in curriculum.lessons():
        start = time.perf_counter()
        path = f"notebooks/index.html?path={lesson.stem}.ipynb"
        notebook = Notebook(visit(context, base, path))
        notebook.run_cell(0)
        print(f"  {lesson.stem:<16}{time.perf_counter() - start:5.1f} s", flush=True)
        notebook.page.close()
    context.close()


def digits(context, base: str) -> str:
    """Train a perceptron on the 8×8 digits; return what it reads, after how long."""
    notebook = Notebook(visit(context, base, "notebooks/index.html?path=welcome.ipynb"))
    notebook.set_source(0, CODE)
    return notebook.run_cell(0).strip().splitlines()[-1]


def train(context, base: str, seed: int) -> str:
    """Run the notebook with its defaults; return what it reached, in words."""
    path = "notebooks/index.html?path=milestones/cifar10.ipynb"
    notebook = Notebook(visit(context, base, path))
    notebook.set_parameters(seed=seed)
    ((accuracy, seconds),) = RESULT.findall("\n".join(notebook.run_all(timeout=1800)))
    reached = float(accuracy) >= GOAL and int(seconds) <= LIMIT
    last = len(notebook.cells()) - 1
    notebook.set_source(last, DATA_PATH)
    data_path = notebook.run_cell(last)
    context.close()
    verdict = "reached" if reached else "missed"
    return f"{accuracy} % in {seconds} s ({verdict}); {data_path.strip()}"


if __name__ == "__main__":
    main()
