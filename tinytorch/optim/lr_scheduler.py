"""Learning rates that change as training goes on.

Each schedule is a formula in t, the number of steps taken; what a step is, a batch or
an epoch, is for the caller to say by when it calls `step()`.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Literal

from tinytorch.optim.optimizer import Optimizer, per_group
from tinytorch.optim.plateau import ReduceLROnPlateau  # noqa: F401 - offered here


class LRScheduler:
    """Sets each group's `lr` when made, and after every `step()`.

    Subclasses say what it is: `rate(base, t)` for a group that started with `base`,
    after t steps. The base is kept as the group's `initial_lr`, as a second scheduler
    on the same optimizer must not take the first one's rate for it.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__} expects an Optimizer, "
                f"got {type(optimizer).__name__}"
            )
        self.optimizer = optimizer
        self.base_lrs = [
            float(group.setdefault("initial_lr", group["lr"]))
            for group in optimizer.param_groups
        ]
        self.last_epoch = 0
        self._apply()

    def rate(self, base: float, t: int) -> float:
        raise NotImplementedError(f"{type(self).__name__} expects a rate method")

    def rates(self, t: int) -> list[float]:
        """Return every group's rate after t steps."""
        return [self.rate(base, t) for base in self.base_lrs]

    def step(self) -> None:
        """Move on by one: after an epoch or a batch, as the schedule is meant."""
        self.last_epoch += 1
        self._apply()

    def get_last_lr(self) -> list[float]:
        """Return each group's present rate."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _apply(self) -> None:
        rates = self.rates(self.last_epoch)
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule is; its settings are the constructor's."""
        return {"last_epoch": self.last_epoch, "base_lrs": self.base_lrs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken."""
        self.__dict__.update(state_dict)
        self._apply()


class LambdaLR(LRScheduler):
    """The base times lr_lambda(t); a list has one function a group."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
    ) -> None:
        self.lr_lambdas = per_group(optimizer, "lr_lambda", lr_lambda)
        super().__init__(optimizer)

    def rates(self, t: int) -> list[float]:
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [base * function(t) for base, function in pairs]


class StepLR(LRScheduler):
    """Times gamma every step_size steps."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1
    ) -> None:
        self.step_size, self.gamma = _at_least_1("step_size", step_size), gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        """Return base, times gamma once for each step_size steps in t."""
        return base * self.gamma ** (t // self.step_size)


class MultiStepLR(LRScheduler):
    """Times gamma at each milestone."""

    def __init__(
        self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return base * self.gamma ** bisect_right(self.milestones, t)


class ExponentialLR(LRScheduler):
    """Times gamma at every step."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return base * self.gamma**t


class LinearLR(LRScheduler):
    """From start_factor to end_factor times the base in total_iters steps."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = _at_least_1("total_iters", total_iters)
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        done = min(1.0, t / self.total_iters)
        return base * (self.start_factor + done * (self.end_factor - self.start_factor))


class CosineAnnealingLR(LRScheduler):
    """Half a cosine wave from the base to eta_min in T_max steps (SGDR, 2017).

    For a warm-up, put a `LinearLR` before it with `SequentialLR`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,
        eta_min: float = 0.0,
    ) -> None:
        self.T_max, self.eta_min = _at_least_1("T_max", T_max), eta_min
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        """Return base at t = 0, eta_min at t = T_max, and a half wave between."""
        return _cosine(base, self.eta_min, t / self.T_max)


class SequentialLR(LRScheduler):
    """One schedule after another; each begins at 0 when it takes over at a milestone.

    All are made with the same optimizer; from then on only this one is stepped.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
    ) -> None:
        fits = len(milestones) == len(schedulers) - 1
        if not fits or sorted(milestones) != list(milestones):
            raise ValueError(
                "SequentialLR expects rising milestones, one fewer than schedulers, "
                f"got {len(schedulers)} schedulers and milestones {list(milestones)}"
            )
        if any(s.optimizer is not optimizer for s in schedulers):
            raise ValueError("SequentialLR expects schedulers of the same optimizer")
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        super().__init__(optimizer)

    def rates(self, t: int) -> list[float]:
        i = bisect_right(self.milestones, t)
        return self.schedulers[i].rates(t - (self.milestones[i - 1] if i else 0))


class OneCycleLR(LRScheduler):
    """Rises to max_lr over the first `pct_start` of all steps, then falls to almost 0.

    From max_lr / div_factor, up to max_lr, down to that start / final_div_factor; one
    `step()` a batch (Smith and Topin, 2019). Only the rate is cycled, not momentum.
    A list of max_lr has one a group.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        *,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError(
                    "OneCycleLR expects total_steps, or epochs and steps_per_epoch"
                )
            total_steps = epochs * steps_per_epoch
        if not 0 <= pct_start <= 1:
            raise ValueError(
                f"OneCycleLR expects pct_start from 0 to 1, got {pct_start}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"expected anneal_strategy 'cos' or 'linear', got {anneal_strategy!r}"
            )
        self.total_steps = _at_least_1("total_steps", total_steps)
        self.pct_start = pct_start
        self._between = _cosine if anneal_strategy == "cos" else _linear
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        peaks = per_group(optimizer, "max_lr", max_lr)
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["initial_lr"] = peak / div_factor
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        """Return the rate after t steps; ValueError for t beyond total_steps.

        base is max_lr / div_factor. It rises to max_lr at t = pct_start total_steps - 1
        and falls to base / final_div_factor at t = total_steps - 1, where it stays.
        `self._between(start, end, done)` goes from one to the other, done from 0 to 1.
        Where rise or fall take no step at all, its end is there at once.
        """
        if t > self.total_steps:
            raise ValueError(f"OneCycleLR has {self.total_steps} steps, got step {t}")
        highest, lowest = base * self.div_factor, base / self.final_div_factor
        peak = self.pct_start * self.total_steps - 1
        if t <= peak:
            return self._between(base, highest, t / peak if peak else 1.0)
        fall = self.total_steps - 1 - peak
        done = min(1.0, (t - peak) / fall) if fall else 1.0
        return self._between(highest, lowest, done)


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def _linear(start: float, end: float, done: float) -> float:
    return start + (end - start) * done


def _at_least_1(name: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"expected {name} of at least 1, got {value}")
    return value
