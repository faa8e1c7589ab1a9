"""The kernels as one would first write them: Python loops over single numbers.

Slow on purpose, and correct. What has no loop version here is numpy's.
"""

import math
from collections.abc import Sequence
from itertools import product

import numpy as np

from tinytorch.backends.numpy import (
    GELU_CUBIC,
    GELU_SCALE,
    Array,
    Axis,
    NumpyBackend,
    Pair,
    Window,
    output_size,
    pad_image,
)


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

    def matmul_int8(self, a: Array, b: Array) -> Array:
        """int8 (I, K) times int8 (K, J) gives exact int32 (I, J)."""
        out = np.zeros((a.shape[0], b.shape[1]), dtype=np.int32)
        for i, j, k in product(range(a.shape[0]), range(b.shape[1]), range(a.shape[1])):
            out[i, j] += int(a[i, k]) * int(b[k, j])
        return out

    def conv2d(
        self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int
    ) -> Array:
        """Slide each filter over each image and add up products of pixels and weights.

        x is (N, C, H, W), weight (O, C/groups, KH, KW), bias (O,) or None; the result
        is (N, O, OH, OW). `window` holds the pairs of strides, paddings (of zeros) and
        dilations, height first. Filter `out` reads the C/groups channels that begin at
        out // (O // groups) * (C // groups): all of them where groups is 1.
        """
        o, depth, kh, kw = weight.shape
        oh, ow = output_size(x.shape[2:], (kh, kw), window)
        (sh, sw), _, (dh, dw) = window
        x = pad_image(x, window[1])
        y = np.empty((x.shape[0], o, oh, ow), dtype=np.result_type(x, weight))
        for n, out, i, j in np.ndindex(*y.shape):
            total = 0.0 if bias is None else bias[out]
            first = out // (o // groups) * depth
            for c, u, v in np.ndindex(depth, kh, kw):
                pixel = x[n, first + c, i * sh + u * dh, j * sw + v * dw]
                total += pixel * weight[out, c, u, v]
            y[n, out, i, j] = total
        return y

    def conv2d_input_grad(
        self,
        grad: Array,
        weight: Array,
        shape: Sequence[int],
        window: Window,
        groups: int,
    ) -> Array:
        """Gradient (N, O, OH, OW) of the output to one of `shape` (N, C, H, W)."""
        n_images, channels, h, w = shape
        o, depth, kh, kw = weight.shape
        (sh, sw), (ph, pw), (dh, dw) = window
        dx = np.zeros((n_images, channels, h + 2 * ph, w + 2 * pw), dtype=grad.dtype)
        for n, out, i, j in np.ndindex(*grad.shape):
            first = out // (o // groups) * depth
            for c, u, v in np.ndindex(depth, kh, kw):
                row, col = i * sh + u * dh, j * sw + v * dw
                dx[n, first + c, row, col] += grad[n, out, i, j] * weight[out, c, u, v]
        return dx[:, :, ph : ph + h, pw : pw + w]

    def conv2d_weight_grad(
        self, grad: Array, x: Array, shape: Sequence[int], window: Window, groups: int
    ) -> Array:
        """Gradient (N, O, OH, OW) of the output to one of `shape` (O, C/G, KH, KW)."""
        o, depth, kh, kw = shape
        (sh, sw), padding, (dh, dw) = window
        x = pad_image(x, padding)
        dw_ = np.zeros((o, depth, kh, kw), dtype=grad.dtype)
        for n, out, i, j in np.ndindex(*grad.shape):
            first = out // (o // groups) * depth
            for c, u, v in np.ndindex(depth, kh, kw):
                pixel = x[n, first + c, i * sh + u * dh, j * sw + v * dw]
                dw_[out, c, u, v] += grad[n, out, i, j] * pixel
        return dw_

    def max_pool2d(self, x: Array, kernel: Pair, window: Window) -> tuple[Array, Array]:
        """Return the largest value of each window, and its cell's number (int16).

        x is (N, C, H, W), both results (N, C, OH, OW). Cells are counted row by row
        from 0; of equal values the first wins, and nan beats every number. `window`
        holds the pairs of strides, paddings (of -inf) and dilations, height first.
        """
        oh, ow = output_size(x.shape[2:], kernel, window)
        (sh, sw), _, (dh, dw) = window
        x = pad_image(x, window[1], -np.inf)
        y = np.empty((*x.shape[:2], oh, ow), dtype=x.dtype)
        cell = np.zeros(y.shape, dtype=np.int16)
        for n, c, i, j in np.ndindex(*y.shape):
            best = -math.inf
            for u, v in np.ndindex(*kernel):
                value = x[n, c, i * sh + u * dh, j * sw + v * dw]
                if value > best or math.isnan(value):
                    best, cell[n, c, i, j] = value, u * kernel[1] + v
            y[n, c, i, j] = best
        return y, cell

    def max_pool2d_grad(
        self,
        grad: Array,
        cell: Array,
        shape: Sequence[int],
        kernel: Pair,
        window: Window,
    ) -> Array:
        """Send each window's gradient to the pixel that won."""
        (n_images, channels, h, w), ((sh, sw), (ph, pw), (dh, dw)) = shape, window
        dx = np.zeros((n_images, channels, h + 2 * ph, w + 2 * pw), dtype=grad.dtype)
        for n, c, i, j in np.ndindex(*grad.shape):
            u, v = divmod(int(cell[n, c, i, j]), kernel[1])
            dx[n, c, i * sh + u * dh, j * sw + v * dw] += grad[n, c, i, j]
        return dx[:, :, ph : ph + h, pw : pw + w]

    def avg_pool2d(self, x: Array, kernel: Pair, window: Window) -> Array:
        """Return the mean of each window, padding counted as zeros.

        x is (N, C, H, W), the result (N, C, OH, OW). `window` holds the pairs of
        strides, paddings and dilations, height first.
        """
        oh, ow = output_size(x.shape[2:], kernel, window)
        (sh, sw), _, (dh, dw) = window
        x = pad_image(x, window[1])
        y = np.zeros((*x.shape[:2], oh, ow), dtype=x.dtype)
        for n, c, i, j in np.ndindex(*y.shape):
            for u, v in np.ndindex(*kernel):
                y[n, c, i, j] += x[n, c, i * sh + u * dh, j * sw + v * dw]
        return y / (kernel[0] * kernel[1])

    def avg_pool2d_grad(
        self, grad: Array, shape: Sequence[int], kernel: Pair, window: Window
    ) -> Array:
        """Share each window's gradient among its pixels."""
        (n_images, channels, h, w), ((sh, sw), (ph, pw), (dh, dw)) = shape, window
        dx = np.zeros((n_images, channels, h + 2 * ph, w + 2 * pw), dtype=grad.dtype)
        share = grad / (kernel[0] * kernel[1])
        for n, c, i, j in np.ndindex(*grad.shape):
            for u, v in np.ndindex(*kernel):
                dx[n, c, i * sh + u * dh, j * sw + v * dw] += share[n, c, i, j]
        return dx[:, :, ph : ph + h, pw : pw + w]

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

    def layer_norm(
        self, x: Array, weight: Array, bias: Array, eps: float
    ) -> tuple[Array, Array, Array]:
        """Normalise each row of (R, D); return y, the rows' means and 1/deviations."""
        y = np.empty_like(x)
        mean, rstd = np.empty_like(x[:, 0]), np.empty_like(x[:, 0])
        for r, row in enumerate(x):
            mean[r] = math.fsum(row) / len(row)
            var = math.fsum((value - mean[r]) ** 2 for value in row) / len(row)
            rstd[r] = 1 / math.sqrt(var + eps)
            for j, value in enumerate(row):
                y[r, j] = (value - mean[r]) * rstd[r] * weight[j] + bias[j]
        return y, mean, rstd

    def batch_norm(
        self, x: Array, weight: Array, bias: Array, eps: float
    ) -> tuple[Array, Array, Array]:
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
        """Add row r of (R, D) to `table[ids[r]]`, in place; ids may repeat."""
        for r, i in enumerate(ids):
            for j in range(table.shape[1]):
                table[i, j] += rows[r, j]

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
