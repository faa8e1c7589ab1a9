"""Activations: each bends a line, and none overflows."""

import math

from tinytorch import expect, ops
from tinytorch.tensor import Tensor
from tinytorch.tensor.math import floating

GELU_FORMS = ("none", "tanh")


def relu(input: Tensor) -> Tensor:
    """max(x, 0)."""
    expect.tensors("relu", input=input)
    return ops.ReLU.apply(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """x where positive, else negative_slope x."""
    expect.tensors("leaky_relu", input=input)
    expect.number(negative_slope=negative_slope)
    return floating(ops.LeakyReLU, input, negative_slope=negative_slope)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x times the normal distribution function at x, exactly or by its "tanh" form."""
    expect.tensors("gelu", input=input)
    expect.one_of(GELU_FORMS, approximate=approximate)
    if approximate == "tanh":
        return floating(ops.GELU, input)
    return 0.5 * input * (1 + (input / math.sqrt(2)).erf())


def silu(input: Tensor) -> Tensor:
    """x sigmoid(x)."""
    expect.tensors("silu", input=input)
    return input * input.sigmoid()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    expect.tensors("sigmoid", input=input)
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    expect.tensors("tanh", input=input)
    return input.tanh()


def softplus(input: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    expect.tensors("softplus", input=input)
    return floating(ops.Softplus, input)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x))."""
    expect.tensors("logsigmoid", input=input)
    return -softplus(-input)


def softmax(input: Tensor, dim: int) -> Tensor:
    """exp(x) over its sum along `dim`."""
    expect.tensors("softmax", input=input)
    return input.softmax(dim)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """The logarithm of softmax along `dim`."""
    expect.tensors("log_softmax", input=input)
    return input.log_softmax(dim)
