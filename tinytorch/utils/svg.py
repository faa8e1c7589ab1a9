"""A small vocabulary for the pictures that notebooks show in line.

Text and axes take the page's colour, so they show on light and on dark.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from tinytorch.utils.display import Picture

WIDTH, TOP = 480, 28  # pixels; a legend stands above the top
LETTER = 6  # pixels that a letter takes, about
# Told apart by colour and by dash; both read well on white and on black.
COLOURS = ("#3b82f6", "#e07020", "#2a9d5c", "#a855f7")
DASHES = ("", "6 3", "2 3", "8 3 2 3")


class Axis:
    """Maps values, from the smallest to the largest, to pixels from start to end."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = min(values), max(values)
        if low == high:
            low, high = low - 0.5, high + 0.5
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Return three to six multiples of 1, 2 or 5 times a power of ten."""
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [step * i for i in range(first, last + 1)]


def tag(name: str, content: str = "", /, **attributes: Any) -> str:
    """Return an element; `_` in the name of an attribute stands for `-`."""
    start = name
    for key, value in attributes.items():
        shown = f"{value:g}" if isinstance(value, float) else escape(str(value))
        start += f' {key.replace("_", "-")}="{shown}"'
    return f"<{start}>{content}</{name}>"


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    """Write words; their anchor (start, middle or end) is at x."""
    return tag("text", escape(words), x=x, y=y, text_anchor=anchor)


def rule(x: float, end: float, y: float, **style: Any) -> str:
    """Draw a level line from x to end."""
    return tag("line", x1=x, x2=end, y1=y, y2=y, **style)


def curve(points: Iterable[tuple[float, float]], **style: Any) -> str:
    """Join points by lines."""
    path = " ".join(f"{x},{y}" for x, y in points)
    return tag("polyline", points=path, fill="none", **style)


def colour(i: int) -> str:
    """Return the colour of series i."""
    return COLOURS[i % len(COLOURS)]


def stroke(i: int) -> dict[str, Any]:
    """Return the style of series i's line."""
    dash = DASHES[i % len(DASHES)]
    return {"stroke": colour(i), "stroke_dasharray": dash, "stroke_width": 1.5}


def legend(names: Iterable[str], x: float = 12) -> str:
    """Name each series beside a piece of its line, from x to the right."""
    content = ""
    for i, name in enumerate(names):
        content += rule(x, x + 22, 10, **stroke(i)) + text(x + 26, 14, name)
        x += 42 + LETTER * len(name)
    return content


def picture(title: str, height: float, content: str) -> Picture:
    """Return a picture of elements, with a title for those who cannot see it."""
    return Picture(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'style="max-width: {WIDTH}px; width: 100%" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="11" '
        f'fill="currentColor">{content}</svg>'
    )
