"""Sums of products, and their derivatives."""

import math
from typing import Any

import numpy as np

from tinytorch import backends
from tinytorch.autograd import Array, Function


class MatMul(Function):
    """(..., I, K) times (..., K, J); the engine undoes the batches' broadcasting."""

    @staticmethod
    def forward(ctx: Any, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        return backends.current.matmul(a, b)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        """Return the gradients to a and b, None for one that needs none.

        grad: (..., I, J). They are (..., I, K) and (..., K, J), with all of grad's
        batch axes.
        """
        a, b = ctx.saved
        need_a, need_b = ctx.needs_input_grad
        matmul = backends.current.matmul
        return (
            matmul(grad, b.swapaxes(-1, -2)) if need_a else None,
            matmul(a.swapaxes(-1, -2), grad) if need_b else None,
        )


class Linear(Function):
    """x W^T + b for x (..., I), W (O, I) and, optionally, b (O,)."""

    @staticmethod
    def forward(ctx: Any, x: Array, weight: Array, bias: Array | None = None) -> Array:
        """Return x W^T + b, (..., O), by one product of backends.current.

        x: (..., I), any number of axes but none. weight: (O, I). bias: (O,) or None.
        Saves x and weight in ctx, in this order.
        """
        ctx.save_for_backward(x, weight)
        rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
        out = backends.current.matmul(rows, weight.T)
        if bias is not None:
            out += bias
        return out.reshape(*x.shape[:-1], len(weight))

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        x, weight = ctx.saved
        need_x, need_weight, *need_bias = ctx.needs_input_grad
        count, kernels = math.prod(x.shape[:-1]), backends.current
        rows = grad.reshape(count, len(weight))
        dx = kernels.matmul(rows, weight).reshape(x.shape) if need_x else None
        inputs = x.reshape(count, x.shape[-1])
        dw = kernels.matmul(rows.T, inputs) if need_weight else None
        return dx, dw, *(kernels.sum(rows, 0, False) for _ in need_bias)


class Einsum(Function):
    """Explicit equations such as "bij,bjk->bik", no repeated letter in one operand."""

    @staticmethod
    def forward(ctx: Any, *arrays: Array, equation: str) -> Array:
        ctx.save_for_backward(*arrays, equation)
        return np.einsum(equation, *arrays, optimize=len(arrays) > 1)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return tuple(
            _einsum_grad(i, ctx.saved, grad) if need else None
            for i, need in enumerate(ctx.needs_input_grad)
        )


def _einsum_grad(i: int, saved: tuple[Any, ...], grad: Array) -> Array:
    """Swap the output and operand i: an einsum of the gradient and the others."""
    *arrays, equation = saved
    inputs, output = equation.split("->")
    terms = inputs.split(",")
    x, term = arrays.pop(i), terms.pop(i)
    others = ",".join([output, *terms])
    kept = "".join(c for c in term if c in others)
    part = np.einsum(f"{others}->{kept}", grad, *arrays, optimize=True)
    # A letter that only this operand has was summed: every element gets the same.
    summed = tuple(k for k, c in enumerate(term) if c not in kept)
    return np.broadcast_to(np.expand_dims(part, summed), x.shape)
