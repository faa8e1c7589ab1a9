"""Walks over a landscape, as seen from above: a small SVG picture for notebooks."""

import base64
from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np

from tinytorch.utils.images import png
from tinytorch.utils.plot import STYLES, Plot

WIDTH, TOP, BANDS, PIXELS = 480, 22, 12, 160
Range = tuple[float, float]


def landscape_plot(
    height: Callable[[np.ndarray, np.ndarray], np.ndarray],
    walks: Mapping[str, Sequence[Sequence[float]]],
    x: Range,
    y: Range,
) -> Plot:
    """Draw named walks, lists of (x, y), over bands of equal height.

    height(xs, ys): arrays of one shape, to the heights there. x, y: the ranges shown;
    what leaves them is cut off. Bands are even in the square root of the height, so
    that the valley shows as well as the slopes.
    """
    tall = round(WIDTH * (y[1] - y[0]) / (x[1] - x[0]))
    shades = base64.b64encode(png(_bands(height, x, y))).decode()
    parts = [
        f'<image href="data:image/png;base64,{shades}" y="{TOP}" width="{WIDTH}" '
        f'height="{tall}" preserveAspectRatio="none" opacity="0.45"/>'
    ]
    for i, (name, walk) in enumerate(walks.items()):
        points = [
            (WIDTH * (a - x[0]) / (x[1] - x[0]), tall * (y[1] - b) / (y[1] - y[0]))
            for a, b in walk
        ]
        parts += _walk(name, points, i)
    return Plot(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {TOP + tall}" '
        f'style="max-width: {WIDTH}px; width: 100%; overflow: hidden" role="img" '
        f'aria-label="walks over a landscape: {escape(", ".join(walks))}" '
        f'font-family="sans-serif" font-size="11" fill="currentColor">'
        f"{''.join(parts)}</svg>"
    )


def _bands(
    height: Callable[[np.ndarray, np.ndarray], np.ndarray], x: Range, y: Range
) -> np.ndarray:
    """Return grey levels, uint8 (PIXELS, PIXELS), dark in the valley."""
    xs, ys = np.meshgrid(np.linspace(*x, PIXELS), np.linspace(*y[::-1], PIXELS))
    level = np.sqrt(np.maximum(height(xs, ys), 0))
    band = np.floor(BANDS * level / max(float(level.max()), 1e-12))
    return (70 + band / BANDS * 160).astype(np.uint8)


def _walk(name: str, points: list[tuple[float, float]], i: int) -> list[str]:
    colour, dash = STYLES[i % len(STYLES)]
    stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    left = 8 + 115 * i
    return [
        f'<svg y="{TOP}" overflow="hidden">'
        f'<polyline points="{path}" fill="none" {stroke}/>'
        + "".join(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>'
            for x, y in points
        )
        + "</svg>",
        f'<line x1="{left}" x2="{left + 22}" y1="10" y2="10" {stroke}/>',
        f'<text x="{left + 26}" y="14">{escape(name)}</text>',
    ]
