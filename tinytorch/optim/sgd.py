"""Stochastic gradient descent."""

from collections import defaultdict
from typing import Any

from tinytorch import backends
from tinytorch.optim.optimizer import Optimizer, Parameters


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
        options = dict(lr=lr, momentum=momentum, dampening=dampening)
        options |= dict(weight_decay=weight_decay, nesterov=nesterov)
        super().__init__(params, options)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(
                "Nesterov expects momentum above 0 and no dampening, "
                f"got {momentum} and {dampening}"
            )

    def _update(self, params: list[Any], group: dict[str, Any]) -> None:
        """Move each parameter p, whose gradient is g, and with momentum its velocity v.

            g = g + weight_decay p
            v = momentum v + (1 - dampening) g      in the first step, v = g
            g = g + momentum v if nesterov else v   without momentum, g stays
            p = p - lr g

        The backend takes all parameters of a group at once, and works in place.
        """
        options = {key: group[key] for key in self.defaults}
        momentum = group["momentum"]
        by_dampening = defaultdict(list)
        for p in params:
            # A velocity starts as the first gradient, undampened.
            new = "momentum_buffer" not in self.state[p]
            by_dampening[0 if new else group["dampening"]].append(p)
        for dampening, alike in by_dampening.items():
            backends.current.sgd_step(
                [p.data for p in alike],
                [p.grad.data for p in alike],
                [self._kept(p, "momentum_buffer") if momentum else None for p in alike],
                **{**options, "dampening": dampening},
            )
