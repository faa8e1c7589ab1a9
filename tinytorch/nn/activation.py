"""Activations as layers; their mathematics is in `functional`.

A field is an option. eq=False keeps a module equal to itself alone, repr=False keeps
the repr of Module.
"""

from dataclasses import dataclass

from tinytorch.nn import functional as F
from tinytorch.nn.module import Module
from tinytorch.tensor import Tensor


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input)


@dataclass(eq=False, repr=False)
class LeakyReLU(Module):
    """x where positive, else negative_slope x."""

    negative_slope: float = 0.01

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope)


@dataclass(eq=False, repr=False)
class GELU(Module):
    """x times the normal distribution function at x (Hendrycks and Gimpel, 2016)."""

    approximate: str = "none"

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, self.approximate)


class SiLU(Module):
    """x sigmoid(x)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        return F.sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        return F.tanh(input)


@dataclass(eq=False, repr=False)
class Softmax(Module):
    """exp(x) over its sum along `dim`."""

    dim: int

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim)


class LogSoftmax(Softmax):
    """The logarithm of softmax along `dim`."""

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim)
