"""Walks over a landscape, as seen from above."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinytorch import expect
from tinytorch.utils import svg
from tinytorch.utils.display import Picture
from tinytorch.utils.images import data_url
from tinytorch.utils.svg import TOP, WIDTH, Axis

BANDS, PIXELS = 12, 160
Range = tuple[float, float]
Height = Callable[[np.ndarray, np.ndarray], np.ndarray]


def landscape_plot(
    height: Height, walks: Mapping[str, Sequence[Sequence[float]]], x: Range, y: Range
) -> Picture:
    """Draw named walks, lists of (x, y), over bands of equal height.

    height(xs, ys): arrays of one shape, to the heights there. x, y: the ranges shown;
    what leaves them is cut off. Bands are even in the square root of the height, so
    that the valley shows as well as the slopes.
    """
    expect.function(height=height)
    expect.instance(Mapping, walks=walks)
    for name, ends in (("x", x), ("y", y)):
        if len(expect.sequence(name, ends)) != 2 or not ends[0] < ends[1]:
            raise ValueError(f"expected {name} as (lowest, highest), got {ends}")
    tall = round(WIDTH * (y[1] - y[0]) / (x[1] - x[0]))
    x_axis, y_axis = Axis(x, 0, WIDTH), Axis(y, tall, 0)
    land = (
        f'<image href="{data_url(_bands(height, x, y))}" preserveAspectRatio="none" '
        f'width="{WIDTH}" height="{tall}" opacity="0.45"/>'
    )
    for i, walk in enumerate(walks.values()):
        points = [(x_axis(a), y_axis(b)) for a, b in walk]
        land += svg.curve(points, **svg.stroke(i))
        for a, b in points:
            land += svg.tag("circle", cx=a, cy=b, r=2.5, fill=svg.colour(i))
    # An svg within the svg cuts off what leaves it.
    content = svg.legend(walks) + svg.tag("svg", land, y=TOP)
    title = f"walks over a landscape: {', '.join(walks)}"
    return svg.picture(title, TOP + tall, content)


def _bands(height: Height, x: Range, y: Range) -> np.ndarray:
    """Return grey levels, uint8 (PIXELS, PIXELS, 1), dark in the valley."""
    xs, ys = np.meshgrid(np.linspace(*x, PIXELS), np.linspace(*y[::-1], PIXELS))
    level = np.sqrt(np.maximum(height(xs, ys), 0))
    band = np.floor(BANDS * level / max(float(level.max()), 1e-12))
    return (70 + band / BANDS * 160).astype(np.uint8)[:, :, None]
