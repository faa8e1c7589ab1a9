"""A rate for each number: Adagrad, RMSprop, and Adam, who came from both."""

from collections import defaultdict
from typing import Any

import numpy as np

from tinytorch import backends
from tinytorch.optim.optimizer import Optimizer, Parameters


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
        super().__init__(params, options)

    def _update(self, params: list[Any], group: dict[str, Any]) -> None:
        """Move each parameter by the formula of the class, in place."""
        for p in params:
            g = self._decayed_grad(p, group)
            total = self._kept(p, "sum", group["initial_accumulator_value"])
            total += g * g
            lr = group["lr"] / (1 + (self._count(p) - 1) * group["lr_decay"])
            p.data -= lr * g / (np.sqrt(total) + group["eps"])


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
        options |= dict(momentum=momentum, centered=centered)
        super().__init__(params, options)

    def _update(self, params: list[Any], group: dict[str, Any]) -> None:
        """Move each parameter by the formula of the class, in place."""
        for p in params:
            g, forget = self._decayed_grad(p, group), 1 - group["alpha"]
            v = self._kept(p, "square_avg")
            v += forget * (g * g - v)
            if group["centered"]:
                mean = self._kept(p, "grad_avg")
                mean += forget * (g - mean)
                v = v - mean * mean
            step = g / (np.sqrt(v) + group["eps"])
            if group["momentum"]:
                buffer = self._kept(p, "momentum_buffer")
                buffer *= group["momentum"]
                buffer += step
                step = buffer
            p.data -= group["lr"] * step


class Adam(Optimizer):
    """p -= lr m' / (sqrt(v') + eps), from running means m of g and v of g squared.

    m' and v' make up for the means' start at 0: m / (1 - beta1^t), v / (1 - beta2^t)
    (Kingma and Ba, 2015). weight_decay adds weight_decay p to g.
    """

    decoupled = False

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:
        options = dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        super().__init__(params, options)

    def _update(self, params: list[Any], group: dict[str, Any]) -> None:
        """Move each parameter p, whose gradient is g, in its step t.

            if decoupled:  p = p - lr weight_decay p
            else:          g = g + weight_decay p
            m = beta1 m + (1 - beta1) g             from m = 0
            v = beta2 v + (1 - beta2) g g           from v = 0
            p = p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

        The backend takes all parameters of one step at once, and works in place.
        """
        options = {key: group[key] for key in self.defaults}
        # One call, unless some had no gradient in an earlier step.
        by_step = defaultdict(list)
        for p in params:
            by_step[self._count(p)].append(p)
        for step, alike in by_step.items():
            backends.current.adam_step(
                [p.data for p in alike],
                [p.grad.data for p in alike],
                [self._kept(p, "exp_avg") for p in alike],
                [self._kept(p, "exp_avg_sq") for p in alike],
                decoupled=self.decoupled,
                step=step,
                **options,
            )


class AdamW(Adam):
    """Adam whose weight decay is apart: p *= 1 - lr weight_decay, then Adam's step.

    So it is not divided by the gradient's size (Loshchilov and Hutter, 2019).
    """

    decoupled = True

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)
