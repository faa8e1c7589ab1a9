"""A training run: where it is, and what it has measured, as callbacks see it."""

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from tinytorch import expect
from tinytorch.nn import Module
from tinytorch.optim import Optimizer
from tinytorch.random import Generator, default_generator
from tinytorch.tensor import Tensor
from tinytorch.training.evaluation import Means, Metric
from tinytorch.utils.display import Picture
from tinytorch.utils.plot import Points, line_plot

Loss = Callable[[Tensor, Any], Tensor]
Columns = dict[str, list[float]]
Batch = tuple[Any, Any]  # inputs, and targets that have a length


@dataclass(repr=False)
class History:
    """Values by name: one an optimizer step in `steps`, one an epoch in `epochs`.

    Both have "loss", "lr" and the metric's name; `epochs` also "seconds", the "step" at
    the end and, with a validation loader, "val_loss" and the like. `stopped` says why a
    run ended early.
    """

    steps: Columns = field(default_factory=dict)
    epochs: Columns = field(default_factory=dict)
    stopped: str | None = None

    def last(self) -> dict[str, float]:
        """Return the last epoch's values."""
        return {name: values[-1] for name, values in self.epochs.items()}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {value:.4g}" for name, value in self.last().items())
        epochs, steps = (len(c.get("loss", ())) for c in (self.epochs, self.steps))
        return f"History({epochs} epochs, {steps} steps; {shown or 'nothing yet'})"

    def plot(self, name: str = "loss") -> Picture:
        """Draw `name` over the steps, and over the epochs with its validation value.

        Raises KeyError for a name that was not measured.
        """
        if name not in self.steps:
            raise KeyError(f"expected one of {list(self.steps)}, got {name!r}")
        steps = self.steps[name]
        series: dict[str, Points] = {name: (range(1, len(steps) + 1), steps)}
        if held_out := self.epochs.get(f"val_{name}"):
            series[f"val_{name}"] = (self.epochs["step"], held_out)
        return line_plot(series, x_label="step", y_label=name)


