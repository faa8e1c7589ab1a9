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

    def display(bar, display_id):
        found.append(bar)
        return SimpleNamespace(update=lambda new: found.__setitem__(-1, new))

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(
        sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell)
    )
    monkeypatch.setitem(
        sys.modules, "IPython.display", SimpleNamespace(display=display)
    )
    return found


def test_a_notebook_gets_one_bar_that_ends_as_text(shown):
    line = Download("images")
    line(500_000, 2_000_000)
    assert len(shown) == 1
    assert '<progress value="500000" max="2000000">' in shown[0]._repr_html_()
    line(2_000_000, 2_000_000)
    assert len(shown) == 1
    assert "<progress" not in shown[0]._repr_html_()
    assert repr(shown[0]).startswith("images: 2.0 MB in")
