"""The linear layer, and the small ones around it: dropout, flattening, nothing."""

import math

from tinytorch import expect
from tinytorch.nn import functional as F
from tinytorch.nn import init
from tinytorch.nn.module import Module, Parameter
from tinytorch.random import Generator, expect_generator
from tinytorch.tensor import Tensor
from tinytorch.tensor.creation import empty


class Affine(Module):
    """What Linear and Conv2d learn: a weight (O, I, ...), and a bias (O,) if any."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, shape: tuple[int, ...], bias: bool) -> None:
        super().__init__()
        expect.boolean(bias=bias)
        self.weight = Parameter(empty(shape))
        self.bias = Parameter(empty(shape[0])) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start both uniform up to 1 / sqrt(fan-in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(max(1, init.fans(self.weight)[0]))
            init.uniform_(self.bias, -bound, bound)


class Linear(Affine):
    """y = x W^T + b, for x (..., in_features); weight is (out, in), bias (out,)."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        in_features = expect.count("in_features", in_features)
        out_features = expect.count("out_features", out_features)
        super().__init__((out_features, in_features), bias)
        self.in_features, self.out_features = in_features, out_features

    def forward(self, input: Tensor) -> Tensor:
        """Return x W^T + b: (..., in_features) gives (..., out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"


class Dropout(Module):
    """Zeroes elements with probability p while training (Srivastava et al., 2014)."""

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__()
        expect.between(0, 1, p=p)
        expect_generator(generator)
        self.p, self.generator = p, generator

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, of any shape, with some elements 0 while training."""
        return F.dropout(input, self.p, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"p={self.p}"


class Flatten(Module):
    """Joins axes start_dim to end_dim: (N, C, H, W) becomes (N, C H W)."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        expect.whole(start_dim=start_dim, end_dim=end_dim)
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with those axes as one."""
        expect.tensors("Flatten", input=input)
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Identity(Module):
    """Returns its input."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input."""
        return input
