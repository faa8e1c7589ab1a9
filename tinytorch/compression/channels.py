"""Thinner layers: whole channels that go, with all that belongs to them."""

from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tinytorch import expect, nn
from tinytorch.autograd import no_grad
from tinytorch.nn import Conv2d, Linear, Module, Sequential
from tinytorch.nn.module import Parameter
from tinytorch.nn.utils import hooked, shared_weights
from tinytorch.tensor import Tensor
from tinytorch.training.evaluation import evaluating

# Beside the first, layers that treat each channel by itself, however many there are.
PRUNABLE = (
    *(Linear, Conv2d, nn.BatchNorm1d, nn.BatchNorm2d),
    *(nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Dropout),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Identity),
)


def prune_channels(model: Module, amount: float, *inputs: Tensor) -> Module:
    """Return a copy without the share `amount` of each hidden layer's channels.

    Those with the smallest weights (2-norm) go (Li et al., 2017): a Linear or Conv2d
    loses rows, the BatchNorm behind it entries, the next Linear or Conv2d columns. The
    outputs stay; at least one channel does.

    A Sequential needs no inputs, and nested ones become one. Any other model is run on
    the inputs, an example batch, to see what goes where. A layer whose channels go to
    more than one layer, such as into the sum around a residual block, stays whole, as
    does one whose weight is shared: each cut must leave the very outputs that the model
    has without those channels, or it is not made.

    Raises ValueError for a layer of a Sequential that mixes channels in another way, or
    if no layer can be cut.
    """
    expect.instance(Module, model=model)
    expect.number(amount=amount)
    if not 0 <= amount < 1:
        raise ValueError(f"expected an amount from 0 to below 1, got {amount}")
    if inputs:
        return _followed(model, amount, inputs)
    if not isinstance(model, Sequential):
        wanted = "a Sequential, or an example batch to follow the channels of any other"
        raise ValueError(f"prune_channels expects {wanted}, got {type(model).__name__}")
    return _in_order(model, amount)


def _in_order(model: Sequential, amount: float) -> Sequential:
    """Cut the layers of nested Sequentials, each of which feeds only the next."""
    layers = _chain(model)
    if len({id(layer) for layer in layers}) < len(layers) or shared_weights(model):
        wanted = "layers that are used once and share no weight"
        raise ValueError(f"prune_channels expects {wanted}, got {model}")
    layers = [deepcopy(layer) for layer in layers]
    weighted = [i for i, x in enumerate(layers) if isinstance(x, Linear | Conv2d)]
    for i, j in pairwise(weighted):
        for layer in layers[i : j + 1]:
            _expect_prunable(layer)
        _cut(layers[i:j], layers[j], _strongest(layers[i].weight.data, amount))
    return Sequential(*layers)


def _followed(model: Module, amount: float, inputs: tuple[Tensor, ...]) -> Module:
    """Cut each layer whose channels, seen on the inputs, go to one layer alone."""
    thin, cut = deepcopy(model), 0
    for names in _ways(model, inputs):
        thinner = _try_cut(thin, names, amount, inputs)
        if thinner is not None:
            thin, cut = thinner, cut + 1
    if not cut:
        wanted = "a layer whose channels go to one other layer alone"
        raise ValueError(f"prune_channels expects {wanted}, got none in {model}")
    return thin


@dataclass(frozen=True)
class _Seen:
    """One call of a layer without layers inside, and its first input and output."""

    name: str
    layer: Module
    input: Any
    output: Any


def _ways(model: Module, inputs: tuple[Tensor, ...]) -> list[list[str]]:
    """Return, for each way from a weight to the next, the names of the layers on it.

    Between the two are only layers that treat channels one by one; each of the layers
    is called once, and neither weight is shared.
    """
    calls: list[_Seen] = []

    def watch(name: str, layer: Module, inputs: Any, output: Any) -> None:
        if inputs and not any(layer.children()):
            calls.append(_Seen(name, layer, inputs[0], output))

    with hooked(model, watch), evaluating(model), no_grad():
        model(*inputs)
    shared = shared_weights(model)
    ways = []
    for last, call in enumerate(calls):
        way = _way_back(calls, last) if _has_weight(call.layer) else []
        layers = [seen.layer for seen in way]
        once = all(sum(c.layer is x for c in calls) == 1 for x in layers)
        own = all(id(p) not in shared for x in layers for p in x.parameters())
        if way and once and own:
            ways.append([seen.name for seen in way])
    return ways


