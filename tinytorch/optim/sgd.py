"""Stochastic gradient descent."""

from typing import Any

import numpy as np

from tinytorch import backends
from tinytorch.optim.optimizer import Optimizer, Parameters, expect_at_least
from tinytorch.tensor import Tensor


class SGD(Optimizer):
    """p -= lr v, where v is the gradient or, with momentum, its running sum.

    v = momentum v + (1 - dampening) g; Nesterov steps by g + momentum v instead
    (Sutskever et al., 2013). weight_decay adds weight_decay p to g.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
    ) -> None:
        expect_at_least(self, 0, lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError("Nesterov expects momentum above 0 and no dampening")
        options = dict(lr=lr, momentum=momentum, dampening=dampening)
        options |= dict(weight_decay=weight_decay, nesterov=nesterov)
        super().__init__(params, options)

    def _update(self, params: list[Tensor], group: dict[str, Any]) -> None:
        options = {key: group[key] for key in self.defaults}
        new = {p for p in params if group["momentum"] and p not in self.state}
        for p in new:
            self.state[p] = {"momentum_buffer": np.zeros_like(p.data)}
        self._step([p for p in params if p not in new], options)
        # A velocity starts as the first gradient, undampened.
        self._step([p for p in params if p in new], {**options, "dampening": 0})

    def _step(self, params: list[Tensor], options: dict[str, Any]) -> None:
        if params:
            backends.current.sgd_step(
                [p.data for p in params],
                [p.grad.data for p in params if p.grad is not None],
                [self.state.get(p, {}).get("momentum_buffer") for p in params],
                **options,
            )
