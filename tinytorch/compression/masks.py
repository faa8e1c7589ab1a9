"""Weights that are set to 0, and kept there."""

from typing import Literal

import numpy as np

from tinytorch import expect
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
    expect.between(0, 1, amount=amount)
    expect.one_of(("global", "layer"), scope=scope)
    sizes = {name: np.abs(p.data) for name, p in prunable(model).items()}
    if scope == "layer":
        return {name: _largest(size, amount) for name, size in sizes.items()}
    together = _largest(np.concatenate([s.ravel() for s in sizes.values()]), amount)
    ends = np.cumsum([size.size for size in sizes.values()])
    parts = zip(sizes.items(), np.split(together, ends[:-1]), strict=True)
    return {name: part.reshape(size.shape) for (name, size), part in parts}


def _largest(sizes: np.ndarray, amount: float) -> np.ndarray:
    """Return a mask without the smallest round(amount * n); the first of equals go."""
    mask = np.ones(sizes.size, dtype=bool)
    order = np.argsort(sizes, axis=None, kind="stable")
    mask[order[: round(amount * sizes.size)]] = False
    return mask.reshape(sizes.shape)


def apply_masks(model: Module, masks: Masks) -> None:
    """Set every weight to 0 that its mask leaves out, in place."""
    expect.instance(dict, masks=masks)
    weights = prunable(model)
    for name, mask in masks.items():
        expect.one_of(list(weights), mask=name)
        expect.shape(f"the mask of {name}", mask, weights[name].shape)
        weights[name].data[~mask] = 0
        mark_written(weights[name].data)


class KeepPruned(Callback):
    """Applies masks before training and after each step, so that what went stays 0."""

    def __init__(self, masks: Masks) -> None:
        expect.instance(dict, masks=masks)
        self.masks = masks

    def on_start(self, run: Run) -> None:
        """Apply the masks before the first step."""
        apply_masks(run.model, self.masks)

    def on_step(self, run: Run) -> None:
        """Apply the masks again: the step has moved what they had set to 0."""
        apply_masks(run.model, self.masks)

    def extra_repr(self) -> str:
        """Return how many masks there are."""
        return f"{len(self.masks)} masks"


def sparsity(model: Module) -> float:
    """Return the share of weights (not biases) that are 0."""
    weights = [p.data.ravel() for p in prunable(model).values()]
    return float((np.concatenate(weights) == 0).mean())


def prunable(model: Module) -> dict[str, Parameter]:
    """Return the parameters with two axes or more; raises ValueError for none."""
    expect.instance(Module, model=model)
    found = {name: p for name, p in model.named_parameters() if p.ndim >= 2}
    if not found:
        raise ValueError(f"expected a model with weights to prune, got {model}")
    return found
