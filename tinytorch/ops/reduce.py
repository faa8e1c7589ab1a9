"""Operations that make one number of many, and their derivatives.

`dim` is None for all axes, an integer, or a tuple of integers.
"""

from typing import Any

import numpy as np

from tinytorch import backends
from tinytorch.autograd import Array, Function
from tinytorch.backends.numpy import added

Dim = int | tuple[int, ...] | None


def _restore(reduced: Array, dim: Dim, keepdim: bool) -> Array:
    """Put the reduced axes back with length 1, so that `reduced` broadcasts."""
    if dim is None or keepdim:
        return reduced
    return np.expand_dims(reduced, dim)


class Sum(Function):
    """The sum over `dim`."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
        ctx.save_for_backward(x.shape, dim, keepdim)
        return backends.current.sum(x, dim, keepdim)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        """Give every element the gradient of the sum that it is part of.

        grad: of the sum's shape. Returns the input's shape, possibly as a view.
        """
        shape, dim, keepdim = ctx.saved
        return np.broadcast_to(_restore(grad, dim, keepdim), shape)


class Mean(Function):
    """The mean over `dim`; of nothing, nan."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
        total = backends.current.sum(x, dim, keepdim)
        count = x.size // max(1, total.size)
        ctx.save_for_backward(x.shape, dim, keepdim, count)
        return total / count if count else np.full_like(total, np.nan)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        shape, dim, keepdim, count = ctx.saved
        return np.broadcast_to(_restore(grad / max(1, count), dim, keepdim), shape)


class Prod(Function):
    """One dim, or all; zeros are handled (no division)."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, dim: int | None, keepdim: bool = False) -> Array:
        ctx.save_for_backward(x, dim, keepdim)
        dtype = x.dtype if x.dtype.kind == "f" else np.int64
        out = x.prod(axis=dim, keepdims=True, dtype=dtype)
        return out if keepdim else out.squeeze(dim)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        x, dim, keepdim = ctx.saved
        rows = x.reshape(1, -1) if dim is None else np.moveaxis(x, dim, -1)
        before, after = np.ones_like(rows), np.ones_like(rows)
        np.cumprod(rows[..., :-1], axis=-1, out=before[..., 1:])
        np.cumprod(rows[..., :0:-1], axis=-1, out=after[..., -2::-1])
        others = before * after
        if dim is not None:
            others = np.moveaxis(others, -1, dim)
        return _restore(grad, dim, keepdim) * others.reshape(x.shape)


class Amax(Function):
    """Ties share the gradient equally, as PyTorch's `amax` does."""

    choose = staticmethod(np.max)

    @staticmethod
    def forward(ctx: Any, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
        out = ctx.choose(x, axis=dim, keepdims=True)
        ctx.save_for_backward(x, out, dim)
        return out if keepdim else out.squeeze(dim)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        x, out, dim = ctx.saved
        hit = (x == out) | (np.isnan(x) if x.dtype.kind == "f" else False)
        share = grad.reshape(out.shape) / hit.sum(axis=dim, keepdims=True)
        return np.where(hit, share.astype(grad.dtype), grad.dtype.type(0))


class Amin(Amax):
    """As Amax, and not -amax(-x): unsigned and smallest integers have no negative."""

    choose = staticmethod(np.min)


class Norm(Function):
    """(sum |x|^p)^(1/p) for p > 0; slope 0 at 0."""

    @staticmethod
    def forward(
        ctx: Any, x: Array, *, p: float = 2, dim: Dim = None, keepdim: bool = False
    ) -> Array:
        # In units of the largest, whose square may be too large or small to be one.
        top = np.abs(x).max(axis=dim, keepdims=True, initial=0)
        unit = np.where((top > 0) & np.isfinite(top), top, 1).astype(x.dtype)
        total = added(np.abs(x / unit) ** p, dim, keepdims=True)
        out = unit * total ** (1 / p)
        ctx.save_for_backward(x, out, p)
        return out if keepdim else out.squeeze(dim)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        x, out, p = ctx.saved
        share = x / np.where(out == 0, 1, out)
        if p != 2:  # an element of 0 has slope 0, also where p < 1
            size = np.where(share == 0, 1, np.abs(share))
            share = np.sign(share) * size ** (p - 1)
        return share * grad.reshape(out.shape)


class CumSum(Function):
    """The sums of all up to each element along `dim`."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, dim: int) -> Array:
        ctx.save_for_backward(dim)
        dtype = x.dtype if x.dtype.kind == "f" else np.int64
        return x.cumsum(axis=dim, dtype=dtype)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        dim = ctx.saved[0]
        return np.flip(np.flip(grad, dim).cumsum(axis=dim), dim)


def log_sum_exp(x: Array, dim: Dim = None) -> Array:
    """Return log(sum(exp(x))) over `dim`, whose axes stay, with length 1.

    Nothing overflows: x is shifted by its maximum, or by 0 where that is infinite. The
    result of nothing but -inf, or of nothing, is -inf. The dtype is x's.
    """
    top = x.max(axis=dim, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0).astype(x.dtype)
    with np.errstate(divide="ignore"):  # log(0)
        return np.log(np.exp(x - top).sum(axis=dim, keepdims=True)) + top


class LogSumExp(Function):
    """log(sum(exp(x))), shifted by the maximum so that nothing overflows."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
        out = log_sum_exp(x, dim)
        ctx.save_for_backward(x, out)
        return out if keepdim else out.squeeze(dim)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        x, out = ctx.saved
        with np.errstate(invalid="ignore"):  # infinity less infinity is nan
            share = np.exp(x - np.where(np.isneginf(out), 0, out))  # of nothing: 0
        return np.where(share == 0, grad.dtype.type(0), grad.reshape(out.shape) * share)
