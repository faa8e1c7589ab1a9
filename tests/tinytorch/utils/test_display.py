"""The progress line, on a terminal and in a notebook."""

import io
import sys
from types import SimpleNamespace

import pytest

from tinytorch.utils.display import Download


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_one_rewritten_line(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    line = Download("images")
    line(500_000, 2_000_000)
    line(2_000_000, 2_000_000)
    empty, first, last = sys.stderr.getvalue().split("\r\033[K")
    assert empty == ""
    assert first == "images: 0.5 of 2.0 MB"
    assert last.startswith("images: 2.0 MB in 0.0 s")
    assert last.endswith("\n")


def test_a_pipe_gets_nothing(capsys):
    Download("images")(1, 1)
    assert capsys.readouterr().err == ""


@pytest.fixture
def shown(monkeypatch):
    """What a notebook displayed, updates in place included."""
    found = []

    def display(content, display_id=None, **options):
        assert options == {"raw": True, "metadata": {}}
        found[-1 if display_id is None else len(found) :] = [content]
        return SimpleNamespace(update=display)

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(
        sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell)
    )
    monkeypatch.setitem(
        sys.modules, "IPython.display", SimpleNamespace(display=display)
    )
    return found


def test_a_notebook_gets_one_bar_that_ends_as_text(shown):
    line = Download("images & more")
    line(500_000, 2_000_000)
    assert len(shown) == 1
    assert '<progress value="500000" max="2000000">' in shown[0]["text/html"]
    assert shown[0]["text/plain"] == "images & more: 0.5 of 2.0 MB"
    line(2_000_000, 2_000_000)
    assert len(shown) == 1
    assert "<progress" not in shown[0]["text/html"]
    assert "images &amp; more: 2.0 MB in" in shown[0]["text/html"]
