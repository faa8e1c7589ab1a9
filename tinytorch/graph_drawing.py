"""A picture of how a result was computed, for notebooks: an inline SVG.

Nothing here knows about tensors; see `autograd`. Layers as in Sugiyama et al. (1981):
the result lies below all that it depends on, and an edge that spans several layers
is given a place in each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from tinytorch.autograd import Function, topological_order

LETTER, LINE, GAP, FALL, PORT = 7.2, 15, 18, 34, 12  # pixels
SWEEPS = 12


@dataclass(eq=False)
class Node:
    """A leaf, an operation, or (without lines) a bend of an edge."""

    lines: tuple[str, ...] = ()
    leaf: bool = False
    inputs: list[Node] = field(default_factory=list)
    users: list[Node] = field(default_factory=list)
    layer: int = 0  # counted from the result
    x: float = 0.0

    @property
    def width(self) -> float:
        return max((len(line) for line in self.lines), default=0) * LETTER + 20

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 8 if self.lines else 0


def draw_graph(
    tensor: Any, names: Mapping[str, Any] | None = None, limit: int = 60
) -> GraphDrawing:
    """Return a drawing of the graph that computed `tensor`; notebooks display it.

    names: leaves by name, such as `dict(model.named_parameters())`. Of a graph with
    more than `limit` operations those nearest to the result are drawn. Draw before
    `backward()`: it releases the graph. Constants, which were not recorded, are absent.
    """
    if not tensor.requires_grad:
        raise ValueError(
            "draw_graph expects a tensor that requires grad: of others no graph is kept"
        )
    return GraphDrawing(tensor, names or {}, limit)


class GraphDrawing:
    """The drawing: `svg` is its text, which takes the colour of the text around it."""

    def __init__(self, tensor: Any, names: Mapping[str, Any], limit: int) -> None:
        functions = topological_order(tensor.grad_fn) if tensor.grad_fn else []
        self.left_out = max(0, len(functions) - limit)
        known = {id(leaf): name for name, leaf in names.items()}
        nodes = _nodes(tensor, functions[:limit], known)
        self.svg = _svg(_arranged(nodes), self.left_out)

    def _repr_html_(self) -> str:
        return self.svg


def _nodes(tensor: Any, functions: list[Function], names: dict[int, str]) -> list[Node]:
    """Return the result and all it depends on, each after all of its users."""
    root = tensor.grad_fn or tensor
    shapes: dict[Any, tuple[int, ...]] = {root: tensor.shape}
    nodes: dict[Any, Node] = {root: Node()}
    for function in functions:
        for parent, shape in filter(None, function.edges or ()):
            if parent in functions or not isinstance(parent, Function):
                shapes[parent] = shape
                node = nodes.setdefault(parent, Node())
                nodes[function].inputs.append(node)
                node.users.append(nodes[function])
    for source, node in nodes.items():
        node.leaf = not isinstance(source, Function)
        name = names.get(id(source), "leaf") if node.leaf else type(source).__name__
        node.lines = (name, _shape_text(shapes[source]))
    return list(nodes.values())


def _shape_text(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "scalar"


def _arranged(nodes: list[Node]) -> list[list[Node]]:
    """Return the nodes by layer, from the result up, with bends, ordered and placed."""
    _set_layers(nodes)
    layers: list[list[Node]] = [[] for _ in range(1 + max(n.layer for n in nodes))]
    for node in nodes:
        layers[node.layer].append(node)
        for i, parent in enumerate(node.inputs):
            node.inputs[i] = _bent(node, parent, layers)
    for sweep in range(SWEEPS):
        up = sweep % 2 == 0
        for layer in layers if up else reversed(layers):
            layer.sort(key=lambda n: _middle(n.users if up else n.inputs, n.x))
            _spread(layer, [_middle(n.users if up else n.inputs, n.x) for n in layer])
    return layers


def _set_layers(nodes: list[Node]) -> None:
    """Put each node one layer above the highest of its users."""
    waiting = {node: len(node.users) for node in nodes}
    ready = [node for node in nodes if not node.users]
    while ready:
        node = ready.pop()
        for parent in node.inputs:
            parent.layer = max(parent.layer, node.layer + 1)
            waiting[parent] -= 1
            if not waiting[parent]:
                ready.append(parent)


def _bent(user: Node, parent: Node, layers: list[list[Node]]) -> Node:
    """Return what the user's edge meets next: the parent, or the first of its bends."""
    above = parent
    parent.users.remove(user)
    for layer in range(parent.layer - 1, user.layer, -1):
        bend = Node(inputs=[above], layer=layer)
        above.users.append(bend)
        layers[layer].append(bend)
        above = bend
    above.users.append(user)
    return above


