"""Activations as layers; their mathematics is in `functional`."""

from tinytorch import expect
from tinytorch.nn import functional as F
from tinytorch.nn.functional.activation import GELU_FORMS
from tinytorch.nn.module import Module
from tinytorch.tensor import Tensor


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return max(x, 0) for every element."""
        return F.relu(input)


class LeakyReLU(Module):
    """x where positive, else negative_slope x."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        expect.finite(negative_slope=negative_slope)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        """Return x where positive, else negative_slope x, for every element."""
        return F.leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"negative_slope={self.negative_slope}"


class GELU(Module):
    """x times the normal distribution function at x (Hendrycks and Gimpel, 2016)."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        expect.one_of(GELU_FORMS, approximate=approximate)
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Return x times the normal distribution function, for every element."""
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """x sigmoid(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return x sigmoid(x) for every element."""
        return F.silu(input)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """Return 1 / (1 + exp(-x)) for every element."""
        return F.sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the hyperbolic tangent of every element."""
        return F.tanh(input)


class Softmax(Module):
    """exp(x) over its sum along `dim`."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        expect.whole(dim=dim)
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return shares of the input's shape, which add up to 1 along `dim`."""
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """The logarithm of softmax along `dim`."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        expect.whole(dim=dim)
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return the logarithms of the shares along `dim`, of the input's shape."""
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"dim={self.dim}"
