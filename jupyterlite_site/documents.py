"""Pages to read, not to run: one frame and one style, and markdown made into HTML.

Equations become MathML and code is coloured here, in the build: the pages load nothing
but themselves.
"""

import html
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

BROWSER = Path(__file__).with_name("browser")
STYLE = "static/reading.css"


def markdown(text: str) -> str:
    """Return a text's HTML: tables, $equations$, anchored headings, coloured code."""
    return str(_parser().render(text))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "highlight": _highlighted})
    parser.enable("table")
    parser.use(dollarmath_plugin, double_inline=True, renderer=_equation)
    parser.use(anchors_plugin, min_level=2, max_level=3)
    return parser


def code(text: str, language: str = "python") -> str:
    """Return code as HTML: Python in colours, everything else plain."""
    return f"<pre><code>{_highlighted(text, language, '')}</code></pre>\n"


def _highlighted(text: str, language: str, _attributes: Any) -> str:
    if language != "python":
        return html.escape(text)
    return str(highlight(text, PythonLexer(), HtmlFormatter(nowrap=True)))


def _equation(content: str, options: dict[str, Any]) -> str:
    display = "block" if options["display_mode"] else "inline"
    return str(convert(content, display=display))


def page(title: str, about: str, body: str, up: str, links: str = "") -> str:
    """Return a whole page.

    title and about: plain text, for the tab, search engines and previews. body: HTML.
    up: the way to the site's root, such as "../". links: HTML for the bar on top.
    """
    frame = Template((BROWSER / "document.html").read_text())
    return frame.substitute(
        title=html.escape(title),
        about=html.escape(" ".join(about.split())),
        body=body,
        up=up,
        links=links,
        style=f"{up}{STYLE}",
    )


def write_style(out: Path) -> None:
    """Write the style that all pages share, with code's colours by light and dark."""
    light = HtmlFormatter(style="default").get_style_defs("pre")
    dark = HtmlFormatter(style="github-dark").get_style_defs("pre")
    own = (BROWSER / "reading.css").read_text()
    colours = f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
    (out / STYLE).write_text(colours + own)
