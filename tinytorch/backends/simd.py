"""The kernels in C, compiled to WebAssembly SIMD: the default in a browser.

`simd.c` holds them; the site's build compiles it to `simd.wasm`, which ctypes loads
and lets work on numpy's own memory. C checks nothing, so every method here looks at
types, shapes, strides and overlap first, and leaves to numpy what does not fit.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from tinytorch.backends.numpy import Array, NumpyBackend, Pair, Window, output_size

MODULE = Path(__file__).with_name("simd.wasm")

_FLOAT = np.dtype(np.float32)
_CELL = np.dtype(np.int16)
_REACH = 2**31  # C counts numbers in 32 bits
_SMALL_PRODUCT = 4096  # multiplications that numpy does in less than a call takes


class SimdBackend(NumpyBackend):
    """float32 on four lanes; everything else is numpy's.

    path: the compiled `simd.c`. Raises OSError if it cannot be loaded.
    """

    name = "simd"

    def __init__(self, path: str | Path = MODULE) -> None:
        self._c = ctypes.CDLL(str(path))
        for name, kinds in _SIGNATURES.items():
            function = getattr(self._c, f"tt_{name}")
            function.argtypes = [_C_TYPES[kind] for kind in kinds]
            function.restype = ctypes.c_int if name.endswith("scratch") else None
        self._memory = np.empty(0, dtype=_FLOAT)

    def describe(self) -> str:
        """Return in one line what does the work."""
        return "C kernels on 128-bit SIMD for float32; numpy for the rest"

    def _scratch(self, count: int) -> int:
        """Return the address of room for `count` floats; the next call reuses it."""
        if self._memory.size < count:
            self._memory = np.empty(count, dtype=_FLOAT)
        return self._memory.ctypes.data

    # Products

    def matmul(self, a: Array, b: Array) -> Array:
        """(..., I, K) times (..., K, J) gives (..., I, J), batches broadcast."""
        if not (_strided(a) and _strided(b) and a.shape[-1] == b.shape[-2]):
            return super().matmul(a, b)
        (rows, depth), cols = a.shape[-2:], b.shape[-1]
        if b.ndim == 2 and a.ndim > 2 and a.flags.c_contiguous:
            return self.matmul(a.reshape(-1, depth), b).reshape(*a.shape[:-1], cols)
        if rows * depth * cols < _SMALL_PRODUCT:
            return super().matmul(a, b)
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a_at, b_at = _starts(a, batch), _starts(b, batch)
        strides = [s // 4 for s in (*a.strides[-2:], *b.strides[-2:])]
        out = np.empty((*batch, rows, cols), dtype=_FLOAT)
        self._c.tt_gemm(
            _ints(a_at.size, rows, cols, depth, *strides),
            *(a.ctypes.data, a_at.ctypes.data, b.ctypes.data, b_at.ctypes.data),
            out.ctypes.data,
            self._scratch(self._c.tt_gemm_scratch()),
        )
        return out

    # Convolution and pooling

    def conv2d(
        self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int
    ) -> Array:
        """(N, C, H, W) with (O, C/G, KH, KW) gives (N, O, OH, OW)."""
        given = (x, weight) if bias is None else (x, weight, bias)
        if not _floats(*given):
            return super().conv2d(x, weight, bias, window, groups)
        shape = _conv_shape(x.shape, weight.shape, window, groups)
        return self._conv(shape, x, weight, bias)

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
        if not _floats(grad, weight) or 0 in shape:
            return super().conv2d_input_grad(grad, weight, shape, window, groups)
        n, o, oh, ow = grad.shape
        depth, kh, kw = weight.shape[1:]
        stride, padding, dilation = window
        back = weight.reshape(groups, o // groups, depth, kh, kw)
        back = back.swapaxes(1, 2)[..., ::-1, ::-1]
        offset = (dilation[0] * (kh - 1) - padding[0], dilation[1] * (kw - 1) - padding[1])
        geometry = (n, groups, o // groups, oh, ow, depth, *shape[2:], kh, kw)
        full = _ints(*geometry, 1, 1, *dilation, *offset, *stride)
        return self._conv(full, grad, back, None)

    def _conv(
        self, shape: ctypes.Array, x: Array, weight: Array, bias: Array | None
    ) -> Array:
        n, groups, filters, height, width = (shape[i] for i in (0, 1, 5, 6, 7))
        x, weight = np.ascontiguousarray(x), np.ascontiguousarray(weight)
        bias = None if bias is None else np.ascontiguousarray(bias)
        y = np.empty((n, groups * filters, height, width), dtype=_FLOAT)
        self._c.tt_conv2d(
            shape,
            x.ctypes.data,
            weight.ctypes.data,
            None if bias is None else bias.ctypes.data,
            y.ctypes.data,
            self._scratch(self._c.tt_conv2d_scratch(shape)),
        )
        return y

    def conv2d_weight_grad(
        self, grad: Array, x: Array, shape: Sequence[int], window: Window, groups: int
    ) -> Array:
        """Gradient (N, O, OH, OW) of the output to one of `shape` (O, C/G, KH, KW)."""
        if not _floats(grad, x) or 0 in shape:
            return super().conv2d_weight_grad(grad, x, shape, window, groups)
        grad, x = np.ascontiguousarray(grad), np.ascontiguousarray(x)
        geometry = _conv_shape(x.shape, tuple(shape), window, groups)
        dweight = np.empty(shape, dtype=_FLOAT)
        self._c.tt_conv2d_weight_grad(
            geometry,
            *(grad.ctypes.data, x.ctypes.data, dweight.ctypes.data),
            self._scratch(self._c.tt_conv2d_weight_grad_scratch(geometry)),
        )
        return dweight

    def max_pool2d(self, x: Array, kernel: Pair, window: Window) -> tuple[Array, Array]:
        """Return the largest value of each window, and its cell's number (int16)."""
        if not _floats(x):
            return super().max_pool2d(x, kernel, window)
        x = np.ascontiguousarray(x)
        n, c, h, w = x.shape
        out = output_size((h, w), kernel, window)
        y = np.empty((n, c, *out), dtype=_FLOAT)
        cell = np.empty(y.shape, dtype=_CELL)
        shape = _ints(n * c, h, w, *out, *kernel, *window[0], *window[1], *window[2])
        self._c.tt_max_pool2d(shape, x.ctypes.data, y.ctypes.data, cell.ctypes.data)
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
        if not _floats(grad) or cell.dtype is not _CELL or cell.shape != grad.shape:
            return super().max_pool2d_grad(grad, cell, shape, kernel, window)
        grad, cell = np.ascontiguousarray(grad), np.ascontiguousarray(cell)
        n, c, h, w = shape
        dx = np.empty(shape, dtype=_FLOAT)
        places = (*grad.shape[2:], *kernel, *window[0], *window[1], *window[2])
        self._c.tt_max_pool2d_grad(
            _ints(n * c, h, w, *places),
            *(grad.ctypes.data, cell.ctypes.data, dx.ctypes.data),
        )
        return dx

    # Elementwise

    def relu(self, x: Array) -> Array:
        """max(x, 0)"""
        if not _floats(x):
            return super().relu(x)
        x = np.ascontiguousarray(x)
        y = np.empty(x.shape, dtype=_FLOAT)
        self._c.tt_relu(x.size, x.ctypes.data, y.ctypes.data)
        return y

    def relu_grad(self, grad: Array, y: Array) -> Array:
        """`grad` where the output `y` is positive, else 0."""
        if not _floats(grad, y) or grad.shape != y.shape:
            return super().relu_grad(grad, y)
        grad, y = np.ascontiguousarray(grad), np.ascontiguousarray(y)
        dx = np.empty(y.shape, dtype=_FLOAT)
        self._c.tt_relu_grad(y.size, grad.ctypes.data, y.ctypes.data, dx.ctypes.data)
        return dx

    # Normalisation

    def batch_norm(
        self, x: Array, weight: Array, bias: Array, eps: float
    ) -> tuple[Array, Array, Array]:
        """Normalise each channel of (N, C, L) over N and L.

        Returns y and the channels' means and variances (biased), each (C,).
        """
        if not _floats(x, weight, bias):
            return super().batch_norm(x, weight, bias, eps)
        x, weight, bias = map(np.ascontiguousarray, (x, weight, bias))
        y = np.empty(x.shape, dtype=_FLOAT)
        mean, var = np.empty_like(weight), np.empty_like(weight)
        arrays = [array.ctypes.data for array in (x, weight, bias)]
        results = [array.ctypes.data for array in (y, mean, var)]
        self._c.tt_batch_norm(*x.shape, *arrays, eps, *results)
        return y, mean, var

    def batch_norm_grad(
        self, grad: Array, x: Array, weight: Array, mean: Array, rstd: Array
    ) -> tuple[Array, Array, Array]:
        """Gradients to x (N, C, L), weight (C,) and bias (C,)."""
        given = (grad, x, weight, mean, rstd)
        if not _floats(*given) or grad.shape != x.shape:
            return super().batch_norm_grad(*given)
        given = [np.ascontiguousarray(array) for array in given]
        dx = np.empty(x.shape, dtype=_FLOAT)
        dweight, dbias = np.empty_like(given[2]), np.empty_like(given[2])
        addresses = [array.ctypes.data for array in (*given, dx, dweight, dbias)]
        self._c.tt_batch_norm_grad(*x.shape, *addresses)
        return dx, dweight, dbias

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
        if not _steppable(params, grads, buffers):
            super().sgd_step(
                *(params, grads, buffers),
                lr=lr,
                momentum=momentum,
                dampening=dampening,
                weight_decay=weight_decay,
                nesterov=nesterov,
            )
            return
        settings = np.array([lr, momentum, dampening, weight_decay, nesterov], _FLOAT)
        self._c.tt_sgd_step(
            settings.ctypes.data,
            len(params),
            _ints(*(p.size for p in params)),
            *map(_table, (params, grads, buffers)),
        )


