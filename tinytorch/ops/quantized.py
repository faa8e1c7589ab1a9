"""Products of 8-bit integers with exact 32-bit sums.

They are plain functions on arrays: what is rounded has no gradient. Inputs are x - z,
stored as x with a zero point z, so that any range of floats uses all 8 bits; weights
have none.
"""

import numpy as np

from tinytorch import backends
from tinytorch.autograd import Array
from tinytorch.backends.window import Window, output_size, pad_image, unfold


def linear_int8(x: Array, weight: Array, zero_point: int) -> Array:
    """int8 x (R, K) and weight (O, K) give int32 (R, O): (x - z) times weight^T."""
    sums = backends.current.matmul_int8(x, weight.T)
    return sums - zero_point * weight.sum(axis=1, dtype=sums.dtype)


def conv2d_int8(
    x: Array, weight: Array, window: Window, groups: int, zero_point: int
) -> Array:
    """int8 x (N, C, H, W) and weight (O, C/G, KH, KW) give int32 (N, O, OH, OW).

    Unfolding makes it one product a group; padding is z, which stands for 0.
    """
    padded = pad_image(x, window.padding, zero_point)
    columns = unfold(padded, window._replace(padding=(0, 0)))  # (N, C KH KW, L)
    n, _, length = columns.shape
    rows = columns.transpose(1, 0, 2).reshape(groups, -1, n * length)
    filters = weight.reshape(groups, weight.shape[0] // groups, -1)
    matmul = backends.current.matmul_int8
    sums = np.stack([matmul(w, r) for w, r in zip(filters, rows, strict=True)])
    sums -= zero_point * filters.sum(axis=2, keepdims=True, dtype=sums.dtype)
    size = output_size(x.shape[2:], window)
    return sums.reshape(-1, n, *size).swapaxes(0, 1)
