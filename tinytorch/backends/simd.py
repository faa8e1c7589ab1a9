"""The kernels in C, compiled to WebAssembly SIMD: the default in a browser.

`simd.c` holds them; the site's build compiles it to `simd.wasm`, which ctypes loads
and lets work on numpy's own memory. Every method here checks what it was given first
(`simd_arguments`), and leaves to numpy what C does not take.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinytorch.backends import simd_arguments as c
from tinytorch.backends.numpy import Array, NumpyBackend, Pair, Window

MODULE = Path(__file__).with_name("simd.wasm")


class SimdBackend(NumpyBackend):
    """float32 four at a time; everything else is numpy's.

    path: the compiled `simd.c`. Raises OSError if it cannot be loaded.
    """

    name = "simd"
    #: Up to so many rows, or below so many multiplications or elements, numpy is done
    #: before C has begun.
    small_rows = 1
    small_product = 2**16
    small_array = 2**13

    def __init__(self, path: str | Path = MODULE) -> None:
        self._library = c.open_library(str(path))
        self._functions: dict[str, Any] = {}
        self._memory = np.empty(0, dtype=c.FLOAT)
        self._gemm_scratch = self._call("gemm_scratch")

    def describe(self) -> str:
        """Return in one line what does the work."""
        return "C kernels on 128-bit SIMD for float32, numpy for the rest"

    def _call(self, name: str, *arguments: Any) -> Any:
        """Call a function of simd.c; arrays are passed as their addresses."""
        values = [
            c.address(value) if isinstance(value, np.ndarray) else value
            for value in arguments
        ]
        if name not in self._functions:  # looked up by name once, not at each call
            self._functions[name] = getattr(self._library, f"tt_{name}")
        return self._functions[name](*values)

    def _scratch(self, count: int) -> Array:
        """Return room for at least `count` floats; the next call reuses it."""
        if self._memory.size < count:
            self._memory = np.empty(count, dtype=c.FLOAT)
        return self._memory

    # Products

    def matmul(self, a: Array, b: Array) -> Array:
        """(..., I, K) times (..., K, J) gives (..., I, J), batches broadcast."""
        if b.ndim == 2 < a.ndim and a.size and a.flags.c_contiguous:
            flat = self.matmul(a.reshape(-1, a.shape[-1]), b)
            return flat.reshape(*a.shape[:-1], b.shape[-1])
        if not (self._worthwhile(a, b) and c.strided(a) and c.strided(b)):
            return super().matmul(a, b)
        (rows, depth), cols = a.shape[-2:], b.shape[-1]
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a_at, b_at = c.starts(a, batch), c.starts(b, batch)
        shape = c.ints(a_at.size, rows, cols, depth, *c.scaled(a), *c.scaled(b))
        out = np.empty((*batch, rows, cols), dtype=c.FLOAT)
        scratch = self._scratch(self._gemm_scratch)
        self._call("gemm", shape, a, a_at, b, b_at, out, scratch)
        return out

    def _worthwhile(self, a: Array, b: Array) -> bool:
        """Whether a product exists, and C pays: few rows use each of b too little."""
        if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
            return False
        rows, depth = a.shape[-2:]
        work = rows * depth * b.shape[-1]
        return rows > self.small_rows and work >= self.small_product

    def matmul_int8(self, a: Array, b: Array) -> Array:
        """int8 (I, K) times int8 (K, J) gives exact int32 (I, J)."""
        fits = c.strided(a, c.INT8) and c.strided(b, c.INT8) and a.ndim == b.ndim == 2
        if not fits or a.shape[1] != b.shape[0]:
            return super().matmul_int8(a, b)
        (rows, depth), cols = a.shape, b.shape[1]
        shape = c.ints(rows, cols, depth, *c.scaled(a), *c.scaled(b))
        out = np.empty((rows, cols), dtype=np.int32)
        scratch = self._scratch(self._call("gemm_int8_scratch", shape))
        self._call("gemm_int8", shape, a, b, out, scratch)
        return out

    # Convolution and pooling

    def conv2d(
        self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int
    ) -> Array:
        """(N, C, H, W) with (O, C/G, KH, KW) gives (N, O, OH, OW)."""
        given = (x, weight) if bias is None else (x, weight, bias)
        fits = c.floats(*given) and (bias is None or bias.shape == weight.shape[:1])
        shape = c.conv_shape(x.shape, weight.shape, window, groups) if fits else None
        if shape is None:
            return super().conv2d(x, weight, bias, window, groups)
        return self._conv(shape, *c.contiguous(*given))

    def conv2d_input_grad(
        self,
        grad: Array,
        weight: Array,
        shape: Sequence[int],
        window: Window,
        groups: int,
    ) -> Array:
        """Gradient (N, O, OH, OW) of the output to one of `shape` (N, C, H, W).

        A convolution too: of the gradient, its pixels spread by the stride, with the
        weights mirrored and their channels and filters exchanged.
        """
        how = (tuple(shape), weight.shape, window, groups)
        fits = c.floats(grad, weight) and 0 not in shape
        there = c.conv_shape(*how) if fits else None
        back = c.conv_back_shape(*how) if there else None
        if not (there and back) or grad.shape != _output_shape(there):
            return super().conv2d_input_grad(grad, weight, shape, window, groups)
        o, depth, kh, kw = weight.shape
        mirrored = weight.reshape(groups, o // groups, depth, kh, kw)[..., ::-1, ::-1]
        return self._conv(back, *c.contiguous(grad, mirrored.swapaxes(1, 2)))

    def _conv(
        self, shape: Any, x: Array, weight: Array, bias: Array | None = None
    ) -> Array:
        y = np.empty(_output_shape(shape), dtype=c.FLOAT)
        scratch = self._scratch(self._call("conv2d_scratch", shape))
        self._call("conv2d", shape, x, weight, bias, y, scratch)
        return y

    def conv2d_weight_grad(
        self, grad: Array, x: Array, shape: Sequence[int], window: Window, groups: int
    ) -> Array:
        """Gradient (N, O, OH, OW) of the output to one of `shape` (O, C/G, KH, KW)."""
        fits = c.floats(grad, x) and 0 not in shape
        how = c.conv_shape(x.shape, tuple(shape), window, groups) if fits else None
        if how is None or grad.shape != _output_shape(how):
            return super().conv2d_weight_grad(grad, x, shape, window, groups)
        dweight = np.empty(shape, dtype=c.FLOAT)
        scratch = self._scratch(self._call("conv2d_weight_grad_scratch", how))
        grad, x = c.contiguous(grad, x)
        self._call("conv2d_weight_grad", how, grad, x, dweight, scratch)
        return dweight

    def max_pool2d(self, x: Array, kernel: Pair, window: Window) -> tuple[Array, Array]:
        """Return the largest value of each window, and its cell's number (int16)."""
        shape = c.pool_shape(x.shape, kernel, window) if c.floats(x) else None
        if shape is None:
            return super().max_pool2d(x, kernel, window)
        y = np.empty((*x.shape[:2], *shape[3:5]), dtype=c.FLOAT)
        cell = np.empty(y.shape, dtype=c.CELL)
        self._call("max_pool2d", shape, *c.contiguous(x), y, cell)
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
        fits = c.floats(grad) and 0 not in shape and cell.shape == grad.shape
        how = c.pool_shape(tuple(shape), kernel, window) if fits else None
        if how is None or cell.dtype is not c.CELL or grad.shape[2:] != tuple(how[3:5]):
            return super().max_pool2d_grad(grad, cell, shape, kernel, window)
        dx = np.empty(shape, dtype=c.FLOAT)
        self._call("max_pool2d_grad", how, *c.contiguous(grad, cell), dx)
        return dx

    # Elementwise

    def relu(self, x: Array) -> Array:
        """max(x, 0)"""
        if x.size < self.small_array or not c.floats(x):
            return super().relu(x)
        return self._like(x, "relu", x.size, x)

    def relu_grad(self, grad: Array, y: Array) -> Array:
        """`grad` where the output `y` is positive, else 0."""
        if y.size < self.small_array or not c.same_floats(grad, y):
            return super().relu_grad(grad, y)
        return self._like(y, "relu_grad", y.size, grad, y)

    def gelu(self, x: Array) -> Array:
        """x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))"""
        return self._like(x, "gelu", x.size, x) if c.floats(x) else super().gelu(x)

    def gelu_grad(self, grad: Array, x: Array) -> Array:
        """`grad` times the derivative of `gelu` at `x`."""
        if not c.same_floats(grad, x):
            return super().gelu_grad(grad, x)
        return self._like(x, "gelu_grad", x.size, grad, x)

    def _like(self, x: Array, name: str, *arguments: Any) -> Array:
        """Call a function whose one result, its last argument, has the shape of x."""
        out = np.empty(x.shape, dtype=c.FLOAT)
        values = [a if isinstance(a, int) else c.contiguous(a)[0] for a in arguments]
        self._call(name, *values, out)
        return out

    # Rows: softmax, its loss, and normalisation

    def softmax(self, x: Array) -> Array:
        """Softmax over the last axis, each row shifted so that exp cannot overflow."""
        if not c.floats(x) or not x.ndim:
            return super().softmax(x)
        return self._like(x, "softmax", *_rows(x), x)

    def softmax_grad(self, grad: Array, y: Array) -> Array:
        """y (grad - sum(grad y)) over the last axis."""
        if not c.same_floats(grad, y) or not y.ndim:
            return super().softmax_grad(grad, y)
        return self._like(y, "softmax_grad", *_rows(y), grad, y)

    def log_softmax(self, x: Array) -> Array:
        """x - log(sum(exp(x))) over the last axis, without overflow."""
        if not c.floats(x) or not x.ndim:
            return super().log_softmax(x)
        return self._like(x, "log_softmax", *_rows(x), x)

    def log_softmax_grad(self, grad: Array, y: Array) -> Array:
        """grad - softmax sum(grad) over the last axis, from the output `y`."""
        if not c.same_floats(grad, y) or not y.ndim:
            return super().log_softmax_grad(grad, y)
        return self._like(y, "log_softmax_grad", *_rows(y), grad, y)

    def layer_norm(
        self, x: Array, weight: Array, bias: Array, eps: float
    ) -> tuple[Array, Array, Array]:
        """Normalise each row of (R, D); return y, the rows' means and 1/deviations."""
        if not c.floats(x, weight, bias) or not _per(x, 2, 1, weight, bias):
            return super().layer_norm(x, weight, bias, eps)
        y = np.empty(x.shape, dtype=c.FLOAT)
        mean, rstd = np.empty((2, len(x)), dtype=c.FLOAT)
        given = c.contiguous(x, weight, bias)
        self._call("layer_norm", *x.shape, *given, eps, y, mean, rstd)
        return y, mean, rstd

    def layer_norm_grad(
        self, grad: Array, x: Array, weight: Array, mean: Array, rstd: Array
    ) -> tuple[Array, Array, Array]:
        """Gradients to x (R, D), weight (D,) and bias (D,)."""
        given = (grad, x, weight, mean, rstd)
        fits = c.floats(*given) and _per(x, 2, 1, weight) and _per(x, 2, 0, mean, rstd)
        if not fits or grad.shape != x.shape:
            return super().layer_norm_grad(*given)
        return self._norm_grad("layer_norm_grad", *given)

    def batch_norm(
        self, x: Array, weight: Array, bias: Array, eps: float
    ) -> tuple[Array, Array, Array]:
        """Normalise each channel of (N, C, L) over N and L.

        Returns y and the channels' means and variances (biased), each (C,).
        """
        if not c.floats(x, weight, bias) or not _per(x, 3, 1, weight, bias):
            return super().batch_norm(x, weight, bias, eps)
        y = np.empty(x.shape, dtype=c.FLOAT)
        mean, var = np.empty((2, x.shape[1]), dtype=c.FLOAT)
        given = c.contiguous(x, weight, bias)
        self._call("batch_norm", *x.shape, *given, eps, y, mean, var)
        return y, mean, var

    def batch_norm_grad(
        self, grad: Array, x: Array, weight: Array, mean: Array, rstd: Array
    ) -> tuple[Array, Array, Array]:
        """Gradients to x (N, C, L), weight (C,) and bias (C,)."""
        given = (grad, x, weight, mean, rstd)
        fits = c.floats(*given) and _per(x, 3, 1, weight, mean, rstd)
        if not fits or grad.shape != x.shape:
            return super().batch_norm_grad(*given)
        return self._norm_grad("batch_norm_grad", *given)

    def _norm_grad(
        self, name: str, grad: Array, x: Array, weight: Array, *statistics: Array
    ) -> tuple[Array, Array, Array]:
        dx = np.empty(x.shape, dtype=c.FLOAT)
        dweight = np.empty(weight.shape, dtype=c.FLOAT)
        dbias = np.empty(weight.shape, dtype=c.FLOAT)
        given = c.contiguous(grad, x, weight, *statistics)
        self._call(name, *x.shape, *given, dx, dweight, dbias)
        return dx, dweight, dbias

    # Tables

    def scatter_add(self, table: Array, ids: Array, rows: Array) -> None:
        """Add row r of (R, D) to `table[ids[r]]`, in place; ids may repeat."""
        fits = c.floats(table, rows) and table.ndim == 2 and ids.dtype.kind in "iu"
        fits = fits and rows.shape == (*ids.shape, table.shape[1]) and ids.ndim == 1
        if (
            not fits
            or not (table.flags.c_contiguous and table.flags.writeable)
            or np.may_share_memory(table, rows)
            or not 0 <= ids.min() <= ids.max() < len(table)
        ):
            super().scatter_add(table, ids, rows)
            return
        given = (ids.astype(np.int32), *c.contiguous(rows))
        self._call("scatter_add", *rows.shape, table, *given)

    # Optimizer steps, in place, over all parameters at once

    def sgd_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        buffers: Sequence[Array | None],
        **options: Any,
    ) -> None:
        """Update params; momentum buffers (None without momentum) keep the velocity."""
        if not c.steppable(params, grads, buffers):
            super().sgd_step(params, grads, buffers, **options)
            return
        names = ("lr", "momentum", "dampening", "weight_decay", "nesterov")
        settings = np.array([options[name] for name in names], dtype=c.FLOAT)
        self._step("sgd_step", settings, params, grads, buffers)

    def adam_step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        firsts: Sequence[Array],
        seconds: Sequence[Array],
        **options: Any,
    ) -> None:
        """Update params and both moments; `step` counts from 1.

        weight_decay joins the gradient, or, `decoupled`, shrinks params (AdamW).
        """
        if not c.steppable(params, grads, firsts, seconds):
            super().adam_step(params, grads, firsts, seconds, **options)
            return
        (beta1, beta2), t, lr = options["betas"], options["step"], options["lr"]
        decay, decoupled = options["weight_decay"], options["decoupled"]
        step, root = lr / (1 - beta1**t), (1 - beta2**t) ** 0.5
        shrink = (0, 1 - lr * decay) if decoupled else (decay, 1)
        values = [step, root, 1 - beta1, 1 - beta2, options["eps"], *shrink]
        settings = np.array(values, dtype=c.FLOAT)
        self._step("adam_step", settings, params, grads, firsts, seconds)

    def _step(
        self, name: str, settings: Array, *arrays: Sequence[Array | None]
    ) -> None:
        sizes = c.ints(*[p.size for p in arrays[0] if p is not None])
        self._call(name, settings, len(arrays[0]), sizes, *map(c.table, arrays))


def _output_shape(shape: Any) -> tuple[int, int, int, int]:
    """Return (N, O, OH, OW) of a `struct conv`."""
    return shape[0], shape[1] * shape[5], shape[6], shape[7]


def _rows(x: Array) -> Pair:
    """Return how many rows x has along its last axis, and how long they are."""
    return x.size // x.shape[-1], x.shape[-1]


def _per(x: Array, ndim: int, axis: int, *arrays: Array) -> bool:
    """Whether x has so many axes, and each array a number for each place on one."""
    return x.ndim == ndim and all(a.shape == x.shape[axis : axis + 1] for a in arrays)
