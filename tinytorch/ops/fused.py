"""Layers whose derivative, done as one step, is shorter and stabler than its parts."""

from typing import Any

import numpy as np

from tinytorch import backends
from tinytorch.autograd import Array, Function


class Softmax(Function):
    """Over the last axis."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        out = backends.current.softmax(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return backends.current.softmax_grad(grad, ctx.saved[0])


class LogSoftmax(Function):
    """Over the last axis."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        out = backends.current.log_softmax(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return backends.current.log_softmax_grad(grad, ctx.saved[0])


class CrossEntropy(Function):
    """-log softmax(x) at one class of each row: x (R, C) and ids (R,) give (R,)."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, ids: Array) -> Array:
        """Return a loss for each row; saves log softmax(x) and ids in ctx."""
        log_p = backends.current.log_softmax(x)
        ctx.save_for_backward(log_p, ids)
        return -log_p[np.arange(len(ids)), ids]

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        log_p, ids = ctx.saved
        dx = np.exp(log_p)
        dx[np.arange(len(ids)), ids] -= 1
        dx *= grad[:, None]
        return dx


class LayerNorm(Function):
    """x (R, D) normalised by row, then scaled by weight and shifted by bias (D,)."""

    @staticmethod
    def forward(ctx: Any, x: Array, weight: Array, bias: Array, *, eps: float) -> Array:
        out, mean, rstd = backends.current.layer_norm(x, weight, bias, eps)
        ctx.save_for_backward(x, weight, mean, rstd)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return backends.current.layer_norm_grad(grad, *ctx.saved)


class BatchNorm(Function):
    """x (N, C, L) by channel, then weight and bias (C,).

    `statistics` receives the channels' means and variances.
    """

    @staticmethod
    def forward(ctx: Any, *arrays: Array, eps: float, statistics: list[Array]) -> Array:
        x, weight, bias = arrays
        out, mean, var = backends.current.batch_norm(x, weight, bias, eps)
        statistics += [mean, var]
        ctx.save_for_backward(x, weight, mean, 1 / np.sqrt(var + eps))
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return backends.current.batch_norm_grad(grad, *ctx.saved)


class Embedding(Function):
    """Rows of a table (V, D), picked by integer ids of any shape.

    The row `padding_idx`, if any, learns nothing.
    """

    @staticmethod
    def forward(
        ctx: Any, table: Array, *, ids: Array, padding_idx: int | None
    ) -> Array:
        """Return row ids[...] of the table for each id: (..., D), a new array.

        Saves the table's shape, the ids and padding_idx, in this order.
        """
        ctx.save_for_backward(table.shape, ids, padding_idx)
        return table[ids]

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        """Return the table's gradient (V, D), given that of the rows (..., D).

        Each id's gradient is added to its row; an id that occurs often gets all of
        them. The row padding_idx, where it is not None, gets 0.
        """
        shape, ids, padding_idx = ctx.saved
        out = np.zeros(shape, dtype=grad.dtype)
        rows = grad.reshape(ids.size, shape[1])
        backends.current.scatter_add(out, ids.reshape(-1), rows)
        if padding_idx is not None:
            out[padding_idx] = 0
        return out
