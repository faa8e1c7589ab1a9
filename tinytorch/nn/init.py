"""How weights start: in place, from a generator, scaled by the layer's size.

Fan-in is the number of inputs of one output, fan-out of outputs of one input; a
convolution counts its kernel's cells.
"""

import math

from tinytorch import expect
from tinytorch.autograd import no_grad
from tinytorch.random import Generator, default_generator, expect_generator
from tinytorch.tensor import Tensor


def fans(tensor: Tensor) -> tuple[int, int]:
    """Return (fan-in, fan-out) of a weight (O, I, ...): I and O, times the cells.

    The cells are the product of all axes after the second: (16, 3, 5, 5) gives
    (75, 400), (4, 7) gives (7, 4). Raises ValueError for fewer than two axes.
    """
    expect.tensors("fans", tensor=tensor)
    if tensor.ndim < 2:
        raise ValueError(f"fans expect a weight (O, I, ...), got shape {tensor.shape}")
    cells = math.prod(tensor.shape[2:])
    return tensor.shape[1] * cells, tensor.shape[0] * cells


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor that keeps variance through an activation."""
    slope = 0.01 if param is None else param
    expect.number(param=slope)
    gains = {"linear": 1.0, "conv2d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3}
    gains |= {"relu": math.sqrt(2), "leaky_relu": math.sqrt(2 / (1 + slope**2))}
    expect.one_of(list(gains), nonlinearity=nonlinearity)
    return gains[nonlinearity]


@no_grad()
def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers uniform in [a, b)."""
    expect.tensors("uniform_", tensor=tensor)
    expect.finite(a=a, b=b)
    expect.at_least(a, b=b)
    expect_generator(generator)
    source = generator or default_generator
    return tensor.copy_(source.numpy.uniform(a, b, tensor.shape))


@no_grad()
def normal_(
    tensor: Tensor, mean: float = 0, std: float = 1, generator: Generator | None = None
) -> Tensor:
    """Fill with normal numbers."""
    expect.tensors("normal_", tensor=tensor)
    expect.finite(mean=mean, std=std)
    expect.at_least(0, std=std)
    expect_generator(generator)
    source = generator or default_generator
    return tensor.copy_(source.numpy.normal(mean, std, tensor.shape))


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one number."""
    expect.tensors("constant_", tensor=tensor)
    expect.number(val=val)
    return tensor.fill_(val)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1."""
    return constant_(tensor, 1.0)


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill, uniform in [-b, b) with b = gain sqrt(6 / (fan-in + fan-out)); return it.

    The numbers come from `generator` (Glorot and Bengio, 2010).
    """
    expect.finite(gain=gain)
    bound = gain * math.sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Normal with deviation gain sqrt(2 / (fan-in + fan-out))."""
    expect.finite(gain=gain)
    return normal_(tensor, 0, gain * math.sqrt(2 / sum(fans(tensor))), generator)


def kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """Return gain / sqrt(fan), the deviation that keeps a signal's size.

    mode: "fan_in" or "fan_out", of `fans(tensor)`; a fan of 0 counts as 1. The gain is
    `calculate_gain(nonlinearity, a)`. Raises ValueError for another mode.
    """
    expect.one_of(("fan_in", "fan_out"), mode=mode)
    fan = fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(max(1, fan))


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform up to gain sqrt(3 / fan) (He et al., 2015)."""
    bound = math.sqrt(3) * kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with deviation gain / sqrt(fan)."""
    return normal_(tensor, 0, kaiming_std(tensor, a, mode, nonlinearity), generator)
