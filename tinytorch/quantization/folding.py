"""A trained BatchNorm is a multiplication and an addition: the layer before takes both.

What is left is one layer less to run, and one rounding less to an integer.
"""

from collections import Counter
from copy import deepcopy
from itertools import pairwise
from typing import Any

import numpy as np

from tinytorch import expect
from tinytorch.nn import (
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Identity,
    Linear,
    Module,
    Sequential,
)
from tinytorch.nn.module import Parameter
from tinytorch.nn.norm import BatchNorm
from tinytorch.nn.utils import shared_weights


def fold_batch_norm(model: Module) -> Module:
    """Return a copy, in evaluation mode, without the BatchNorms that can be folded.

    They are those right behind a Conv2d, or for inputs (N, C) a Linear, in a
    Sequential; an Identity takes their place, so that names stay. The outputs are those
    of the model in evaluation mode, up to rounding (Jacob et al., 2018).

    Raises ValueError if there is none, if one keeps no running statistics, or if a
    layer is used in several places, where only one has the norm behind it.
    """
    expect.instance(Module, model=model)
    copy = deepcopy(model).eval()
    uses = Counter(id(child) for home in copy.modules() for child in home.children())
    uses += Counter(dict.fromkeys(shared_weights(copy), 2))
    folded = 0
    for home in list(copy.modules()):
        if not isinstance(home, Sequential):
            continue
        layers: list[Any] = list(home)
        for place, (layer, norm) in enumerate(pairwise(layers)):
            if _fits(layer, norm):
                _expect_alone(layer, norm, uses)
                _fold(layer, norm)
                home[place + 1] = Identity()
                folded += 1
    if not folded:
        wanted = "a BatchNorm right behind a Conv2d or Linear in a Sequential"
        raise ValueError(f"fold_batch_norm expects {wanted}, got {model}")
    return copy.eval()


def _fits(layer: Module, norm: Module) -> bool:
    images = isinstance(layer, Conv2d) and isinstance(norm, BatchNorm2d)
    return images or (isinstance(layer, Linear) and isinstance(norm, BatchNorm1d))


def _expect_alone(layer: Linear | Conv2d, norm: BatchNorm, uses: Counter) -> None:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError(f"fold_batch_norm expects running statistics, got {norm}")
    if max(uses[id(part)] for part in (layer, norm, layer.weight)) > 1:
        raise ValueError(
            f"fold_batch_norm expects layers that are used once, got {layer} in "
            "several places"
        )


def _fold(layer: Linear | Conv2d, norm: BatchNorm) -> None:
    """Let the layer give what the norm made of it: (W x + b - mean) scale + shift."""
    mean, var = (
        np.asarray(t.data, np.float64)
        for t in (norm.running_mean, norm.running_var)
        if t is not None
    )
    scale = 1 / np.sqrt(var + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight.data
    shift = 0.0 if norm.bias is None else norm.bias.data
    weight, bias = layer.weight.data, 0.0 if layer.bias is None else layer.bias.data
    a_row = (-1, *(1,) * (weight.ndim - 1))
    layer.weight = Parameter((weight * scale.reshape(a_row)).astype(weight.dtype))
    layer.bias = Parameter(((bias - mean) * scale + shift).astype(weight.dtype))
