"""The drawn graph is complete, named, and says what it leaves out.

That a browser really draws it is tested with the lessons on the site.
"""

import re

import pytest

import tinytorch as tt
from tinytorch.autograd.drawing import GraphDrawing


def example() -> tuple[tt.Tensor, dict[str, tt.Tensor]]:
    a, b = tt.ones(2, 3, requires_grad=True), tt.ones(3, requires_grad=True)
    return (a * b + a).sum(), {"a": a, "<b>": b}


def labels(drawing: GraphDrawing) -> dict[str, str]:
    """Return the text of each node by its id."""
    return dict(re.findall(r'^(\w+)[(\[]+"(.*?)"', drawing.source, re.MULTILINE))


def arrows(drawing: GraphDrawing) -> list[tuple[str, str]]:
    """Return the texts at both ends of each arrow."""
    text = labels(drawing)
    ends = re.findall(r"^(\w+) --> (\w+)$", drawing.source, re.MULTILINE)
    return sorted((text[a], text[b]) for a, b in ends)


def test_every_node_is_there_with_its_name_and_shape() -> None:
    loss, names = example()
    assert sorted(labels(tt.draw_graph(loss, names)).values()) == [
        "#lt;b#gt;<br>3",
        "Add<br>2 × 3",
        "Mul<br>2 × 3",
        "Sum<br>scalar",
        "a<br>2 × 3",
    ]


def test_every_use_is_an_arrow() -> None:
    loss, names = example()
    assert arrows(tt.draw_graph(loss, names)) == [
        ("#lt;b#gt;<br>3", "Mul<br>2 × 3"),
        ("Add<br>2 × 3", "Sum<br>scalar"),
        ("Mul<br>2 × 3", "Add<br>2 × 3"),
        ("a<br>2 × 3", "Add<br>2 × 3"),
        ("a<br>2 × 3", "Mul<br>2 × 3"),
    ]
    x = tt.ones(1, requires_grad=True)
    assert arrows(tt.draw_graph(x * x)) == [("leaf<br>1", "Mul<br>1")] * 2


def test_a_huge_graph_is_cut_short_and_says_so() -> None:
    x = tt.ones(1, requires_grad=True)
    y = x
    for _ in range(5000):
        y = y * x
    drawing = tt.draw_graph(y, limit=10)
    assert "4,990 operations further up are not drawn" in labels(drawing).values()
    assert list(labels(drawing).values()).count("Mul<br>1") == 10
    assert len(arrows(drawing)) == 19


def test_notebooks_get_mermaid_and_terminals_its_text() -> None:
    drawing = tt.draw_graph(example()[0])
    bundle = drawing._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"text/vnd.mermaid": repr(drawing), "text/plain": repr(drawing)}
    assert "\nflowchart TD\n" in repr(drawing)


def test_a_single_leaf() -> None:
    drawing = tt.draw_graph(tt.ones(2, requires_grad=True))
    assert list(labels(drawing).values()) == ["leaf<br>2"]


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
