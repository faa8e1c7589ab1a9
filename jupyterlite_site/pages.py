"""The landing page."""

from pathlib import Path


def build(out: Path) -> None:
    (out / "index.html").write_text(
        "<a href=notebooks/index.html?path=welcome.ipynb>welcome</a>"
    )
