"""Losses as modules; their mathematics is in `functional`.

A field is an option. eq=False keeps a module equal to itself alone, repr=False keeps
the repr of Module.
"""

from dataclasses import dataclass

from tinytorch.nn import functional as F
from tinytorch.nn.module import Module
from tinytorch.tensor import Tensor


@dataclass(eq=False, repr=False)
class MSELoss(Module):
    """Mean squared error."""

    reduction: str = "mean"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, self.reduction)


@dataclass(eq=False, repr=False)
class L1Loss(Module):
    """Mean absolute error."""

    reduction: str = "mean"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, self.reduction)


@dataclass(eq=False, repr=False)
class HuberLoss(Module):
    """Squared near 0, absolute beyond `delta`."""

    reduction: str = "mean"
    delta: float = 1.0

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, self.reduction, self.delta)


@dataclass(eq=False, repr=False)
class BCEWithLogitsLoss(Module):
    """Binary cross-entropy of sigmoid(input)."""

    weight: Tensor | None = None
    reduction: str = "mean"
    pos_weight: Tensor | None = None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        how = self.weight, self.reduction, self.pos_weight
        return F.binary_cross_entropy_with_logits(input, target, *how)


@dataclass(eq=False, repr=False)
class NLLLoss(Module):
    """Negative log-likelihood of log-probabilities (N, C, ...)."""

    weight: Tensor | None = None
    ignore_index: int = -100
    reduction: str = "mean"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


@dataclass(eq=False, repr=False)
class CrossEntropyLoss(Module):
    """Cross-entropy of softmax(input) over axis 1; see `functional.cross_entropy`."""

    weight: Tensor | None = None
    ignore_index: int = -100
    reduction: str = "mean"
    label_smoothing: float = 0.0

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        how = self.weight, self.ignore_index, self.reduction, self.label_smoothing
        return F.cross_entropy(input, target, *how)


@dataclass(eq=False, repr=False)
class KLDivLoss(Module):
    """Kullback-Leibler divergence of log-probabilities from a target distribution."""

    reduction: str = "mean"
    log_target: bool = False

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, self.reduction, self.log_target)