def _way_back(calls: list[_Seen], last: int) -> list[_Seen]:
    """Return the calls that led to the last one, from the weight before; none: []."""
    way = [calls[last]]
    for seen in reversed(calls[:last]):
        if seen.output is way[0].input:
            way.insert(0, seen)
            if _has_weight(seen.layer):
                return way
            if not isinstance(seen.layer, PRUNABLE):
                return []
    return []


def _has_weight(layer: Any) -> bool:
    return isinstance(layer, Linear | Conv2d) and getattr(layer, "groups", 1) == 1


def _try_cut(
    model: Module, names: list[str], amount: float, inputs: tuple[Tensor, ...]
) -> Module | None:
    """Return a copy with one layer cut, or None if that changes anything else.

    What it must give is what the model gives if the next layer does not look at the
    channels that go.
    """
    thin, blind = deepcopy(model), deepcopy(model)
    layers: list[Any] = [dict(thin.named_modules())[name] for name in names]
    reader: Any = dict(blind.named_modules())[names[-1]]
    channels = len(layers[0].weight)
    keep = _strongest(layers[0].weight.data, amount)
    _cut(layers[:-1], layers[-1], keep)
    columns = reader.weight.data.reshape(len(reader.weight), channels, -1).copy()
    columns[:, np.delete(np.arange(channels), keep)] = 0
    reader.weight = Parameter(columns.reshape(reader.weight.shape))
    with evaluating(thin), evaluating(blind), no_grad():
        expected = blind(*inputs)
        try:
            found = thin(*inputs)
        except ValueError:  # shapes that no longer fit: the channels go elsewhere too
            return None
    if found.shape != expected.shape:
        return None
    close = np.allclose(found.data, expected.data, rtol=1e-3, atol=1e-5)
    return thin if close else None


def _cut(layers: list[Any], reader: Any, keep: np.ndarray) -> None:
    """Leave a weight and what treats its channels these, and the reader its columns."""
    _keep_inputs(reader, keep, len(layers[0].weight))
    for layer in layers:
        _keep_outputs(layer, keep)


def _chain(model: Module) -> list[Any]:
    """Return the layers of nested Sequentials in order."""
    if not isinstance(model, Sequential):
        return [model]
    return [layer for inner in model for layer in _chain(inner)]


def _strongest(weight: np.ndarray, amount: float) -> np.ndarray:
    """Return the numbers of the output channels to keep, in order."""
    norms = np.linalg.norm(weight.reshape(len(weight), -1), axis=1)
    gone = min(round(amount * len(weight)), len(weight) - 1)
    return np.sort(np.argsort(norms, kind="stable")[gone:])


def _expect_prunable(layer: Module) -> None:
    if not isinstance(layer, PRUNABLE) or getattr(layer, "groups", 1) != 1:
        kinds = "Linear, Conv2d (groups=1), or layers that treat channels one by one"
        raise ValueError(f"prune_channels expects {kinds}, got {layer}")


def _keep_outputs(layer: Module, keep: np.ndarray) -> None:
    """Cut the tensors of a layer, which all begin with the axis of its outputs."""
    for name, value in vars(layer).items():
        if isinstance(value, Tensor):
            setattr(layer, name, type(value)(value.data[keep]))
        elif name in ("out_features", "out_channels", "num_features"):
            setattr(layer, name, len(keep))


def _keep_inputs(layer: Linear | Conv2d, keep: np.ndarray, channels: int) -> None:
    weight = layer.weight.data
    # Behind a Flatten, a channel of a Conv2d is a block of adjacent columns.
    blocks = weight.reshape(len(weight), channels, -1)[:, keep]
    layer.weight = Parameter(blocks.reshape(len(weight), -1, *weight.shape[2:]))
    width = "in_features" if isinstance(layer, Linear) else "in_channels"
    setattr(layer, width, layer.weight.shape[1])
