"""Distillation: a small model learns from a large one's probabilities."""

from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import Any

from tinytorch.autograd import no_grad
from tinytorch.nn import Module
from tinytorch.nn import functional as F
from tinytorch.optim import Optimizer
from tinytorch.tensor import Tensor
from tinytorch.training import History, evaluation, fit


def distillation_loss(
    logits: Tensor,
    teacher_logits: Tensor,
    targets: Tensor,
    temperature: float = 4.0,
    alpha: float = 0.5,
) -> Tensor:
    """The teacher's probabilities, softened, as targets beside the true ones.

    alpha T^2 KL(teacher || student) at temperature T, plus (1 - alpha) cross-entropy.
    Both logits are (N, C), targets (N,). A high temperature softens both, so that the
    wrong classes' order counts; T^2 makes up for the smaller gradient (Hinton et al.,
    2015).
    """
    if temperature <= 0 or not 0 <= alpha <= 1:
        raise ValueError(
            "distillation expects temperature above 0 and alpha from 0 to 1, "
            f"got {temperature} and {alpha}"
        )
    soft = F.kl_div(
        F.log_softmax(logits / temperature, 1),
        F.softmax(teacher_logits / temperature, 1),
        reduction="batchmean",
    )
    hard = F.cross_entropy(logits, targets)
    return soft * (alpha * temperature**2) + hard * (1 - alpha)


def distill(
    student: Module,
    teacher: Module,
    loader: Iterable,
    optimizer: Optimizer,
    epochs: int = 1,
    *,
    temperature: float = 4.0,
    alpha: float = 0.5,
    **options: Any,
) -> History:
    """Train `student` by `fit` on the distillation loss; `options` are fit's.

    The teacher is asked in evaluation mode, once a batch, so augmentation reaches both.
    """

    def loss(logits: Tensor, batch: _Taught) -> Tensor:
        taught = batch.teacher_logits, batch.targets
        return distillation_loss(logits, *taught, temperature, alpha)

    def accuracy(logits: Tensor, batch: _Taught) -> float:
        return evaluation.accuracy(logits, batch.targets)

    if options.get("val_loader") is not None:
        options["val_loader"] = _Teaching(teacher, options["val_loader"])
    teaching = _Teaching(teacher, loader)
    options = {"metric": accuracy, **options}
    return fit(student, teaching, loss, optimizer, epochs, **options)


@dataclass(frozen=True)
class _Taught:
    """The targets of a batch, and what the teacher says."""

    targets: Tensor
    teacher_logits: Tensor

    def __len__(self) -> int:
        return len(self.targets)


class _Teaching:
    """A loader whose targets come with the teacher's logits."""

    def __init__(self, teacher: Module, loader: Iterable) -> None:
        if not isinstance(loader, Sized):
            raise TypeError(
                f"distill expects a loader with a length, got {type(loader).__name__}"
            )
        self.teacher, self.loader = teacher, loader

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[tuple[Tensor, _Taught]]:
        for inputs, targets in self.loader:  # type: ignore[attr-defined]
            with evaluation.evaluating(self.teacher), no_grad():
                logits = self.teacher(inputs)
            yield inputs, _Taught(targets, logits)
