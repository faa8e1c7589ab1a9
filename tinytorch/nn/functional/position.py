"""Where a token stands, in numbers: rows of a table, waves, and turns.

T is the length of a sequence, C (or D in a head of attention) how many numbers each
place has. Places count from 0; `start` is the first one's.
"""

import numpy as np

from tinytorch import expect
from tinytorch.tensor import Tensor
from tinytorch.tensor.functions import stack

SLOWEST = 10_000  # how many times slower the last pair turns than the first, about


def place_angles(length: int, dim: int, start: int = 0) -> np.ndarray:
    """Return (length, dim / 2): the angle in radians of each pair of columns.

    Pair i turns by 10000^(-2i / dim) from one place to the next, so that the first pair
    tells neighbours apart and the last one distant places. The first row is that of
    place `start`. In float64. Source: Vaswani et al., 2017.
    """
    places = np.arange(start, start + length)
    speeds = SLOWEST ** (-np.arange(0, dim, 2) / dim)
    return places[:, None] * speeds


def waves(angles: np.ndarray) -> np.ndarray:
    """Return (length, 2 P) of angles (length, P): sines and cosines side by side.

    Column 2i is the sine of angle i, column 2i + 1 its cosine. The dtype stays.
    """
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=2)  # (length, P, 2)
    return pairs.reshape(len(angles), 2 * angles.shape[1])


def add_positions(input: Tensor, table: Tensor, start: int = 0) -> Tensor:
    """Add to x (..., T, C) the rows start, start + 1, ... of a table (length, C).

    The same rows for every sequence of a batch. Raises ValueError unless the table has
    a row for each of the T places, all from 0 on.
    """
    end = start + input.shape[-2]
    if start < 0 or end > len(table):
        raise ValueError(
            f"expected positions from 0 to {len(table) - 1}, got {start} to {end - 1}"
        )
    return input + table[start:end]


def rotary(input: Tensor, start: int = 0) -> Tensor:
    """Turn each pair of columns of x (..., T, D) by the angle of its place.

    Columns 2i and 2i + 1 are a pair (a, b); it becomes (a cos - b sin, a sin + b cos)
    of `place_angles`. Lengths stay, and the product of two turned rows depends on how
    far apart they stand, not on where. Raises ValueError for an odd D.

    Source: Su et al., 2021.
    """
    expect.divisible(2, last_axis=input.shape[-1])
    angles = place_angles(input.shape[-2], input.shape[-1], start)  # (T, D / 2)
    cos, sin = (Tensor(f(angles).astype(input.dtype)) for f in (np.cos, np.sin))
    a, b = input[..., 0::2], input[..., 1::2]
    turned = stack([a * cos - b * sin, a * sin + b * cos], dim=-1)  # (..., D / 2, 2)
    return turned.reshape(input.shape)
