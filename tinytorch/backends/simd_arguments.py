"""What may be passed to `simd.c`, and how: C itself checks nothing.

Each function that can refuse returns False or None, and numpy does the work instead.
"""

import ctypes
import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from tinytorch.backends.window import Array, Pair, Window, output_size

FLOAT = np.dtype(np.float32)
Shape = tuple[int, ...]
INT8 = np.dtype(np.int8)
CELL = np.dtype(np.int16)
_LIMIT = 2**31  # C counts in 32 bits
_ORIGIN = np.zeros(1, dtype=np.int32)

#: The functions of simd.c by the kinds of their arguments: pointer, int or float.
_BY_KINDS = {
    "": "gemm_scratch",
    "p": "gemm_int8_scratch conv2d_scratch conv2d_weight_grad_scratch",
    "pppp": "max_pool2d max_pool2d_grad",
    "ppppp": "gemm_int8 conv2d_weight_grad",
    "pppppp": "conv2d",
    "ppppppp": "gemm",
    "ipp": "relu gelu",
    "ippp": "relu_grad gelu_grad",
    "iipp": "softmax log_softmax",
    "iippp": "softmax_grad log_softmax_grad scatter_add",
    "iipppfppp": "layer_norm",
    "iiipppfppp": "batch_norm",
    "iipppppppp": "layer_norm_grad",
    "iiipppppppp": "batch_norm_grad",
    "pipppp": "sgd_step",
    "pippppp": "adam_step",
}
SIGNATURES = {name: kinds for kinds, all_ in _BY_KINDS.items() for name in all_.split()}
_C_TYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int, "f": ctypes.c_float}


def open_library(path: str) -> dict[str, Any]:
    """Load the compiled kernels: their functions by name. Raises OSError."""
    library = ctypes.CDLL(path)
    functions = {name: getattr(library, f"tt_{name}") for name in SIGNATURES}
    for name, function in functions.items():
        function.argtypes = [_C_TYPES[kind] for kind in SIGNATURES[name]]
        function.restype = ctypes.c_int if name.endswith("scratch") else None
    return functions


# Arrays


def floats(*arrays: Array) -> bool:
    """Whether all are arrays of float32 with something in them.

    Not whether they are contiguous: a copy costs less than going without C.
    """
    for x in arrays:
        if type(x) is not np.ndarray or x.dtype is not FLOAT:
            return False
        if not (x.flags.aligned and 0 < x.size < _LIMIT):
            return False
    return True


def strided(x: Array, dtype: np.dtype = FLOAT) -> bool:
    """Whether C can read the matrices of `x` where they are, step by step."""
    return (
        type(x) is np.ndarray
        and x.dtype is dtype
        and x.flags.aligned
        and x.ndim >= 2
        and x.size > 0
        and all(s % dtype.itemsize == 0 for s in x.strides)
        and sum(n * abs(s) for n, s in zip(x.shape, x.strides, strict=True)) < _LIMIT
    )


def contiguous(*arrays: Array) -> list[Array]:
    """Return the arrays in C order; only those that are not are copied."""
    return [x if x.flags.c_contiguous else np.ascontiguousarray(x) for x in arrays]


def scatterable(table: Array, ids: Array, rows: Array) -> bool:
    """Whether rows (R, D) may be added to those of table (V, D) that ids (R,) name."""
    return (
        floats(table, rows)
        and table.ndim == 2
        and ids.ndim == 1
        and ids.dtype.kind in "iu"
        and rows.shape == (len(ids), table.shape[1])
        and table.flags.c_contiguous
        and table.flags.writeable
        and not np.may_share_memory(table, rows)
        and 0 <= ids.min() <= ids.max() < len(table)
    )


def steppable(
    params: Sequence[Array], grads: Sequence[Array], *states: Sequence[Array | None]
) -> bool:
    """Whether an optimizer may write all params and states in one go.

    Every array has its parameter's shape, is contiguous, and overlaps no other.
    """
    if not all(len(arrays) == len(params) > 0 for arrays in (grads, *states)):
        return False
    given = list(zip(params, grads, *states, strict=True))
    arrays = [x for row in given for x in row if x is not None]
    alike = all(x is None or x.shape == row[0].shape for row in given for x in row)
    if not (alike and floats(*arrays) and all(x.flags.c_contiguous for x in arrays)):
        return False
    written = (x for xs in (params, *states) for x in xs if x is not None)
    spans = sorted((address(x), address(x) + x.nbytes) for x in arrays)
    apart = all(end <= start for (_, end), (start, _) in pairwise(spans))
    return apart and all(x.flags.writeable for x in written)


# Values in C's terms


def address(x: Array) -> int:
    """Return where the array's first element lies; quicker than `x.ctypes.data`."""
    return x.__array_interface__["data"][0]