# What may be passed to C


def _floats(*arrays: Array) -> bool:
    """Whether all are arrays of aligned float32 with something in them.

    The caller makes them contiguous: a copy costs less than going without C.
    """
    return all(
        type(x) is np.ndarray
        and x.dtype is _FLOAT
        and x.flags.aligned
        and 0 < x.size < _REACH
        for x in arrays
    )


def _strided(x: Array) -> bool:
    """Whether the matrices of `x` can be read where they are."""
    return (
        _floats(x)
        and x.ndim >= 2
        and all(s % 4 == 0 for s in x.strides)
        and sum(n * abs(s) for n, s in zip(x.shape, x.strides, strict=True)) < _REACH
    )


def _steppable(
    params: Sequence[Array], grads: Sequence[Array], *states: Sequence[Array | None]
) -> bool:
    """Whether an optimizer may write all params and states in one go.

    Every array has its parameter's shape, is contiguous, and what is written overlaps
    nothing else.
    """
    if not all(len(arrays) == len(params) > 0 for arrays in (grads, *states)):
        return False
    given = list(zip(params, grads, *states, strict=True))
    arrays = [x for row in given for x in row if x is not None]
    if not _floats(*arrays) or not all(x.flags.c_contiguous for x in arrays):
        return False
    if any(x is not None and x.shape != row[0].shape for row in given for x in row):
        return False
    written = [x for p, _, *state in given for x in (p, *state) if x is not None]
    spans = sorted((x.ctypes.data, x.ctypes.data + x.nbytes) for x in arrays)
    return all(x.flags.writeable for x in written) and all(
        end <= start for (_, end), (start, _) in pairwise(spans)
    )