@dataclass(repr=False)
class Run:
    """What `fit` was given, where the run is, and what it has measured.

    `epoch` counts finished epochs, `step` optimizer steps, `batch` the steps of the
    present epoch; `samples` and `seconds` began with this call, at step `first_step`.
    `means` are those of the present epoch so far.
    """

    model: Module
    loader: Iterable[Batch]
    loss: Loss
    optimizer: Optimizer
    epochs: int
    val_loader: Iterable[Batch] | None = None
    metrics: dict[str, Metric] = field(default_factory=dict)
    scheduler: Any = None
    schedule: Literal["step", "epoch"] = "step"
    callbacks: list["Callback"] = field(default_factory=list)
    time_budget: float | None = None
    accumulate: int = 1
    max_norm: float | None = None

    def __post_init__(self) -> None:
        self.epoch = self.step = self.first_step = self.batch = self.samples = 0
        self.means, self.history = Means(), History()
        self.started = self.epoch_started = time.perf_counter()
        self.generators = find_generators(self.loader, self.val_loader, self.model)
        self.epoch_states = self.resume_states = self.random_states()

    def __repr__(self) -> str:
        options = f"max_norm={self.max_norm}, schedule={self.schedule!r}"
        where = f"epoch {self.epoch} of {self.epochs}, step {self.step}"
        return f"Run({where}, {options}, stopped={self.stopped!r})"

    @property
    def seconds(self) -> float:
        """Time since the run began."""
        return time.perf_counter() - self.started

    @property
    def steps_per_epoch(self) -> int | None:
        """Steps of an epoch, or None where the loader has no length."""
        if not isinstance(self.loader, Sized):
            return None
        return -(-len(self.loader) // self.accumulate)

    @property
    def stopped(self) -> str | None:
        """Why the run ends early, or None."""
        return self.history.stopped

    def stop(self, reason: str) -> None:
        """End the run cleanly before its next step."""
        self.history.stopped = reason

    def notify(self, event: str) -> None:
        """Call the method `event` of every callback."""
        for callback in self.callbacks:
            getattr(callback, event)(self)

    def steps(self) -> Iterator[list[Batch]]:
        """Yield the batches of each step of an epoch: `accumulate`, or what is left."""
        self.epoch_started = time.perf_counter()
        self.epoch_states = self.random_states()
        batches = iter(self.loader)
        if self.batch:
            # Resumed: pass over what the epoch has seen, and draw on from there.
            for _ in islice(batches, self.batch * self.accumulate):
                pass
            self.set_random_states(self.resume_states)
        while group := list(islice(batches, self.accumulate)):
            for batch in group:
                expect_pair(batch)
            yield group

    def end_step(self, means: Means) -> None:
        """Count a step and what it measured; stop once the time is spent."""
        self.step += 1
        self.batch += 1
        self.samples += means.samples
        self.means.add(means.as_dict(), means.samples, means.counts)
        self._note(self.history.steps, means.as_dict())
        if self.time_budget is not None and self.seconds >= self.time_budget:
            self.stop(f"the time budget of {self.time_budget:g} s is spent")

    def end_epoch(self, held_out: Means | None) -> None:
        """Count an epoch and what it measured, on held-out data too."""
        if not self.means.samples:
            raise ValueError("fit expects at least one batch an epoch, got none")
        self.epoch += 1
        row = self.means.as_dict()
        if held_out is not None:
            row |= {f"val_{name}": value for name, value in held_out.as_dict().items()}
        seconds = time.perf_counter() - self.epoch_started
        self._note(self.history.epochs, row, step=self.step, seconds=seconds)
        self.means, self.batch = Means(), 0

    def random_states(self) -> list[dict[str, Any]]:
        """Return where every generator is that the run may draw from."""
        return [generator.get_state() for generator in self.generators]

    def set_random_states(self, states: list[dict[str, Any]]) -> None:
        """Bring every generator to where `random_states` saw it."""
        for generator, state in zip(self.generators, states, strict=True):
            generator.set_state(state)

    def _note(self, columns: Columns, row: dict[str, float], **more: float) -> None:
        """Add a row and the present learning rate to columns of numbers."""
        row = {**row, "lr": self.optimizer.param_groups[0]["lr"], **more}
        for name, value in row.items():
            columns.setdefault(name, []).append(value)


class Callback:
    """Told about a run by `fit`; subclasses override what they care for.

    `keeps` names the attributes that must outlive an interruption: numbers, strings,
    arrays, lists and dicts of these. A callback with `last` is told after all others.
    """

    keeps: tuple[str, ...] = ()
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
        """Return what the callback keeps, by name."""
        return {name: getattr(self, name) for name in self.keeps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go back to where `state_dict` was taken."""
        vars(self).update(state_dict)

    def extra_repr(self) -> str:
        """Return the options that `repr` shows, as "name=value, ..."."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


def expect_pair(batch: Any) -> None:
    """Raise unless a batch is (inputs, targets), with at least one target."""
    wanted = "fit expects batches (inputs, targets)"
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise TypeError(f"{wanted}, got {expect.shown(batch)}")
    if not hasattr(batch[1], "__len__") or getattr(batch[1], "shape", None) == ():
        got = expect.shown(batch[1])
        raise TypeError(f"{wanted}, and targets with a length, got {got}")
    if not len(batch[1]):
        raise ValueError(f"{wanted} of at least one sample, got an empty one")


def find_generators(*roots: Any) -> list[Generator]:
    """Return the default generator and all that `roots` hold, in a fixed order.

    Looks into attributes, lists, tuples and dicts; a generator that only a function
    knows is not found.
    """
    found: list[Generator] = []
    seen: set[int] = set()
    stack = [*roots, default_generator]
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Generator):
            found.append(value)
        elif isinstance(value, list | tuple):
            stack += value
        elif isinstance(value, dict):
            stack += value.values()
        elif type(value).__module__ != "builtins":
            stack += getattr(value, "__dict__", {}).values()
    return found
