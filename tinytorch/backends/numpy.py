"""Every kernel, vectorised with numpy: the default on a desktop.

Kernels take and return raw arrays. Shapes were checked by the caller. N is the
batch, C and O are channels, H and W the image, G the groups of a convolution, and
OH and OW count the places of a window.
"""

import math
from collections.abc import Sequence

import numpy as np

from tinytorch.backends.window import (
    Array,
    Shape,
    Window,
    fold,
    output_size,
    pad_image,
    unfold,
    window_cells,
)

Arrays = tuple[Array, ...]
Axis = int | tuple[int, ...] | None

GELU_SCALE = float(np.sqrt(2 / np.pi))
GELU_CUBIC = 0.044715
BLOCK = 1024
MANY = 4096  # float32 numbers, of which a plain sum still has five digits right
EXACT_DEPTH = 2**16  # products of two 8-bit numbers, whose sum 32 bits hold


def _grouped(x: Array, groups: int) -> Array:
    """(N, C, ...) as (N, G, C/G, all the places); N may be 0, so that no -1 will do."""
    n, c, *places = x.shape
    return x.reshape(n, groups, c // groups, math.prod(places))


def _gelu_gate(x: Array) -> Array:
    """Return (1 + tanh(u)) / 2, which is sigmoid(2 u): so nothing cancels."""
    u = GELU_SCALE * (x + GELU_CUBIC * x * x * x)
    small = np.exp(-2 * np.abs(u))
    return np.where(u >= 0, 1, small) / (1 + small)


def added(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the sum of floats over axes, also of many with little rounding.

    numpy adds up pairs, then pairs of pairs, only along elements that lie side by
    side; whatever else is long is added up in blocks, and their sums in float64.
    """
    if x.dtype.itemsize >= 8 or x.size <= MANY or axis is None:
        return _without(x.sum(axis=axis, keepdims=True), axis, keepdims)
    axes = {d % x.ndim for d in (axis if isinstance(axis, tuple) else (axis,))}
    last = x.ndim
    while last - 1 in axes:
        last -= 1
    if math.prod(n for d, n in enumerate(x.shape[:last]) if d in axes) <= MANY:
        return _without(x.sum(axis=axis, keepdims=True), axis, keepdims)
    rows = x.sum(axis=tuple(range(last, x.ndim)), keepdims=True)
    if 0 in axes:  # block by block, which costs nothing, and then the blocks
        whole = len(rows) // BLOCK * BLOCK
        blocks = rows[:whole].reshape(-1, BLOCK, *rows.shape[1:]).sum(axis=1)
        rows = np.concatenate([blocks, rows[whole:]])
    total = rows.sum(axis=axis, keepdims=True, dtype=np.float64).astype(x.dtype)
    return _without(total, axis, keepdims)


def _without(kept: Array, axis: Axis, keepdims: bool) -> Array:
    """Drop the axes of length 1 that a sum has left, unless they are wanted."""
    return kept if keepdims else kept.squeeze(axis)


class NumpyBackend:
    """The reference for every other backend: same arguments, same results."""

    name = "numpy"

    def describe(self) -> str:
        """Return in one line what does the work."""
        return f"numpy {np.__version__}, vectorised"

    # Sums

    def add(self, a: Array, b: Array) -> Array:
        """a + b, broadcast."""
        return a + b

    def sum(self, x: Array, axis: Axis, keepdims: bool) -> Array:
        """Sum over one axis, several, or all (None); integers in 64 bits."""
        if x.dtype.kind == "f":
            return added(x, axis, keepdims)
        # Named, because numpy would add up in 32 bits on a 32-bit machine.
        total = x.sum(axis=axis, keepdims=True, dtype=np.int64)
        return total if keepdims else total.squeeze(axis)

    # Products

    def matmul(self, a: Array, b: Array) -> Array:
        """(..., I, K) times (..., K, J) gives (..., I, J), batches broadcast."""
        return np.matmul(a, b)

    def matmul_int8(self, a: Array, b: Array) -> Array:
        """int8 (I, K) times int8 (K, J) gives exact int32 (I, J), int64 for long sums.

        numpy multiplies integers slowly and float32 fast. A float32 holds every
        integer up to 2^24 exactly, and 1,024 products of two int8 add up to no more.
        """
        dtype = np.int32 if a.shape[1] <= EXACT_DEPTH else np.int64
        out = np.zeros((a.shape[0], b.shape[1]), dtype=dtype)
        for k in range(0, a.shape[1], 1024):
            left, right = a[:, k : k + 1024], b[k : k + 1024]
            product = np.matmul(left.astype(np.float32), right.astype(np.float32))
            out += product.astype(np.int32)
        return out

    # Convolution and pooling

    def conv2d(
        self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int
    ) -> Array:
        """(N, C, H, W) with (O, C/G, KH, KW) gives (N, O, OH, OW)."""
        n, o = len(x), len(weight)
        columns = _grouped(unfold(x, window), groups)
        y = self.matmul(weight.reshape(groups, o // groups, -1), columns)
        y = y.reshape(n, o, *output_size(x.shape[2:], window))
        if bias is not None:
            y += bias[:, None, None]
        return y

    def conv2d_input_grad(
        self, grad: Array, weight: Array, shape: Shape, window: Window, groups: int
    ) -> Array:
        """Gradient (N, O, OH, OW) of the output to one of `shape` (N, C, H, W)."""
        w = weight.reshape(groups, len(weight) // groups, -1).swapaxes(1, 2)
        columns = self.matmul(w, _grouped(grad, groups))
        columns = columns.reshape(*shape[:2], math.prod(window.kernel), *grad.shape[2:])
        return fold(np.moveaxis(columns, 2, 0), shape, window, like=grad)

    def conv2d_weight_grad(
        self, grad: Array, x: Array, window: Window, groups: int
    ) -> Array:
        """Gradient (N, O, OH, OW) of the output to one for (O, C/G, KH, KW)."""
        columns = _grouped(unfold(x, window), groups).swapaxes(2, 3)
        dweight = self.matmul(_grouped(grad, groups), columns).sum(axis=0)
        return dweight.reshape(grad.shape[1], x.shape[1] // groups, *window.kernel)

    def max_pool2d(self, x: Array, window: Window) -> Arrays:
        """Return the largest value of each window, and its cell's number.

        The numbers are int16, for windows of more than 2^15 cells int32.
        """
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        first, *others = window_cells(pad_image(x, window.padding, lowest), window)
        number = np.int16 if len(others) < 2**15 else np.int32
        best, cell = first.copy(), np.zeros(first.shape, dtype=number)
        for k, value in enumerate(others, start=1):
            better = (value > best) | np.isnan(value)
            np.copyto(best, value, where=better)
            np.copyto(cell, number(k), where=better)
        return best, cell

    def max_pool2d_grad(
        self, grad: Array, cell: Array, shape: Shape, window: Window
    ) -> Array:
        """Send each window's gradient to the pixel that won."""
        none, cells = grad.dtype.type(0), range(math.prod(window.kernel))
        parts = (np.where(cell == k, grad, none) for k in cells)
        return fold(parts, shape, window, like=grad)

    def avg_pool2d(self, x: Array, window: Window) -> Array:
        """Return the mean of each window, padding counted as zeros."""
        first, *others = window_cells(pad_image(x, window.padding), window)
        total = first.copy()
        for value in others:
            total += value
        return total / math.prod(window.kernel)

    def avg_pool2d_grad(self, grad: Array, shape: Shape, window: Window) -> Array:
        """Share each window's gradient among its pixels."""
        cells = math.prod(window.kernel)
        return fold([grad / cells] * cells, shape, window, like=grad)

    # Elementwise

    def relu(self, x: Array) -> Array:
        """max(x, 0)"""
        return np.maximum(x, x.dtype.type(0))

    def relu_grad(self, grad: Array, y: Array) -> Array:
        """`grad` where the output `y` is positive, else 0."""
        return np.where(y > 0, grad, grad.dtype.type(0))

    def gelu(self, x: Array) -> Array:
        """x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))"""
        gate = _gelu_gate(x)
        return np.where(gate == 0, x.dtype.type(0), x) * gate

    def gelu_grad(self, grad: Array, x: Array) -> Array:
        """`grad` times the derivative of `gelu` at `x`."""
        gate = _gelu_gate(x)
        x = np.where((gate == 0) | (gate == 1), x.dtype.type(0), x)  # flat: no inf
        slope = 2 * GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x)
        return grad * gate * (1 + x * (1 - gate) * slope)

    # Rows: softmax, its loss, and normalisation

    def softmax(self, x: Array) -> Array:
        """Softmax over the last axis, each row shifted so that exp cannot overflow."""
        top = x.max(axis=-1, keepdims=True, initial=-np.inf)
        # A row of nothing but -inf has no shift; its result is nan, as it must be.
        with np.errstate(invalid="ignore"):
            e = np.exp(x - np.where(np.isneginf(top), 0, top))
            return e / e.sum(axis=-1, keepdims=True)

    def softmax_grad(self, grad: Array, y: Array) -> Array:
        """y (grad - sum(grad y)) over the last axis."""
        return y * (grad - (grad * y).sum(axis=-1, keepdims=True))

    def log_softmax(self, x: Array) -> Array:
        """x - log(sum(exp(x))) over the last axis, without overflow."""
        with np.errstate(invalid="ignore"):  # a row of nothing but -inf becomes nan
            shifted = x - x.max(axis=-1, keepdims=True, initial=-np.inf)
        return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))

    def log_softmax_grad(self, grad: Array, y: Array) -> Array:
        """grad - softmax sum(grad) over the last axis, from the output `y`."""
        return grad - np.exp(y) * grad.sum(axis=-1, keepdims=True)

    def layer_norm(self, x: Array, weight: Array, bias: Array, eps: float) -> Arrays:
        """Normalise each row of (R, D); return y, the rows' means and 1/deviations."""
        mean = x.mean(axis=1)
        centred = x - mean[:, None]
        rstd = 1 / np.sqrt((centred * centred).mean(axis=1) + eps)
        return centred * rstd[:, None] * weight + bias, mean, rstd

    def layer_norm_grad(
        self, grad: Array, x: Array, weight: Array, mean: Array, rstd: Array
    ) -> Arrays:
        """Gradients to x (R, D), weight (D,) and bias (D,)."""
        unit = (x - mean[:, None]) * rstd[:, None]
        g = grad * weight
        along = (g * unit).mean(axis=1, keepdims=True)
        dx = (g - g.mean(axis=1, keepdims=True) - unit * along) * rstd[:, None]
        return dx, added(grad * unit, 0), added(grad, 0)

    def batch_norm(self, x: Array, weight: Array, bias: Array, eps: float) -> Arrays:
        """Normalise each channel of (N, C, L) over N and L.

        Returns y and the channels' means and variances (biased), each (C,).
        """
        count = x.shape[0] * x.shape[2]
        mean = added(x, (0, 2)) / count
        centred = x - mean[:, None]
        var = added(centred * centred, (0, 2)) / count
        scale = weight / np.sqrt(var + eps)
        return centred * scale[:, None] + bias[:, None], mean, var

    def batch_norm_grad(
        self, grad: Array, x: Array, weight: Array, mean: Array, rstd: Array
    ) -> Arrays:
        """Gradients to x (N, C, L), weight (C,) and bias (C,)."""
        unit = (x - mean[:, None]) * rstd[:, None]
        dweight, dbias = added(grad * unit, (0, 2)), added(grad, (0, 2))
        count = x.shape[0] * x.shape[2]
        dx = grad - (unit * dweight[:, None] + dbias[:, None]) / count
        dx *= (weight * rstd)[:, None]
        return dx, dweight, dbias

    # Tables

    def scatter_add(self, table: Array, ids: Array, rows: Array) -> None:
        """Add row r of (R, D) to `table[ids[r]]`, in place; ids may repeat."""
        np.add.at(table, ids, rows)

    # Optimizer steps, in place, over all parameters at once

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
        """Update params; momentum buffers (None without momentum) keep the velocity."""
        for p, g, v in zip(params, grads, buffers, strict=True):
            if weight_decay:
                g = g + weight_decay * p
            if v is not None:
                v *= momentum
                v += (1 - dampening) * g
                g = g + momentum * v if nesterov else v
            p -= lr * g

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
        """Update params and both moments; `step` counts from 1.

        weight_decay joins the gradient, or, `decoupled`, shrinks params (AdamW).
        """
        beta1, beta2 = betas
        scale = lr / (1 - beta1**step)
        root = (1 - beta2**step) ** 0.5
        for p, g, m, v in zip(params, grads, firsts, seconds, strict=True):
            if weight_decay and decoupled:
                p *= 1 - lr * weight_decay
            elif weight_decay:
                g = g + weight_decay * p
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g * g - v)
            p -= scale * m / (np.sqrt(v) / root + eps)
