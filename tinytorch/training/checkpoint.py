"""A run in a file: stopped anywhere, it goes on as if it had never ended."""

import json
import os
import time
from typing import Any

import numpy as np

from tinytorch import saving
from tinytorch.tensor import Tensor
from tinytorch.training.callbacks import Callback
from tinytorch.training.evaluation import Means
from tinytorch.training.run import Run

KEY = "tinytorch.run"
MODEL = "model."


class Checkpoint(Callback):
    """Saves the run after every epoch and where it is stopped; told last of all.

    Also every `seconds`, if given. `fit(..., resume_from=path)` goes on from the file:
    losses are the same, bit for bit, as without the interruption. The model's weights
    are the tensors whose names begin with "model.".
    """

    last = True

    def __init__(
        self, path: str | os.PathLike[str], seconds: float | None = None
    ) -> None:
        self.path, self.seconds = path, seconds
        self._saved = time.perf_counter()

    def on_step(self, run: Run) -> None:
        age = time.perf_counter() - self._saved
        if run.stopped or (self.seconds is not None and age >= self.seconds):
            self._save(run)

    def on_epoch(self, run: Run) -> None:
        self._save(run)

    def _save(self, run: Run) -> None:
        save_run(run, self.path)
        self._saved = time.perf_counter()


def save_run(run: Run, path: str | os.PathLike[str]) -> None:
    """Write everything that the rest of the run depends on."""
    tensors: dict[str, Any] = {
        MODEL + name: value for name, value in run.model.state_dict().items()
    }
    packed = json.dumps(_pack(run_state(run), tensors))
    saving.save_file(tensors, path, {KEY: packed})


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


def load_run(run: Run, path: str | os.PathLike[str]) -> None:
    """Bring a run that was set up alike to where `save_run` was called.

    Raises ValueError for a file that is no checkpoint, or of another kind of run.
    """
    metadata = saving.load_metadata(path)
    if KEY not in metadata:
        raise ValueError(f"{os.fspath(path)} holds no training run, only weights")
    tensors = saving.load_file(path)
    state = _unpack(json.loads(metadata[KEY]), tensors)
    _check_alike(run, state)
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
    run.history.steps, run.history.epochs = state["steps"], state["epochs"]
    run.resume(**state["random"])


def _check_alike(run: Run, state: dict[str, Any]) -> None:
    saved_and_own = {
        "accumulate": (state["accumulate"], run.accumulate),
        "a scheduler": (state["scheduler"] is not None, run.scheduler is not None),
        "callbacks": (list(state["callbacks"]), list(_stateful(run))),
        "random generators": (len(state["random"]["now"]), len(run.generators)),
    }
    for what, (saved, own) in saved_and_own.items():
        if saved != own:
            raise ValueError(
                f"the checkpoint expects {what}: {saved}, got {own}; "
                "call fit with what it was called with"
            )


def _stateful(run: Run) -> dict[str, Callback]:
    """Return the callbacks that keep something, by number and class."""
    kept = [callback for callback in run.callbacks if callback.state_dict()]
    return {
        f"{i} {type(callback).__name__}": callback for i, callback in enumerate(kept)
    }


def _pack(value: Any, tensors: dict[str, Any]) -> Any:
    """Return a tree as JSON values, with its arrays moved into `tensors`."""
    if isinstance(value, np.ndarray | Tensor):
        name = f"state.{len(tensors)}"
        tensors[name] = value
        return {"$tensor": name}
    if isinstance(value, dict):
        return {str(key): _pack(item, tensors) for key, item in value.items()}
    if isinstance(value, tuple):
        return {"$tuple": [_pack(item, tensors) for item in value]}
    if isinstance(value, list):
        return [_pack(item, tensors) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        "a checkpoint expects numbers, strings, arrays, and lists and dicts of them, "
        f"got {type(value).__name__}"
    )


def _unpack(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Undo `_pack`; tensors come back as arrays, keys of dicts as strings."""
    match value:
        case {"$tensor": name}:
            return tensors[name].data
        case {"$tuple": items}:
            return tuple(_unpack(item, tensors) for item in items)
        case dict():
            return {key: _unpack(item, tensors) for key, item in value.items()}
        case list():
            return [_unpack(item, tensors) for item in value]
    return value
