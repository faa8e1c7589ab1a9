"""The engine: a `Function` leaves a node when it is applied, `backward` walks them."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator
from typing import Any, Protocol, TypeVar

import numpy as np

from tinytorch.autograd.memory import Pending, unneeded, writes

Array = np.ndarray
AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


class Differentiable(Protocol):
    """What an operation is applied to: a tensor, as far as the engine knows it."""

    requires_grad: bool
    grad_fn: Function | None

    @property
    def data(self) -> Array:
        """The numbers."""

    @staticmethod
    def _wrap(data: Any) -> Any:
        """Return a tensor without a history around an array."""


T = TypeVar("T", bound=Differentiable)


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

    def __call__(self, function: AnyFunction) -> AnyFunction:
        if inspect.isgeneratorfunction(function):
            raise TypeError("expected a function, got a generator: use with inside")
        return super().__call__(function)


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

    # For each input that needs a gradient, its node (or leaf) and its shape.
    edges: tuple[tuple[Any, tuple[int, ...]] | None, ...] | None = None
    needs_input_grad: tuple[bool, ...]
    saved: tuple[Any, ...] = ()
    watcher: weakref.ref | None = None
    written_at: int

    @staticmethod
    def forward(ctx: Any, *arrays: Any, **options: Any) -> Any:
        """Return the result, an array; what `backward` needs is saved in ctx."""
        raise NotImplementedError("a Function expects a static method `forward`")

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        """Return a gradient for each of forward's arrays, from the result's."""
        raise NotImplementedError("a Function expects a static method `backward`")

    def __del__(self, pending: Pending = unneeded) -> None:
        if self.edges is not None:
            # Handed over without a name: a local would hold them beyond the drain.
            pending.append(self.__dict__.pop("edges"))
            pending.drain()

    def save_for_backward(self, *values: Any) -> None:
        """Keep arrays (or anything else) until the backward pass."""
        self.saved = values

    @classmethod
    def apply(cls, *inputs: T, **options: Any) -> T:
        """Compute the operation, and record it if an input requires a gradient.

        The new node `ctx = cls()` knows `needs_input_grad`, one bool for each input:
        whether operations are recorded (`_Mode.recording`) and it requires a gradient.
        `forward` gets the node and the inputs' arrays; its result is wrapped by
        `inputs[0]._wrap`. If any input needs a gradient, the node keeps `edges`, for
        each input None or (its grad_fn, or itself if it has none; its shape), and
        `written_at = writes.clock`; the result requires a gradient and has the node
        as its `grad_fn`.
        """
        ctx = cls()
        recording = _Mode.recording
        needs = tuple([recording and t.requires_grad for t in inputs])
        ctx.needs_input_grad = needs
        out = inputs[0]._wrap(cls.forward(ctx, *[t.data for t in inputs], **options))
        if True in needs:
            ctx.edges = tuple(
                (t.grad_fn or t, t.data.shape) if t.requires_grad else None
                for t in inputs
            )
            ctx.written_at = writes.clock
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
    seen: set[Function] = set()
    stack = [(root, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent in _parents(node)]
    order.reverse()
    return order


def backward(root: Function, grad: Array, retain_graph: bool = False) -> None:
    """Add to `.grad` of every leaf the gradient of `root`'s output, times `grad`.

    grad: array of the output's shape. A node reached along several paths passes on
    the sum of what arrived. Unless `retain_graph`, every node is released: its `edges`
    become None and its `saved` (), and walking it again raises RuntimeError.
    """
    pending = {root: grad}
    for node in topological_order(root):
        incoming = pending.pop(node, None)
        if incoming is not None:
            for parent, g in _input_grads(node, incoming):
                if not isinstance(parent, Function):
                    _accumulate(parent, g, incoming)
                elif parent in pending:  # not +=: others may hold the same array
                    pending[parent] = pending[parent] + g
                else:
                    pending[parent] = g
        if not retain_graph:
            node.edges, node.saved = None, ()


def _input_grads(node: Function, grad: Array) -> Iterator[tuple[Any, Array]]:
    """Yield each node or leaf that `node` was computed from, with its gradient."""
    if node.written_at != writes.clock:
        writes.check(node)
    watcher = node.watcher() if node.watcher else None
    if watcher is not None:
        watcher.accumulate_grad(grad.copy())
    grads = node.backward(node, grad)
    if not isinstance(grads, tuple):
        grads = (grads,)
    edges: Any = node.edges  # or the walk would not have come here
    if len(grads) != len(edges):
        raise RuntimeError(
            f"{type(node).__name__}.backward expects to return {len(edges)} gradients, "
            f"one for each input, got {len(grads)}"
        )
    for edge, g in zip(edges, grads, strict=True):
        if edge is not None and g is not None:
            parent, shape = edge
            yield parent, g if g.shape == shape else unbroadcast(g, shape)


def _accumulate(leaf: Any, grad: Array, incoming: Array) -> None:
    """Add to a leaf's `.grad`; a leaf's gradient shares memory with no other one."""
    shared = grad is incoming or getattr(grad, "base", None) is not None
    leaf.accumulate_grad(np.array(grad) if shared else np.asarray(grad))


def _parents(node: Function) -> list[Function]:
    if node.edges is None:
        raise RuntimeError(
            f"backward through {type(node).__name__}, but its graph was released by "
            "an earlier backward(); pass retain_graph=True there to keep it"
        )
    return [e[0] for e in node.edges if e and isinstance(e[0], Function)]


mark_written = writes.mark
