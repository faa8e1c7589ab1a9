"""Activations: each bends a line, and none overflows."""

import math

from tinytorch import expect, ops
from tinytorch.tensor import Tensor
from tinytorch.tensor_math import _floating


def relu(input: Tensor) -> Tensor:
    """max(x, 0)."""
    return ops.ReLU.apply(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """x where positive, else negative_slope x."""
    return _floating(ops.LeakyReLU, input, negative_slope=negative_slope)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x times the normal distribution function at x, exactly or by its "tanh" form."""
    if approximate == "tanh":
        return _floating(ops.GELU, input)
    expect.one_of(("none", "tanh"), approximate=approximate)
    return 0.5 * input * (1 + (input / math.sqrt(2)).erf())


def silu(input: Tensor) -> Tensor:
    """x sigmoid(x)."""
    return input * input.sigmoid()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def softplus(input: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    return _floating(ops.Softplus, input)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x))."""
    return -softplus(-input)


def softmax(input: Tensor, dim: int) -> Tensor:
    """exp(x) over its sum along `dim`."""
    return input.softmax(dim)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """The logarithm of softmax along `dim`."""
    return input.log_softmax(dim)
