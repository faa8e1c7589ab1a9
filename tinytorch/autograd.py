"""Reverse-mode differentiation: operations leave a trail, `backward` walks it.

Nothing here knows about tensors. An input of a `Function` is any object with
`data` (an ndarray), `requires_grad`, `grad_fn` and `_wrap`.
"""

from __future__ import annotations

import weakref
from contextlib import ContextDecorator
from typing import Any

import numpy as np

Array = np.ndarray


class _Mode:
    """Whether operations are recorded; one flag for the whole process."""

    recording = True


class _RecordingContext(ContextDecorator):
    """Sets the recording flag inside a `with` block or a decorated function."""

    recording: bool

    def __init__(self) -> None:
        self._outer: list[bool] = []

    def __enter__(self) -> None:
        self._outer.append(_Mode.recording)
        _Mode.recording = self.recording

    def __exit__(self, *exc: object) -> None:
        _Mode.recording = self._outer.pop()


class no_grad(_RecordingContext):  # noqa: N801 - PyTorch's name
    """Run operations without recording them: `with no_grad():` or `@no_grad()`."""

    recording = False


class enable_grad(_RecordingContext):  # noqa: N801 - PyTorch's name
    """Record operations again, inside a `no_grad` block."""

    recording = True


def is_grad_enabled() -> bool:
    """Return whether operations are being recorded."""
    return _Mode.recording


class Function:
    """One differentiable operation; its instance is one node of the graph.

    A subclass writes two static methods on raw arrays. `forward(ctx, *arrays,
    **options)` returns the result. `backward(ctx, grad)` returns one gradient for
    each array, in order, or None where there is none. A backward may return
    `grad` itself, a view, or a new array, but no new array twice. Broadcasting is
    undone by the engine.
    """

    __slots__ = ("edges", "grad", "needs_input_grad", "saved", "watcher", "written_at")

    edges: tuple[tuple[Any, tuple[int, ...]] | None, ...] | None
    saved: tuple[Any, ...]
    needs_input_grad: tuple[bool, ...]

    @staticmethod
    def forward(ctx: Any, *arrays: Array, **options: Any) -> Array:
        raise NotImplementedError

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        raise NotImplementedError

    def save_for_backward(self, *values: Any) -> None:
        """Keep arrays (or anything else) until the backward pass."""
        self.saved = values

    @classmethod
    def apply(cls, *inputs: Any, **options: Any) -> Any:
        """Compute the operation, and record it if an input requires a gradient."""
        ctx = cls()
        ctx.saved = ()
        recording = _Mode.recording
        ctx.needs_input_grad = tuple([recording and t.requires_grad for t in inputs])
        result = cls.forward(ctx, *[t.data for t in inputs], **options)
        out = inputs[0]._wrap(result)
        if True in ctx.needs_input_grad:
            ctx.edges = tuple(
                [
                    (t.grad_fn or t, t.data.shape) if t.requires_grad else None
                    for t in inputs
                ]
            )
            ctx.grad = ctx.watcher = None
            ctx.written_at = _writes.clock
            out.requires_grad = True
            out.grad_fn = ctx
        return out


def unbroadcast(grad: Array, shape: tuple[int, ...]) -> Array:
    """Sum `grad` over the axes along which an input of `shape` was stretched.

    grad: any shape that `shape` broadcasts to. Returns an array of `shape`.
    """
    if grad.shape == shape:
        return grad
    added = grad.ndim - len(shape)
    stretched = [
        added + i for i, n in enumerate(shape) if n == 1 and grad.shape[added + i] != 1
    ]
    return grad.sum(axis=(*range(added), *stretched)).reshape(shape)


def topological_order(root: Function) -> list[Function]:
    """Return every node that `root` depends on, each after all of its users.

    A loop with its own stack: a deep graph would overflow the browser's.
    """
    order: list[Function] = []
    seen = {root}
    stack: list[tuple[Function, Any]] = [(root, iter(_edges(root)))]
    while stack:
        node, remaining = stack[-1]
        for edge in remaining:
            parent = edge[0] if edge else None
            if isinstance(parent, Function) and parent not in seen:
                seen.add(parent)
                stack.append((parent, iter(_edges(parent))))
                break
        else:
            order.append(node)
            stack.pop()
    order.reverse()
    return order


def backward(root: Function, grad: Array, retain_graph: bool = False) -> None:
    """Add to `.grad` of every leaf the gradient of `root`'s output, times `grad`.

    grad: array of the output's shape. Unless `retain_graph`, the graph is released:
    what the nodes saved is freed, and walking it again raises RuntimeError.
    """
    order = topological_order(root)
    root.grad = grad
    for node in order:
        _writes.check(node)
        grads = node.backward(node, node.grad)
        if not isinstance(grads, tuple):
            grads = (grads,)
        for edge, g in zip(_edges(node), grads, strict=True):
            if edge is not None and g is not None:
                parent, shape = edge
                _accumulate(parent, unbroadcast(g, shape), node.grad)
        if node.watcher is not None:
            node.watcher.accumulate_grad(node.grad.copy())
        node.grad = None
        if not retain_graph:
            node.edges, node.saved = None, ()


def _accumulate(parent: Any, grad: Array, incoming: Array) -> None:
    """Add `grad` to a node's pending gradient, or to a leaf's `.grad`."""
    if isinstance(parent, Function):
        parent.grad = grad if parent.grad is None else parent.grad + grad
    else:
        # A leaf owns its gradient: never share memory with another one.
        shared = grad is incoming or getattr(grad, "base", None) is not None
        parent.accumulate_grad(np.array(grad) if shared else np.asarray(grad))


def _edges(node: Function) -> tuple[tuple[Any, tuple[int, ...]] | None, ...]:
    if node.edges is None:
        raise RuntimeError(
            f"backward through {type(node).__name__}, but its graph was released by "
            "an earlier backward(); pass retain_graph=True there to keep it"
        )
    return node.edges


class _Writes:
    """When an array was last written in place, so that a stale graph is noticed.

    Saved arrays are compared by the memory they share (views included) and only
    against writes that came after the node was recorded.
    """

    def __init__(self) -> None:
        self.clock = 0
        self._at: dict[int, tuple[weakref.ref[Array], int]] = {}

    def mark(self, array: Array) -> None:
        """Note that `array` has just been written in place."""
        self.clock += 1
        owner = _owner(array)
        key = id(owner)
        ref = weakref.ref(owner, lambda _: self._at.pop(key, None))
        self._at[key] = (ref, self.clock)

    def check(self, node: Function) -> None:
        """Raise RuntimeError if what `node` saved was written since."""
        if node.written_at == self.clock:
            return
        for value in node.saved:
            if isinstance(value, np.ndarray):
                written = self._at.get(id(_owner(value)))
                if written is not None and written[1] > node.written_at:
                    raise RuntimeError(
                        f"{type(node).__name__} saved a tensor of shape {value.shape} "
                        "for its gradient, and it was changed in place before "
                        "backward(); change a copy, or call backward() first"
                    )


def _owner(array: Array) -> Array:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


_writes = _Writes()
mark_written = _writes.mark
