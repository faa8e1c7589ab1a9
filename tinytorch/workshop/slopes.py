"""Slopes of a function of tensors: what `backward` says against differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch import enable_grad
from tinytorch.tensor import Tensor
from tinytorch.workshop.leaves import doubled, float_tensors

STEP = 1e-5
NEAR = 1e-4  # relative error of a slope by differences in float64
KINK = 1e-3  # how far apart the two one-sided slopes of a smooth function are at most
Call = Callable[[tuple[Any, ...]], Any]
Slopes = dict[str, tuple[float | None, float]]


def slopes(
    call: Call, fresh: Callable[[], tuple[Any, ...]], names: list[str]
) -> Slopes:
    """Return (by backward, by differences) along a random direction, by input.

    call: runs the function on arguments. fresh: makes them. The inputs are the float
    tensors among them, in float64; by backward is None where no gradient arrives.
    Inputs at a kink, where the two one-sided slopes differ, are left out.
    """
    found: Slopes = {}
    total, inputs = _total(call, fresh, names)
    if total is None:
        return found
    if total.requires_grad:
        total.backward()
    for number, (name, tensor) in enumerate(inputs):
        direction = np.random.default_rng(number).standard_normal(tensor.shape)
        grad = (
            None if tensor.grad is None else float((tensor.grad.data * direction).sum())
        )
        ahead, behind = (
            _total(call, fresh, names, number, step * direction)[0]
            for step in (STEP, -STEP)
        )
        if ahead is None or behind is None:
            continue
        right, left = (
            (ahead.item() - total.item()) / STEP,
            (total.item() - behind.item()) / STEP,
        )
        scale = max(1.0, abs(right), abs(left))
        if abs(right - left) <= KINK * scale:
            found[name] = grad, (right + left) / 2
    return found


def agree(by_backward: float | None, by_differences: float) -> bool:
    """Return whether two slopes are the same number, as far as differences can tell."""
    by_backward = by_backward or 0.0
    scale = max(1.0, abs(by_differences))
    return abs(by_backward - by_differences) <= NEAR * scale


def _total(
    call: Call,
    fresh: Callable[[], tuple[Any, ...]],
    names: list[str],
    moved: int = -1,
    by: Any = 0.0,
) -> tuple[Tensor | None, list[tuple[str, Tensor]]]:
    """Run the function; return its results, weighted and added up, and its inputs."""
    args, _ = doubled(fresh())
    inputs = [
        pair
        for name, value in zip(names, args, strict=True)
        for pair in float_tensors(value, name)
    ]
    for number, (_, tensor) in enumerate(inputs):
        tensor.data = tensor.data + (by if number == moved else 0.0)
        tensor.requires_grad = True
        tensor.grad = None
    with enable_grad():
        result = call(args)
        tensors = [t for _, t in float_tensors(result, "")]
        if not inputs or not tensors:
            return None, inputs
        weights = np.random.default_rng(len(tensors))
        total: Any = 0.0
        for tensor in tensors:
            total = total + (tensor * Tensor(weights.random(tensor.shape) + 0.5)).sum()
    return total, inputs
