"""What may watch a run, and end it: progress, early stopping, the best weights."""

import math
from typing import Any, Literal

import numpy as np

from tinytorch.training.run import Run
from tinytorch.utils.display import Live


class Callback:
    """Told about a run by `fit`; subclasses override what they care for.

    A callback that keeps values between events returns them in `state_dict`, so that a
    resumed run goes on as if it had never ended. One with `last` is told after others.
    """

    last = False

    def on_start(self, run: Run) -> None:
        """Before the first step."""

    def on_step(self, run: Run) -> None:
        """After an optimizer step."""

    def on_epoch(self, run: Run) -> None:
        """After an epoch and its validation."""

    def on_end(self, run: Run) -> None:
        """After the last step, however the run ended."""

    def state_dict(self) -> dict[str, Any]:
        """Return what the callback keeps: numbers, strings, arrays, dicts of these."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken."""


class Progress(Callback):
    """Shows one line an epoch: batch, means so far, speed and time left.

    `unit` names what a sample is. The line is rewritten a few times a second.
    """

    def __init__(self, unit: str = "samples") -> None:
        self.unit = unit
        self._line = Live(interval=0.25)

    def on_step(self, run: Run) -> None:
        total = run.steps_per_epoch
        text = f"epoch {run.epoch + 1}/{run.epochs}, step {run.batch}/{total or '?'}"
        left = f"{clock(time_left(run))} left"
        text = ", ".join([text, *shown(run.means.as_dict()), self._speed(run), left])
        self._line.show(text, run.batch, total or run.batch + 1)

    def on_epoch(self, run: Run) -> None:
        last = {name: values[-1] for name, values in run.history.epochs.items()}
        seconds = clock(last["seconds"])
        watched = {
            k: v for k, v in last.items() if k.removeprefix("val_") in run.metrics
        }
        text = f"epoch {run.epoch}/{run.epochs}"
        self._line.finish(", ".join([text, *shown(watched), self._speed(run), seconds]))

    def on_end(self, run: Run) -> None:
        if run.stopped:
            self._line.finish(f"stopped at step {run.step}: {run.stopped}")

    def _speed(self, run: Run) -> str:
        return f"{run.samples / max(run.seconds, 1e-9):,.0f} {self.unit}/s"


def shown(values: dict[str, float]) -> list[str]:
    """Return values as text, an accuracy in percent."""
    return [
        f"{name} {value:.1%}" if name.endswith("accuracy") else f"{name} {value:.4f}"
        for name, value in values.items()
    ]


def time_left(run: Run) -> float:
    """Estimate the seconds until the run ends, validation included; nan if unknown."""
    if run.steps_per_epoch is None:
        left = math.nan
    else:
        done = run.epoch * run.steps_per_epoch + run.batch
        to_do = run.epochs * run.steps_per_epoch - done
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


class _Watching(Callback):
    """Compares one value of each epoch with the best so far."""

    def __init__(self, monitor: str, mode: Literal["min", "max"]) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"expected mode 'min' or 'max', got {mode!r}")
        self.monitor, self.mode = monitor, mode
        self.best = math.inf if mode == "min" else -math.inf

    def improved(self, run: Run, min_delta: float = 0.0) -> bool:
        """Return whether the last epoch beats the best by more than `min_delta`."""
        if self.monitor not in run.history.epochs:
            raise KeyError(
                f"{type(self).__name__} expects monitor to be one of "
                f"{list(run.history.epochs)}, got {self.monitor!r}"
            )
        value = run.history.epochs[self.monitor][-1]
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > min_delta:  # never so for nan
            self.best = value
            return True
        return False

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.__dict__.update(state_dict)


class EarlyStopping(_Watching):
    """Stops after `patience` epochs without a gain of more than `min_delta`."""

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 3,
        mode: Literal["min", "max"] = "min",
        min_delta: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode)
        self.patience, self.min_delta = patience, min_delta
        self.waited = 0

    def on_epoch(self, run: Run) -> None:
        """Count the epochs without `self.improved(run, self.min_delta)` in a row.

        `self.waited` is their number; at `self.patience` of them the run is stopped,
        with a reason.
        """
        self.waited = 0 if self.improved(run, self.min_delta) else self.waited + 1
        if self.waited >= self.patience:
            run.stop(f"{self.monitor} has not improved for {self.waited} epochs")

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "waited": self.waited}


class BestWeights(_Watching):
    """Keeps a copy of the best epoch's weights, and puts them back at the end."""

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

    def on_end(self, run: Run) -> None:
        own = run.model.state_dict()
        for name, value in self.weights.items():
            own[name].copy_(value)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "weights": self.weights}
