"""How good a model is, measured on batches it does not learn from."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinytorch.autograd import no_grad
from tinytorch.nn import Module
from tinytorch.tensor import Tensor
from tinytorch.tensor.functions import cat

Metric = Callable[[Tensor, Any], Any]


@dataclass
class Means:
    """Means of named values over samples, as batches come in."""

    sums: dict[str, float] = field(default_factory=dict)
    samples: int = 0

    def add(self, values: dict[str, Any], samples: int) -> None:
        """Take in the means over one batch of `samples`."""
        self.samples += samples
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value) * samples

    def __getitem__(self, name: str) -> float:
        return self.sums[name] / self.samples

    def as_dict(self) -> dict[str, float]:
        """Return every mean by name."""
        return {name: self[name] for name in self.sums}


def accuracy(outputs: Tensor, targets: Tensor) -> float:
    """Share of samples whose largest output is the target's.

    outputs (N, C, ...) with class numbers (N, ...), or, for two classes, logits and
    targets of 0 and 1 in one shape. Raises ValueError for anything else.
    """
    scores, labels = outputs.data, targets.data
    if scores.shape == labels.shape and np.isin(labels, (0, 1)).all():
        return float(np.mean((scores > 0) == (labels == 1)))
    if scores.shape[:1] + scores.shape[2:] != labels.shape or labels.dtype.kind == "f":
        raise ValueError(
            "accuracy expects outputs (N, C, ...) and class numbers (N, ...) or logits "
            "and targets of 0 and 1 in one shape (else pass metric=None), got "
            f"{scores.shape} and {labels.dtype} {labels.shape}"
        )
    return float(np.mean(scores.argmax(axis=1) == labels))


def evaluate(model: Module, loader: Iterable, metric: Metric = accuracy) -> float:
    """Return the mean of metric(outputs, targets) over all samples of `loader`.

    The model runs in evaluation mode and without recording; a loss is a metric too.
    """
    return measure(model, loader, {"metric": metric})["metric"]


def measure(model: Module, loader: Iterable, metrics: dict[str, Metric]) -> Means:
    """Return the means of several metrics over all samples, in one pass.

    `loader` yields (inputs, targets), and each metric(outputs, targets) is the mean
    over one batch. The model runs in evaluation mode (and is put back into its own)
    and without recording. Raises ValueError if there is no batch.
    """
    means = Means()
    with evaluating(model), no_grad():
        for inputs, targets in loader:
            outputs = model(inputs)
            values = {name: f(outputs, targets) for name, f in metrics.items()}
            means.add(values, len(targets))
    if not means.samples:
        raise ValueError("evaluation expects at least one batch, got none")
    return means


def predict(model: Module, loader: Iterable) -> Tensor:
    """Return the outputs for all samples of `loader`, shape (N, ...).

    A batch is the inputs alone, or a tuple that begins with them.
    """
    with evaluating(model), no_grad():
        inputs = (b[0] if isinstance(b, tuple | list) else b for b in loader)
        outputs = [model(x) for x in inputs]
    if not outputs:
        raise ValueError("predict expects at least one batch, got none")
    return cat(outputs)


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Put the model in evaluation mode, and every module back to its own after."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
