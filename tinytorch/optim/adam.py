"""Adam, with weight decay in the gradient or beside it."""

from itertools import groupby
from typing import Any

import numpy as np

from tinytorch import backends
from tinytorch.optim.optimizer import Optimizer, Parameters, expect_at_least
from tinytorch.tensor import Tensor


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
        expect_at_least(self, 0, lr=lr, eps=eps, weight_decay=weight_decay)
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(
                f"{type(self).__name__} expects betas from 0 to below 1, got {betas}"
            )
        options = dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        super().__init__(params, options)

    def _update(self, params: list[Tensor], group: dict[str, Any]) -> None:
        options = {key: group[key] for key in self.defaults}
        for p in params:
            state = self.state.setdefault(p, {"step": 0})
            state["step"] += 1
            if state["step"] == 1:
                state["exp_avg"] = np.zeros_like(p.data)
                state["exp_avg_sq"] = np.zeros_like(p.data)
        # One call, unless some had no gradient in an earlier step.
        by_step = sorted(params, key=self._step_of)
        for step, alike in groupby(by_step, key=self._step_of):
            chosen = list(alike)
            backends.current.adam_step(
                [p.data for p in chosen],
                [p.grad.data for p in chosen if p.grad is not None],
                [self.state[p]["exp_avg"] for p in chosen],
                [self.state[p]["exp_avg_sq"] for p in chosen],
                decoupled=self.decoupled,
                step=step,
                **options,
            )

    def _step_of(self, p: Tensor) -> int:
        return self.state[p]["step"]


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
