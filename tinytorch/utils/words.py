"""Text as a network sees it: tokens in colour, how one was merged, words on a map."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from tinytorch.utils import svg
from tinytorch.utils.display import Picture
from tinytorch.utils.svg import TOP, WIDTH, Axis

_NAMES = {" ": "␣", "\n": "↵", "\r": "␍", "\t": "⇥", "\0": "␀"}
ROW, LETTER = 34, 8  # pixels: between two rows of a tree, and of a letter in it
MAP_HEIGHT = 340


def shown(token: bytes) -> str:
    """Return a token in letters: white space by a sign, bytes of no letter as \\xe2."""
    text = token.decode("utf-8", "backslashreplace")
    return "".join(_NAMES.get(letter, letter) for letter in text)


class ColouredText:
    """What a notebook shows: tokens, each on a colour; as plain text, between bars."""

    def __init__(self, html: str, plain: str) -> None:
        self.html, self.plain = html, plain

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.plain


def coloured_text(tokens: Sequence[bytes]) -> ColouredText:
    """Show where tokens begin and end: neighbours stand on different colours.

    The colours are pale, so that the page's own letters show on them, light or dark.
    """
    content = ""
    for i, token in enumerate(tokens):
        style = f"background:{svg.colour(i)}40;border-bottom:2px solid {svg.colour(i)}"
        line = "<br>" if token.endswith(b"\n") else ""
        content += f'<span style="{style}">{escape(shown(token))}</span>{line}'
    style = "line-height:2;font-family:monospace;overflow-wrap:anywhere"
    plain = "|".join(shown(token) for token in tokens)
    return ColouredText(f'<div style="{style}">{content}</div>', plain)


def merge_tree(
    tokens: Sequence[bytes], merges: Mapping[int, tuple[int, int]], roots: Sequence[int]
) -> Picture:
    """Draw what tokens were merged of, down to single bytes.

    tokens: the bytes of every id; merges: the two ids that an id was made of; roots:
    the ids to draw, side by side.
    """
    leaves: list[int] = []  # how wide each leaf is
    boxes: list[str] = []
    lines: list[str] = []

    def draw(i: int, depth: int) -> float:
        """Draw the token below `depth` rows; return the middle of its place."""
        name = shown(tokens[i])
        if i in merges:
            ends = [draw(part, depth + 1) for part in merges[i]]
            x = sum(ends) / 2
            lines.extend(_branch(x, end, depth) for end in ends)
        else:
            width = 14 + LETTER * len(name)
            x = sum(leaves) + width / 2
            leaves.append(width)
        boxes.append(_node(x, depth, name, i in merges))
        return x

    for root in roots:
        draw(root, 0)
        leaves.append(12)  # room between two trees
    height = TOP + ROW * max(_depth(root, merges) for root in roots)
    said = "; ".join(_spelled(root, tokens, merges) for root in roots)
    scale = min(1.0, WIDTH / sum(leaves))
    content = "".join(lines) + "".join(boxes)
    group = svg.tag("g", content, transform=f"scale({scale:.3f})")
    return svg.picture(said, round(height * scale), group)


def _branch(x: float, end: float, depth: int) -> str:
    top, bottom = 20 + ROW * depth, 6 + ROW * (depth + 1)
    return svg.curve([(x, top), (end, bottom)], stroke="currentColor", opacity=0.5)


def _node(x: float, depth: int, name: str, merged: bool) -> str:
    y, width = 6 + ROW * depth, 6 + LETTER * len(name)
    style = {"fill": svg.colour(int(not merged)), "fill_opacity": 0.25, "rx": 3}
    box = svg.tag("rect", x=x - width / 2, y=y, width=width, height=16, **style)
    return box + svg.text(x, y + 12, name, "middle")


def _depth(i: int, merges: Mapping[int, tuple[int, int]]) -> int:
    if i not in merges:
        return 1
    return 1 + max(_depth(part, merges) for part in merges[i])


def _spelled(
    i: int, tokens: Sequence[bytes], merges: Mapping[int, tuple[int, int]]
) -> str:
    """Return "the = th + e, th = t + h" for those who cannot see the tree."""
    if i not in merges:
        return shown(tokens[i])
    parts = " + ".join(shown(tokens[part]) for part in merges[i])
    below = [_spelled(part, tokens, merges) for part in merges[i] if part in merges]
    return ", ".join([f"{shown(tokens[i])} = {parts}", *below])


def word_map(words: Sequence[str], points: ArrayLike) -> Picture:
    """Write each word at its point (N, 2).

    Raises ValueError for another shape, no word, or a point that is not finite.
    """
    places = np.asarray(points, dtype=float)
    if not words or places.shape != (len(words), 2) or not np.isfinite(places).all():
        wanted = f"word_map expects words and finite points ({len(words)}, 2)"
        raise ValueError(f"{wanted}, got shape {places.shape}")
    x = Axis(places[:, 0].tolist(), 40, WIDTH - 40)
    y = Axis(places[:, 1].tolist(), MAP_HEIGHT - 12, 16)
    content = "".join(
        svg.text(x(a), y(b), word, "middle")
        for word, (a, b) in zip(words, places, strict=True)
    )
    return svg.picture(f"a map of {', '.join(words)}", MAP_HEIGHT, content)
