"""Walks over a landscape."""

import xml.etree.ElementTree as ET

from tinytorch.utils.landscape import landscape_plot


def bowl(x, y):
    return x * x + y * y


def test_a_walk_is_drawn_where_it_went():
    walks = {"down & out": [(-2.0, 1.0), (0.0, 0.0), (2.0, -1.0)]}
    picture = ET.fromstring(landscape_plot(bowl, walks, (-2, 2), (-1, 1)).html)
    (line,) = picture.iter("{http://www.w3.org/2000/svg}polyline")
    assert line.get("points") == "0.0,0.0 240.0,120.0 480.0,240.0"
    texts = [t.text for t in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["down & out"]


def test_a_flat_land_is_one_band():
    drawn = landscape_plot(lambda x, y: 0 * x, {}, (0, 1), (0, 1)).html
    assert "<image" in drawn
