"""Prompts of several lengths in one batch: padded at the left, and masked."""

from collections.abc import Sequence

import numpy as np

from tinytorch import expect
from tinytorch.tensor import Tensor

Array = np.ndarray


def pad_left(prompts: Sequence[Sequence[int]], fill: int = 0) -> tuple[Tensor, Array]:
    """Return prompts of several lengths as ids (B, T), and how many are none (B,).

    They end together, so that all are continued at once: the shorter ones have `fill`
    at their left. Raises ValueError for no prompt, or one without an id.
    """
    fill, rows = (
        expect.count("fill", fill, least=0),
        expect.sequence("prompts", prompts),
    )
    lengths = [len(expect.sequence("prompts", row)) for row in rows]
    if not lengths or not min(lengths):
        raise ValueError(f"expected prompts of at least one id, got lengths {lengths}")
    ids = np.full((len(lengths), max(lengths)), fill, np.int64)
    for row, prompt in zip(ids, prompts, strict=True):
        row[len(row) - len(prompt) :] = prompt
    return Tensor(ids), max(lengths) - np.array(lengths)


def padding_of(ids: Tensor, padding: Sequence[int] | None) -> Array:
    """Return how many ids at the left of each row are none, (B,); None: nowhere any."""
    batch, length = ids.shape
    if padding is None:
        return np.zeros(batch, np.int64)
    counts = _counts(batch, padding)
    if counts.min() < 0 or counts.max() >= length:
        raise ValueError(f"expected padding from 0 to {length - 1}, got {padding}")
    return counts


def ragged(ids: Tensor, start: int, padding: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return the places of ids (B, T) behind padding, (B, T), and where each may look.

    The ids stand in the columns from `start` on; the mask, (B, 1, T, start + T), lets
    each look at itself, and back to its row's first real id.
    """
    batch, length = ids.shape
    absent = _counts(batch, padding)
    columns = np.arange(start + length)
    queries = columns[start:, None]  # (T, 1)
    real = columns >= absent[:, None, None]  # (B, 1, S)
    # What is none looks at itself: an attention to nothing would be nan.
    mask = ((columns <= queries) & real) | (columns == queries)  # (B, T, S)
    places = np.maximum(columns[start:] - absent[:, None], 0)
    return Tensor(places), Tensor(mask[:, None])


def _counts(batch: int, padding: Sequence[int]) -> Array:
    counts = np.asarray(padding)
    if counts.shape != (batch,) or counts.dtype.kind not in "iu":
        got = expect.shown(padding)
        raise ValueError(f"expected padding as {batch} whole numbers, got {got}")
    return counts
