"""Learning rates by formulas in t, the number of steps taken.

What a step is, a batch or an epoch, the caller says by when it calls `step()`. Two
schedules on one optimizer multiply, as in PyTorch: each changes what it finds by the
factor that it asks for itself.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from tinytorch import expect
from tinytorch.optim.optimizer import Optimizer


class LRScheduler:
    """Sets each group's `lr` when made, and after every `step()`.

    Subclasses say what it is: `rate(base, t)` for a group that started with `base`,
    after t steps; they set what it needs before they call `super().__init__`. The base
    is kept as the group's `initial_lr`, as a second scheduler on the same optimizer
    must not take the first one's rate for it. `keeps` names the attributes that
    `state_dict` saves.
    """

    keeps: ClassVar[tuple[str, ...]] = ("last_epoch", "base_lrs")

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            kind = type(optimizer).__name__
            raise TypeError(f"a schedule expects an Optimizer, got {kind}")
        self.optimizer = optimizer
        self.last_epoch = 0
        self.base_lrs: list[float] = []
        self.take_in_groups()
        self._change_rates(self.base_lrs)

    def rate(self, base: float, t: int) -> float:
        """Return the rate after t steps of a group that began with `base`."""
        raise NotImplementedError(f"{type(self).__name__} expects a rate method")

    def rates(self, t: int) -> list[float]:
        """Return the rate after t steps of every group that is taken in."""
        return [self.rate(base, t) for base in self.base_lrs]

    def step(self) -> None:
        """Move on by one: after an epoch or a batch, as the schedule is meant."""
        self.take_in_groups()
        before = self.rates(self.last_epoch)
        self.last_epoch += 1
        self._change_rates(before)

    def get_last_lr(self) -> list[float]:
        """Return each group's present rate."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def take_in_groups(self) -> None:
        """Note the first rate of groups that are new since the last step."""
        for group in self.optimizer.param_groups[len(self.base_lrs) :]:
            self.base_lrs.append(float(group.setdefault("initial_lr", group["lr"])))

    def _change_rates(self, before: list[float]) -> None:
        """Change each group's rate as much as this schedule's own since `before`."""
        after = self.rates(self.last_epoch)
        groups = self.optimizer.param_groups
        for group, old, new in zip(groups, before, after, strict=True):
            # If another schedule has changed the rate too, the factors multiply.
            alone = group["lr"] == old or old == 0
            group["lr"] = new if alone else group["lr"] * new / old

    def per_group(self, name: str, value: Any) -> list[float]:
        """Return an argument for each parameter group: its list, or one value for all.

        Raises ValueError for a list of another length, or a value below 0.
        """
        groups = len(self.optimizer.param_groups)
        values = list(value) if isinstance(value, list | tuple) else [value] * groups
        if len(values) != groups:
            raise ValueError(f"{name} expects {groups} values, got {values}")
        for one in values:
            expect.finite(**{name: one})
            expect.at_least(0, **{name: one})
        return values

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule is, and the present rates as "lrs"."""
        kept = {name: getattr(self, name) for name in self.keeps}
        return {**kept, "base_lrs": list(self.base_lrs), "lrs": self.get_last_lr()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken; the groups get their rates of then.

        Raises ValueError for the state of another kind of schedule, or of more groups.
        """
        expect.instance(Mapping, state_dict=state_dict)
        name = type(self).__name__
        if missing := [key for key in self.keeps if key not in state_dict]:
            wanted = f"a state with {missing} too"
            raise ValueError(f"{name} expects {wanted}, got {list(state_dict)}")
        bases, groups = state_dict["base_lrs"], self.optimizer.param_groups
        if len(bases) > len(groups):
            raise ValueError(f"{name} expects {len(groups)} groups, got {len(bases)}")
        vars(self).update({key: state_dict[key] for key in self.keeps})
        self.base_lrs = list(bases)
        rates = state_dict.get("lrs") or self.rates(self.last_epoch)
        for group, rate in zip(groups, rates, strict=False):
            group["lr"] = rate

    def extra_repr(self) -> str:
        """Return the options that `repr` shows, as "name=value, ..."."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


class StepLR(LRScheduler):
    """Times gamma every step_size steps."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1
    ) -> None:
        self.step_size = expect.count("step_size", step_size)
        expect.finite(gamma=gamma)
        expect.at_least(0, gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        """Return base, times gamma once for each step_size steps in t."""
        return base * self.gamma ** (t // self.step_size)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"step_size={self.step_size}, gamma={self.gamma}"


class ExponentialLR(LRScheduler):
    """Times gamma at every step."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        expect.finite(gamma=gamma)
        expect.at_least(0, gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        """Return base times gamma, t times."""
        return base * self.gamma**t

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"gamma={self.gamma}"


class LinearLR(LRScheduler):
    """From start_factor to end_factor times the base in total_iters steps."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        expect.finite(start_factor=start_factor, end_factor=end_factor)
        expect.at_least(0, start_factor=start_factor, end_factor=end_factor)
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = expect.count("total_iters", total_iters)
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        """Return base times a factor that lies on the line, and then at its end."""
        done = min(1.0, t / self.total_iters)
        return base * (self.start_factor + done * (self.end_factor - self.start_factor))

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        factors = f"start_factor={self.start_factor:g}, end_factor={self.end_factor:g}"
        return f"{factors}, total_iters={self.total_iters}"


class CosineAnnealingLR(LRScheduler):
    """Half a cosine wave from the base to eta_min in T_max steps (SGDR, 2017).

    For a warm-up, put a `LinearLR` before it with `SequentialLR`.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max = expect.count("T_max", T_max)
        expect.finite(eta_min=eta_min)
        expect.at_least(0, eta_min=eta_min)
        self.eta_min = eta_min
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        """Return base at t = 0, eta_min at t = T_max, and a half wave between."""
        return _cosine(base, self.eta_min, t / self.T_max)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"T_max={self.T_max}, eta_min={self.eta_min}"


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
        self.schedulers = expect.sequence("schedulers", schedulers)
        marks = expect.sequence("milestones", milestones)
        self.milestones = [expect.count("milestones", mark) for mark in marks]
        for scheduler in self.schedulers:
            expect.instance(LRScheduler, schedulers=scheduler)
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError("SequentialLR expects formulas, got ReduceLROnPlateau")
        count = len(self.schedulers)
        if len(marks) != count - 1 or sorted(self.milestones) != self.milestones:
            wanted = f"rising milestones, one fewer than {count} schedulers"
            raise ValueError(f"expected {wanted}, got {marks}")
        if any(s.optimizer is not optimizer for s in self.schedulers):
            raise ValueError("SequentialLR expects schedulers of the same optimizer")
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]  # undo what they did when made
        super().__init__(optimizer)

    def rates(self, t: int) -> list[float]:
        """Return every group's rate, by the schedule that is on after t steps."""
        passed = [m for m in self.milestones if t >= m]
        return self.schedulers[len(passed)].rates(t - max(passed, default=0))

    def take_in_groups(self) -> None:
        """Note the first rate of new groups, in every schedule."""
        super().take_in_groups()
        for scheduler in self.schedulers:
            scheduler.take_in_groups()

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule is, and those that it is made of."""
        inner = [scheduler.state_dict() for scheduler in self.schedulers]
        return {**super().state_dict(), "schedulers": inner}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken, with every schedule inside."""
        expect.instance(Mapping, state_dict=state_dict)
        # A state from before those inside were saved leaves them as they were made.
        inner = state_dict.get("schedulers", [s.state_dict() for s in self.schedulers])
        if len(inner) != len(self.schedulers):
            wanted, got = len(self.schedulers), len(inner)
            raise ValueError(f"SequentialLR expects {wanted} schedules, got {got}")
        for scheduler, state in zip(self.schedulers, inner, strict=True):
            scheduler.load_state_dict(state)
        super().load_state_dict(state_dict)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"schedulers={self.schedulers}, milestones={self.milestones}"


class OneCycleLR(LRScheduler):
    """Rises to max_lr over the first `pct_start` of all steps, then falls to almost 0.

    From max_lr / div_factor, up to max_lr, down to that start / final_div_factor; one
    `step()` a batch (Smith and Topin, 2019). Only the rate is cycled, not momentum.
    A list of max_lr has one a group. Without total_steps, epochs times steps_per_epoch.
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
                raise ValueError("expected total_steps, or epochs and steps_per_epoch")
            epochs = expect.count("epochs", epochs)
            total_steps = epochs * expect.count("steps_per_epoch", steps_per_epoch)
        expect.instance(Optimizer, optimizer=optimizer)
        expect.between(0, 1, pct_start=pct_start)
        expect.one_of(("cos", "linear"), anneal_strategy=anneal_strategy)
        expect.positive(div_factor=div_factor, final_div_factor=final_div_factor)
        self.optimizer, self.max_lr = optimizer, max_lr
        self.total_steps = expect.count("total_steps", total_steps)
        self.pct_start, self.anneal_strategy = pct_start, anneal_strategy
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        peaks = self.per_group("max_lr", max_lr)
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = group["initial_lr"] = float(peak) / div_factor
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

    def _between(self, start: float, end: float, done: float) -> float:
        if self.anneal_strategy == "cos":
            return _cosine(start, end, done)
        return start + (end - start) * done

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return (
            f"max_lr={self.max_lr}, total_steps={self.total_steps}, "
            f"pct_start={self.pct_start}, anneal_strategy={self.anneal_strategy!r}, "
            f"div_factor={self.div_factor}, final_div_factor={self.final_div_factor}"
        )


class ReduceLROnPlateau(LRScheduler):
    """Times factor when a measure has not improved for more than `patience` epochs.

    To count, the measure must beat the best, the lowest in mode 'min', by `threshold`,
    relative ('rel') or absolute ('abs'). After a cut, `cooldown` epochs are not judged;
    a rate never falls below min_lr, nor by less than eps.
    """

    keeps = (*LRScheduler.keeps, "best", "num_bad_epochs", "cooldown_counter")

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
        expect.one_of(("min", "max"), mode=mode)
        expect.one_of(("rel", "abs"), threshold_mode=threshold_mode)
        expect.at_least(0, factor=factor, threshold=threshold, eps=eps)
        if factor >= 1:
            raise ValueError(f"expected a factor below 1, got {factor}")
        self.mode, self.factor, self.eps = mode, factor, eps
        self.patience = expect.count("patience", patience, least=0)
        self.cooldown = expect.count("cooldown", cooldown, least=0)
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0
        super().__init__(optimizer)
        self.min_lr = min_lr
        self.per_group("min_lr", min_lr)

    def rates(self, t: int) -> list[float]:
        """Return the present rates: only a bad measure changes them."""
        return self.get_last_lr()

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Judge an epoch by its measure, a number or a tensor of one element."""
        if not hasattr(metrics, "requires_grad"):
            expect.number(metrics=metrics)
        value = float(metrics)
        self.take_in_groups()
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
        least_rates = self.per_group("min_lr", self.min_lr)
        groups = self.optimizer.param_groups
        for group, least in zip(groups, least_rates, strict=True):
            rate = max(group["lr"] * self.factor, least)
            if group["lr"] - rate > self.eps:
                group["lr"] = rate

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return (
            f"mode={self.mode!r}, factor={self.factor}, patience={self.patience}, "
            f"threshold={self.threshold}, threshold_mode={self.threshold_mode!r}, "
            f"cooldown={self.cooldown}, min_lr={self.min_lr}, eps={self.eps}"
        )


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
