"""A run in a file: stopped anywhere, it goes on as if it had never ended."""

import json
import os
import time
from typing import Any

import numpy as np

from tinytorch import expect, saving
from tinytorch.tensor import Tensor
from tinytorch.training.evaluation import Means
from tinytorch.training.run import Callback, Run

KEY = "tinytorch.run"
MODEL = "model."
Path = str | os.PathLike[str]


class Checkpoint(Callback):
    """Saves the run after every epoch and where it is stopped; told last of all.

    Also every `seconds`, if given. `fit(..., resume_from=path)` goes on from the file:
    losses are the same, bit for bit, as without the interruption. The model's weights
    are the tensors whose names begin with "model.".
    """

    last = True

    def __init__(self, path: Path, seconds: float | None = None) -> None:
        expect.instance(str | os.PathLike, path=path)
        if seconds is not None:
            expect.at_least(0, seconds=seconds)
        self.path, self.seconds = path, seconds
        self._saved = time.perf_counter()

    def on_step(self, run: Run) -> None:
        """Save the run if it was stopped, or `seconds` have passed."""
        age = time.perf_counter() - self._saved
        if run.stopped or (self.seconds is not None and age >= self.seconds):
            self.save(run)

    def on_epoch(self, run: Run) -> None:
        """Save the run."""
        self.save(run)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"path={str(self.path)!r}, seconds={self.seconds}"

    def save(self, run: Run) -> None:
        """Write everything that the rest of the run depends on."""
        weights = run.model.state_dict()
        tensors: dict[str, Any] = {MODEL + name: weights[name] for name in weights}

        def moved(value: Any) -> dict[str, str]:
            """Put an array, which JSON cannot hold, among the tensors."""
            if not isinstance(value, np.ndarray | Tensor):
                kind = type(value).__name__
                raise TypeError(f"expected numbers, strings or arrays, got {kind}")
            name = f"state.{len(tensors)}"
            tensors[name] = value
            return {"$tensor": name}

        state = {**run_state(run), "counts": run.means.counts}
        text = json.dumps(state, default=moved)
        saving.save_file(tensors, self.path, {KEY: text})
        self._saved = time.perf_counter()


def run_state(run: Run) -> dict[str, Any]:
    """Return all that the rest of the run depends on, beside the model's weights.

    "position": epoch, step and batch of the run, by these names; "accumulate"; "means":
    the variables of `run.means`; "steps" and "epochs" of its history. "random": "now",
    the present states of its generators, and "epoch", those when the epoch began (the
    present ones if it has seen no batch). "optimizer" and "scheduler": their state
    dicts, None without a scheduler. "callbacks": the state dicts of `_stateful(run)`,
    by the same names.
    """
    now = run.random_states()
    return {
        "position": {k: getattr(run, k) for k in ("epoch", "step", "batch")},
        "accumulate": run.accumulate,
        "means": vars(run.means),
        "steps": run.history.steps,
        "epochs": run.history.epochs,
        "random": {"now": now, "epoch": run.epoch_states if run.batch else now},
        "optimizer": run.optimizer.state_dict(),
        "scheduler": run.scheduler and run.scheduler.state_dict(),
        "callbacks": {k: c.state_dict() for k, c in _stateful(run).items()},
    }


def load_run(run: Run, path: Path) -> None:
    """Bring a run that was set up alike to where a `Checkpoint` saved it.

    Raises ValueError for a file that is no checkpoint, or of another kind of run.
    """
    expect.instance(str | os.PathLike, resume_from=path)
    metadata = saving.load_metadata(path)
    if KEY not in metadata:
        raise ValueError(f"{os.fspath(path)} holds no training run, only weights")
    tensors = saving.load_file(path)

    def put_back(value: dict[str, Any]) -> Any:
        return tensors[value["$tensor"]].data if list(value) == ["$tensor"] else value

    state = json.loads(metadata[KEY], object_hook=put_back)
    own = _kind(run_state(run))
    for what, saved in _kind(state).items():
        if saved != own[what]:
            raise ValueError(f"the checkpoint expects {what}: {saved}, got {own[what]}")
    run.model.load_state_dict(
        {k.removeprefix(MODEL): t for k, t in tensors.items() if k.startswith(MODEL)}
    )
    run.optimizer.load_state_dict(state["optimizer"])
    if run.scheduler is not None:
        run.scheduler.load_state_dict(state["scheduler"])
    for name, callback in _stateful(run).items():
        callback.load_state_dict(state["callbacks"][name])
    vars(run).update(state["position"], first_step=state["position"]["step"])
    run.means = Means(**state["means"])
    run.means.counts = state.get("counts", {})
    run.history.steps, run.history.epochs = state["steps"], state["epochs"]
    run.set_random_states(state["random"]["epoch"])
    run.resume_states = state["random"]["now"]


def _kind(state: dict[str, Any]) -> dict[str, Any]:
    """Return what a run that goes on from a saved one must have in common with it."""
    return {
        "accumulate": state["accumulate"],
        "a scheduler": state["scheduler"] is not None,
        "callbacks": list(state["callbacks"]),
        "random generators": len(state["random"]["now"]),
    }


def _stateful(run: Run) -> dict[str, Callback]:
    """Return the callbacks that keep something, by number and class."""
    kept = [callback for callback in run.callbacks if callback.state_dict()]
    return {f"{i} {type(c).__name__}": c for i, c in enumerate(kept)}
