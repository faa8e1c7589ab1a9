"""The training loop."""

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any, Literal

import numpy as np

from tinytorch import expect
from tinytorch.nn import Module
from tinytorch.nn.utils import clip_grad_norm_
from tinytorch.optim import Optimizer
from tinytorch.optim.lr_scheduler import ReduceLROnPlateau
from tinytorch.tensor import Tensor
from tinytorch.training.checkpoint import load_run
from tinytorch.training.evaluation import (
    Means,
    Metric,
    accuracy,
    counted,
    expect_batches,
    measure,
)
from tinytorch.training.run import Batch, Callback, History, Loss, Run


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
    `max_norm`. `time_budget` (seconds) stops the run before the next step; Ctrl+C, or
    Stop in a notebook, at once: the history says so, and has what was measured.
    `resume_from` goes on from a `Checkpoint`'s file, up to `epochs` in all.

    Raises FloatingPointError when the loss or a gradient is not finite, and names the
    step and the layer where it began; the weights are then still those before.
    """
    epochs = expect.count("epochs", epochs)
    accumulate = expect.count("accumulate", accumulate)
    for name, limit in (("max_norm", max_norm), ("time_budget", time_budget)):
        expect.at_least(0, **{name: 0 if limit is None else limit})
    expect_pieces(model, loader, loss, optimizer)
    expect_schedule(scheduler, schedule)
    run = Run(model, loader, loss, optimizer, epochs, val_loader, {"loss": loss})
    if metric is not None:
        expect.function(metric=metric)
        run.metrics[getattr(metric, "__name__", type(metric).__name__)] = metric
    run.scheduler, run.schedule = scheduler, schedule
    if val_loader is not None:
        expect_batches("fit", val_loader)
    for callback in expect.sequence("callbacks", callbacks):
        expect.instance(Callback, callbacks=callback)
    run.callbacks = sorted(callbacks, key=lambda callback: callback.last)
    run.time_budget, run.accumulate, run.max_norm = time_budget, accumulate, max_norm
    if resume_from is not None:
        load_run(run, resume_from)
    run.notify("on_start")
    try:
        # What overflows is found and explained by us, not by numpy's warnings.
        with np.errstate(all="ignore"):
            while run.epoch < epochs and not run.stopped:
                if train_epoch(run):
                    _end_epoch(run)
    except KeyboardInterrupt:
        # What was learnt and measured so far is worth more than a traceback.
        run.stop("interrupted")
    run.notify("on_end")
    return run.history


def expect_pieces(model: Any, loader: Any, loss: Any, optimizer: Any) -> None:
    """Raise TypeError for a piece of another kind, ValueError if two do not fit."""
    expect.instance(Module, model=model)
    expect_batches("fit", loader)
    expect.function(loss=loss)
    expect.instance(Optimizer, optimizer=optimizer)
    moved = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in moved for p in model.parameters()):
        raise ValueError(
            "fit expects an optimizer of the model's parameters, got one of none of "
            "them; make it of model.parameters()"
        )


def expect_schedule(scheduler: Any, schedule: Any) -> None:
    """Raise ValueError or TypeError for a schedule that cannot be followed."""
    expect.one_of(("step", "epoch"), schedule=schedule)
    if scheduler is not None and not callable(getattr(scheduler, "step", None)):
        got = expect.shown(scheduler)
        raise TypeError(f"expected a scheduler with a method step(), got {got}")
    if schedule == "step" and isinstance(scheduler, ReduceLROnPlateau):
        raise ValueError("expected schedule 'epoch' for ReduceLROnPlateau, got 'step'")


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
    counts by its share of the samples, of those that `counted(run.loss, targets)`
    leaves. Returns `Means` of the loss (as "loss") and of the other functions
    (outputs, targets) in `run.metrics`, by name: `means.add(values, samples, counts)`
    takes a batch in.
    """
    total = sum(counted(run.loss, targets) for _, targets in batches)
    means = Means()
    for inputs, targets in batches:
        outputs = run.model(inputs)
        loss = run.loss(outputs, targets)
        count = counted(run.loss, targets)
        (loss * (count / (total or 1))).backward()
        others = {k: f(outputs, targets) for k, f in run.metrics.items() if k != "loss"}
        means.add({"loss": loss.item(), **others}, len(targets), {"loss": count})
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


def stop_if_not_finite(run: Run, batches: list[Batch], loss: float) -> None:
    """Raise FloatingPointError, saying where it began, unless all is well."""
    if math.isfinite(loss) and all(_finite(p.grad) for p in run.model.parameters()):
        return
    what = "a gradient is not finite" if math.isfinite(loss) else f"the loss is {loss}"
    suspects = (suspect for batch in batches for suspect in _repeated(run, *batch))
    bad = (name for name, value in suspects if not _finite(value))
    began = next(bad, "not seen again when the step was repeated")
    raise FloatingPointError(
        f"step {run.step + 1} (epoch {run.epoch + 1}, step {run.batch + 1} of it): "
        f"{what}; it began in {began}"
    )


def _finite(value: Any) -> bool:
    return not isinstance(value, Tensor) or bool(np.isfinite(value.data).all())


def _repeated(run: Run, inputs: Any, targets: Any) -> Iterator[tuple[str, Any]]:
    """Repeat forward and backward; yield all that comes up, in order, with its name."""
    yield "the inputs", inputs
    parameters = list(run.model.named_parameters())
    yield from ((f"parameter {name}", p) for name, p in parameters)
    names = {module: name or "the model" for name, module in run.model.named_modules()}
    outputs: list[tuple[str, Tensor]] = []

    def record(module: Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            if output.requires_grad:
                output.retain_grad()
            outputs.append((f"{names[module]} ({type(module).__name__})", output))

    with ExitStack() as hooks:
        for module in names:
            hooks.callback(module.register_forward_hook(record).remove)
        loss = run.loss(run.model(inputs), targets)
    yield from ((f"the output of {name}", output) for name, output in outputs)
    yield "the loss, from outputs that are finite", loss
    run.model.zero_grad()
    loss.backward()
    for name, output in reversed(outputs):
        yield f"the gradient of the output of {name}", output.grad
    for name, parameter in reversed(parameters):
        yield f"the gradient of {name}", parameter.grad
