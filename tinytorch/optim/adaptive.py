"""Adagrad and RMSprop, from which Adam came."""

from typing import Any

import numpy as np

from tinytorch.optim.optimizer import Optimizer, Parameters, expect_at_least
from tinytorch.tensor import Tensor


class Adagrad(Optimizer):
    """p -= lr' g / (sqrt(G) + eps), where G is the sum of all g squared so far.

    lr' = lr / (1 + (t - 1) lr_decay) (Duchi et al., 2011). weight_decay adds
    weight_decay p to g; G starts at initial_accumulator_value.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
    ) -> None:
        options = dict(lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps)
        options |= dict(initial_accumulator_value=initial_accumulator_value)
        expect_at_least(self, 0, **options)
        super().__init__(params, options)

    def _update(self, params: list[Tensor], group: dict[str, Any]) -> None:
        for p in params:
            if p not in self.state:
                start = np.full_like(p.data, group["initial_accumulator_value"])
                self.state[p] = {"step": 0, "sum": start}
            state, g = self.state[p], decayed_grad(p, group)
            state["step"] += 1
            state["sum"] += g * g
            lr = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
            p.data -= lr * g / (np.sqrt(state["sum"]) + group["eps"])


class RMSprop(Optimizer):
    """p -= lr g / (sqrt(v) + eps), where v is a running mean of g squared.

    v = alpha v + (1 - alpha) g^2 (Hinton, 2012); `centered` takes off the squared
    running mean of g, so that v is a variance. With momentum, b = momentum b + the
    quotient, and p -= lr b. weight_decay adds weight_decay p to g.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
    ) -> None:
        options = dict(lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay)
        options |= dict(momentum=momentum)
        expect_at_least(self, 0, **options)
        super().__init__(params, {**options, "centered": centered})

    def _update(self, params: list[Tensor], group: dict[str, Any]) -> None:
        alpha = group["alpha"]
        for p in params:
            state, g = self._state(p, group), decayed_grad(p, group)
            v = state["square_avg"]
            v += (1 - alpha) * (g * g - v)
            if group["centered"]:
                mean = state["grad_avg"]
                mean += (1 - alpha) * (g - mean)
                v = v - mean * mean
            step = g / (np.sqrt(v) + group["eps"])
            if group["momentum"]:
                buffer = state["momentum_buffer"]
                buffer *= group["momentum"]
                buffer += step
                step = buffer
            p.data -= group["lr"] * step

    def _state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        if p not in self.state:
            names = ["square_avg"]
            names += ["grad_avg"] if group["centered"] else []
            names += ["momentum_buffer"] if group["momentum"] else []
            self.state[p] = {name: np.zeros_like(p.data) for name in names}
        return self.state[p]


def decayed_grad(p: Tensor, group: dict[str, Any]) -> np.ndarray:
    """Return p's gradient plus weight_decay p."""
    assert p.grad is not None  # `Optimizer.step` passes only those with a gradient
    if not group["weight_decay"]:
        return p.grad.data
    return p.grad.data + group["weight_decay"] * p.data
