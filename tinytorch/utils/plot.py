"""Line plots as small SVG pictures, for notebooks where matplotlib costs seconds."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np

Points = tuple[Sequence[float], Sequence[float]]

WIDTH, HEIGHT = 480, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 28, 40
MOST_POINTS = 400
LETTER = 6  # pixels that a letter of this size takes, about
# Told apart by colour and by dash; both read well on white and on black.
STYLES = [
    ("#3b82f6", ""),
    ("#e07020", "6 3"),
    ("#2a9d5c", "2 3"),
    ("#a855f7", "8 3 2 3"),
]


class Plot:
    """A picture that a notebook shows in line; `svg` is its source."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_html_(self) -> str:
        return self.svg


def line_plot(
    series: Mapping[str, Points], x_label: str = "", y_label: str = ""
) -> Plot:
    """Draw named lines (xs, ys) on shared axes, without points that are not finite.

    Text and axes take the page's colour, so they show on light and on dark.
    Raises ValueError if there is no point to draw.
    """
    lines = {name: _thinned(_finite(points)) for name, points in series.items()}
    if not any(lines.values()):
        raise ValueError("line_plot expects at least one finite point, got none")
    xs = [x for points in lines.values() for x, _ in points]
    ys = [y for points in lines.values() for _, y in points]
    x_axis, y_axis = _Axis(xs, LEFT, WIDTH - RIGHT), _Axis(ys, HEIGHT - BOTTOM, TOP)
    parts = [*_grid(x_axis, y_axis), *_labels(x_label, y_label)]
    parts += _legend(series, max(LEFT + 12, 20 + LETTER * len(y_label)))
    for i, points in enumerate(lines.values()):
        parts.append(_line(points, x_axis, y_axis, i))
    return _picture(f"{', '.join(series)} by {x_label}", HEIGHT, parts)


def bar_plot(
    names: Sequence[str], series: Mapping[str, Sequence[float]], unit: str
) -> Plot:
    """Draw a horizontal bar for each name, its parts (one a series) end to end.

    Values are at least 0. Raises ValueError for no names, or another count of values.
    """
    totals = [sum(parts) for parts in zip(*series.values(), strict=True)]
    if not names or len(totals) != len(names):
        raise ValueError(
            f"bar_plot expects a value for each name, got {len(totals)} values "
            f"for {len(names)} names"
        )
    step, left, right = 18, 150, 75
    scale = (WIDTH - left - right) / (max(totals) or 1)
    body = _legend(series, 12)
    for row, (name, total) in enumerate(zip(names, totals, strict=True)):
        y = TOP + step * row
        body.append(_text(left - 6, y + 11, name, "end"))
        x = float(left)
        for i, values in enumerate(series.values()):
            width = round(values[row] * scale, 1)
            colour = STYLES[i % len(STYLES)][0]
            body.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width}" height="{step - 5}" '
                f'fill="{colour}"/>'
            )
            x += width
        body.append(_text(x + 4, y + 11, f"{_short(total)} {unit}"))
    title = f"{', '.join(series)} in {unit}"
    return _picture(title, TOP + step * len(names) + 4, body)


class _Axis:
    """Maps values to pixels, and knows round values to mark."""

    def __init__(self, values: list[float], start: float, end: float) -> None:
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
        first = math.ceil(self.low / step)
        return [step * i for i in range(first, math.floor(self.high / step) + 1)]


def _finite(points: Points) -> list[tuple[float, float]]:
    pairs = zip(*points, strict=True)
    return [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return means over neighbours, so that a long run stays a small picture."""
    size = -(-len(points) // MOST_POINTS)
    if size <= 1:
        return points
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(_mean(x for x, _ in g), _mean(y for _, y in g)) for g in groups]


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _grid(x_axis: _Axis, y_axis: _Axis) -> list[str]:
    parts = []
    for y in y_axis.ticks():
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y_axis(y)}" y2="{y_axis(y)}" '
            f'stroke="currentColor" opacity="0.15"/>'
        )
        parts.append(_text(LEFT - 6, y_axis(y) + 4, f"{y:.4g}", "end"))
    for x in x_axis.ticks():
        parts.append(_text(x_axis(x), HEIGHT - BOTTOM + 16, f"{x:.4g}", "middle"))
    return parts


def _labels(x_label: str, y_label: str) -> list[str]:
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [
        _text(middle, HEIGHT - 6, x_label, "middle"),
        _text(4, 14, y_label),
    ]


def _line(
    points: list[tuple[float, float]], x_axis: _Axis, y_axis: _Axis, i: int
) -> str:
    path = " ".join(f"{x_axis(x)},{y_axis(y)}" for x, y in points)
    return f'<polyline points="{path}" fill="none" {_stroke(i)}/>'


def _legend(names: Iterable[str], x: float) -> list[str]:
    """Name each line beside a piece of it, from `x` to the right."""
    parts = []
    for i, name in enumerate(names):
        parts.append(f'<line x1="{x}" x2="{x + 22}" y1="10" y2="10" {_stroke(i)}/>')
        parts.append(_text(x + 26, 14, name))
        x += 42 + LETTER * len(name)
    return parts


def _stroke(i: int) -> str:
    colour, dash = STYLES[i % len(STYLES)]
    return f'stroke="{colour}" stroke-dasharray="{dash}" stroke-width="1.5"'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _picture(title: str, height: float, parts: list[str]) -> Plot:
    return Plot(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'style="max-width: {WIDTH}px; width: 100%" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="11" '
        f'fill="currentColor">{"".join(parts)}</svg>'
    )
