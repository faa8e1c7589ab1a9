"""The mathematics of layers, without state: what `nn`'s modules call.

N is the batch, C classes or channels, (H, W) an image, L any number of places.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from tinytorch import ops, random
from tinytorch.backends.numpy import Pair, Window, output_size
from tinytorch.functions import where
from tinytorch.random import Generator
from tinytorch.tensor import Tensor, as_tensor

Reduction = Literal["none", "mean", "sum"]

# Activations


def relu(input: Tensor) -> Tensor:
    """max(x, 0)."""
    return ops.ReLU.apply(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """x where positive, else negative_slope x."""
    return ops.LeakyReLU.apply(input, negative_slope=negative_slope)


def gelu(input: Tensor, approximate: Literal["none", "tanh"] = "none") -> Tensor:
    """x times the normal distribution function at x, exactly or by its tanh form."""
    if approximate == "tanh":
        return ops.GELU.apply(input)
    if approximate != "none":
        raise ValueError(f"expected approximate 'none' or 'tanh', got {approximate!r}")
    return 0.5 * input * (1 + (input / math.sqrt(2)).erf())


def silu(input: Tensor) -> Tensor:
    """x sigmoid(x)."""
    return input * input.sigmoid()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    return input.tanh()


def softplus(input: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    return ops.Softplus.apply(input)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x)), without overflow."""
    return -softplus(-input)


def softmax(input: Tensor, dim: int) -> Tensor:
    """exp(x) over its sum along `dim`."""
    return input.softmax(dim)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """Logarithm of softmax along `dim`."""
    return input.log_softmax(dim)


# Layers


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b: (..., I) with weight (O, I) and bias (O,) gives (..., O)."""
    if not input.ndim or input.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"Linear expects last dimension {weight.shape[1]}, got shape {input.shape}"
        )
    _expect_dtype("Linear", input, weight)
    return ops.Linear.apply(input, weight, *([] if bias is None else [bias]))


def embedding(input: Tensor, weight: Tensor) -> Tensor:
    """Rows of weight (V, D) by integer ids (...): (..., D)."""
    if input.dtype.kind not in "iu":
        raise TypeError(f"embedding expects integer ids, got {input.dtype}")
    rows = len(weight)
    if input.numel() and not (input.data.min() >= 0 and input.data.max() < rows):
        raise IndexError(
            f"embedding expects ids from 0 to {rows - 1}, "
            f"got {input.data.min()} to {input.data.max()}"
        )
    return ops.Embedding.apply(weight, ids=input.data)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation: (N, C, H, W) with weight (O, C/groups, KH, KW) and bias (O,).

    Returns (N, O, OH, OW), OH = (H + 2 padding - dilation (KH - 1) - 1) / stride + 1.
    """
    channels = weight.shape[1] * groups
    if input.ndim != 4 or input.shape[1] != channels or len(weight) % groups:
        raise ValueError(
            f"Conv2d expects (N, {channels}, H, W) and out_channels divisible by "
            f"{groups}, got {input.shape} and {len(weight)} out_channels"
        )
    _expect_dtype("Conv2d", input, weight)
    window = _window("Conv2d", input, weight.shape[2:], stride, padding, dilation)
    tensors = [input, weight] if bias is None else [input, weight, bias]
    return ops.Conv2d.apply(*tensors, window=window, groups=groups)


def max_pool2d(
    input: Tensor,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
) -> Tensor:
    """Largest value of each window of (N, C, H, W); stride defaults to the window."""
    kernel = _pair(kernel_size)
    stride = kernel if stride is None else stride
    window = _window("MaxPool2d", input, kernel, stride, padding, dilation)
    _expect_half_padding("MaxPool2d", kernel, window)
    return ops.MaxPool2d.apply(input, kernel=kernel, window=window)


def avg_pool2d(
    input: Tensor,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
) -> Tensor:
    """Mean of each window of (N, C, H, W), padding counted as zeros."""
    kernel = _pair(kernel_size)
    stride = kernel if stride is None else stride
    window = _window("AvgPool2d", input, kernel, stride, padding, 1)
    _expect_half_padding("AvgPool2d", kernel, window)
    return ops.AvgPool2d.apply(input, kernel=kernel, window=window)


