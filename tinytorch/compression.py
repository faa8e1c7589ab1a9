"""Less of a model: fewer weights, thinner layers, lower rank, a smaller pupil.

Zeros tell how many weights a task needs; they take as many bytes and as much time as
any number. Fewer channels, or a lower rank, make a model smaller and faster.
"""

from collections.abc import Iterable
from copy import deepcopy
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from tinytorch import expect, nn
from tinytorch.autograd import mark_written, no_grad
from tinytorch.nn import Conv2d, Linear, Module, Sequential
from tinytorch.nn import functional as F
from tinytorch.nn.module import Parameter
from tinytorch.nn.utils import replace_module
from tinytorch.optim import Optimizer
from tinytorch.tensor import Tensor
from tinytorch.training import Callback, History, Run, fit
from tinytorch.training.evaluation import evaluating

Masks = dict[str, np.ndarray]

# Beside the first, layers that treat each channel by itself, however many there are.
PRUNABLE = (
    *(Linear, Conv2d, nn.BatchNorm1d, nn.BatchNorm2d),
    *(nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Dropout),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Identity),
)


def magnitude_masks(
    model: Module, amount: float, scope: Literal["global", "layer"] = "global"
) -> Masks:
    """Return for each weight matrix or filter, by name, True where a weight stays.

    The share `amount` goes: the smallest of all layers together, or of each. Biases and
    normalisation, having one axis, stay whole (Han et al., 2015).
    """
    expect.between(0, 1, amount=amount)
    expect.one_of(("global", "layer"), scope=scope)
    sizes = {name: np.abs(p.data) for name, p in prunable(model).items()}
    if scope == "layer":
        return {name: _largest(size, amount) for name, size in sizes.items()}
    together = _largest(np.concatenate([s.ravel() for s in sizes.values()]), amount)
    ends = np.cumsum([size.size for size in sizes.values()])
    parts = zip(sizes.items(), np.split(together, ends[:-1]), strict=True)
    return {name: part.reshape(size.shape) for (name, size), part in parts}


def _largest(sizes: np.ndarray, amount: float) -> np.ndarray:
    """Return a mask without the smallest round(amount * n); the first of equals go."""
    mask = np.ones(sizes.size, dtype=bool)
    order = np.argsort(sizes, axis=None, kind="stable")
    mask[order[: round(amount * sizes.size)]] = False
    return mask.reshape(sizes.shape)


def apply_masks(model: Module, masks: Masks) -> None:
    """Set every weight to 0 that its mask leaves out, in place."""
    expect.instance(dict, masks=masks)
    weights = prunable(model)
    for name, mask in masks.items():
        expect.one_of(list(weights), mask=name)
        expect.shape(f"the mask of {name}", mask, weights[name].shape)
        weights[name].data[~mask] = 0
        mark_written(weights[name].data)


class KeepPruned(Callback):
    """Applies masks before training and after each step, so that what went stays 0."""

    def __init__(self, masks: Masks) -> None:
        expect.instance(dict, masks=masks)
        self.masks = masks

    def on_start(self, run: Run) -> None:
        """Apply the masks before the first step."""
        apply_masks(run.model, self.masks)

    def on_step(self, run: Run) -> None:
        """Apply the masks again: the step has moved what they had set to 0."""
        apply_masks(run.model, self.masks)

    def extra_repr(self) -> str:
        """Return how many masks there are."""
        return f"{len(self.masks)} masks"


def sparsity(model: Module) -> float:
    """Return the share of weights (not biases) that are 0."""
    weights = [p.data.ravel() for p in prunable(model).values()]
    return float((np.concatenate(weights) == 0).mean())


def prunable(model: Module) -> dict[str, Parameter]:
    """Return the parameters with two axes or more; raises ValueError for none."""
    expect.instance(Module, model=model)
    found = {name: p for name, p in model.named_parameters() if p.ndim >= 2}
    if not found:
        raise ValueError(f"expected a model with weights to prune, got {model}")
    return found


