"""The kernels as one would first write them: Python loops over single numbers.

Slow on purpose, and correct: these are the ones that the lessons build. What has no
loop version here is numpy's.
"""

import math
from collections.abc import Sequence

import numpy as np

from tinytorch.backends.numpy import GELU_CUBIC, GELU_SCALE, Arrays, Axis, NumpyBackend
from tinytorch.backends.window import Array, Window, output_size, pad_image


class LoopsBackend(NumpyBackend):
    """One number at a time."""

    name = "loops"

    def describe(self) -> str:
        """Return in one line what does the work."""
        return "Python loops, one number at a time"

    def add(self, a: Array, b: Array) -> Array:
        """a + b, broadcast."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        a, b = np.broadcast_to(a, shape), np.broadcast_to(b, shape)
        out = np.empty(shape, dtype=np.result_type(a, b))
        for index in np.ndindex(*shape):
            out[index] = a[index] + b[index]
        return out

    def sum(self, x: Array, axis: Axis, keepdims: bool) -> Array:
        """Sum over one axis, several, or all (None); integers in 64 bits."""
        axes = range(x.ndim) if axis is None else np.atleast_1d(axis) % x.ndim
        kept = tuple(1 if d in axes else n for d, n in enumerate(x.shape))
        out = np.zeros(kept, dtype=x.dtype if x.dtype.kind == "f" else np.int64)
        for index in np.ndindex(*x.shape):
            place = tuple(0 if d in axes else i for d, i in enumerate(index))
            out[place] += x[index]
        return out if keepdims else out.squeeze(tuple(axes))

    def matmul(self, a: Array, b: Array) -> Array:
        """(..., I, K) times (..., K, J) gives (..., I, J), batches broadcast."""
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        rows, inner, cols = a.shape[-2], a.shape[-1], b.shape[-1]
        a = np.broadcast_to(a, (*batch, rows, inner))
        b = np.broadcast_to(b, (*batch, inner, cols))
        out = np.zeros((*batch, rows, cols), dtype=np.result_type(a, b))
        for n in np.ndindex(*batch):
            for i in range(rows):
                for j in range(cols):
                    for k in range(inner):
                        out[(*n, i, j)] += a[(*n, i, k)] * b[(*n, k, j)]
        return out

    def conv2d(
        self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int
    ) -> Array:
        """Slide each filter over each image and add up products of pixels and weights.

        x is (N, C, H, W), weight (O, C/groups, KH, KW), bias (O,) or None; the result
        is (N, O, OH, OW). Padding is zeros. Filter `out` reads the C/groups channels
        that begin at out // (O // groups) * (C // groups): all of them where groups
        is 1.
        """
        (kh, kw), (sh, sw), padding, (dh, dw) = window
        o, depth = weight.shape[:2]
        y = np.empty((len(x), o, *output_size(x.shape[2:], window)), dtype=x.dtype)
        x = pad_image(x, padding)
        for n, out, i, j in np.ndindex(*y.shape):
            total = 0.0 if bias is None else bias[out]
            first = out // (o // groups) * depth
            for c, u, v in np.ndindex(depth, kh, kw):
                pixel = x[n, first + c, i * sh + u * dh, j * sw + v * dw]
                total += pixel * weight[out, c, u, v]
            y[n, out, i, j] = total
        return y

    def max_pool2d(self, x: Array, window: Window) -> Arrays:
        """Return the largest value of each window, and its cell's number (int16).

        x is (N, C, H, W), both results (N, C, OH, OW). Padding is -inf. Cells are
        counted row by row from 0; of equal values the first wins, and nan beats every
        number.
        """
        (kh, kw), (sh, sw), padding, (dh, dw) = window
        y = np.empty((*x.shape[:2], *output_size(x.shape[2:], window)), dtype=x.dtype)
        x = pad_image(x, padding, -np.inf)
        cell = np.zeros(y.shape, dtype=np.int16)
        for n, c, i, j in np.ndindex(*y.shape):
            best = -math.inf
            for u, v in np.ndindex(kh, kw):
                value = x[n, c, i * sh + u * dh, j * sw + v * dw]
                if value > best or math.isnan(value):
                    best, cell[n, c, i, j] = value, u * kw + v
            y[n, c, i, j] = best
        return y, cell

    def avg_pool2d(self, x: Array, window: Window) -> Array:
        """Return the mean of each window, padding counted as zeros.

        x is (N, C, H, W), the result (N, C, OH, OW).
        """
        (kh, kw), (sh, sw), padding, (dh, dw) = window
        y = np.zeros((*x.shape[:2], *output_size(x.shape[2:], window)), dtype=x.dtype)
        x = pad_image(x, padding)
        for n, c, i, j in np.ndindex(*y.shape):
            for u, v in np.ndindex(kh, kw):
                y[n, c, i, j] += x[n, c, i * sh + u * dh, j * sw + v * dw]
        return y / (kh * kw)

    def relu(self, x: Array) -> Array:
        """max(x, 0) of each element; a new array of x's shape and dtype; nan stays."""
        y = np.empty_like(x)
        for i in np.ndindex(*x.shape):
            y[i] = 0 if x[i] < 0 else x[i]
        return y

    def gelu(self, x: Array) -> Array:
        """x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) of each element.

        GELU_SCALE is sqrt(2/pi), GELU_CUBIC is 0.044715. Same shape and dtype as x.
        """
        y = np.empty_like(x)
        for i in np.ndindex(*x.shape):
            v = float(x[i])
            y[i] = 0.5 * v * (1 + math.tanh(GELU_SCALE * (v + GELU_CUBIC * v * v * v)))
        return y

    def softmax(self, x: Array) -> Array:
        """exp(x) over its sum, for each row of the last axis: any finite x will do.

        Same shape and dtype as x. Every row is positive and adds up to 1.
        """
        y = np.empty_like(x)
        for row in np.ndindex(*x.shape[:-1]):
            values = x[row].tolist()
            top = max(values, default=0.0)
            e = [math.exp(v - top) for v in values]
            total = math.fsum(e)
            y[row] = [v / total for v in e]
        return y

    def softmax_grad(self, grad: Array, y: Array) -> Array:
        """y (grad - sum(grad y)) along each row of the last axis.

        y: what softmax returned. grad: how much a number at the end of the network
        grows for each unit of y. Returns the same for each unit of softmax's input.
        """
        dx = np.empty_like(y)
        for row in np.ndindex(*y.shape[:-1]):
            mean = sum(g * p for g, p in zip(grad[row], y[row], strict=True))
            for j, p in enumerate(y[row]):
                dx[(*row, j)] = p * (grad[(*row, j)] - mean)
        return dx

    def log_softmax(self, x: Array) -> Array:
        """x - log(sum(exp(x))) along each row of the last axis: any finite x will do.

        Same shape and dtype as x.
        """
        y = np.empty_like(x)
        for row in np.ndindex(*x.shape[:-1]):
            values = x[row].tolist()
            top = max(values, default=0.0)
            total = math.fsum(math.exp(v - top) for v in values)
            y[row] = [v - top - math.log(total) for v in values]
        return y

    def batch_norm(self, x: Array, weight: Array, bias: Array, eps: float) -> Arrays:
        """Normalise each channel of (N, C, L) over N and L, then scale and shift it.

        weight (x - mean) / sqrt(var + eps) + bias, with the mean and variance of the
        channel's own N L values (divided by N L), and its weight and bias, each (C,).
        Returns y, the means and the variances: (N, C, L), (C,) and (C,).
        """
        y = np.empty_like(x)
        mean, var = np.empty_like(weight), np.empty_like(weight)
        for c in range(x.shape[1]):
            values = x[:, c].ravel()
            mean[c] = math.fsum(values) / len(values)
            var[c] = math.fsum((v - mean[c]) ** 2 for v in values) / len(values)
            scale = weight[c] / math.sqrt(var[c] + eps)
            for n, i in np.ndindex(x.shape[0], x.shape[2]):
                y[n, c, i] = (x[n, c, i] - mean[c]) * scale + bias[c]
        return y, mean, var

    def scatter_add(self, table: Array, ids: Array, rows: Array) -> None:
        """Add row r of `rows` (R, D) to row ids[r] of `table` (V, D), in place.

        ids (R,) may repeat: then all their rows add up.
        """
        for r in range(len(ids)):
            for d in range(rows.shape[1]):
                table[ids[r], d] += rows[r, d]

    def sgd_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        buffers: Sequence[Array | None],
        *,
        lr: float,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
    ) -> None:
        """Move params against their gradients, all in place.

        weight_decay p is added to the gradient first. A parameter's buffer, None
        without momentum, keeps its velocity: momentum times the old one, plus
        (1 - dampening) times the gradient. The step is -lr times the velocity; with
        `nesterov`, -lr times (the gradient plus momentum times the new velocity).
        """
        for p, grad, velocity in zip(params, grads, buffers, strict=True):
            for i in np.ndindex(*p.shape):
                g = grad[i] + weight_decay * p[i]
                if velocity is not None:
                    velocity[i] = momentum * velocity[i] + (1 - dampening) * g
                    g = g + momentum * velocity[i] if nesterov else velocity[i]
                p[i] -= lr * g

    def adam_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        firsts: Sequence[Array],
        seconds: Sequence[Array],
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        decoupled: bool,
        step: int,
    ) -> None:
        """Move params by Adam's rule, all in place; `step` counts from 1.

        firsts and seconds keep running means of g and of g squared, each with its own
        beta. Divided by 1 - beta^step, they make up for their start at 0. The step is
        -lr first / (sqrt(second) + eps). weight_decay p is added to g; `decoupled`
        (AdamW), params shrink by 1 - lr weight_decay instead, before the step.
        """
        beta1, beta2 = betas
        for p, grad, m, v in zip(params, grads, firsts, seconds, strict=True):
            for i in np.ndindex(*p.shape):
                g = grad[i] if decoupled else grad[i] + weight_decay * p[i]
                m[i] = beta1 * m[i] + (1 - beta1) * g
                v[i] = beta2 * v[i] + (1 - beta2) * g * g
                first, second = m[i] / (1 - beta1**step), v[i] / (1 - beta2**step)
                if decoupled:
                    p[i] *= 1 - lr * weight_decay
                p[i] -= lr * first / (math.sqrt(second) + eps)
