"""Noise that is there only while training."""

from tinytorch.nn import functional as F
from tinytorch.nn.module import Module
from tinytorch.random import Generator
from tinytorch.tensor import Tensor


class Dropout(Module):
    """Zeroes elements with probability p while training (Srivastava et al., 2014)."""

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout expects p from 0 to 1, got {p}")
        self.p, self.generator = p, generator

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        return f"p={self.p}"