def prune_channels(model: Sequential, amount: float) -> Sequential:
    """Return a copy without the share `amount` of each hidden layer's channels.

    Those with the smallest weights (2-norm) go (Li et al., 2017): a Linear or Conv2d
    loses rows, the BatchNorm behind it entries, the next Linear or Conv2d columns. The
    outputs stay; at least one channel does. Nested Sequentials become one.

    Raises ValueError for a layer that mixes channels in another way.
    """
    expect.number(amount=amount)
    if not 0 <= amount < 1:
        raise ValueError(f"expected an amount from 0 to below 1, got {amount}")
    layers = [deepcopy(layer) for layer in _chain(model)]
    weighted = [i for i, x in enumerate(layers) if isinstance(x, Linear | Conv2d)]
    for i, j in pairwise(weighted):
        for layer in layers[i : j + 1]:
            _expect_prunable(layer)
        keep = _strongest(layers[i].weight.data, amount)
        _keep_inputs(layers[j], keep, len(layers[i].weight))
        for layer in layers[i:j]:
            _keep_outputs(layer, keep)
    return Sequential(*layers)


def _chain(model: Module) -> list[Any]:
    """Return the layers of nested Sequentials in order."""
    if not isinstance(model, Sequential):
        return [model]
    return [layer for inner in model for layer in _chain(inner)]


def _strongest(weight: np.ndarray, amount: float) -> np.ndarray:
    """Return the numbers of the output channels to keep, in order."""
    norms = np.linalg.norm(weight.reshape(len(weight), -1), axis=1)
    gone = min(round(amount * len(weight)), len(weight) - 1)
    return np.sort(np.argsort(norms, kind="stable")[gone:])


def _expect_prunable(layer: Module) -> None:
    if not isinstance(layer, PRUNABLE) or getattr(layer, "groups", 1) != 1:
        kinds = "Linear, Conv2d (groups=1), or layers that treat channels one by one"
        raise ValueError(f"prune_channels expects {kinds}, got {layer}")


def _keep_outputs(layer: Module, keep: np.ndarray) -> None:
    """Cut the tensors of a layer, which all begin with the axis of its outputs."""
    for name, value in vars(layer).items():
        if isinstance(value, Tensor):
            setattr(layer, name, type(value)(value.data[keep]))
        elif name in ("out_features", "out_channels", "num_features"):
            setattr(layer, name, len(keep))


def _keep_inputs(layer: Linear | Conv2d, keep: np.ndarray, channels: int) -> None:
    weight = layer.weight.data
    # Behind a Flatten, a channel of a Conv2d is a block of adjacent columns.
    blocks = weight.reshape(len(weight), channels, -1)[:, keep]
    layer.weight = Parameter(blocks.reshape(len(weight), -1, *weight.shape[2:]))
    width = "in_features" if isinstance(layer, Linear) else "in_channels"
    setattr(layer, width, layer.weight.shape[1])


def low_rank(layer: Linear, rank: int) -> Sequential:
    """Return two Linear layers with `rank` features between, close to `layer`.

    The truncated singular value decomposition: no other matrix of that rank is closer
    (Eckart and Young, 1936). Raises ValueError for a rank that the weight cannot have.
    """
    expect.instance(Linear, layer=layer)
    rank = expect.count("rank", rank)
    expect.between(1, min(layer.weight.shape), rank=rank)
    u, s, v = np.linalg.svd(layer.weight.data, full_matrices=False)
    root = np.sqrt(s[:rank])
    first = Linear(layer.in_features, rank, bias=False)
    second = Linear(rank, layer.out_features, bias=layer.bias is not None)
    first.weight = Parameter(root[:, None] * v[:rank])
    second.weight = Parameter(u[:, :rank] * root)
    if layer.bias is not None:
        second.bias = Parameter(layer.bias.data.copy())
    return Sequential(first, second)


def rank_for_energy(layer: Linear, energy: float) -> int:
    """Return the smallest rank that keeps the share `energy` of the squared weight."""
    expect.instance(Linear, layer=layer)
    expect.number(energy=energy)
    if not 0 < energy <= 1:
        raise ValueError(f"expected an energy above 0 and at most 1, got {energy}")
    s = np.linalg.svd(layer.weight.data.astype(np.float64), compute_uv=False)
    kept = np.cumsum(s**2) / max((s**2).sum(), np.finfo(np.float64).tiny)
    below = int(np.searchsorted(kept, energy * (1 - 1e-12)))
    return min(below + 1, len(s))


def factorize(model: Module, energy: float = 0.9) -> Module:
    """Return a copy with each Linear layer at the rank that keeps `energy`.

    Layers that would not get smaller stay as they are.
    """
    expect.instance(Module, model=model)
    copy = deepcopy(model)
    found = [(n, m) for n, m in copy.named_modules() if isinstance(m, Linear)]
    for name, layer in found:
        rank = rank_for_energy(layer, energy)
        if rank * (layer.in_features + layer.out_features) < layer.weight.numel():
            copy = replace_module(copy, name, low_rank(layer, rank))
    return copy


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
