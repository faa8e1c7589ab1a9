"""What values a layer sees: observers watch batches and tell a range to quantise."""

import numpy as np

from tinytorch.quantization.affine import QuantParams, choose_qparams, extremes
from tinytorch.tensor import Tensor


class Observer:
    """Watches tensors; subclasses say how a batch's range joins the one before."""

    def __init__(self) -> None:
        self.low: float | None = None
        self.high: float | None = None

    def observe(self, x: Tensor) -> None:
        """Take in one batch."""
        low, high = self.batch_range(x.data)
        if self.low is not None and self.high is not None:
            low, high = self.join((self.low, self.high), (low, high))
        self.low, self.high = float(low), float(high)

    def batch_range(self, array: np.ndarray) -> tuple[float, float]:
        """Return the range of one batch: its smallest and largest value."""
        low, high = extremes(array)
        return float(low), float(high)

    def join(
        self, known: tuple[float, float], new: tuple[float, float]
    ) -> tuple[float, float]:
        raise NotImplementedError(f"{type(self).__name__} expects a join method")

    def qparams(self, symmetric: bool = False) -> QuantParams:
        """Return the parameters for the range; RuntimeError if nothing was seen."""
        if self.low is None:
            raise RuntimeError("an observer expects at least one batch, got none")
        return choose_qparams(self.low, self.high, symmetric)


class MinMaxObserver(Observer):
    """The smallest and largest value ever: nothing is cut, one outlier costs all."""

    def join(
        self, known: tuple[float, float], new: tuple[float, float]
    ) -> tuple[float, float]:
        return min(known[0], new[0]), max(known[1], new[1])


class MovingAverageMinMaxObserver(Observer):
    """A running mean of the batches' ranges; a new one counts averaging_constant."""

    def __init__(self, averaging_constant: float = 0.01) -> None:
        super().__init__()
        if not 0 < averaging_constant <= 1:
            raise ValueError(
                "expected averaging_constant above 0 and at most 1, "
                f"got {averaging_constant}"
            )
        self.averaging_constant = averaging_constant

    def join(
        self, known: tuple[float, float], new: tuple[float, float]
    ) -> tuple[float, float]:
        share = self.averaging_constant
        low, high = (k + share * (n - k) for k, n in zip(known, new, strict=True))
        return low, high


class PercentileObserver(MovingAverageMinMaxObserver):
    """The mean over batches of the range that holds all but the outliers.

    `percentile` of the values lie below its end, as many above its start.
    """

    def __init__(self, percentile: float = 99.9) -> None:
        super().__init__()
        if not 50 < percentile <= 100:
            raise ValueError(f"expected percentile in 50..100, got {percentile}")
        self.percentile = percentile
        self.batches = 0

    def batch_range(self, array: np.ndarray) -> tuple[float, float]:
        self.batches += 1
        self.averaging_constant = 1 / self.batches  # of the running mean: a plain one
        ends = [100 - self.percentile, self.percentile]
        low, high = np.percentile(array, ends)
        return float(low), float(high)
