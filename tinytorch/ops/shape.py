"""Operations that move elements without changing them, and their derivatives."""

from typing import Any

import numpy as np

from tinytorch.autograd import Array, Function
from tinytorch.backends.window import Pair


class Reshape(Function):
    """The same elements, row after row, in another shape."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, shape: tuple[int, ...]) -> Array:
        ctx.save_for_backward(x.shape)
        return x.reshape(shape)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return grad.reshape(ctx.saved[0])


class Permute(Function):
    """The axes in another order."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, dims: tuple[int, ...]) -> Array:
        ctx.save_for_backward(dims)
        return x.transpose(dims)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        dims = ctx.saved[0]
        return grad.transpose(np.argsort([d % len(dims) for d in dims]))


class Expand(Function):
    """Stretch axes of length 1; the engine sums their gradient."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, shape: tuple[int, ...]) -> Array:
        return np.broadcast_to(x, shape)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return grad


class Flip(Function):
    """Elements in reverse order along `dims`."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, dims: tuple[int, ...]) -> Array:
        ctx.save_for_backward(dims)
        return np.flip(x, dims)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return np.flip(grad, ctx.saved[0])


class GetItem(Function):
    """Any numpy index. An element picked twice collects both gradients."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, index: Any) -> Array:
        ctx.save_for_backward(x.shape, index)
        out = x[index]
        if isinstance(out, np.ndarray):
            return out
        # One element: with an ellipsis numpy gives a view of it, not a copy.
        return x[(*index, ...) if isinstance(index, tuple) else (index, ...)]

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        shape, index = ctx.saved
        out = np.zeros(shape, dtype=grad.dtype)
        items = index if isinstance(index, tuple) else (index,)
        if any(isinstance(i, np.ndarray) for i in items):
            np.add.at(out, index, grad)
        else:
            out[index] = grad
        return out


class Gather(Function):
    """Pick along one axis: out[i, j] = x[i, index[i, j]] for dim 1."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, dim: int, index: Array) -> Array:
        places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
        places[dim] = index
        return GetItem.forward(ctx, x, index=tuple(places))

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return GetItem.backward(ctx, grad)


class Cat(Function):
    """Arrays one after another along an axis."""

    @staticmethod
    def forward(ctx: Any, *arrays: Array, dim: int) -> Array:
        ctx.save_for_backward(np.cumsum([a.shape[dim] for a in arrays])[:-1], dim)
        return np.concatenate(arrays, axis=dim)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        cuts, dim = ctx.saved
        return tuple(np.split(grad, cuts, axis=dim))


class Stack(Function):
    """Arrays of one shape along a new axis."""

    @staticmethod
    def forward(ctx: Any, *arrays: Array, dim: int) -> Array:
        ctx.save_for_backward(dim)
        return np.stack(arrays, axis=dim)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return tuple(np.moveaxis(grad, ctx.saved[0], 0))


class Pad(Function):
    """`widths` is numpy's: (before, after) for each axis, not negative."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, widths: tuple[Pair, ...], value: float) -> Array:
        ctx.save_for_backward(widths)
        return np.pad(x, widths, constant_values=value)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        sizes = zip(ctx.saved[0], grad.shape, strict=True)
        return grad[tuple(slice(before, n - after) for (before, after), n in sizes)]
