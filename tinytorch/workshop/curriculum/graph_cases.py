"""Cases of lesson 07 that need a graph: recording it, ordering it, walking it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch import Tensor, autograd, no_grad, ops
from tinytorch.autograd import Function, mark_written
from tinytorch.workshop.checking import Case
from tinytorch.workshop.curriculum.arrays import array, f32

# Order


class _Step(Function):
    """A node with a name and no mathematics, to walk over."""

    def __init__(self, name: str, *parents: Any) -> None:
        self.name = name
        self.edges = tuple((p, ()) if p is not None else None for p in parents)

    def __repr__(self) -> str:
        inside = ", ".join(
            getattr(e[0], "name", "leaf") if e else "constant" for e in self.edges or ()
        )
        return f"{self.name}({inside})"

    def __deepcopy__(self, memo: dict) -> _Step:
        return self  # a copy of a deep graph would overflow the stack


def _walked(args: tuple, order: Any) -> dict[str, Any]:
    """How often each node comes, and which come before one of their users."""
    seen: dict[str, int] = {}
    early = []
    users = _users(args[0])
    for node in order:
        early += [node.name] if any(u not in seen for u in users[node.name]) else []
        seen[node.name] = seen.get(node.name, 0) + 1
    return {
        "nodes": len(seen),
        "more than once": sorted(n for n, times in seen.items() if times > 1),
        "before one of its users": early,
    }


def _users(root: Function) -> dict[str, set[str]]:
    """The names of each node's users, by the node's name."""
    users: dict[str, set[str]] = {}
    stack: list[tuple[Any, Any]] = [(root, None)]
    while stack:
        node, user = stack.pop()
        first = node.name not in users
        users.setdefault(node.name, set()).update([user] if user else [])
        if first:
            parents = [e[0] for e in node.edges if e and isinstance(e[0], Function)]
            stack += [(parent, node.name) for parent in parents]
    return users


def _chain(length: int) -> _Step:
    node = _Step("step 0", Tensor(1.0))
    for i in range(1, length):
        node = _Step(f"step {i}", node)
    return node


def _ladder(rungs: int) -> _Step:
    node = _Step("rung 0", Tensor(1.0))
    for i in range(1, rungs):
        node = _Step(f"rung {i}", node, node)
    return node


def _diamond() -> _Step:
    a = _Step("a", Tensor(1.0))
    return _Step("d", _Step("b", a), _Step("c", a))


def _shortcut(first: bool) -> _Step:
    """The result uses `a` twice: at once, and behind b and c."""
    a = _Step("a", Tensor(1.0))
    c = _Step("c", _Step("b", a))
    return _Step("d", *((a, c) if first else (c, a)))


def _released() -> _Step:
    node = _Step("b", _Step("a"))
    node.edges = None
    return node


def orders() -> list[Case]:
    """Return the checks of `topological_order`."""
    after_users = "A node may come only when all who used it have come."
    table: list[tuple[str, Callable[[], _Step], str]] = [
        ("one node", lambda: _Step("a", Tensor(1.0)), ""),
        ("a chain of three", lambda: _chain(3), "The root comes first."),
        ("a diamond", _diamond, after_users),
        ("a shortcut", lambda: _shortcut(True), after_users),
        ("a shortcut, the other way round", lambda: _shortcut(False), after_users),
        ("a constant", lambda: _Step("b", None, _Step("a")), "Constants have no node."),
        ("the same node twice", lambda: _ladder(3), "Keep a set of nodes seen."),
        (
            "30 diamonds on top of each other",
            lambda: _ladder(30),
            "From top to bottom there are a billion paths: visit nodes, not paths.",
        ),
        (
            "a chain of 3,000",
            lambda: _chain(3000),
            "A function that calls itself 3,000 deep overflows the stack: keep a list "
            "of what is still to be done.",
        ),
    ]
    good = [
        Case(label, lambda make=make: (make(),), look=_walked, hint=hint)
        for label, make, hint in table
    ]
    straight = Case(
        "the chain a, b, c in order",
        lambda: (_Step("c", _Step("b", _Step("a", Tensor(1.0)))),),
        ["c", "b", "a"],
        look=lambda args, out: [node.name for node in out],
        hint="The root comes first.",
    )
    return [
        straight,
        *good,
        Case("a graph that was released", lambda: (_released(),), raises=RuntimeError),
    ]


# Recording


def _node_of(args: tuple, out: Any) -> dict[str, Any]:
    """What a result and its node remember."""
    node = out.grad_fn
    found = {"result": out.data, "requires_grad": out.requires_grad}
    if node is None:
        return {**found, "grad_fn": "none"}
    unset = "not set"
    written = getattr(node, "written_at", unset)
    edges = [
        None if edge is None else (_told(edge[0], args), edge[1])
        for edge in getattr(node, "edges", ())
    ]
    return {
        **found,
        "grad_fn": type(node).__name__,
        "needs_input_grad": getattr(node, "needs_input_grad", unset),
        "edges": edges,
        "saved": len(node.saved),
        "written_at": "the clock" if written == autograd.writes.clock else written,
    }


def _told(parent: Any, args: tuple) -> str:
    for number, tensor in enumerate(args[1:]):
        if parent is tensor:
            return f"input {number} itself"
        if parent is tensor.grad_fn:
            return f"the grad_fn of input {number}"
    return "something else"


def _leaf(*numbers: float, grad: bool = True) -> Tensor:
    return Tensor(f32(*numbers), requires_grad=grad)


def _quietly(function: Callable[..., Any], args: tuple) -> Any:
    with no_grad():
        return function(*args)


def _row_sums(function: Callable[..., Any], args: tuple) -> Any:
    return function(*args, dim=1, keepdim=True)


def _after_a_write() -> tuple:
    mark_written(np.zeros(1))  # the clock of writes does not stand at 0
    return ops.Mul, _leaf(2.0), _leaf(3.0, grad=False)


def applies() -> list[Case]:
    """Return the checks of `Function.apply`."""
    computed: Callable[[], Tensor] = lambda: _leaf(1.0, 2.0) * 3.0  # noqa: E731
    table: list[tuple[str, Callable[[], tuple], str]] = [
        (
            "2 · 3, nothing requires a gradient",
            lambda: (ops.Mul, _leaf(2.0, grad=False), _leaf(3.0, grad=False)),
            "Without a need, nothing is recorded: the result has no grad_fn.",
        ),
        (
            "2 · 3, the first requires one",
            _after_a_write,
            "An input that needs no gradient has None as its edge.",
        ),
        (
            "2 · 3, the second requires one",
            lambda: (ops.Mul, _leaf(2.0, grad=False), _leaf(3.0)),
            "",
        ),
        (
            "a result times a leaf",
            lambda: (ops.Mul, computed(), _leaf(5.0, 6.0)),
            "An edge leads to the input's grad_fn; a leaf has none and stands itself.",
        ),
        (
            "shapes (2,) and (3, 1)",
            lambda: (ops.Add, computed(), Tensor(array(3, 1), requires_grad=True)),
            "Beside each edge stands the shape of its own input.",
        ),
    ]
    plain = [Case(label, make, look=_node_of, hint=hint) for label, make, hint in table]
    options = Case(
        "a sum with the options dim=1, keepdim=True",
        lambda: (ops.Sum, Tensor(array(2, 3), requires_grad=True)),
        look=_node_of,
        hint="Options go to forward as keywords.",
        call=_row_sums,
    )
    quiet = Case(
        "inside no_grad()",
        lambda: (ops.Mul, _leaf(2.0), _leaf(3.0)),
        look=_node_of,
        hint="Nothing is recorded while `_Mode.recording` is False.",
        call=_quietly,
    )
    view = Case(
        "the inputs are not copied",
        lambda: (ops.Mul, _leaf(2.0), _leaf(3.0)),
        True,
        look=lambda args, out: bool(
            np.shares_memory(out.grad_fn.saved[0], args[2].data)
            or np.shares_memory(out.grad_fn.saved[0], args[1].data)
        ),
        hint="forward gets the inputs' own arrays, t.data: a copy takes memory, and "
        "hides that an input was changed.",
    )
    return [*plain, options, quiet, view]


# The walk


class _Steps(Function):
    """A step function: it has no useful slope, so its backward returns None."""

    @staticmethod
    def forward(ctx: Any, x: np.ndarray) -> np.ndarray:
        return np.floor(x)

    @staticmethod
    def backward(ctx: Any, grad: np.ndarray) -> Any:
        return None


def _walk(out: Tensor, grad: np.ndarray | None = None, **leaves: Tensor) -> tuple:
    """Arguments of a walk; the leaves hang on the root, for a look at them after."""
    root: Any = out.grad_fn
    root.leaves = leaves
    return root, np.ones_like(out.data) if grad is None else grad


def _grads(args: tuple, result: Any) -> dict[str, Any]:
    found = {f"{name}.grad": x.grad for name, x in args[0].leaves.items()}
    return {**found, "returned": result}


def _left(args: tuple, result: Any) -> dict[str, Any]:
    root = args[0]
    return {
        "released": [node.edges is None and node.saved == () for node in root.nodes],
        "gradient": root.leaves["x"].grad.data,
    }


def _kept_or_not(retain: bool) -> tuple:
    x = _leaf(2.0)
    square = x * x
    args = _walk(square * x, x=x)
    args[0].nodes = [args[0], square.grad_fn]
    return (*args, retain)


def _times(factor: float) -> tuple:
    x = _leaf(2.0)
    return _walk(x * factor, x=x)


def _several() -> tuple:
    x, y = _leaf(2.0), _leaf(5.0)
    return _walk(x * y + x, x=x, y=y)


def _shared() -> tuple:
    x = _leaf(3.0)
    d = x * 2.0
    return _walk(d * d + d, x=x)


def _one_array_twice() -> tuple:
    x = _leaf(1.0, 1.0)
    a, b = x * 2.0, x * 3.0
    return _walk((a + b) + a, x=x)


def _already_there() -> tuple:
    x = _leaf(2.0)
    x.grad = Tensor(f32(10.0))
    return _walk(x * 3.0, x=x)


def _constant() -> tuple:
    x, c = _leaf(2.0), _leaf(4.0, grad=False)
    return _walk(x * c, x=x, c=c)


def _stretched() -> tuple:
    x, row = Tensor(np.ones((2, 3), np.float32)), _leaf(1.0, 2.0, 3.0)
    return _walk((x + row).sum(), row=row)


def _scaled() -> tuple:
    x = _leaf(2.0, 3.0)
    return _walk(x * x, x=x, grad=f32(1.0, 10.0))


def _no_slope() -> tuple:
    x = _leaf(2.5)
    return _walk(_Steps.apply(x * 1.0) * 2.0, x=x)


def _both_ways() -> tuple:
    x = _leaf(2.5)
    y = x * 3.0
    return _walk(_Steps.apply(y) + y, x=x)


def _network() -> tuple:
    x = Tensor(array(4, 3))
    w = Tensor(array(3, 5, seed=1), requires_grad=True)
    b = Tensor(array(5, seed=2), requires_grad=True)
    hidden = (x @ w + b).relu()
    return _walk((hidden * hidden).sum(), w=w, b=b)


def _ladder_of_sums() -> tuple:
    x = _leaf(1.0)
    y = x
    for _ in range(30):
        y = y + y
    return _walk(y, x=x)


def _by_reshape() -> tuple:
    x = _leaf(1.0, 2.0)
    return _walk(x.reshape(2, 1), x=x)


def _own_memory(args: tuple, result: Any) -> bool:
    return not np.shares_memory(args[0].leaves["x"].grad.data, args[1])


def _behind_a_step() -> tuple:
    x = _leaf(2.5)
    inner = x * 1.0
    args = _walk(_Steps.apply(inner) * 2.0, x=x)
    args[0].nodes = [args[0], inner.grad_fn]
    return args


def _stale() -> tuple:
    x = _leaf(2.0)
    args = _walk(x * x, x=x)
    mark_written(x.data)
    return args


def _used_up() -> tuple:
    x = _leaf(2.0)
    args = _walk(x * x, x=x)
    args[0].edges = None
    return args


def walks() -> list[Case]:
    """Return the checks of `backward`."""
    add_up = "What arrives along several paths adds up."
    table: list[tuple[str, Callable[[], tuple], dict[str, Any], str]] = [
        ("y = 3 x", lambda: _times(3.0), {"x.grad": _leaf(3.0)}, ""),
        (
            "z = x y + x at x = 2, y = 5",
            _several,
            {"x.grad": _leaf(6.0), "y.grad": _leaf(2.0)},
            add_up,
        ),
        (
            "y = d d + d with d = 2 x, at x = 3",
            _shared,
            {"x.grad": _leaf(26.0)},
            add_up,
        ),
        (
            "y = (a + b) + a with a = 2 x, b = 3 x",
            _one_array_twice,
            {"x.grad": _leaf(7.0, 7.0)},
            "Two nodes may hold the same array: += would change it for both.",
        ),
        (
            "a leaf that has a gradient of 10 already",
            _already_there,
            {"x.grad": _leaf(13.0)},
            "Add to `.grad`, do not replace it: `_accumulate` does that.",
        ),
        ("a constant", _constant, {"x.grad": _leaf(4.0), "c.grad": None}, ""),
        (
            "a row that was stretched over two",
            _stretched,
            {"row.grad": _leaf(2.0, 2.0, 2.0)},
            "",
        ),
        (
            "y = x x, grad (1, 10)",
            _scaled,
            {"x.grad": _leaf(4.0, 60.0)},
            "The walk starts with `grad`, not with 1.",
        ),
        (
            "a step function in the way",
            _no_slope,
            {"x.grad": None},
            "A node that nothing arrives at passes nothing on.",
        ),
        ("a step function on one of two ways", _both_ways, {"x.grad": _leaf(3.0)}, ""),
        (
            "30 times y = y + y: a billion ways from y to x",
            _ladder_of_sums,
            {"x.grad": _leaf(2.0**30)},
            "Add up what arrives at a node, and go on from it once: topological_order.",
        ),
    ]
    by_hand = [
        Case(label, make, {**want, "returned": None}, look=_grads, hint=hint)
        for label, make, want, hint in table
    ]
    for_release = "After its turn, a node's edges become None and its saved ()."
    return [
        *by_hand,
        Case("relu(x w + b) squared and summed", _network, look=_grads),
        Case(
            "y = x x x, released",
            lambda: _kept_or_not(False)[:2],
            {"released": [True, True], "gradient": f32(12.0)},
            look=_left,
            hint=for_release,
        ),
        Case(
            "y = x x x, retained",
            lambda: _kept_or_not(True),
            {"released": [False, False], "gradient": f32(12.0)},
            look=_left,
            hint="With retain_graph, the nodes keep what they have.",
        ),
        Case(
            "an operation without a gradient is released too",
            _no_slope,
            True,
            look=lambda args, result: args[0].edges is None,
            hint=for_release,
        ),
        Case(
            "what nothing arrives at is released too",
            _behind_a_step,
            True,
            look=lambda args, result: all(n.edges is None for n in args[0].nodes),
            hint=for_release,
        ),
        Case(
            "a leaf's gradient has memory of its own",
            _by_reshape,
            True,
            look=_own_memory,
            hint="`_accumulate` copies: others may go on changing what they handed in.",
        ),
        Case("x was changed after the product", _stale, raises=RuntimeError),
        Case("a second walk", _used_up, raises=RuntimeError),
    ]
