"""Fixtures for tests that open the built site in a browser.

Nothing here is imported or built unless a test asks for it: tests of the library run
without a browser, the network or the site.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parent.parent

# Before numpy is imported: small products on several threads wait for one another when
# other work keeps the cores busy, and then take a hundred times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def site() -> Path:
    """Return the directory of the built site, made anew if a source has changed."""
    done = subprocess.run(
        ["make", "--silent", "site"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, f"make site failed:\n{done.stdout}{done.stderr}"
    return ROOT / "jupyterlite_site" / "dist"


@pytest.fixture(scope="session")
def serve(site: Path) -> Iterator[Callable[[str], str]]:
    """Return ``serve(prefix)``, which gives the URL of the site below a prefix."""
    from jupyterlite_site.serve import server

    urls: dict[str, str] = {}
    with ExitStack() as stack:

        def serve(prefix: str = "/") -> str:
            if prefix not in urls:
                httpd = server(site, prefix=prefix)
                stack.callback(httpd.server_close)
                stack.callback(httpd.shutdown)
                Thread(target=httpd.serve_forever, daemon=True).start()
                urls[prefix] = f"http://127.0.0.1:{httpd.server_port}{prefix}"
            return urls[prefix]

        yield serve


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """Return a running Chromium that can reach this machine only."""
    from playwright.sync_api import sync_playwright

    from tests.site.chromium import launch

    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, serve) -> Iterator[Callable]:
    """Return ``open_page(path, prefix="/")``: a fresh visitor's Page, opened."""
    from tests.site.notebook import visit

    with ExitStack() as stack:

        def open_page(path: str, prefix: str = "/"):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            stack.callback(context.close)
            return visit(context, serve(prefix), path)

        yield open_page


@pytest.fixture
def open_notebook(open_page) -> Callable:
    """Return ``open_notebook(path, prefix="/")``: a Notebook with its kernel ready."""
    from tests.site.notebook import Notebook

    def open_notebook(path: str, prefix: str = "/") -> Notebook:
        return Notebook(open_page(f"notebooks/index.html?path={path}", prefix))

    return open_notebook


@pytest.fixture(scope="session")
def pyodide(site: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Return ``pyodide(*arguments)``: Python's arguments, run in the site's Pyodide.

    It starts in the checkout, under Node; pytest comes from this environment. Node is
    asked for the SIMD that browsers have, unless ``oldest``.
    """
    runner = ROOT / "jupyterlite_site" / "run_in_pyodide.mjs"
    packages = Path(pytest.__file__).parent.parent
    known = subprocess.run(["node", "--v8-options"], capture_output=True, text=True)
    flag = "--experimental-wasm-relaxed-simd"
    modern = [flag] if flag in known.stdout else []  # later Nodes have it by themselves

    def pyodide(
        *arguments: str, timeout: float = 600, oldest: bool = False
    ) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["node", *([] if oldest else modern), str(runner), str(site), *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHON_PACKAGES": str(packages)},
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return pyodide


@pytest.fixture(scope="session")
def tests_in_pyodide(pyodide) -> Callable[..., subprocess.CompletedProcess]:
    """Return ``tests_in_pyodide(*arguments)``, without plugins made for a desktop."""
    off = [f"no:{plugin}" for plugin in ("cacheprovider", "hypothesispytest", "anyio")]
    plugins = [argument for name in off for argument in ("-p", name)]
    return lambda *arguments, **how: pyodide(
        "-m", "pytest", *plugins, *arguments, **how
    )
