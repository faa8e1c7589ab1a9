"""What the build adds to JupyterLite's pages: the landing page and an early start."""

from pathlib import Path
from string import Template

HERE = Path(__file__).parent
BROWSER = HERE / "browser"


def build(out: Path) -> None:
    """Complete the site that ``jupyter lite build`` wrote to ``out``."""
    add_early_start(out)
    (out / "index.html").write_text(
        "<script id=jupyter-config-data type=application/json>{}</script>"
        "<a href=notebooks/index.html?path=welcome.ipynb>welcome</a>"
    )


def add_early_start(out: Path) -> None:
    """Let the notebook page start Python while the application still loads."""
    pyodide = out / "static" / "pyodide"
    (kernel_worker,) = out.glob("extensions/@jupyterlite/*/static/comlink.worker.*.js")
    relative = f"../../{kernel_worker.relative_to(out).as_posix()}"
    worker = Template((BROWSER / "worker.mjs").read_text())
    (pyodide / "worker.mjs").write_text(worker.substitute(kernel_worker=relative))
    (pyodide / "start.mjs").write_text((BROWSER / "start.mjs").read_text())
    page = out / "notebooks" / "index.html"
    script = f"<head>\n<script>\n{(BROWSER / 'early.js').read_text()}</script>"
    page.write_text(page.read_text().replace("<head>", script, 1))
