"""A picture of how a result was computed, for notebooks: a Mermaid flowchart.

Nothing here knows about tensors; see `autograd`. JupyterLab draws Mermaid by itself
(https://mermaid.js.org); anywhere else its text is shown.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from tinytorch.autograd.engine import topological_order

LEAVES = "classDef leaf stroke:#2f80ed,stroke-width:2px"
CLOSE = '%%{init: {"flowchart": {"rankSpacing": 28, "nodeSpacing": 28}}}%%'


class GraphDrawing:
    """A drawing whose text, in Mermaid's language, is `source`."""

    def __init__(self, source: str) -> None:
        self.source = source

    def __repr__(self) -> str:
        return self.source

    def _repr_mimebundle_(self, **only: Any) -> dict[str, str]:
        return {"text/vnd.mermaid": self.source, "text/plain": self.source}


def draw_graph(
    tensor: Any, names: Mapping[str, Any] | None = None, limit: int = 60
) -> GraphDrawing:
    """Return a drawing of the graph that computed `tensor`; notebooks display it.

    names: leaves by name, such as `dict(model.named_parameters())`. Of a graph with
    more than `limit` operations those nearest to the result are drawn. Draw before
    `backward()`: it releases the graph. Constants, which were not recorded, are absent.
    """
    if not tensor.requires_grad:
        raise ValueError("draw_graph expects a tensor that requires grad")
    functions = topological_order(tensor.grad_fn) if tensor.grad_fn else []
    drawn, left_out = functions[:limit], functions[limit:]
    leaf_names = {id(leaf): name for name, leaf in (names or {}).items()}
    shapes: dict[Any, tuple[int, ...]] = {tensor.grad_fn or tensor: tensor.shape}
    arrows = []
    for function in drawn:
        for parent, shape in filter(None, function.edges or ()):
            if parent not in left_out:
                shapes[parent] = shape
                arrows.append((parent, function))
    number = {node: f"n{i}" for i, node in enumerate(shapes)}
    lines = [CLOSE, "flowchart TD"]
    for node, shape in shapes.items():
        operation = node in drawn
        name = type(node).__name__ if operation else leaf_names.get(id(node), "leaf")
        left, right = ('(["', '"])') if operation else ('["', '"]:::leaf')
        lines.append(f"{number[node]}{left}{_text(name)}<br>{_shape(shape)}{right}")
    lines += [f"{number[a]} --> {number[b]}" for a, b in arrows]
    if left_out:
        lines.append(f'more["{len(left_out):,} operations further up are not drawn"]')
    return GraphDrawing("\n".join([*lines, LEAVES]))


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "scalar"


def _text(name: str) -> str:
    """Escape a name: Mermaid writes HTML's entities with # in place of &."""
    return escape(name).replace("&", "#")
