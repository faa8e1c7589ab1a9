"""A learning rate that falls when progress stops."""

import math
from collections.abc import Sequence
from typing import Any, Literal

from tinytorch.optim.optimizer import Optimizer, per_group


class ReduceLROnPlateau:
    """Times factor when a measure has not improved for more than `patience` epochs.

    `step(metrics)` takes the measure, which mode 'min' wants to fall. To count, it must
    beat the best by `threshold`, relative ('rel') or absolute ('abs'). After a cut,
    `cooldown` epochs are not judged; a rate never falls below min_lr, nor by less than
    eps.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1 or mode not in ("min", "max"):
            raise ValueError(
                "ReduceLROnPlateau expects a factor below 1 and mode 'min' or 'max', "
                f"got {factor} and {mode!r}"
            )
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(
                f"expected threshold_mode 'rel' or 'abs', got {threshold_mode!r}"
            )
        self.optimizer, self.mode, self.factor = optimizer, mode, factor
        self.patience, self.cooldown, self.eps = patience, cooldown, eps
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.min_lrs = per_group(optimizer, "min_lr", min_lr)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0

    def step(self, metrics: Any) -> None:
        """Judge an epoch by its measure, a number or a tensor of one element."""
        value = float(metrics)
        self.last_epoch += 1
        improved = self._better(value)
        if improved:
            self.best = value
        self.num_bad_epochs = 0 if improved else self.num_bad_epochs + 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def _better(self, value: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            return sign * value > sign * self.best * (1 + sign * self.threshold)
        return sign * value > sign * self.best + self.threshold

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        for group, lowest in zip(groups, self.min_lrs, strict=True):
            rate = max(group["lr"] * self.factor, lowest)
            if group["lr"] - rate > self.eps:
                group["lr"] = rate

    def get_last_lr(self) -> list[float]:
        """Return each group's present rate."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return what was counted; the rates are the optimizer's."""
        kept = ("best", "num_bad_epochs", "cooldown_counter", "last_epoch")
        return {name: getattr(self, name) for name in kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken."""
        self.__dict__.update(state_dict)
