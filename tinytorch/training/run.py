"""The state of a training run, as callbacks see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from tinytorch.nn import Module
from tinytorch.optim import Optimizer
from tinytorch.random import Generator, default_generator
from tinytorch.tensor import Tensor
from tinytorch.training.evaluation import Means, Metric
from tinytorch.training.history import History, append

if TYPE_CHECKING:
    from tinytorch.training.callbacks import Callback

Loss = Callable[[Tensor, Any], Tensor]
Batch = tuple[Any, Any]  # inputs, and targets that have a length


@dataclass(kw_only=True)
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
    val_loader: Iterable[Batch] | None
    metrics: dict[str, Metric]
    scheduler: Any
    schedule: Literal["step", "epoch"]
    callbacks: list[Callback]
    time_budget: float | None
    accumulate: int
    max_norm: float | None

    epoch: int = 0
    step: int = 0
    first_step: int = 0
    batch: int = 0
    samples: int = 0
    means: Means = field(default_factory=Means)
    history: History = field(default_factory=History)
    started: float = field(default_factory=time.perf_counter)
    epoch_started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.generators = find_generators(self.loader, self.val_loader, self.model)
        self.epoch_states = self.random_states()
        self._resume_states: list[dict[str, Any]] | None = None

    def __repr__(self) -> str:
        return (
            f"Run(epoch {self.epoch} of {self.epochs}, step {self.step}, "
            f"max_norm={self.max_norm}, schedule={self.schedule!r}, "
            f"stopped={self.stopped!r})"
        )

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
        if self._resume_states:
            # Pass over what the interrupted epoch has seen, and draw on from there.
            for _ in islice(batches, self.batch * self.accumulate):
                pass
            self._set_random_states(self._resume_states)
            self._resume_states = None
        while group := list(islice(batches, self.accumulate)):
            yield group

    def end_step(self, means: Means) -> None:
        """Count a step and what it measured; stop once the time is spent."""
        self.step += 1
        self.batch += 1
        self.samples += means.samples
        self.means.add(means.as_dict(), means.samples)
        append(self.history.steps, {**means.as_dict(), "lr": self._lr()})
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
        row |= {"lr": self._lr(), "step": self.step, "seconds": seconds}
        append(self.history.epochs, row)
        self.means, self.batch = Means(), 0

    def random_states(self) -> list[dict[str, Any]]:
        """Return where every generator is that the run may draw from."""
        return [generator.get_state() for generator in self.generators]

    def resume(self, epoch: list[dict[str, Any]], now: list[dict[str, Any]]) -> None:
        """Go on with generators as they were when the epoch began, and after."""
        self._set_random_states(epoch)
        self._resume_states = now if self.batch else None

    def _set_random_states(self, states: list[dict[str, Any]]) -> None:
        for generator, state in zip(self.generators, states, strict=True):
            generator.set_state(state)

    def _lr(self) -> float:
        return self.optimizer.param_groups[0]["lr"]


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
        elif isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list | tuple):
            stack += value
        elif type(value).__module__ != "builtins" and hasattr(value, "__dict__"):
            stack += vars(value).values()
    return found
