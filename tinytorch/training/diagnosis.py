"""Where a loss or gradient that is not finite began."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinytorch.nn import Module
from tinytorch.tensor import Tensor
from tinytorch.training.run import Batch, Loss, Run


def stop_if_not_finite(run: Run, batches: list[Batch], loss: float) -> None:
    """Raise FloatingPointError, saying where it began, unless all is well."""
    if math.isfinite(loss) and _gradients_finite(run.model):
        return
    what = "a gradient is not finite" if math.isfinite(loss) else f"the loss is {loss}"
    origins = (origin(run.model, x, y, run.loss) for x, y in batches)
    began = next(filter(None, origins), "not seen again when the step was repeated")
    raise FloatingPointError(
        f"step {run.step + 1} (epoch {run.epoch + 1}, step {run.batch + 1} of it): "
        f"{what}; it began in {began}"
    )


def origin(model: Module, inputs: Any, targets: Any, loss: Loss) -> str | None:
    """Repeat forward and backward, and name the first thing that is not finite.

    Returns None if all is finite, which a step with random parts may be.
    """
    if not _finite([inputs]):
        return "the inputs"
    for name, parameter in model.named_parameters():
        if not _finite([parameter]):
            return f"parameter {name}"
    with _Outputs(model) as outputs:
        value = loss(model(inputs), targets)
    for name, output in outputs.found:
        if not _finite([output]):
            return f"the output of {name}"
    if not _finite([value]):
        return "the loss, from outputs that are finite"
    model.zero_grad()
    value.backward()
    return _first_gradient(model, outputs.found)


def _first_gradient(model: Module, outputs: list[tuple[str, Tensor]]) -> str | None:
    """Name the first gradient, from the loss backwards, that is not finite."""
    for name, output in reversed(outputs):
        if not _finite([output.grad]):
            return f"the gradient of the output of {name}"
    for name, parameter in reversed(list(model.named_parameters())):
        if not _finite([parameter.grad]):
            return f"the gradient of {name}"
    return None


class _Outputs:
    """Records, in a `with` block, what each module returned, innermost first."""

    def __init__(self, model: Module) -> None:
        self.found: list[tuple[str, Tensor]] = []
        self._names = {module: name for name, module in model.named_modules()}
        self._hooks = [m.register_forward_hook(self._record) for m in self._names]

    def _record(self, module: Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            if output.requires_grad:
                output.retain_grad()
            name = self._names[module] or "the model"
            self.found.append((f"{name} ({type(module).__name__})", output))

    def __enter__(self) -> _Outputs:
        return self

    def __exit__(self, *exc: object) -> None:
        for hook in self._hooks:
            hook.remove()


def _gradients_finite(model: Module) -> bool:
    return _finite(p.grad for p in model.parameters())


def _finite(tensors: Iterable[Any]) -> bool:
    arrays = (t.data for t in tensors if isinstance(t, Tensor))
    return all(np.isfinite(array).all() for array in arrays)
