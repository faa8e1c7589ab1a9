"""Learning rates that change as training goes on."""

from __future__ import annotations

import math
from typing import Any, Literal

from tinytorch.optim.optimizer import Optimizer


class LRScheduler:
    """Sets each group's `lr` before the first step and after every `step()`.

    Subclasses say what it is: `rate(base, t)` for a group that started with `base`,
    after t steps.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.base_lrs = [float(group["lr"]) for group in optimizer.param_groups]
        self.last_epoch = 0
        self._apply()

    def rate(self, base: float, t: int) -> float:
        raise NotImplementedError(f"{type(self).__name__} expects a rate method")

    def step(self) -> None:
        """Move on by one: after an epoch or a batch, as the schedule is meant."""
        self.last_epoch += 1
        self._apply()

    def get_last_lr(self) -> list[float]:
        """Return each group's present rate."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _apply(self) -> None:
        groups = self.optimizer.param_groups
        for group, base in zip(groups, self.base_lrs, strict=True):
            group["lr"] = self.rate(base, self.last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer."""
        return {k: v for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken."""
        self.__dict__.update(state_dict)
        self._apply()


class OneCycleLR(LRScheduler):
    """Rises to max_lr over the first `pct_start` of all steps, then falls to almost 0.

    From max_lr / div_factor, up to max_lr, down to that start / final_div_factor; one
    `step()` a batch (Smith and Topin, 2019). Only the rate is cycled, not momentum.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError(
                    "OneCycleLR expects total_steps, or epochs and steps_per_epoch"
                )
            total_steps = epochs * steps_per_epoch
        if total_steps < 1 or not 0 <= pct_start <= 1:
            raise ValueError(
                "OneCycleLR expects at least one step and pct_start from 0 to 1, "
                f"got {total_steps} and {pct_start}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"expected anneal_strategy 'cos' or 'linear', got {anneal_strategy!r}"
            )
        self.total_steps, self.pct_start = total_steps, pct_start
        self.anneal_strategy = anneal_strategy
        self.max_lr = max_lr
        self.initial_lr = max_lr / div_factor
        self.min_lr = self.initial_lr / final_div_factor
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        """Return the rate after t steps; raises ValueError beyond the last."""
        if t >= self.total_steps + 1:
            raise ValueError(f"OneCycleLR has {self.total_steps} steps, got step {t}")
        peak = self.pct_start * self.total_steps - 1
        if t <= peak:
            return self._between(self.initial_lr, self.max_lr, t / peak if peak else 1)
        fall = self.total_steps - 1 - peak
        done = min(1.0, (t - peak) / fall) if fall else 1.0
        return self._between(self.max_lr, self.min_lr, done)

    def _between(self, start: float, end: float, done: float) -> float:
        if self.anneal_strategy == "cos":
            return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
        return start + (end - start) * done
