"""Pruning by magnitude: the smallest weights become 0.

It tells how many weights a task needs. A zero takes as many bytes and as much time as
any number; `prune_channels` is what makes a model smaller and faster.
"""

from typing import Literal

import numpy as np

from tinytorch.autograd import mark_written
from tinytorch.nn import Module
from tinytorch.nn.module import Parameter
from tinytorch.training import Callback, Run

Masks = dict[str, np.ndarray]


def magnitude_masks(
    model: Module, amount: float, scope: Literal["global", "layer"] = "global"
) -> Masks:
    """Return for each weight matrix or filter, by name, True where a weight stays.

    The share `amount` goes: the smallest of all layers together, or of each. Biases and
    normalisation, having one axis, stay whole (Han et al., 2015).
    """
    if not 0 <= amount <= 1:
        raise ValueError(f"expected an amount from 0 to 1, got {amount}")
    if scope not in ("global", "layer"):
        raise ValueError(f"expected scope 'global' or 'layer', got {scope!r}")
    weights = {name: np.abs(p.data) for name, p in prunable(model).items()}
    if scope == "layer":
        return {name: _largest(sizes, amount) for name, sizes in weights.items()}
    together = np.concatenate([sizes.ravel() for sizes in weights.values()])
    ends = np.cumsum([sizes.size for sizes in weights.values()])[:-1]
    parts = np.split(_largest(together, amount), ends)
    pairs = zip(weights.items(), parts, strict=True)
    return {name: part.reshape(sizes.shape) for (name, sizes), part in pairs}


def apply_masks(model: Module, masks: Masks) -> None:
    """Set every weight to 0 that its mask leaves out, in place."""
    weights = prunable(model)
    for name, mask in masks.items():
        weights[name].data[~mask] = 0
        mark_written(weights[name].data)


class KeepPruned(Callback):
    """Applies masks before training and after each step, so that what went stays 0."""

    def __init__(self, masks: Masks) -> None:
        self.masks = masks

    def on_start(self, run: Run) -> None:
        apply_masks(run.model, self.masks)

    def on_step(self, run: Run) -> None:
        apply_masks(run.model, self.masks)


def sparsity(model: Module) -> float:
    """Return the share of weights (not biases) that are 0."""
    weights = prunable(model).values()
    zeros = sum(p.data.size - np.count_nonzero(p.data) for p in weights)
    return float(zeros / sum(p.data.size for p in weights))


def prunable(model: Module) -> dict[str, Parameter]:
    """Return the parameters with two axes or more; raises ValueError for none."""
    found = {name: p for name, p in model.named_parameters() if p.ndim >= 2}
    if not found:
        raise ValueError(f"expected a model with weights to prune, got {model}")
    return found


def _largest(sizes: np.ndarray, amount: float) -> np.ndarray:
    """Return a mask without the smallest round(amount * n); the first of equals go."""
    mask = np.ones(sizes.size, dtype=bool)
    mask[np.argsort(sizes.ravel(), kind="stable")[: round(amount * sizes.size)]] = False
    return mask.reshape(sizes.shape)
