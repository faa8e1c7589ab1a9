"""The reading edition: every lesson and milestone as plain HTML, for phones and print.

It shows what a student gets: the text, the code to run, and for each exercise its
signature and what it has to do. No solution is in it.
"""

import html
import json
import re
from pathlib import Path
from typing import Any

from . import documents

_LINK = re.compile(r'href="([^":]+)\.ipynb')
_BUILD = re.compile(r'@build\("(.+?)"\)')


def build(out: Path, notebooks: dict[Path, str]) -> None:
    """Write ``read/``: a page for each notebook of the site, and their contents.

    notebooks: titles by path below ``files/``, in the order in which one reads them.
    """
    folder = out / "read"
    order = list(notebooks)
    for number, path in enumerate(order):
        cells = json.loads((out / "files" / path).read_text())["cells"]
        around = order[max(0, number - 1) : number], order[number + 1 : number + 2]
        up = "../" * len(path.parts)
        text = documents.page(
            f"{notebooks[path]} · TinyTorch",
            _about(cells),
            body(cells) + _pager(path, around, notebooks),
            up,
            f'<a href="{up}notebooks/index.html?path={path.as_posix()}">Do it</a>',
        )
        target = folder / path.with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (folder / "index.html").write_text(_contents(notebooks))


def body(cells: list[dict[str, Any]]) -> str:
    """Return the HTML of a notebook, whose links lead to pages of this edition."""
    shown = "".join(map(_cell, cells))
    shown = shown.replace("<table>", '<div class="table"><table>')
    shown = shown.replace("</table>", "</table></div>")
    return _LINK.sub(r'href="\1.html', shown)


def _cell(cell: dict[str, Any]) -> str:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return documents.markdown(source)
    if source.startswith("check("):
        return ""  # the verdict on the exercise above
    exercise = _BUILD.match(source)
    if exercise is None:
        return documents.code(source)
    name = html.escape(exercise[1])
    return (
        f'<div class="exercise"><p>Exercise: <code>{name}</code></p>'
        f"{documents.code(source)}</div>\n"
    )


def _about(cells: list[dict[str, Any]]) -> str:
    """Return the first paragraph of the text, without its marks."""
    for paragraph in "".join(cells[0]["source"]).split("\n\n"):
        if not paragraph.startswith("#"):
            return re.sub(r"[*`_$]|\[|\]\([^)]*\)", "", paragraph)
    return ""


def _pager(path: Path, around: tuple[list[Path], ...], titles: dict[Path, str]) -> str:
    up = "../" * (len(path.parts) - 1)
    links = [
        f'<a href="{up}{other.with_suffix(".html").as_posix()}">{mark}'
        f"{html.escape(titles[other])}</a>"
        for others, mark in zip(around, ("Before: ", "Next: "), strict=True)
        for other in others
    ]
    return f'<nav class="pager" aria-label="Pages">{"".join(links)}</nav>\n'


def _contents(notebooks: dict[Path, str]) -> str:
    items = "".join(
        f'<li><a href="{path.with_suffix(".html").as_posix()}">{html.escape(title)}</a>'
        "</li>\n"
        for path, title in notebooks.items()
    )
    about = "Every lesson and milestone of TinyTorch, to read on any device."
    body = f"<h1>To read</h1>\n<p>{about}</p>\n<ul>\n{items}</ul>\n"
    return documents.page("To read · TinyTorch", about, body, "../")
