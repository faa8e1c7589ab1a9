"""What may be passed to `simd.c`, and how: C itself checks nothing.

Each function that can refuse returns False or None, and numpy does the work instead.
"""

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from tinytorch.backends.numpy import Array, Pair, Window, output_size

FLOAT = np.dtype(np.float32)
INT8 = np.dtype(np.int8)
CELL = np.dtype(np.int16)
_LIMIT = 2**31  # C counts in 32 bits
_ORIGIN = np.zeros(1, dtype=np.int32)

#: The arguments of each function in simd.c: pointer, int or float.
SIGNATURES = {
    "gemm_scratch": "",
    "gemm": "ppppppp",
    "gemm_int8_scratch": "p",
    "gemm_int8": "ppppp",
    "conv2d_scratch": "p",
    "conv2d": "pppppp",
    "conv2d_weight_grad_scratch": "p",
    "conv2d_weight_grad": "ppppp",
    "max_pool2d": "pppp",
    "max_pool2d_grad": "pppp",
    "relu": "ipp",
    "relu_grad": "ippp",
    "gelu": "ipp",
    "gelu_grad": "ippp",
    "softmax": "iipp",
    "softmax_grad": "iippp",
    "log_softmax": "iipp",
    "log_softmax_grad": "iippp",
    "layer_norm": "iipppfppp",
    "layer_norm_grad": "iipppppppp",
    "batch_norm": "iiipppfppp",
    "batch_norm_grad": "iiipppppppp",
    "scatter_add": "iippp",
    "sgd_step": "pipppp",
    "adam_step": "pippppp",
}
_C_TYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int, "f": ctypes.c_float}


def open_library(path: str) -> ctypes.CDLL:
    """Load the compiled kernels and declare their arguments. Raises OSError."""
    library = ctypes.CDLL(path)
    for name, kinds in SIGNATURES.items():
        function = getattr(library, f"tt_{name}")
        function.argtypes = [_C_TYPES[kind] for kind in kinds]
        function.restype = ctypes.c_int if name.endswith("scratch") else None
    return library


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


def same_floats(first: Array, *others: Array) -> bool:
    """Whether all are such arrays, and of one shape."""
    return floats(first, *others) and all(x.shape == first.shape for x in others)


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
    if not floats(*arrays) or not all(x.flags.c_contiguous for x in arrays):
        return False
    if any(x is not None and x.shape != row[0].shape for row in given for x in row):
        return False
    written = [x for p, _, *state in given for x in (p, *state) if x is not None]
    spans = sorted((address(x), address(x) + x.nbytes) for x in arrays)
    return all(x.flags.writeable for x in written) and all(
        end <= start for (_, end), (start, _) in pairwise(spans)
    )


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
def conv_shape(
    x: tuple[int, ...], weight: tuple[int, ...], window: Window, groups: int
) -> ctypes.Array | None:
    """Return `struct conv` of a convolution, or None if its shapes are amiss."""
    (n, channels, h, w), (o, depth, kh, kw) = x, weight
    stride, padding, dilation = window
    out = output_size((h, w), (kh, kw), window)
    if channels != groups * depth or o % groups or not _sound(window, out):
        return None
    image = (n, groups, depth, h, w, o // groups, *out)
    return _conv(*image, kh, kw, *stride, *dilation, *padding, 1, 1)


@lru_cache(maxsize=256)
def conv_back_shape(
    x: tuple[int, ...], weight: tuple[int, ...], window: Window, groups: int
) -> ctypes.Array | None:
    """Return `struct conv` of the convolution that gives the gradient to `x`."""
    (n, _, h, w), (o, depth, kh, kw) = x, weight
    stride, padding, dilation = window
    out = output_size((h, w), (kh, kw), window)
    top = dilation[0] * (kh - 1) - padding[0]
    left = dilation[1] * (kw - 1) - padding[1]
    image = (n, groups, o // groups, *out, depth, h, w)
    return _conv(*image, kh, kw, 1, 1, *dilation, top, left, *stride)


def _conv(*values: int) -> ctypes.Array | None:
    n, groups, depth, h, w, filters, oh, ow, kh, kw, sh, sw, dh, dw = values[:14]
    canvas = ((oh - 1) * sh + (kh - 1) * dh + 1) * (ow * sw + (kw - 1) * dw + 1)
    weights = groups * (filters + 4) * depth * kh * kw
    outputs = n * groups * (filters + 4) * oh * (ow + 4)
    if max(depth * canvas, weights, outputs) >= _LIMIT // 8:
        return None
    return ints(*values)


@lru_cache(maxsize=256)
def pool_shape(x: tuple[int, ...], kernel: Pair, window: Window) -> ctypes.Array | None:
    """Return `struct pool`, or None if its shapes are amiss."""
    n, c, h, w = x
    out = output_size((h, w), kernel, window)
    if min(kernel) < 1 or kernel[0] * kernel[1] >= 2**15 or not _sound(window, out):
        return None
    return ints(n * c, h, w, *out, *kernel, *window[0], *window[1], *window[2])


def _sound(window: Window, out: Pair) -> bool:
    stride, padding, dilation = window
    return min(*stride, *dilation, *out) >= 1 and min(padding) >= 0
