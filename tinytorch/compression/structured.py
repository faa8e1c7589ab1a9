"""Structured pruning: whole channels go, and every array becomes smaller."""

from collections.abc import Iterator
from copy import deepcopy

import numpy as np

from tinytorch import nn
from tinytorch.nn import BatchNorm1d, BatchNorm2d, Conv2d, Linear, Module, Sequential
from tinytorch.nn.module import Parameter
from tinytorch.tensor import Tensor

# Layers that treat each channel by itself: they do not mind how many there are.
CHANNELWISE = (
    *(nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Dropout),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Identity),
)


def prune_channels(model: Sequential, amount: float) -> Sequential:
    """Return a copy without the share `amount` of each hidden layer's channels.

    Those with the smallest weights (2-norm) go (Li et al., 2017): a Linear or Conv2d
    loses rows, the BatchNorm behind it entries, the next Linear or Conv2d columns. The
    outputs stay; at least one channel does. Nested Sequentials become one.

    Raises ValueError for a layer that mixes channels in another way.
    """
    if not 0 <= amount < 1:
        raise ValueError(f"expected an amount from 0 to below 1, got {amount}")
    layers = [deepcopy(layer) for layer in _chain(model)]
    weighted = [(i, x) for i, x in enumerate(layers) if isinstance(x, Linear | Conv2d)]
    for (i, first), (j, second) in zip(weighted, weighted[1:], strict=False):
        channels, keep = len(first.weight), _strongest(first.weight.data, amount)
        _keep_outputs(first, keep)
        for between in layers[i + 1 : j]:
            _keep_between(between, keep)
        _keep_inputs(second, keep, channels)
    return Sequential(*layers)


def _chain(model: Module) -> Iterator[Module]:
    """Yield the layers of nested Sequentials in order."""
    if not isinstance(model, Sequential):
        yield model
        return
    for layer in model:
        yield from _chain(layer)


def _strongest(weight: np.ndarray, amount: float) -> np.ndarray:
    """Return the numbers of the output channels to keep, in order."""
    norms = np.linalg.norm(weight.reshape(len(weight), -1), axis=1)
    gone = min(round(amount * len(weight)), len(weight) - 1)
    return np.sort(np.argsort(norms, kind="stable")[gone:])


def _keep_outputs(layer: Linear | Conv2d, keep: np.ndarray) -> None:
    _expect_ungrouped(layer)
    layer.weight = Parameter(layer.weight.data[keep])
    if layer.bias is not None:
        layer.bias = Parameter(layer.bias.data[keep])
    if isinstance(layer, Linear):
        layer.out_features = len(keep)
    else:
        layer.out_channels = len(keep)


def _keep_between(layer: Module, keep: np.ndarray) -> None:
    if isinstance(layer, BatchNorm1d | BatchNorm2d):
        for name in ("weight", "bias"):
            if (old := getattr(layer, name)) is not None:
                setattr(layer, name, Parameter(old.data[keep]))
        for name in ("running_mean", "running_var"):
            if (old := getattr(layer, name)) is not None:
                setattr(layer, name, Tensor(old.data[keep]))
        layer.num_features = len(keep)
    elif not isinstance(layer, CHANNELWISE):
        raise ValueError(
            "prune_channels expects Linear, Conv2d, BatchNorm, and layers that treat "
            f"channels one by one, got {type(layer).__name__}"
        )


def _keep_inputs(layer: Linear | Conv2d, keep: np.ndarray, channels: int) -> None:
    _expect_ungrouped(layer)
    weight = layer.weight.data
    # Behind a Flatten, a channel of a Conv2d is a block of adjacent columns.
    blocks = weight.reshape(len(weight), channels, -1)[:, keep]
    layer.weight = Parameter(blocks.reshape(len(weight), -1, *weight.shape[2:]))
    if isinstance(layer, Linear):
        layer.in_features = layer.weight.shape[1]
    else:
        layer.in_channels = len(keep)


def _expect_ungrouped(layer: Linear | Conv2d) -> None:
    if isinstance(layer, Conv2d) and layer.groups != 1:
        raise ValueError(
            f"prune_channels expects convolutions with groups=1, got {layer.groups}"
        )
