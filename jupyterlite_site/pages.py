"""The landing page, and our name on JupyterLite's pages."""

import gzip
import html
import json
import shutil
from pathlib import Path
from string import Template

from tinytorch.workshop import curriculum, settings

from . import course, distribution, documents, instructors, reading, tab

BROWSER = Path(__file__).with_name("browser")
#: What a first visit fetches of the notebook application; `make bench` records it.
FIRST_LOAD = BROWSER / "first-load.txt"
START = "welcome.ipynb"
#: Already compressed: a web server gains nothing by trying again.
PACKED = {".whl", ".zip", ".png"}


def build(out: Path, notebooks: list[Path]) -> None:
    """Complete the site that ``jupyter lite build`` wrote to ``out``."""
    shutil.copyfile(BROWSER / "icon.svg", out / "static" / "icon.svg")
    tab.build(out)
    for app in tab.APPS:
        brand(out / app / "index.html")
    page = Template((BROWSER / "landing.html").read_text())
    titles = {path: title(out / "files" / path) for path in notebooks}
    shown = [x for x in curriculum.lessons() if settings.course().shows(x.number)]
    lessons = {Path(f"{x.stem}.ipynb"): _about(x) for x in shown}
    milestones = {
        Path("milestones", f"{x.name}.ipynb"): f"{x.year} · reach: {x.reach}"
        for x in curriculum.MILESTONES
    }
    text = page.substitute(
        start=START,
        megabytes=round(first_load_bytes(out) / 1e6),
        lessons="\n".join(_item(p, titles[p], about) for p, about in lessons.items()),
        milestones="\n".join(
            _item(p, titles[p], about) for p, about in milestones.items()
        ),
    )
    (out / "index.html").write_text(text)
    shutil.copyfile(BROWSER / "404.html", out / "404.html")
    documents.write_style(out)
    reading.build(out, {p: titles[p] for p in [*lessons, *milestones]})
    course.build(out)
    instructors.build(out)


def first_load_bytes(out: Path) -> int:
    """Return what a first visit transfers, as a web server with gzip sends it."""
    python = out / "static" / "pyodide"
    files = [python / name for name in distribution.first_files(python, tab.PACKAGES)]
    files += [out / name for name in FIRST_LOAD.read_text().split()]
    return sum(map(transfer_size, files))


def transfer_size(file: Path) -> int:
    """Return the bytes of ``file`` on the wire: gzipped unless packed already."""
    content = file.read_bytes()
    return len(content if file.suffix in PACKED else gzip.compress(content, 6))


def title(notebook: Path) -> str:
    """Return a notebook's first heading."""
    for cell in json.loads(notebook.read_text())["cells"]:
        for line in "".join(cell["source"]).splitlines():
            if cell["cell_type"] == "markdown" and line.startswith("# "):
                return line.removeprefix("# ")
    raise ValueError(f"{notebook.name} has no heading of the form `# Title`")


def _about(lesson: curriculum.Lesson) -> str:
    return f"Can I {lesson.question}? · about {lesson.minutes} minutes"


def _item(path: Path, name: str, about: str) -> str:
    link = f"notebooks/index.html?path={path.as_posix()}"
    more = f"<small>{html.escape(about)}</small>"
    return f'    <li><a href="{link}"><span>{html.escape(name)}{more}</span></a></li>'


def brand(page: Path) -> None:
    """Put our name and icon on one of JupyterLite's pages."""
    text = page.read_text().replace("Loading JupyterLite...", "Loading TinyTorch …")
    style = f"<style>\n{(BROWSER / 'notebook.css').read_text()}</style>\n</head>"
    name = "<title>TinyTorch</title>"
    # First of all: a page that is left before its icon is known asks for /favicon.ico.
    icon = '<link rel="icon" href="../static/icon.svg" type="image/svg+xml">'
    text = text.replace("<head>", f"<head>\n{icon}", 1)
    before, _, rest = text.replace("</head>", style, 1).partition("<title>")
    page.write_text(before + name + rest.partition("</title>")[2])
