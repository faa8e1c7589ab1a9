"""The drawn graph is well-formed, complete, named, and readable."""

import re
from xml.etree import ElementTree

import pytest

import tinytorch as tt
from tinytorch.graph_drawing import GraphDrawing

SVG = "{http://www.w3.org/2000/svg}"


def texts(drawing: GraphDrawing) -> list[str]:
    root = ElementTree.fromstring(drawing.svg)
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def boxes(drawing: GraphDrawing) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each node."""
    root = ElementTree.fromstring(drawing.svg)
    found = []
    for rect in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.attrib[k]) for k in ("x", "y", "width", "height"))
        found.append((x, y, x + w, y + h))
    return found


def example() -> tuple[tt.Tensor, dict[str, tt.Tensor]]:
    a, b = tt.ones(2, 3, requires_grad=True), tt.ones(3, requires_grad=True)
    return (a * b + a).sum(), {"a": a, "<b>": b}


def test_every_node_is_there_with_its_name_and_shape() -> None:
    loss, names = example()
    drawn = texts(tt.draw_graph(loss, names))
    assert sorted(zip(drawn[::2], drawn[1::2], strict=True)) == [
        ("<b>", "3"),
        ("Add", "2 × 3"),
        ("Mul", "2 × 3"),
        ("Sum", "scalar"),
        ("a", "2 × 3"),
    ]


def test_a_leaf_without_a_name() -> None:
    assert "leaf" in texts(tt.draw_graph(example()[0]))


def test_each_use_is_an_edge() -> None:
    x = tt.ones(1, requires_grad=True)
    root = ElementTree.fromstring(tt.draw_graph(x * x).svg)
    curves = [p for p in root.iter(f"{SVG}path") if p.get("fill") == "none"]
    assert len(curves) == 2
    assert curves[0].get("d") != curves[1].get("d")


def test_inputs_lie_above_and_nothing_overlaps() -> None:
    drawing = tt.draw_graph(example()[0])
    placed = boxes(drawing)
    for i, (left, top, right, bottom) in enumerate(placed):
        for other_left, other_top, other_right, other_bottom in placed[:i]:
            apart = right <= other_left or other_right <= left
            assert apart or bottom <= other_top or other_bottom <= top
    width, height = map(float, re.findall(r'viewBox="0 0 (\d+) (\d+)"', drawing.svg)[0])
    assert all(
        x >= 0 and r <= width and y >= 0 and b <= height for x, y, r, b in placed
    )


def test_a_huge_graph_is_cut_short_and_says_so() -> None:
    x = tt.ones(1, requires_grad=True)
    y = x
    for _ in range(5000):
        y = y * x
    drawing = tt.draw_graph(y, limit=10)
    assert drawing.left_out == 4990
    assert "4,990 operations further up are not drawn" in texts(drawing)
    assert len(boxes(drawing)) == 11


def test_it_takes_the_colour_of_the_text_around_it() -> None:
    svg = tt.draw_graph(example()[0]).svg
    assert 'fill="currentColor"' in svg
    assert "black" not in svg
    assert "white" not in svg


def test_notebooks_show_it_inline() -> None:
    drawing = tt.draw_graph(example()[0])
    assert drawing._repr_html_() == drawing.svg


def test_a_single_leaf() -> None:
    assert texts(tt.draw_graph(tt.ones(2, requires_grad=True))) == ["leaf", "2"]


def test_drawing_leaves_the_graph_alone() -> None:
    loss, names = example()
    tt.draw_graph(loss)
    loss.backward()
    assert names["a"].grad is not None


def test_expects_a_graph() -> None:
    with pytest.raises(ValueError, match="requires grad"):
        tt.draw_graph(tt.ones(2))
    loss, _ = example()
    loss.backward()
    with pytest.raises(RuntimeError, match="released"):
        tt.draw_graph(loss)
