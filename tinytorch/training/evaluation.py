"""How good a model is, measured on batches it does not learn from."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from tinytorch import expect
from tinytorch.autograd import no_grad
from tinytorch.nn import CrossEntropyLoss, Module, NLLLoss
from tinytorch.nn import functional as F
from tinytorch.tensor import Tensor
from tinytorch.tensor.functions import cat

Metric = Callable[[Tensor, Any], Any]


class Means:
    """Means of named values over samples, as batches come in.

    `counts` says over how many samples, where it is not all of them: a loss may leave
    some out.
    """

    # Apart from the other variables: a run's saved state lists just those.
    __slots__ = ("__dict__", "counts")

    def __init__(self, sums: dict[str, float] | None = None, samples: int = 0) -> None:
        self.sums, self.samples = sums or {}, samples
        self.counts: dict[str, float] = {}

    def add(
        self,
        values: dict[str, Any],
        samples: int,
        counts: dict[str, float] | None = None,
    ) -> None:
        """Take in the means over one batch of `samples`, or `counts` of them by name.

        Raises ValueError for a batch of none.
        """
        if samples < 1:
            raise ValueError(f"expected a batch of at least 1 sample, got {samples}")
        for name, value in values.items():
            count = (counts or {}).get(name, samples)
            self.sums.setdefault(name, 0.0)
            self.counts.setdefault(name, float(self.samples))
            self.counts[name] += count
            if count:  # the mean of nothing is nan, and would spoil the others
                self.sums[name] += float(value) * count
        self.samples += samples

    def __getitem__(self, name: str) -> float:
        count = self.counts.get(name, self.samples)
        return self.sums[name] / count if count else math.nan

    def as_dict(self) -> dict[str, float]:
        """Return every mean by name."""
        return {name: self[name] for name in self.sums}


def accuracy(outputs: Tensor, targets: Tensor) -> float:
    """Share of samples whose largest output is the target's.

    outputs (N, C, ...) with class numbers (N, ...), or, for two classes, logits and
    targets of 0 and 1 in one shape. Raises ValueError for anything else.
    """
    refuse_misread(outputs, targets)
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


def refuse_misread(outputs: Tensor, targets: Tensor) -> None:
    """Raise ValueError for what would be counted as something else than was meant.

    One-hot rows would be counted as many questions of yes or no, a single output as
    always the largest, and a class that no output stands for as wrong.
    """
    expect.tensors("accuracy", outputs=outputs, targets=targets)
    scores, labels = outputs.data, targets.data
    if not labels.size:
        raise ValueError("accuracy expects at least 1 sample, got 0")
    if scores.shape == labels.shape:
        if labels.ndim > 1 and labels.shape[1] > 1 and _one_hot(labels):
            wanted = "class numbers; targets.argmax(1) makes them of one-hot rows"
            raise ValueError(f"accuracy expects {wanted}, got {labels.shape}")
    elif scores.ndim == labels.ndim + 1 and labels.dtype.kind != "f" and labels.size:
        classes, largest = scores.shape[1], labels.max()
        if classes == 1:
            wanted = "one output a sample and targets of 0 and 1 in one shape"
            got = f"{scores.shape} and {labels.shape}"
            raise ValueError(f"accuracy expects {wanted}, got {got}")
        if labels.min() < 0 or largest >= classes:
            wrong = labels.min() if labels.min() < 0 else largest
            wanted = f"class numbers from 0 to {classes - 1}"
            raise ValueError(f"accuracy expects {wanted}, got {wrong}")


def _one_hot(labels: np.ndarray) -> bool:
    """Return whether axis 1 is all 0 but for a single 1, everywhere."""
    ones = labels == 1
    return bool((ones | (labels == 0)).all() and (ones.sum(axis=1) == 1).all())


def counted(loss: Metric, targets: Any) -> float:
    """Return over how many targets the mean of a loss or metric goes.

    All, but for the cross-entropies, which leave out those equal to their ignore_index
    and weigh the others by their class.
    """
    options: dict[str, Any] = {"ignore_index": -100, "weight": None}
    function = loss
    if isinstance(loss, partial):
        function, options = loss.func, {**options, **loss.keywords}
    if isinstance(loss, CrossEntropyLoss | NLLLoss):
        options = {"ignore_index": loss.ignore_index, "weight": loss.weight}
    elif function not in (F.cross_entropy, F.nll_loss):
        return len(targets)
    if targets.dtype.kind == "f":
        return len(targets)
    kept = targets.data[targets.data != options["ignore_index"]]
    weight = options["weight"]
    share = kept.size if weight is None else float(weight.data[kept].sum())
    return share * len(targets) / max(1, targets.data.size)


def evaluate(model: Module, loader: Iterable, metric: Metric = accuracy) -> float:
    """Return the mean of metric(outputs, targets) over all samples of `loader`.

    The model runs in evaluation mode and without recording; a loss is a metric too.
    """
    expect_batches("evaluate", loader)
    expect.function(metric=metric)
    return measure(model, loader, {"metric": metric})["metric"]


def measure(model: Module, loader: Iterable, metrics: dict[str, Metric]) -> Means:
    """Return `Means` of several metrics over all samples, in one pass.

    `loader` yields (inputs, targets), and each metric(outputs, targets) is the mean
    over one batch. The model runs in evaluation mode (and is put back into its own)
    and without recording. `means.add(values, samples, counts)` takes a batch in.
    Raises ValueError if there is no batch, or an empty one.
    """
    means = Means()
    with evaluating(model), no_grad():
        for inputs, targets in loader:
            outputs = model(inputs)
            values = {name: f(outputs, targets) for name, f in metrics.items()}
            counts = {name: counted(f, targets) for name, f in metrics.items()}
            means.add(values, len(targets), counts)
    if not means.samples:
        raise ValueError("evaluation expects at least one batch, got none")
    return means


def predict(model: Module, loader: Iterable) -> Tensor:
    """Return the outputs for all samples of `loader`, shape (N, ...).

    A batch is the inputs alone, or a tuple that begins with them.
    """
    expect_batches("predict", loader)
    with evaluating(model), no_grad():
        inputs = (b[0] if isinstance(b, tuple | list) else b for b in loader)
        outputs = [model(x) for x in inputs]
    if not outputs:
        raise ValueError("predict expects at least one batch, got none")
    return cat(outputs)


def expect_batches(name: str, loader: Any) -> None:
    """Raise TypeError for a loader that cannot be gone through, or is a Tensor."""
    if not isinstance(loader, Iterable) or isinstance(loader, str | Tensor):
        wanted = "a loader of batches, such as a DataLoader or a list"
        raise TypeError(f"{name} expects {wanted}, got {expect.shown(loader)}")


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Put the model in evaluation mode, and every module back to its own after."""
    expect.instance(Module, model=model)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
