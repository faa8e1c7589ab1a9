"""A small network that learns from a large one."""

from collections.abc import Iterable
from typing import Any

from tinytorch import expect
from tinytorch.autograd import no_grad
from tinytorch.nn import Module
from tinytorch.nn import functional as F
from tinytorch.optim import Optimizer
from tinytorch.tensor import Tensor
from tinytorch.training import History, fit
from tinytorch.training.evaluation import evaluating


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
    expect.tensors("distillation", logits=logits, teacher_logits=teacher_logits)
    expect.between(0, 1, alpha=alpha)
    expect.finite(temperature=temperature)
    if temperature <= 0:
        raise ValueError(f"expected temperature above 0, got {temperature}")
    student = F.log_softmax(logits / temperature, 1)
    teacher = F.softmax(teacher_logits / temperature, 1)
    soft = F.kl_div(student, teacher, reduction="batchmean")
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
    expect.instance(Module, student=student, teacher=teacher)
    expect.between(0, 1, alpha=alpha)
    expect.positive(temperature=temperature)
    seen: tuple[Any, ...] = ()

    def see(module: Module, inputs: tuple[Any, ...]) -> None:
        nonlocal seen
        seen = inputs

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        with evaluating(teacher), no_grad():
            teacher_logits = teacher(*seen)  # what the student was just given
        return distillation_loss(logits, teacher_logits, targets, temperature, alpha)

    hook = student.register_forward_pre_hook(see)
    try:
        return fit(student, loader, loss, optimizer, epochs, **options)
    finally:
        hook.remove()
