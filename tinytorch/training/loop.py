"""The training loop."""

import os
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from tinytorch.nn import Module
from tinytorch.nn.utils import clip_grad_norm_
from tinytorch.optim import Optimizer
from tinytorch.optim.lr_scheduler import ReduceLROnPlateau
from tinytorch.training.callbacks import Callback
from tinytorch.training.checkpoint import load_run
from tinytorch.training.diagnosis import stop_if_not_finite
from tinytorch.training.evaluation import Means, Metric, accuracy, measure
from tinytorch.training.history import History
from tinytorch.training.run import Batch, Loss, Run


def fit(
    model: Module,
    loader: Iterable[Batch],
    loss: Loss,
    optimizer: Optimizer,
    epochs: int = 1,
    *,
    val_loader: Iterable[Batch] | None = None,
    metric: Metric | None = accuracy,
    scheduler: Any = None,
    schedule: Literal["step", "epoch"] = "step",
    callbacks: Iterable[Callback] = (),
    time_budget: float | None = None,
    accumulate: int = 1,
    max_norm: float | None = None,
    resume_from: str | os.PathLike[str] | None = None,
) -> History:
    """Train `model` on `loader`'s batches (inputs, targets); return what it measured.

    loss(outputs, targets) is the mean over a batch. `metric`, of the same arguments, is
    watched besides; both also on `val_loader`, after every epoch. `scheduler.step()`
    follows each optimizer step or each epoch, as `schedule` says. An optimizer step
    takes `accumulate` batches as if they were one, its gradient's norm limited to
    `max_norm`. `time_budget` (seconds) stops the run before the next step.
    `resume_from` goes on from a `Checkpoint`'s file, up to `epochs` in all.

    Raises FloatingPointError when the loss or a gradient is not finite, and names the
    step and the layer where it began; the weights are then still those before.
    """
    _check(epochs, accumulate, scheduler, schedule)
    metrics: dict[str, Metric] = {"loss": loss}
    if metric is not None:
        metrics[getattr(metric, "__name__", type(metric).__name__)] = metric
    run = Run(
        model=model,
        loader=loader,
        loss=loss,
        optimizer=optimizer,
        epochs=epochs,
        val_loader=val_loader,
        metrics=metrics,
        scheduler=scheduler,
        schedule=schedule,
        callbacks=sorted(callbacks, key=lambda callback: callback.last),
        time_budget=time_budget,
        accumulate=accumulate,
        max_norm=max_norm,
    )
    if resume_from is not None:
        load_run(run, resume_from)
    run.notify("on_start")
    # What overflows is found and explained by us, not by numpy's warnings.
    with np.errstate(all="ignore"):
        while run.epoch < epochs and not run.stopped:
            if train_epoch(run):
                _end_epoch(run)
    run.notify("on_end")
    return run.history


def _check(epochs: int, accumulate: int, scheduler: Any, schedule: str) -> None:
    if epochs < 1 or accumulate < 1:
        raise ValueError(
            "fit expects epochs and accumulate of at least 1, "
            f"got {epochs} and {accumulate}"
        )
    by_epoch = isinstance(scheduler, ReduceLROnPlateau)
    if schedule not in ("step", "epoch") or (by_epoch and schedule == "step"):
        raise ValueError(
            "fit expects schedule 'step' or 'epoch', and 'epoch' for "
            f"ReduceLROnPlateau, got {schedule!r}"
        )


def train_epoch(run: Run) -> bool:
    """Learn from every batch once; return whether the epoch came to its end.

    In training mode, one `train_step` for each list of batches in `run.steps()`. A run
    that is stopped (`run.stopped` is not None) takes no further step: then False.
    """
    run.model.train()
    for batches in run.steps():
        if run.stopped:
            return False
        train_step(run, batches)
    return True


def train_step(run: Run, batches: list[Batch]) -> None:
    """Take one optimizer step, from the gradients of `batches` alone.

    Then `run.end_step(means)` counts it, the scheduler (if any) moves on if
    `run.schedule` is "step", and callbacks hear "on_step". The gradients' joint norm is
    limited to `run.max_norm`, if that is not None. `stop_if_not_finite` has the last
    word before the weights change.
    """
    run.optimizer.zero_grad()
    means = accumulate_gradients(run, batches)
    stop_if_not_finite(run, batches, means["loss"])
    if run.max_norm is not None:
        clip_grad_norm_(run.model.parameters(), run.max_norm)
    run.optimizer.step()
    run.end_step(means)
    if run.scheduler is not None and run.schedule == "step":
        run.scheduler.step()
    run.notify("on_step")


def accumulate_gradients(run: Run, batches: list[Batch]) -> Means:
    """Add the gradient of the mean loss over all samples of `batches`.

    A batch is (inputs, targets), and `run.loss(outputs, targets)` its own mean: a batch
    counts by its share of the samples. Returns the means of the loss (as "loss") and of
    the other functions (outputs, targets) in `run.metrics`, by name.
    """
    total = sum(len(targets) for _, targets in batches)
    means = Means()
    for inputs, targets in batches:
        outputs = run.model(inputs)
        loss = run.loss(outputs, targets)
        (loss * (len(targets) / total)).backward()
        others = {k: f(outputs, targets) for k, f in run.metrics.items() if k != "loss"}
        means.add({"loss": loss.item(), **others}, len(targets))
    return means


def _end_epoch(run: Run) -> None:
    """Measure on held-out data, and tell whom it concerns."""
    held_out = None
    if run.val_loader is not None:
        held_out = measure(run.model, run.val_loader, run.metrics)
    run.end_epoch(held_out)
    if isinstance(run.scheduler, ReduceLROnPlateau):
        run.scheduler.step(run.history.epochs["val_loss" if held_out else "loss"][-1])
    elif run.scheduler is not None and run.schedule == "epoch":
        run.scheduler.step()
    run.notify("on_epoch")