def _middle(neighbours: list[Node], otherwise: float) -> float:
    return sum(n.x for n in neighbours) / len(neighbours) if neighbours else otherwise


def _spread(layer: list[Node], wanted: list[float]) -> None:
    """Place a layer's nodes near where they are wanted, in order, without overlap."""
    edge = float("-inf")
    for node, x in zip(layer, wanted, strict=True):
        node.x = max(x, edge + node.width / 2)
        edge = node.x + node.width / 2 + GAP
    off = sum(n.x - x for n, x in zip(layer, wanted, strict=True)) / len(layer)
    for node in layer:
        node.x -= off


def _svg(layers: list[list[Node]], left_out: int) -> str:
    nodes = [node for layer in layers for node in layer]
    left = min(n.x - n.width / 2 for n in nodes) - 2
    width = max(n.x + n.width / 2 for n in nodes) + 2 - left
    tall = 2 * LINE + 8
    top = LINE + 8 if left_out else 2
    height = top + len(layers) * (tall + FALL) - FALL + 2
    bottoms = {n: height - 2.0 - n.layer * (tall + FALL) for n in nodes}
    for node in nodes:
        node.x -= left
    note = f"{left_out:,} operations further up are not drawn" if left_out else ""
    width = max(width, len(note) * LETTER)
    body = [
        *(_edge(n, bottoms) for n in nodes if n.lines),
        *(_box(n, bottoms[n]) for n in nodes if n.lines),
    ]
    if note:
        body.append(f'<text x="{width / 2:.0f}" y="{LINE}" opacity=".7">{note}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        'style="max-width:100%;height:auto" font-family="system-ui, sans-serif" '
        'font-size="12" text-anchor="middle" fill="currentColor">'
        f"<title>Graph of {len([n for n in nodes if n.lines])} nodes</title>"
        f"{''.join(body)}</svg>"
    )


def _box(node: Node, bottom: float) -> str:
    x, y = node.x - node.width / 2, bottom - node.height
    name, shape = (escape(line) for line in node.lines)
    look = (
        'stroke="#2f80ed" fill="#2f80ed" fill-opacity=".16" rx="3"'
        if node.leaf
        else 'stroke="currentColor" fill="currentColor" fill-opacity=".06" rx="12"'
    )
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{node.width:.1f}" '
        f'height="{node.height}" {look}/>'
        f'<text x="{node.x:.1f}" y="{y + LINE:.1f}" font-weight="600">{name}</text>'
        f'<text x="{node.x:.1f}" y="{y + 2 * LINE:.1f}" opacity=".75">{shape}</text>'
    )


def _edge(node: Node, bottoms: dict[Node, float]) -> str:
    """Draw the edges into a node, each to its own place on the upper side."""
    drawn = []
    for i, parent in enumerate(node.inputs):
        x = node.x + (i - (len(node.inputs) - 1) / 2) * PORT
        y = bottoms[node] - node.height
        path = f"M{x:.1f} {y - 5:.1f}"
        head = f"M{x:.1f} {y:.1f}l-3.5 -7h7z"
        y -= 5
        while True:
            # A bend has no height: the curve crosses its layer upright.
            end = bottoms[parent]
            px, half = parent.x, (y + end) / 2
            path += f"C{x:.1f} {half:.1f} {px:.1f} {half:.1f} {px:.1f} {end:.1f}"
            if parent.lines:
                break
            x, y = px, end - (2 * LINE + 8)
            path += f"V{y:.1f}"
            parent = parent.inputs[0]
        drawn.append(
            f'<path d="{path}" fill="none" stroke="currentColor" opacity=".55"/>'
            f'<path d="{head}" opacity=".75"/>'
        )
    return "".join(drawn)
