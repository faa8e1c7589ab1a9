"""Losses: one number for how wrong a network is.

N is the batch, C the classes. `reduction` makes one number of all: their "mean", their
"sum", or "none".
"""

import math

import numpy as np

from tinytorch import expect, ops
from tinytorch.nn.functional.activation import softplus
from tinytorch.nn.functional.normalization import beside
from tinytorch.tensor import Tensor
from tinytorch.tensor.functions import where

REDUCTIONS = ("none", "mean", "sum")


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """(input - target)^2, of one shape; ValueError if the shapes differ."""
    expect.tensors("mse_loss", input=input, target=target)
    expect.shape("mse_loss's target", target, input.shape)
    difference = input - target
    return reduce_losses(difference * difference, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """|input - target|, of one shape."""
    expect.tensors("l1_loss", input=input, target=target)
    expect.shape("l1_loss's target", target, input.shape)
    return reduce_losses((input - target).abs(), reduction)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0
) -> Tensor:
    """Half the square up to `delta`, then delta (|difference| - delta / 2)."""
    expect.tensors("huber_loss", input=input, target=target)
    expect.shape("huber_loss's target", target, input.shape)
    expect.number(delta=delta)
    if not delta > 0:
        raise ValueError(f"huber_loss expects delta > 0, got {delta}")
    size = (input - target).abs()
    loss = where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta))
    return reduce_losses(loss, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-(t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), without overflow.

    input x: logits, any size. target t: from 0 to 1, of input's shape, else
    ValueError. weight scales each loss, pos_weight only the term of t; both broadcast.
    """
    expect_shares("binary_cross_entropy_with_logits", input, target, weight, pos_weight)
    positive = target if pos_weight is None else target * pos_weight
    loss = (1 - target) * softplus(input) + positive * softplus(-input)
    return reduce_losses(loss if weight is None else loss * weight, reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """-input at the target's class, for log-probabilities (N, C) or (N, C, ...).

    target: class indices (N,) or (N, ...). The mean is weighted by the classes'
    weights (C,); targets equal to ignore_index do not count.
    """
    expect.one_of(REDUCTIONS, reduction=reduction)
    ids, share = _classes("nll_loss", input, target, weight, ignore_index)
    input = _without_ignored(input, target, ignore_index)
    picked = input.gather(1, Tensor(ids).unsqueeze(1)).squeeze(1)
    return reduce_counted(-picked * Tensor(share), share, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Negative log-likelihood of softmax(input) over axis 1: (N, C) or (N, C, ...).

    target: class indices (N,) or (N, ...), or probabilities of input's shape.
    weight: one factor a class (C,). Indices equal to ignore_index do not count.
    label_smoothing: the share of each target spread evenly over all classes.
    """
    expect.tensors("cross_entropy", input=input, target=target)
    expect.between(0, 1, label_smoothing=label_smoothing)
    expect.one_of(REDUCTIONS, reduction=reduction)
    expect.shape("cross_entropy's weight", weight, input.shape[1:2])
    if target.dtype.kind == "f":
        expect_shares("cross_entropy", input, target)
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[1]
        return reduce_losses(-(_log_p(input, weight) * target).sum(1), reduction)
    ids, share = _classes("cross_entropy", input, target, weight, ignore_index)
    input = _without_ignored(input, target, ignore_index)
    last = (0, *range(2, input.ndim), 1)
    rows = input.permute(last).reshape(ids.size, input.shape[1])  # (N ..., C)
    losses = ops.CrossEntropy.apply(rows, ids=ids.reshape(-1)).reshape(ids.shape)
    losses = losses * Tensor(share)
    if label_smoothing:
        counted = Tensor((target.data != ignore_index).astype(input.dtype))
        log_p = _log_p(input, weight) * counted.unsqueeze(1)
        losses = smooth(losses, log_p, label_smoothing)
    return reduce_counted(losses, share, reduction)


def expect_shares(
    name: str, input: Tensor, target: Tensor, *weights: Tensor | None
) -> None:
    """Raise ValueError unless the target is of input's shape, and from 0 to 1.

    TypeError for what is no tensor; of the weights, any may be None.
    """
    expect.tensors(name, input=input, target=target)
    for weight in weights:
        if weight is not None:
            expect.tensors(name, weight=weight)
    expect.shape(f"{name}'s target (probabilities)", target, input.shape)
    wrong = target.data[~((target.data >= 0) & (target.data <= 1))]  # nan too
    if wrong.size:
        raise ValueError(f"{name} expects targets from 0 to 1, got {wrong[0]}")


def smooth(losses: Tensor, log_p: Tensor, label_smoothing: float) -> Tensor:
    """Ask for a share of `label_smoothing`, evenly over all classes, instead of all.

    losses: (N, ...), those of the targets alone. log_p: (N, C, ...), log-probabilities
    of all classes; -log_p is the loss of each if it were the target. Returns (N, ...).
    """
    return (1 - label_smoothing) * losses - label_smoothing * log_p.mean(1)


def kl_div(
    input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """target (log target - input), where `input` holds log-probabilities.

    "batchmean" divides by N, and is the divergence; "mean" divides by every element.
    """
    expect.tensors("kl_div", input=input, target=target)
    expect.shape("kl_div's target", target, input.shape)
    expect.boolean(log_target=log_target)
    expect.one_of((*REDUCTIONS, "batchmean"), reduction=reduction)
    if log_target:
        loss = target.exp() * (target - input)
    else:  # 0 log 0 counts as 0
        loss = target * (where(target > 0, target, 1.0).log() - input)
    if reduction == "batchmean":
        return loss.sum() / len(input)
    return reduce_losses(loss, reduction)


def reduce_losses(losses: Tensor, reduction: str) -> Tensor:
    """Return the mean of all losses, their sum, or ("none") the losses themselves.

    Raises ValueError for another reduction.
    """
    expect.one_of(REDUCTIONS, reduction=reduction)
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
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


def _classes(
    name: str, input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return each target's class (0 where ignored) and its share in the mean."""
    expect.tensors(name, input=input, target=target)
    expect.whole(ignore_index=ignore_index)
    if input.ndim < 2 or target.shape != (len(input), *input.shape[2:]):
        got = f"{input.shape} and {target.shape}"
        raise ValueError(f"{name} expects (N, C, ...) and (N, ...), got {got}")
    expect.floating(name, input)
    counted = target.data != ignore_index
    ids = target.data * counted
    expect.ids(f"{name}'s target", ids, input.shape[1])
    expect.shape(f"{name}'s weight", weight, input.shape[1:2])
    share = counted.astype(input.dtype)
    return ids, share if weight is None else share * weight.data[ids]


def _without_ignored(input: Tensor, target: Tensor, ignore_index: int) -> Tensor:
    """Return the scores (N, C, ...) with 0 where the target (N, ...) is ignored.

    Times 0 is not enough: an ignored inf or nan would still spoil loss and gradient.
    """
    ignored = target.data == ignore_index
    if not ignored.any():
        return input
    return input.masked_fill(Tensor(ignored).unsqueeze(1), 0.0)


def _log_p(input: Tensor, weight: Tensor | None) -> Tensor:
    """Return log softmax over axis 1, each class multiplied by its weight (C,)."""
    log_p = input.log_softmax(1)
    return log_p if weight is None else log_p * beside(weight, input)
