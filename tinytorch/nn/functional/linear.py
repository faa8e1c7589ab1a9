"""Matrices, tables, noise and borders: what acts on every element or the last axis."""

from collections.abc import Sequence

import numpy as np

from tinytorch import expect, ops, random
from tinytorch.random import Generator
from tinytorch.tensor import Tensor


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b: (..., I) with weight (O, I) and bias (O,) gives (..., O)."""
    expect.tensors("Linear", input=input, weight=weight)
    expect.axes("Linear's weight", weight, 2)
    if input.shape[-1:] != weight.shape[1:]:
        wanted = f"last dimension {weight.shape[1]}"
        raise ValueError(f"Linear expects {wanted}, got shape {input.shape}")
    expect.dtype("Linear", input, weight.dtype)
    expect.shape("Linear's bias", bias, weight.shape[:1])
    if not weight.shape[1]:  # of no inputs only the bias is left
        return input @ weight.T if bias is None else input @ weight.T + bias
    if bias is None:
        return ops.Linear.apply(input, weight)
    return ops.Linear.apply(input, weight, bias)


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Rows of weight (V, D) by integer ids (...): (..., D).

    The row `padding_idx` gets no gradient. Raises IndexError for ids outside the table.
    """
    expect.tensors("embedding", input=input, weight=weight)
    expect.axes("embedding's weight", weight, 2)
    expect.ids("embedding", input.data, len(weight))
    return ops.Embedding.apply(weight, ids=input.data, padding_idx=padding_idx)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class indices (...) as int64 (..., num_classes) of zeros and ones."""
    expect.tensors("one_hot", tensor=tensor)
    num_classes = expect.count("num_classes", num_classes, least=-1)
    if num_classes < 0 and tensor.dtype.kind in "iu":
        num_classes = int(tensor.data.max()) + 1 if tensor.numel() else 0
    expect.ids("one_hot", tensor.data, num_classes)
    return Tensor(np.eye(num_classes, dtype=np.int64)[tensor.data])


def dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Zero each element with probability p and scale the rest by 1 / (1 - p).

    Which ones is drawn afresh at each call, from `generator`. Unless `training`, the
    input comes back as it is. p = 1 gives zeros. Raises ValueError for a p that is not
    from 0 to 1, TypeError for integers, which cannot be scaled (Srivastava et al.,
    2014).
    """
    expect.tensors("dropout", input=input)
    expect.floating("dropout", input)
    expect.between(0, 1, p=p)
    random.expect_generator(generator)
    if not training or p == 0:
        return input
    source = (generator or random.default_generator).numpy
    kept = source.random(input.shape, dtype=np.float32) >= p
    scale = 1 / (1 - p) if p < 1 else 0.0
    return input * Tensor(kept * input.dtype.type(scale))


def pad(
    input: Tensor,
    pad: Sequence[int],
    mode: str = "constant",
    value: float | None = None,
) -> Tensor:
    """Put `value`, or zeros, around the last axes.

    pad: how many before and after the last axis, then the last but one, and so on, as
    in PyTorch: (left, right, top, bottom) for images.
    """
    expect.tensors("pad", input=input)
    expect.one_of(("constant",), mode=mode)
    widths = expect.sequence("pad", pad)
    for width in widths:
        expect.whole(pad=width)
    untouched = input.ndim - len(widths) // 2
    if len(widths) % 2 or untouched < 0 or min(widths, default=0) < 0:
        raise ValueError(f"pad expects >= 0, two an axis of {input.shape}, got {pad}")
    if value is not None:
        expect.number(value=value)
    sides = list(zip(widths[::2], widths[1::2], strict=True))[::-1]
    around = [(0, 0)] * untouched + sides
    return ops.Pad.apply(input, widths=around, value=value or 0.0)