def adaptive_avg_pool2d(input: Tensor, output_size: int | Pair) -> Tensor:
    """Mean over (near) equal windows, so that (N, C, *output_size) comes out."""
    (oh, ow), (h, w) = _pair(output_size), input.shape[-2:]
    if h % oh == 0 and w % ow == 0:
        return avg_pool2d(input, (h // oh, w // ow))
    rows = _averaging(h, oh, input.dtype)
    return rows @ input @ _averaging(w, ow, input.dtype).T


def _averaging(size: int, parts: int, dtype: np.dtype) -> Tensor:
    """Return (parts, size): row i averages places floor(i s/p) to ceil((i+1) s/p)."""
    matrix = np.zeros((parts, size), dtype=dtype)
    for i in range(parts):
        first, last = i * size // parts, -(-(i + 1) * size // parts)
        matrix[i, first:last] = 1 / (last - first)
    return Tensor(matrix)


def dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Zero each element with probability p and scale the rest by 1 / (1 - p)."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout expects p from 0 to 1, got {p}")
    if not training or p == 0:
        return input
    draws = (generator or random.default_generator).numpy.random(input.shape)
    mask = (draws >= p) / (1 - p) if p < 1 else np.zeros(input.shape)
    return input * Tensor(mask.astype(input.dtype))


# Normalisation


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Normalise each channel of (N, C, ...) to mean 0 and variance 1, then w x + b.

    In training by the batch's own statistics, which also move the running ones (in
    place, by `momentum`; the variance unbiased); else by the running ones.
    Source: Ioffe and Szegedy, 2015.
    """
    channels = input.shape[1]
    weight = _ones(channels, input) if weight is None else weight
    bias = _zeros(channels, input) if bias is None else bias
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm expects running statistics outside training")
        shape = (1, channels) + (1,) * (input.ndim - 2)
        scale = weight / (running_var + eps).sqrt()
        shift = bias - running_mean * scale
        return input * scale.reshape(shape) + shift.reshape(shape)
    count = input.numel() // max(1, channels)
    if count < 2:
        raise ValueError(
            f"batch_norm expects more than one value per channel when training, "
            f"got shape {input.shape}"
        )
    statistics: list[np.ndarray] = []
    rows = input.reshape(len(input), channels, count // len(input))
    out = ops.BatchNorm.apply(rows, weight, bias, eps=eps, statistics=statistics)
    if running_mean is not None and running_var is not None:
        mean, var = statistics
        unbiased = var * (count / (count - 1))
        for running, batch in ((running_mean, mean), (running_var, unbiased)):
            running.copy_((1 - momentum) * running.data + momentum * batch)
    return out.reshape(input.shape)


def layer_norm(
    input: Tensor,
    normalized_shape: int | tuple[int, ...],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Normalise over the last axes, then scale and shift (Ba et al., 2016)."""
    shape = (
        (normalized_shape,)
        if isinstance(normalized_shape, int)
        else tuple(normalized_shape)
    )
    if not shape or input.shape[-len(shape) :] != shape:
        raise ValueError(f"LayerNorm expects last axes {shape}, got {input.shape}")
    width = math.prod(shape)
    weight = _ones(width, input) if weight is None else weight.reshape(width)
    bias = _zeros(width, input) if bias is None else bias.reshape(width)
    rows = input.reshape(input.numel() // width if width else 0, width)
    return ops.LayerNorm.apply(rows, weight, bias, eps=eps).reshape(input.shape)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Normalise (N, C, ...) over each image's groups of channels (Wu and He, 2018)."""
    channels = input.shape[1]
    if channels % num_groups:
        raise ValueError(
            f"GroupNorm expects channels divisible by {num_groups}, got {channels}"
        )
    rows = input.reshape(len(input) * num_groups, -1)
    unit = layer_norm(rows, rows.shape[1], eps=eps).reshape(input.shape)
    per_channel = (1, channels) + (1,) * (input.ndim - 2)
    if weight is not None:
        unit = unit * weight.reshape(per_channel)
    return unit if bias is None else unit + bias.reshape(per_channel)


def rms_norm(
    input: Tensor,
    normalized_shape: int | tuple[int, ...],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """Divide by the root mean square over the last axes (Zhang and Sennrich, 2019)."""
    if isinstance(normalized_shape, int):
        normalized_shape = (normalized_shape,)
    if input.shape[-len(normalized_shape) :] != tuple(normalized_shape):
        raise ValueError(
            f"RMSNorm expects last axes {normalized_shape}, got {input.shape}"
        )
    dims = tuple(range(-len(normalized_shape), 0))
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    out = input / ((input * input).mean(dims, keepdim=True) + eps).sqrt()
    return out if weight is None else out * weight


# Losses


def mse_loss(input: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """(input - target)², of one shape."""
    _expect_same_shape("mse_loss", input, target)
    difference = input - target
    return _reduce(difference * difference, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """|input - target|, of one shape."""
    _expect_same_shape("l1_loss", input, target)
    return _reduce((input - target).abs(), reduction)


def huber_loss(
    input: Tensor, target: Tensor, reduction: Reduction = "mean", delta: float = 1.0
) -> Tensor:
    """Half the square up to `delta`, then delta (|difference| - delta / 2)."""
    _expect_same_shape("huber_loss", input, target)
    if delta <= 0:
        raise ValueError(f"huber_loss expects delta > 0, got {delta}")
    size = (input - target).abs()
    loss = where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta))
    return _reduce(loss, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-(t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), without overflow."""
    _expect_same_shape("binary_cross_entropy_with_logits", input, target)
    positive = target if pos_weight is None else target * pos_weight
    loss = (1 - target) * softplus(input) + positive * softplus(-input)
    return _reduce(loss if weight is None else loss * weight, reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Tensor:
    """-input at the target's class, for log-probabilities (N, C) or (N, C, ...).

    target: class indices (N,) or (N, ...). The mean is weighted by the classes'
    weights; targets equal to ignore_index do not count.
    """
    _expect_classes("nll_loss", input, target, ignore_index)
    counted = target.data != ignore_index
    index = Tensor(np.where(counted, target.data, 0).astype(np.int64))
    factor = counted.astype(input.dtype)
    if weight is not None:
        factor = factor * weight.data[index.data]
    losses = -input.gather(1, index.unsqueeze(1)).squeeze(1) * Tensor(factor)
    return _weighted(losses, factor, reduction)


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
    label_smoothing: the share of each target spread evenly over all classes.
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing expects 0 to 1, got {label_smoothing}")
    if target.dtype.kind == "f":
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    _expect_classes("cross_entropy", input, target, ignore_index)
    log_p = input.log_softmax(1)
    loss = nll_loss(log_p, target, weight, ignore_index, reduction)
    if not label_smoothing:
        return loss
    counted = (target.data != ignore_index).astype(input.dtype)
    each = log_p if weight is None else log_p * _per_class(weight, log_p)
    even = -each.sum(1) * Tensor(counted) / input.shape[1]
    if weight is not None:
        known = np.where(counted > 0, target.data, 0)
        counted = counted * weight.data[known]
    smooth = _weighted(even, counted, reduction)
    return (1 - label_smoothing) * loss + label_smoothing * smooth


def _soft_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: Reduction,
    label_smoothing: float,
) -> Tensor:
    _expect_same_shape("cross_entropy with probabilities", input, target)
    target = target * (1 - label_smoothing) + label_smoothing / input.shape[1]
    terms = -input.log_softmax(1) * target
    if weight is not None:
        terms = terms * _per_class(weight, input)
    losses = terms.sum(1)
    return (
        losses.sum() / losses.numel()
        if reduction == "mean"
        else _reduce(losses, reduction)
    )


def kl_div(
    input: Tensor,
    target: Tensor,
    reduction: Literal["none", "batchmean", "mean", "sum"] = "mean",
    log_target: bool = False,
) -> Tensor:
    """target (log target - input), where `input` holds log-probabilities."""
    _expect_same_shape("kl_div", input, target)
    if log_target:
        loss = target.exp() * (target - input)
    else:  # 0 log 0 counts as 0
        log = where(target > 0, target, 1.0).log()
        loss = target * (log - input)
    if reduction == "batchmean":
        return loss.sum() / len(input)
    return _reduce(loss, reduction)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class indices (...) as int64 (..., num_classes) of zeros and ones."""
    ids = tensor.data
    count = num_classes if num_classes >= 0 else int(ids.max(initial=-1)) + 1
    if ids.dtype.kind not in "iu" or (ids < 0).any() or (ids >= count).any():
        raise ValueError(f"one_hot expects class indices from 0 to {count - 1}")
    return Tensor(np.eye(count, dtype=np.int64)[ids])


# Shared by the above


def _pair(value: int | Pair) -> Pair:
    a, b = (value, value) if isinstance(value, int) else value
    return a, b


def _window(
    name: str,
    input: Tensor,
    kernel: Any,
    stride: int | Pair,
    padding: int | Pair,
    dilation: int | Pair,
) -> Window:
    if input.ndim != 4:
        raise ValueError(f"{name} expects (N, C, H, W), got shape {input.shape}")
    window = (_pair(stride), _pair(padding), _pair(dilation))
    if min(*window[0], *window[2], *kernel) < 1 or min(window[1]) < 0:
        raise ValueError(
            f"{name} expects kernel, stride and dilation of at least 1 and padding of "
            f"at least 0, got {tuple(kernel)}, {window[0]}, {window[2]} and {window[1]}"
        )
    if min(output_size(input.shape[2:], kernel, window)) < 1:
        raise ValueError(
            f"{name}: a window of {tuple(kernel)} does not fit into "
            f"{input.shape[2:]} with padding {window[1]} and dilation {window[2]}"
        )
    return window


def _expect_half_padding(name: str, kernel: Pair, window: Window) -> None:
    if any(2 * p > k for p, k in zip(window[1], kernel, strict=True)):
        raise ValueError(
            f"{name} expects padding of at most half the window {kernel}, "
            f"got {window[1]}"
        )


def _expect_dtype(name: str, input: Tensor, weight: Tensor) -> None:
    if input.dtype != weight.dtype:
        raise TypeError(
            f"{name} expects input of its weight's dtype {weight.dtype}, "
            f"got {input.dtype}"
        )


def _expect_same_shape(name: str, input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        raise ValueError(
            f"{name} expects a target of shape {input.shape}, got {target.shape}"
        )


def _expect_classes(name: str, input: Tensor, target: Tensor, ignore: int) -> None:
    expected = (*input.shape[:1], *input.shape[2:])
    if input.ndim < 2 or target.shape != expected:
        raise ValueError(
            f"{name} expects input (N, C, ...) and a target of shape (N, ...), "
            f"got {input.shape} and {target.shape}"
        )
    if target.dtype.kind not in "iu":
        raise TypeError(f"{name} expects class indices, got dtype {target.dtype}")
    ids = target.data[target.data != ignore]
    if ids.size and not (ids.min() >= 0 and ids.max() < input.shape[1]):
        raise IndexError(
            f"{name} expects classes from 0 to {input.shape[1] - 1}, "
            f"got {ids.min()} to {ids.max()}"
        )


def _reduce(losses: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    if reduction != "none":
        raise ValueError(
            f"expected reduction 'none', 'mean' or 'sum', got {reduction!r}"
        )
    return losses


def _weighted(losses: Tensor, factor: np.ndarray, reduction: str) -> Tensor:
    if reduction != "mean":
        return _reduce(losses, reduction)
    total = float(factor.sum())
    return losses.sum() / (total if total else math.nan)


def _per_class(weight: Tensor, like: Tensor) -> Tensor:
    return weight.reshape(1, -1, *(1,) * (like.ndim - 2))


def _ones(n: int, like: Tensor) -> Tensor:
    return Tensor(np.ones(n, dtype=like.dtype))


def _zeros(n: int, like: Tensor) -> Tensor:
    return as_tensor(np.zeros(n, dtype=like.dtype))
