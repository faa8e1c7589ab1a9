"""What the build adds to a tab with a notebook: its service worker and its scripts."""

import json
import shutil
from pathlib import Path
from string import Template

BROWSER = Path(__file__).with_name("browser")
#: Python packages that start with the kernel. They bring their dependencies along.
PACKAGES = ("micropip", "piplite", "pyodide-kernel", "comm", "ipython", "tinytorch")
#: JupyterLite's pages that can hold a kernel or write to the notebooks' storage.
APPS = ("notebooks", "edit", "tree")
#: Modules of the notebook page, below static/tab/.
MODULES = (
    *("main", "app", "crash", "keep", "messages", "queue", "saving", "status", "stop"),
)
#: Modules of the kernel's worker, beside Pyodide.
KERNEL_MODULES = ("worker", "start", "interrupts")


def build(out: Path) -> None:
    """Put the service worker in front, and our scripts into JupyterLite's pages."""
    stand_in_front(out)
    add_kernel(out)
    scripts = out / "static" / "tab"
    scripts.mkdir()
    for name in MODULES:
        shutil.copyfile(BROWSER / f"{name}.mjs", scripts / f"{name}.mjs")
    for app in APPS:
        early = ("early.js",) if app == "notebooks" else ()
        insert(out / app / "index.html", "isolate.js", *early)
    page = out / "notebooks" / "index.html"
    link = '<script type="module" src="../static/tab/main.mjs"></script>\n</head>'
    style = f"<style>\n{(BROWSER / 'tab.css').read_text()}</style>\n"
    page.write_text(page.read_text().replace("</head>", style + link, 1))


def stand_in_front(out: Path) -> None:
    """Give our service worker the address that JupyterLite registers."""
    (out / "service-worker.js").rename(out / "jupyterlite-service-worker.js")
    shutil.copyfile(BROWSER / "service-worker.js", out / "service-worker.js")


def add_kernel(out: Path) -> None:
    """Write the modules that start Python beside Pyodide."""
    (kernel_worker,) = out.glob("extensions/@jupyterlite/*/static/comlink.worker.*.js")
    names = {
        "kernel_worker": f"../../{kernel_worker.relative_to(out).as_posix()}",
        "packages": json.dumps(PACKAGES),
        "stop": json.dumps((BROWSER / "stop.py").read_text()),
        "output": json.dumps((BROWSER / "output.py").read_text()),
    }
    for name in KERNEL_MODULES:
        text = Template((BROWSER / f"{name}.mjs").read_text()).substitute(names)
        (out / "static" / "pyodide" / f"{name}.mjs").write_text(text)


def insert(page: Path, *scripts: str) -> None:
    """Put scripts into a page's head, before any of JupyterLite's, in their order."""
    text = "".join((BROWSER / name).read_text() for name in scripts)
    inline = f"<head>\n<script>\n{text}</script>"
    page.write_text(page.read_text().replace("<head>", inline, 1))
