"""Windows over images: where they stand, and the pixels that they meet.

N is the batch, C are channels, H and W the image, KH and KW the kernel, and OH and OW
count the places of a window.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

Array = np.ndarray
Pair = tuple[int, int]
Shape = Sequence[int]


class Window(NamedTuple):
    """What slides over an image: its size and its steps, each (height, width)."""

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)


def output_size(size: Shape, window: Window) -> Pair:
    """Return how many places a window takes in an image, (height, width) like `size`.

    For each: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1
    """
    height, width = (
        (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        for n, kernel, stride, padding, dilation in zip(size, *window, strict=True)
    )
    return height, width


def pad_image(x: Array, padding: Pair, value: float = 0.0) -> Array:
    """Return (N, C, H, W) with a border of `value` around each image.

    `padding` says how many rows are added above and below, and how many columns left
    and right: (N, C, H + 2 rows, W + 2 columns) comes back, in the dtype of `x`.
    """
    (top, left), (n, c, h, w) = padding, x.shape
    if not (top or left):
        return x
    out = np.full((n, c, h + 2 * top, w + 2 * left), value, dtype=x.dtype)
    out[:, :, top : top + h, left : left + w] = x
    return out


def window_cells(padded: Array, window: Window) -> list[Array]:
    """Return for each cell of the kernel the pixels that it meets: a view.

    padded: (N, C, H, W), border included. Each view is (N, C, OH, OW).
    """
    (h, w), ((kh, kw), (sh, sw), _, (dh, dw)) = padded.shape[2:], window
    rows = [slice(i * dh, h - (kh - 1 - i) * dh, sh) for i in range(kh)]
    cols = [slice(j * dw, w - (kw - 1 - j) * dw, sw) for j in range(kw)]
    return [padded[:, :, r, c] for r in rows for c in cols]


def unfold(x: Array, window: Window) -> Array:
    """Copy each window of (N, C, H, W) into a column: (N, C KH KW, OH OW).

    A column holds the window's pixels channel by channel, each row by row; columns
    follow each other as the window moves, row by row. Padding is zeros.
    """
    cells = window_cells(pad_image(x, window.padding), window)
    n, c, oh, ow = cells[0].shape
    columns = np.empty((n, c, len(cells), oh, ow), dtype=x.dtype)
    for k, pixels in enumerate(cells):
        columns[:, :, k] = pixels
    return columns.reshape(n, c * len(cells), oh * ow)


def fold(parts: Iterable[Array], shape: Shape, window: Window, like: Array) -> Array:
    """Add each cell's part (N, C, OH, OW) to the pixels that it meets.

    The transpose of unfolding. Returns `shape`, (N, C, H, W), in the dtype of `like`.
    """
    (n, c, h, w), (top, left) = shape, window.padding
    padded = np.zeros((n, c, h + 2 * top, w + 2 * left), dtype=like.dtype)
    for pixels, part in zip(window_cells(padded, window), parts, strict=True):
        pixels += part
    return padded[:, :, top : top + h, left : left + w]
