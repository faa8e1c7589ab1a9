"""Line and bar plots, for notebooks where matplotlib costs seconds."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, pairwise

import numpy as np

from tinytorch import expect
from tinytorch.utils import svg
from tinytorch.utils.display import Picture
from tinytorch.utils.svg import TOP, WIDTH, Axis

Points = tuple[Sequence[float], Sequence[float]]

HEIGHT, LEFT, RIGHT, BOTTOM = 240, 56, WIDTH - 12, 200
MOST_POINTS = 400


def line_plot(
    series: Mapping[str, Points], x_label: str = "", y_label: str = ""
) -> Picture:
    """Draw named lines (xs, ys) on shared axes, without points that are not finite.

    Raises ValueError if there is no point to draw.
    """
    expect.instance(Mapping, series=series)
    expect.instance(str, x_label=x_label, y_label=y_label)
    lines = [_thinned(*points) for points in series.values()]
    if not any(lines):
        raise ValueError("line_plot expects at least one finite point, got none")
    xs, ys = zip(*chain(*lines), strict=True)
    x_axis, y_axis = Axis(xs, LEFT, RIGHT), Axis(ys, BOTTOM, TOP)
    content = svg.text(4, 14, y_label)
    content += svg.legend(series, max(LEFT + 12, 20 + svg.LETTER * len(y_label)))
    for y in y_axis.ticks():
        content += svg.rule(LEFT, RIGHT, y_axis(y), stroke="currentColor", opacity=0.15)
        content += svg.text(LEFT - 6, y_axis(y) + 4, f"{y:.4g}", "end")
    for x in x_axis.ticks():
        content += svg.text(x_axis(x), BOTTOM + 16, f"{x:.4g}", "middle")
    content += svg.text((LEFT + RIGHT) / 2, HEIGHT - 6, x_label, "middle")
    for i, points in enumerate(lines):
        places = [(x_axis(x), y_axis(y)) for x, y in points]
        content += svg.curve(places, **svg.stroke(i))
    return svg.picture(f"{', '.join(series)} by {x_label}", HEIGHT, content)


def bar_plot(
    names: Sequence[str], series: Mapping[str, Sequence[float]], unit: str
) -> Picture:
    """Draw a horizontal bar for each name, its parts (one a series) end to end.

    Values are at least 0. Raises ValueError for no names, or another count of values.
    """
    names = expect.sequence("names", names)
    expect.instance(Mapping, series=series)
    expect.instance(str, unit=unit)
    bars = [
        list(accumulate(parts, initial=0.0))
        for parts in zip(*series.values(), strict=True)
    ]
    if not names or len(bars) != len(names):
        got = f"{len(names)} and {len(bars)}"
        raise ValueError(f"bar_plot expects names and a value for each, got {got}")
    # Behind a bar stands its total, in at most eight letters, and the unit.
    right = WIDTH - svg.LETTER * (8 + len(unit))
    axis = Axis([0, max(bar[-1] for bar in bars) or 1], 150, right)
    content, y = svg.legend(series), TOP
    for name, bar in zip(names, bars, strict=True):
        content += svg.text(144, y + 11, name, "end")
        for i, (x, end) in enumerate(pairwise(map(axis, bar))):
            box = {"x": x, "y": y, "width": end - x, "height": 13}
            content += svg.tag("rect", **box, fill=svg.colour(i))
        total = f"{bar[-1]:.3g}" if bar[-1] < 1000 else f"{bar[-1]:,.0f}"
        content += svg.text(axis(bar[-1]) + 4, y + 11, f"{total} {unit}")
        y += 18
    return svg.picture(f"{', '.join(series)} in {unit}", y + 4, content)


def _thinned(xs: Sequence[float], ys: Sequence[float]) -> list[np.ndarray]:
    """Return the finite points (x, y), of very many the means over neighbours."""
    points = np.array(list(zip(xs, ys, strict=True)), float).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    size = -(-len(points) // MOST_POINTS) or 1
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [group.mean(axis=0) for group in groups]