@lru_cache(maxsize=256)
def ints(*values: int) -> ctypes.Array:
    """Return a C struct of integers."""
    return (ctypes.c_int * len(values))(*values)


def table(arrays: Sequence[Array | None]) -> ctypes.Array:
    """Return a C array of the arrays' addresses, null for None."""
    addresses = [None if x is None else address(x) for x in arrays]
    return (ctypes.c_void_p * len(addresses))(*addresses)


def starts(x: Array, batch: tuple[int, ...]) -> Array:
    """Return where each matrix of `x`, broadcast to `batch`, begins (int32)."""
    at = _ORIGIN
    if batch:
        strides = np.broadcast_to(x, (*batch, *x.shape[-2:])).strides
        for length, stride in zip(batch, strides, strict=False):
            steps = np.arange(length, dtype=np.int32) * np.int32(stride // 4)
            at = (at[:, None] + steps).reshape(-1)
    return at


def scaled(x: Array) -> tuple[int, ...]:
    """Return the strides of a matrix, counted in elements."""
    return tuple(s // x.itemsize for s in x.strides[-2:])


@lru_cache(maxsize=256)
def plan(axes: str, *shapes: Shape) -> tuple[list[int], list[Shape]] | None:
    """Match arrays' shapes to axes such as "rd d -> rd": each letter is one length.

    A * stands for any number of axes. Returns the lengths, those of * as their
    product, and the shapes of the results; None if the shapes do not fit.
    """
    arrays, results = (side.split() for side in axes.split("->"))
    found: dict[str, Shape] = {}
    for letters, shape in zip(arrays, shapes, strict=True):
        lead = len(shape) - len(letters.replace("*", ""))
        lengths = [shape[:lead]] * letters.count("*") + [(n,) for n in shape[lead:]]
        if lead < 0 or len(lengths) != len(letters):
            return None
        for letter, length in zip(letters, lengths, strict=True):
            if found.setdefault(letter, length) != length:
                return None
    made = [tuple(n for a in letters for n in found[a]) for letters in results]
    return [math.prod(length) for length in found.values()], made


@lru_cache(maxsize=256)
def conv_shape(
    x: Shape, weight: Shape, window: Window, groups: int
) -> ctypes.Array | None:
    """Return `struct conv` of a convolution, or None if its shapes are amiss."""
    (n, channels, *size), (o, depth, *kernel) = x, weight
    out = output_size(size, window)
    fits = channels == groups * depth and o % groups == 0
    if not fits or tuple(kernel) != window.kernel or not _sound(window, out):
        return None
    image = (n, groups, depth, *size, o // groups, *out)
    places = (*window.stride, *window.dilation, *window.padding)
    return _conv(*image, *kernel, *places, 1, 1)


def conv_output(shape: ctypes.Array) -> tuple[int, int, int, int]:
    """Return (N, O, OH, OW) of a `struct conv`."""
    return shape[0], shape[1] * shape[5], shape[6], shape[7]


@lru_cache(maxsize=256)
def conv_back_shape(
    grad: Shape, x: Shape, weight: Shape, window: Window, groups: int
) -> ctypes.Array | None:
    """Return `struct conv` of the convolution of `grad` that gives the one to `x`."""
    there = conv_shape(x, weight, window, groups)
    if there is None or grad != conv_output(there):
        return None
    (n, _, *size), (o, depth, *kernel) = x, weight
    border = [d * (k - 1) - p for k, _, p, d in zip(*window, strict=True)]
    image = (n, groups, o // groups, *grad[2:], depth, *size)
    return _conv(*image, *kernel, 1, 1, *window.dilation, *border, *window.stride)


def _conv(*values: int) -> ctypes.Array | None:
    n, groups, depth, _, _, filters, oh, ow, kh, kw, sh, sw, dh, dw = values[:14]
    canvas = ((oh - 1) * sh + (kh - 1) * dh + 1) * (ow * sw + (kw - 1) * dw + 1)
    weights = groups * (filters + 4) * depth * kh * kw
    outputs = n * groups * (filters + 4) * oh * (ow + 4)
    fits = max(depth * canvas, weights, outputs) < _LIMIT // 8
    return ints(*values) if fits else None


@lru_cache(maxsize=256)
def pool_shape(x: Shape, window: Window) -> ctypes.Array | None:
    """Return `struct pool`, or None if its shapes are amiss."""
    n, c, *size = x
    out = output_size(size, window)
    if math.prod(window.kernel) >= 2**15 or not _sound(window, out):
        return None
    kernel, stride, padding, dilation = window
    return ints(n * c, *size, *out, *kernel, *stride, *padding, *dilation)


def _sound(window: Window, out: Pair) -> bool:
    kernel, stride, padding, dilation = window
    return min(*kernel, *stride, *dilation, *out) >= 1 and min(padding) >= 0
