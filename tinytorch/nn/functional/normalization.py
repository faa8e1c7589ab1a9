"""Normalisation: activations brought to mean 0 and deviation 1, then learned again."""

import math

import numpy as np

from tinytorch import expect, ops
from tinytorch.tensor import Tensor

Shape = int | tuple[int, ...]
Learned = Tensor | None  # None stands for a weight of ones, a bias of zeros


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Learned = None,
    bias: Learned = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Normalise each channel of (N, C, ...) to mean 0 and variance 1, then w x + b.

    In training by the batch's own statistics, which also move the running ones (in
    place, by `momentum`; the variance unbiased); else by the running ones.
    Source: Ioffe and Szegedy, 2015.
    """
    shape = _channels("batch_norm", input)
    expect.number(momentum=momentum)
    expect.boolean(training=training)
    weight, bias = _affine("batch_norm", input, shape, weight, bias, eps)
    for name, running in (("mean", running_mean), ("var", running_var)):
        expect.shape(f"batch_norm's running_{name}", running, shape)
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm expects running statistics outside training")
        return with_statistics(input, running_mean, running_var, weight, bias, eps)
    count = input.numel() // max(1, len(weight))
    if count < 2:
        raise ValueError(f"batch_norm expects 2 or more values a channel, got {count}")
    statistics: list[np.ndarray] = []
    rows = input.reshape(len(input), len(weight), count // len(input))
    out = ops.BatchNorm.apply(rows, weight, bias, eps=eps, statistics=statistics)
    if running_mean is not None and running_var is not None:
        mean, var = statistics
        follow_statistics(running_mean, running_var, mean, var, count, momentum)
    return out.reshape(input.shape)


def with_statistics(
    input: Tensor, mean: Tensor, var: Tensor, weight: Tensor, bias: Tensor, eps: float
) -> Tensor:
    """Normalise each channel of (N, C, ...) by a given mean and variance.

    weight (input - mean) / sqrt(var + eps) + bias, all four of shape (C,).
    """
    scale = weight / (var + eps).sqrt()
    shift = bias - mean * scale
    return input * beside(scale, input) + beside(shift, input)


def follow_statistics(
    running_mean: Tensor,
    running_var: Tensor,
    mean: np.ndarray,
    var: np.ndarray,
    count: int,
    momentum: float,
) -> None:
    """Move the running statistics, in place, towards those of a batch; all (C,).

    running becomes (1 - momentum) running + momentum batch. `var` was divided by the
    `count` of values per channel; what the running one takes in is divided by
    count - 1, the estimate for all images and not for these alone.
    """
    unbiased = var * (count / (count - 1))
    running_mean.copy_((1 - momentum) * running_mean.data + momentum * mean)
    running_var.copy_((1 - momentum) * running_var.data + momentum * unbiased)


def layer_norm(
    input: Tensor,
    normalized_shape: Shape,
    weight: Learned = None,
    bias: Learned = None,
    eps: float = 1e-05,
) -> Tensor:
    """Normalise over the last axes, then scale and shift (Ba et al., 2016)."""
    shape = _last_axes("LayerNorm", input, normalized_shape)
    weight, bias = _affine("LayerNorm", input, shape, weight, bias, eps)
    width = math.prod(shape)
    rows = input.reshape(input.numel() // max(1, width), width)
    out = ops.LayerNorm.apply(rows, weight.reshape(width), bias.reshape(width), eps=eps)
    return out.reshape(input.shape)


def rms_norm(
    input: Tensor,
    normalized_shape: Shape,
    weight: Learned = None,
    eps: float | None = None,
) -> Tensor:
    """Divide by the root mean square over the last axes (Zhang and Sennrich, 2019)."""
    shape = _last_axes("RMSNorm", input, normalized_shape)
    expect.floating("RMSNorm", input)
    expect.at_least(0, eps=0 if eps is None else eps)
    expect.shape("RMSNorm's weight", weight, shape)
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    square = (input * input).mean(tuple(range(-len(shape), 0)), keepdim=True)
    out = input / (square + eps).sqrt()
    return out if weight is None else out * weight


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Learned = None,
    bias: Learned = None,
    eps: float = 1e-05,
) -> Tensor:
    """Normalise (N, C, ...) over each image's groups of channels (Wu and He, 2018)."""
    shape = _channels("GroupNorm", input)
    weight, bias = _affine("GroupNorm", input, shape, weight, bias, eps)
    expect.divisible(num_groups, channels=len(weight))
    width = math.prod(input.shape[1:]) // num_groups
    rows = input.reshape(len(input) * num_groups, width)
    unit = layer_norm(rows, width, eps=eps).reshape(input.shape)
    return unit * beside(weight, input) + beside(bias, input)


def beside(per_channel: Tensor, input: Tensor) -> Tensor:
    """Shape (C,) so that it broadcasts over (N, C, ...)."""
    return per_channel.reshape(1, -1, *(1,) * (input.ndim - 2))


def shape_of(normalized_shape: Shape) -> tuple[int, ...]:
    """Return the last axes' lengths as a tuple of ints, each at least 1.

    For one axis a whole number will do. Raises TypeError or ValueError for others.
    """
    lengths = normalized_shape
    if not isinstance(lengths, tuple | list):
        lengths = (lengths,)
    return tuple(expect.count("normalized_shape", length) for length in lengths)


def _channels(name: str, input: Tensor) -> tuple[int, ...]:
    """Return (C,) of an input (N, C, ...)."""
    expect.tensors(name, input=input)
    if input.ndim < 2:
        raise ValueError(f"{name} expects (N, C, ...), got shape {input.shape}")
    return input.shape[1:2]


def _last_axes(name: str, input: Tensor, normalized_shape: Shape) -> tuple[int, ...]:
    """Return normalized_shape as a tuple, checked to be the end of input's shape."""
    expect.tensors(name, input=input)
    shape = shape_of(normalized_shape)
    if not shape or input.shape[-len(shape) :] != shape:
        raise ValueError(f"{name} expects last axes {shape}, got shape {input.shape}")
    return shape


def _affine(
    name: str,
    input: Tensor,
    shape: tuple[int, ...],
    weight: Learned,
    bias: Learned,
    eps: float,
) -> tuple[Tensor, Tensor]:
    """Return weight and bias of `shape`, or ones and zeros in place of None."""
    expect.floating(name, input)
    expect.at_least(0, eps=eps)
    expect.finite(eps=eps)
    expect.shape(f"{name}'s weight", weight, shape)
    expect.shape(f"{name}'s bias", bias, shape)
    weight = Tensor(np.ones(shape, input.dtype)) if weight is None else weight
    expect.dtype(name, input, weight.dtype)
    bias = Tensor(np.zeros(shape, input.dtype)) if bias is None else bias
    return weight, bias
