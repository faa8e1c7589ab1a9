"""What may watch a run, and end it: progress, early stopping, the best weights."""

import math
from typing import Literal

import numpy as np

from tinytorch import expect
from tinytorch.training.run import Callback, Run
from tinytorch.utils.display import Live


class Progress(Callback):
    """Shows one line an epoch: batch, means so far, speed and time left.

    `unit` names what a sample is. The line is rewritten a few times a second.
    """

    def __init__(self, unit: str = "samples") -> None:
        expect.instance(str, unit=unit)
        self.unit = unit
        self._line = Live(interval=0.25)

    def on_step(self, run: Run) -> None:
        """Show the means so far, and how long the run has still to go."""
        total = run.steps_per_epoch
        text = f"epoch {run.epoch + 1}/{run.epochs}, step {run.batch}/{total or '?'}"
        text += self._measured(run, run.means.as_dict())
        left = clock(time_left(run))
        self._line.show(f"{text}, {left} left", run.batch, total or run.batch + 1)

    def on_epoch(self, run: Run) -> None:
        """Show what the epoch measured, and leave that line."""
        last = run.history.last()
        text = f"epoch {run.epoch}/{run.epochs}{self._measured(run, last)}"
        self._line.finish(f"{text}, {clock(last['seconds'])}")

    def on_end(self, run: Run) -> None:
        """Say why the run ended early, if it did."""
        if run.stopped:
            self._line.finish(f"stopped at step {run.step}: {run.stopped}")

    def _measured(self, run: Run, values: dict[str, float]) -> str:
        text = ""
        for name, value in values.items():
            if name.removeprefix("val_") in run.metrics:
                digits = ".1%" if name.endswith("accuracy") else ".4f"
                text += f", {name} {value:{digits}}"
        return f"{text}, {run.samples / max(run.seconds, 1e-9):,.0f} {self.unit}/s"

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"unit={self.unit!r}"


def time_left(run: Run) -> float:
    """Estimate the seconds until the run ends, validation included; nan if unknown."""
    left = math.nan
    if run.steps_per_epoch is not None:
        to_do = (run.epochs - run.epoch) * run.steps_per_epoch - run.batch
        left = run.seconds / max(1, run.step - run.first_step) * to_do
    if run.time_budget is not None:
        left = np.fmin(left, max(0.0, run.time_budget - run.seconds))
    return float(left)


def clock(seconds: float) -> str:
    """Return a duration as m:ss, or with decimals where it is short."""
    if math.isnan(seconds):
        return "?:??"
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Watching(Callback):
    """Compares the value `monitor` of each epoch with the best so far.

    mode: whether the "min" or the "max" is the best.
    """

    def __init__(self, monitor: str, mode: Literal["min", "max"]) -> None:
        expect.instance(str, monitor=monitor)
        expect.one_of(("min", "max"), mode=mode)
        self.monitor, self.mode = monitor, mode
        self.best = math.inf if mode == "min" else -math.inf

    def improved(self, run: Run, min_delta: float = 0.0) -> bool:
        """Return whether the last epoch beats the best by more than `min_delta`."""
        values = run.history.last()
        if self.monitor not in values:
            wanted = f"expected monitor out of {list(values)}"
            raise KeyError(f"{wanted}, got {self.monitor!r}")
        value = values[self.monitor]
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > min_delta:  # never so for nan
            self.best = value
        return gain > min_delta


class EarlyStopping(Watching):
    """Stops after `patience` epochs without a gain of more than `min_delta`."""

    keeps = ("best", "waited")

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 3,
        mode: Literal["min", "max"] = "min",
        min_delta: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode)
        expect.at_least(0, min_delta=min_delta)
        self.patience, self.min_delta = expect.count("patience", patience), min_delta
        self.waited = 0

    def on_start(self, run: Run) -> None:
        """Begin to count; a resumed run that had stopped early does not go on."""
        if run.step == 0:
            self.waited = 0
        elif self.waited >= self.patience:
            run.stop(f"{self.monitor} had not improved for {self.waited} epochs")

    def on_epoch(self, run: Run) -> None:
        """Count the epochs without `self.improved(run, self.min_delta)` in a row.

        `self.waited` is their number; at `self.patience` of them the run is stopped,
        with a reason.
        """
        self.waited = 0 if self.improved(run, self.min_delta) else self.waited + 1
        if self.waited >= self.patience:
            run.stop(f"{self.monitor} has not improved for {self.waited} epochs")

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        options = f"monitor={self.monitor!r}, patience={self.patience}"
        return f"{options}, mode={self.mode!r}, min_delta={self.min_delta}"


class BestWeights(Watching):
    """Keeps a copy of the best epoch's weights, and puts them back at the end."""

    keeps = ("best", "weights")

    def __init__(
        self, monitor: str = "val_loss", mode: Literal["min", "max"] = "min"
    ) -> None:
        super().__init__(monitor, mode)
        self.weights: dict[str, np.ndarray] = {}

    def on_epoch(self, run: Run) -> None:
        """Copy the model's weights if `self.improved(run)`.

        Into `self.weights`: an array by name for everything in the model's state dict.
        """
        if self.improved(run):
            state = run.model.state_dict()
            self.weights = {name: value.data.copy() for name, value in state.items()}

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"monitor={self.monitor!r}, mode={self.mode!r}"

    def on_end(self, run: Run) -> None:
        """Put the best epoch's weights back into the model."""
        own = run.model.state_dict()
        for name, value in self.weights.items():
            own[name].copy_(value)
