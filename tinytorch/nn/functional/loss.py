"""Losses: one number for how wrong a network is.

N is the batch, C the classes. `reduction` makes one number of all: their mean, their
sum, or "none".
"""

import math
from typing import Literal

import numpy as np

from tinytorch import ops
from tinytorch.functions import where
from tinytorch.nn.functional.activation import softplus
from tinytorch.nn.functional.checks import expect_ids, expect_probability, expect_shape
from tinytorch.tensor import Tensor

Reduction = Literal["none", "mean", "sum"]


def mse_loss(input: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """(input - target)^2, of one shape; ValueError if the shapes differ."""
    expect_shape("mse_loss's target", target, input.shape)
    difference = input - target
    return reduce_losses(difference * difference, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """|input - target|, of one shape."""
    expect_shape("l1_loss's target", target, input.shape)
    return reduce_losses((input - target).abs(), reduction)


def huber_loss(
    input: Tensor, target: Tensor, reduction: Reduction = "mean", delta: float = 1.0
) -> Tensor:
    """Half the square up to `delta`, then delta (|difference| - delta / 2)."""
    expect_shape("huber_loss's target", target, input.shape)
    if delta <= 0:
        raise ValueError(f"huber_loss expects delta > 0, got {delta}")
    size = (input - target).abs()
    loss = where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta))
    return reduce_losses(loss, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-(t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), without overflow.

    input x: logits, any size. target t: from 0 to 1, of input's shape, else
    ValueError. weight scales each loss, pos_weight only the term of t; both broadcast.
    """
    name = "binary_cross_entropy_with_logits's target"
    expect_shape(name, target, input.shape)
    positive = target if pos_weight is None else target * pos_weight
    loss = (1 - target) * softplus(input) + positive * softplus(-input)
    return reduce_losses(loss if weight is None else loss * weight, reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Tensor:
    """-input at the target's class, for log-probabilities (N, C) or (N, C, ...).

    target: class indices (N,) or (N, ...). The mean is weighted by the classes'
    weights (C,); targets equal to ignore_index do not count.
    """
    ids, share = _classes("nll_loss", input, target, weight, ignore_index)
    picked = input.gather(1, Tensor(ids).unsqueeze(1)).squeeze(1)
    return reduce_counted(-picked * Tensor(share), share, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Negative log-likelihood of softmax(input) over axis 1: (N, C) or (N, C, ...).

    target: class indices (N,) or (N, ...), or probabilities of input's shape.
    weight: one factor a class (C,). Indices equal to ignore_index do not count.
    label_smoothing: the share of each target spread evenly over all classes.
    """
    expect_probability("label_smoothing", label_smoothing)
    if target.dtype.kind == "f":
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    ids, share = _classes("cross_entropy", input, target, weight, ignore_index)
    last = (0, *range(2, input.ndim), 1)
    rows = input.permute(last).reshape(ids.size, input.shape[1])  # (N ..., C)
    losses = ops.CrossEntropy.apply(rows, ids=ids.reshape(-1)).reshape(ids.shape)
    losses = losses * Tensor(share)
    if label_smoothing:
        counted = Tensor((target.data != ignore_index).astype(input.dtype))
        log_p = _weigh(input.log_softmax(1), weight) * counted.unsqueeze(1)
        losses = smooth(losses, log_p, label_smoothing)
    return reduce_counted(losses, share, reduction)


def smooth(losses: Tensor, log_p: Tensor, label_smoothing: float) -> Tensor:
    """Ask for a share of `label_smoothing`, evenly over all classes, instead of all.

    losses: (N, ...), those of the targets alone. log_p: (N, C, ...), log-probabilities
    of all classes; -log_p is the loss of each if it were the target. Returns (N, ...).
    """
    return (1 - label_smoothing) * losses - label_smoothing * log_p.mean(1)


def _soft_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: Reduction,
    label_smoothing: float,
) -> Tensor:
    expect_shape("cross_entropy's target (probabilities)", target, input.shape)
    target = target * (1 - label_smoothing) + label_smoothing / input.shape[1]
    return reduce_losses(
        -_weigh(input.log_softmax(1) * target, weight).sum(1), reduction
    )


def kl_div(
    input: Tensor,
    target: Tensor,
    reduction: Literal["none", "batchmean", "mean", "sum"] = "mean",
    log_target: bool = False,
) -> Tensor:
    """target (log target - input), where `input` holds log-probabilities.

    "batchmean" divides by N, and is the divergence; "mean" divides by every element.
    """
    expect_shape("kl_div's target", target, input.shape)
    if log_target:
        loss = target.exp() * (target - input)
    else:  # 0 log 0 counts as 0
        loss = target * (where(target > 0, target, 1.0).log() - input)
    if reduction == "batchmean":
        return loss.sum() / len(input)
    return reduce_losses(loss, reduction)


def _classes(
    name: str,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return each target's class (0 where ignored) and its share in the mean."""
    expected = (*input.shape[:1], *input.shape[2:])
    if input.ndim < 2 or target.shape != expected:
        raise ValueError(
            f"{name} expects input (N, C, ...) and a target of shape (N, ...), "
            f"got {input.shape} and {target.shape}"
        )
    classes = input.shape[1]
    expect_shape(f"{name}'s weight", weight, (classes,))
    counted = target.data != ignore_index
    ids = np.where(counted, target.data, 0).astype(target.dtype)
    if counted.any():
        expect_ids(f"{name}'s target", Tensor(ids), classes)
    share = counted.astype(input.dtype)
    return ids, share if weight is None else share * weight.data[ids]


def _weigh(terms: Tensor, weight: Tensor | None) -> Tensor:
    """Multiply (N, C, ...) by one factor a class (C,)."""
    if weight is None:
        return terms
    expect_shape("cross_entropy's weight", weight, terms.shape[1:2])
    return terms * weight.reshape(1, -1, *(1,) * (terms.ndim - 2))


def reduce_losses(losses: Tensor, reduction: str) -> Tensor:
    """Return the mean of all losses, their sum, or ("none") the losses themselves.

    Raises ValueError for another reduction.
    """
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    if reduction != "none":
        raise ValueError(
            f"expected reduction 'none', 'mean' or 'sum', got {reduction!r}"
        )
    return losses


def reduce_counted(losses: Tensor, share: np.ndarray, reduction: str) -> Tensor:
    """As reduce_losses, but the mean divides by the sum of the shares.

    share: how much each loss counts, 0 where it is ignored; losses are multiplied by
    it already. The mean of nothing is nan, with a gradient of 0.
    """
    if reduction != "mean":
        return reduce_losses(losses, reduction)
    total = float(share.sum())
    return losses.sum() / total if total else losses.sum() + math.nan
