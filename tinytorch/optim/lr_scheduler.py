"""Learning rates by formulas in t, the number of steps taken.

What a step is, a batch or an epoch, the caller says by when it calls `step()`.
"""

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, ClassVar, Literal

from tinytorch import expect
from tinytorch.optim.optimizer import Optimizer


@dataclass(eq=False)
class LRScheduler:
    """Sets each group's `lr` when made, and after every `step()`.

    Subclasses say what it is: `rate(base, t)` for a group that started with `base`,
    after t steps. The base is kept as the group's `initial_lr`, as a second scheduler
    on the same optimizer must not take the first one's rate for it. `counts` names the
    arguments that must be at least 1.
    """

    optimizer: Optimizer
    counts: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.optimizer, Optimizer):
            kind = type(self.optimizer).__name__
            raise TypeError(f"a schedule expects an Optimizer, got {kind}")
        expect.at_least(1, **{name: getattr(self, name) for name in self.counts})
        groups = self.optimizer.param_groups
        self.base_lrs = [float(g.setdefault("initial_lr", g["lr"])) for g in groups]
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

    def _per_group(self, name: str) -> list[Any]:
        """Return an argument for each parameter group: its list, or one value for all.

        Raises ValueError for a list of another length.
        """
        value, groups = getattr(self, name), len(self.optimizer.param_groups)
        values = list(value) if isinstance(value, list | tuple) else [value] * groups
        if len(values) != groups:
            raise ValueError(f"{name} expects {groups} values, got {values}")
        return values

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule is: all but the constructor's arguments."""
        arguments = {field.name for field in fields(self)}
        return {k: v for k, v in vars(self).items() if k not in arguments}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken."""
        vars(self).update(state_dict)
        self._apply()


@dataclass(eq=False)
class StepLR(LRScheduler):
    """Times gamma every step_size steps."""

    step_size: int
    gamma: float = 0.1

    counts = ("step_size",)

    def rate(self, base: float, t: int) -> float:
        """Return base, times gamma once for each step_size steps in t."""
        return base * self.gamma ** (t // self.step_size)


@dataclass(eq=False)
class ExponentialLR(LRScheduler):
    """Times gamma at every step."""

    gamma: float

    def rate(self, base: float, t: int) -> float:
        return base * self.gamma**t


@dataclass(eq=False)
class LinearLR(LRScheduler):
    """From start_factor to end_factor times the base in total_iters steps."""

    start_factor: float = 1 / 3
    end_factor: float = 1.0
    total_iters: int = 5

    counts = ("total_iters",)

    def rate(self, base: float, t: int) -> float:
        done = min(1.0, t / self.total_iters)
        return base * (self.start_factor + done * (self.end_factor - self.start_factor))


@dataclass(eq=False)
class CosineAnnealingLR(LRScheduler):
    """Half a cosine wave from the base to eta_min in T_max steps (SGDR, 2017).

    For a warm-up, put a `LinearLR` before it with `SequentialLR`.
    """

    T_max: int
    eta_min: float = 0.0

    counts = ("T_max",)

    def rate(self, base: float, t: int) -> float:
        """Return base at t = 0, eta_min at t = T_max, and a half wave between."""
        return _cosine(base, self.eta_min, t / self.T_max)


@dataclass(eq=False)
class SequentialLR(LRScheduler):
    """One schedule after another; each begins at 0 when it takes over at a milestone.

    All are made with the same optimizer; from then on only this one is stepped.
    """

    schedulers: Sequence[LRScheduler]
    milestones: Sequence[int]

    def __post_init__(self) -> None:
        count, marks = len(self.schedulers), list(self.milestones)
        if len(marks) != count - 1 or sorted(marks) != marks:
            wanted = f"rising milestones, one fewer than {count} schedulers"
            raise ValueError(f"expected {wanted}, got {marks}")
        if any(s.optimizer is not self.optimizer for s in self.schedulers):
            raise ValueError("SequentialLR expects schedulers of the same optimizer")
        super().__post_init__()

    def rates(self, t: int) -> list[float]:
        passed = [m for m in self.milestones if t >= m]
        return self.schedulers[len(passed)].rates(t - max(passed, default=0))


@dataclass(eq=False)
class OneCycleLR(LRScheduler):
    """Rises to max_lr over the first `pct_start` of all steps, then falls to almost 0.

    From max_lr / div_factor, up to max_lr, down to that start / final_div_factor; one
    `step()` a batch (Smith and Topin, 2019). Only the rate is cycled, not momentum.
    A list of max_lr has one a group. Without total_steps, epochs times steps_per_epoch.
    """

    max_lr: float | Sequence[float]
    total_steps: int = None  # type: ignore[assignment] # None is computed when made
    epochs: int | None = None
    steps_per_epoch: int | None = None
    pct_start: float = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    _: KW_ONLY
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    counts = ("total_steps",)

    def __post_init__(self) -> None:
        if self.total_steps is None:
            if not self.epochs or not self.steps_per_epoch:
                raise ValueError("expected total_steps, or epochs and steps_per_epoch")
            self.total_steps = self.epochs * self.steps_per_epoch
        expect.between(0, 1, pct_start=self.pct_start)
        expect.one_of(("cos", "linear"), anneal_strategy=self.anneal_strategy)
        peaks = self._per_group("max_lr")
        for group, peak in zip(self.optimizer.param_groups, peaks, strict=True):
            group["initial_lr"] = peak / self.div_factor
        super().__post_init__()

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

    def _between(self, start: float, end: float, done: float) -> float:
        if self.anneal_strategy == "cos":
            return _cosine(start, end, done)
        return start + (end - start) * done


@dataclass(eq=False)
class ReduceLROnPlateau(LRScheduler):
    """Times factor when a measure has not improved for more than `patience` epochs.

    To count, the measure must beat the best, the lowest in mode 'min', by `threshold`,
    relative ('rel') or absolute ('abs'). After a cut, `cooldown` epochs are not judged;
    a rate never falls below min_lr, nor by less than eps.
    """

    mode: Literal["min", "max"] = "min"
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    threshold_mode: Literal["rel", "abs"] = "rel"
    cooldown: int = 0
    min_lr: float | Sequence[float] = 0
    eps: float = 1e-8

    def __post_init__(self) -> None:
        expect.one_of(("min", "max"), mode=self.mode)
        expect.one_of(("rel", "abs"), threshold_mode=self.threshold_mode)
        if self.factor >= 1:
            raise ValueError(f"expected a factor below 1, got {self.factor}")
        self.best = math.inf if self.mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0
        super().__post_init__()
        self.min_lrs = self._per_group("min_lr")

    def rates(self, t: int) -> list[float]:
        return self.get_last_lr()  # only a bad measure changes them

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Judge an epoch by its measure, a number or a tensor of one element."""
        value = float(metrics)
        self.last_epoch += 1
        if self._better(value):
            self.best, self.num_bad_epochs = value, 0
        elif not self.cooldown_counter:
            self.num_bad_epochs += 1
        self.cooldown_counter = max(0, self.cooldown_counter - 1)
        if self.num_bad_epochs > self.patience:
            self._cut()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def _better(self, value: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            return sign * value > sign * self.best * (1 + sign * self.threshold)
        return sign * value > sign * self.best + self.threshold

    def _cut(self) -> None:
        groups = self.optimizer.param_groups
        for group, least in zip(groups, self.min_lrs, strict=True):
            rate = max(group["lr"] * self.factor, least)
            if group["lr"] - rate > self.eps:
                group["lr"] = rate


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
