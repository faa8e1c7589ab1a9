"""Losses as modules; their mathematics is in `functional`."""

from tinytorch import expect
from tinytorch.nn import functional as F
from tinytorch.nn.functional.loss import REDUCTIONS
from tinytorch.nn.module import Module
from tinytorch.tensor import Tensor


class Loss(Module):
    """A loss whose `reduction` is "mean", "sum" or "none"."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        expect.one_of(REDUCTIONS, reduction=reduction)
        self.reduction = reduction

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"reduction={self.reduction!r}"


class MSELoss(Loss):
    """Mean squared error; see `functional.mse_loss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of an input and a target of one shape."""
        return F.mse_loss(input, target, self.reduction)


class L1Loss(Loss):
    """Mean absolute error; see `functional.l1_loss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of an input and a target of one shape."""
        return F.l1_loss(input, target, self.reduction)


class HuberLoss(Loss):
    """Squared near 0, absolute beyond `delta`; see `functional.huber_loss`."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        expect.positive(delta=delta)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of an input and a target of one shape."""
        return F.huber_loss(input, target, self.reduction, self.delta)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"reduction={self.reduction!r}, delta={self.delta}"


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of sigmoid(input).

    weight and pos_weight, if given, are saved with the loss; see
    `functional.binary_cross_entropy_with_logits`.
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits and targets from 0 to 1, of one shape."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, self.reduction, self.pos_weight
        )

    def extra_repr(self) -> str:
        """Return the options, as they are given; of tensors, the shapes."""
        weights = f"weight={_shape(self.weight)}, pos_weight={_shape(self.pos_weight)}"
        return f"{weights}, reduction={self.reduction!r}"


class NLLLoss(Loss):
    """Negative log-likelihood of log-probabilities; see `functional.nll_loss`."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        expect.whole(ignore_index=ignore_index)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of log-probabilities (N, C, ...) and classes (N, ...)."""
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)

    def extra_repr(self) -> str:
        """Return the options, as they are given; of the weight, the shape."""
        weight = f"weight={_shape(self.weight)}"
        return f"{weight}, ignore_index={self.ignore_index}, {super().extra_repr()}"


class CrossEntropyLoss(Loss):
    """Cross-entropy of softmax(input) over axis 1; see `functional.cross_entropy`."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        expect.whole(ignore_index=ignore_index)
        expect.between(0, 1, label_smoothing=label_smoothing)
        self.register_buffer("weight", weight)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits (N, C, ...) and classes (N, ...)."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            self.ignore_index,
            self.reduction,
            self.label_smoothing,
        )

    def extra_repr(self) -> str:
        """Return the options, as they are given; of the weight, the shape."""
        ignored = f"weight={_shape(self.weight)}, ignore_index={self.ignore_index}"
        smoothed = f"label_smoothing={self.label_smoothing}"
        return f"{ignored}, {super().extra_repr()}, {smoothed}"


class KLDivLoss(Module):
    """Kullback-Leibler divergence from a target distribution; see `functional.kl_div`.

    `reduction` may also be "batchmean".
    """

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__()
        expect.one_of((*REDUCTIONS, "batchmean"), reduction=reduction)
        expect.boolean(log_target=log_target)
        self.reduction, self.log_target = reduction, log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the divergence of log-probabilities from a target of one shape."""
        return F.kl_div(input, target, self.reduction, self.log_target)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"reduction={self.reduction!r}, log_target={self.log_target}"


def _shape(tensor: Tensor | None) -> tuple[int, ...] | None:
    return None if tensor is None else tensor.shape