# Arguments in C's terms


@lru_cache(maxsize=256)
def _ints(*values: int) -> ctypes.Array:
    """Return a C struct of integers."""
    return (ctypes.c_int * len(values))(*values)


def _table(arrays: Sequence[Array | None]) -> ctypes.Array:
    """Return a C array of the arrays' addresses, null for None."""
    addresses = (None if x is None else x.ctypes.data for x in arrays)
    return (ctypes.c_void_p * len(arrays))(*addresses)


def _starts(x: Array, batch: tuple[int, ...]) -> Array:
    """Return where each matrix of `x`, broadcast to `batch`, begins (int32)."""
    strides = np.broadcast_to(x, (*batch, *x.shape[-2:])).strides
    at = np.zeros(1, dtype=np.int32)
    for length, stride in zip(batch, strides, strict=False):
        at = at[..., None] + np.arange(length, dtype=np.int32) * np.int32(stride // 4)
    return np.ascontiguousarray(at.reshape(-1))


def _conv_shape(
    x: tuple[int, ...], weight: tuple[int, ...], window: Window, groups: int
) -> ctypes.Array:
    """Return `struct conv` of a forward convolution."""
    n, _, h, w = x
    o, depth, kh, kw = weight
    stride, padding, dilation = window
    out = output_size((h, w), (kh, kw), window)
    image = (n, groups, depth, h, w, o // groups, *out)
    return _ints(*image, kh, kw, *stride, *dilation, *padding, 1, 1)


_C_TYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int, "f": ctypes.c_float}
#: The arguments of each function in simd.c: pointer, int or float.
_SIGNATURES = {
    "gemm_scratch": "",
    "gemm": "ppppppp",
    "conv2d_scratch": "p",
    "conv2d": "pppppp",
    "conv2d_weight_grad_scratch": "p",
    "conv2d_weight_grad": "ppppp",
    "max_pool2d": "pppp",
    "max_pool2d_grad": "pppp",
    "relu": "ipp",
    "relu_grad": "ippp",
    "batch_norm": "iiipppfppp",
    "batch_norm_grad": "iiipppppppp",
    "sgd_step": "pipppp",
}
