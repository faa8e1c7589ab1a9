"""Tokens in colour, trees of merges, maps of words."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from tinytorch.utils.words import coloured_text, merge_tree, shown, word_map


def test_what_cannot_be_seen_has_a_sign():
    assert shown(b" a\n") == "␣a↵"
    assert shown("né".encode()) == "né"
    assert shown(b"\xe2\x80") == "\\xe2\\x80"


def test_coloured_text_says_the_same_in_plain_letters():
    text = coloured_text([b"a<", b" b", b"\n"])
    assert repr(text) == "a<|␣b|↵"
    html = text._repr_html_()
    assert html.count("<span") == 3
    assert "a&lt;" in html
    colours = [part.split(";")[0] for part in html.split("background:")[1:]]
    assert len(set(colours)) == 3, "neighbours differ"


def test_a_tree_shows_every_merge():
    tokens = [b"t", b"h", b"e", b"th", b"the"]
    plot = merge_tree(tokens, {3: (0, 1), 4: (3, 2)}, [4, 0])
    root = ElementTree.fromstring(plot.html)
    assert root.attrib["aria-label"] == "the = th + e, th = t + h; t"
    words = [e.text for e in root.iter() if e.tag.endswith("text")]
    assert words == ["t", "h", "th", "e", "the", "t"]
    assert sum(e.tag.endswith("polyline") for e in root.iter()) == 4


def test_a_map_puts_words_at_their_points():
    plot = word_map(["left", "right"], np.array([[0.0, 1.0], [5.0, 2.0]]))
    texts = [e for e in ElementTree.fromstring(plot.html).iter() if e.text]
    assert [e.text for e in texts] == ["left", "right"]
    (x0, y0), (x1, y1) = [(float(e.attrib["x"]), float(e.attrib["y"])) for e in texts]
    assert x0 < x1
    assert y0 > y1


@pytest.mark.parametrize(
    ("words", "points"),
    [([], np.zeros((0, 2))), (["a"], [[1, 2, 3]]), (["a"], [[1, np.nan]])],
)
def test_a_map_of_nothing_is_refused(words, points):
    with pytest.raises(ValueError, match="word_map expects"):
        word_map(words, points)
