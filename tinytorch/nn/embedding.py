"""Meaning and position: tables whose rows stand for ids and for places."""

import numpy as np

from tinytorch import expect
from tinytorch.nn import functional as F
from tinytorch.nn import init
from tinytorch.nn.module import Module, Parameter
from tinytorch.tensor import Tensor
from tinytorch.tensor.creation import empty


class Embedding(Module):
    """A learned vector for each id: ids (...) give (..., embedding_dim).

    The row padding_idx starts at 0 and stays there.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None
    ) -> None:
        super().__init__()
        num_embeddings = expect.count("num_embeddings", num_embeddings)
        embedding_dim = expect.count("embedding_dim", embedding_dim)
        if padding_idx is not None:
            expect.whole(padding_idx=padding_idx)
            expect.between(-num_embeddings, num_embeddings - 1, padding_idx=padding_idx)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx
        self.weight = Parameter(empty(num_embeddings, embedding_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start standard normal, the padding row at 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            init.zeros_(self.weight.detach()[self.padding_idx])

    def forward(self, input: Tensor) -> Tensor:
        """Return the rows of ids (...), which are integers: (..., embedding_dim)."""
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        sizes = f"num_embeddings={self.num_embeddings}"
        sizes += f", embedding_dim={self.embedding_dim}"
        return f"{sizes}, padding_idx={self.padding_idx}"


class Positions(Module):
    """Adds the vector of each place to x (..., T, C), from place `start` on."""

    weight: Tensor  # (length, dim)

    def __init__(self, length: int, dim: int) -> None:
        super().__init__()
        self.length = expect.count("length", length)
        self.dim = expect.count("dim", dim)

    def forward(self, input: Tensor, start: int = 0) -> Tensor:
        """Return x plus the rows of its places; ValueError beyond the table's end."""
        name = type(self).__name__
        expect.tensors(name, input=input)
        expect.whole(start=start)
        if input.ndim < 2 or input.shape[-1] != self.dim:
            wanted = f"(..., T, {self.dim})"
            raise ValueError(f"{name} expects {wanted}, got shape {input.shape}")
        return F.add_positions(input, self.weight, start)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return f"length={self.length}, dim={self.dim}"


class LearnedPositions(Positions):
    """Adds a learned vector for each place to x (..., T, C), from place `start` on."""

    def __init__(self, length: int, dim: int) -> None:
        super().__init__(length, dim)
        self.weight = Parameter(empty(length, dim))
        init.normal_(self.weight, std=0.02)


class SinusoidalPositions(Positions):
    """Adds fixed waves to x (..., T, C), from place `start` on; nothing is learned."""

    def __init__(self, length: int, dim: int) -> None:
        super().__init__(length, dim)
        self.register_buffer("weight", sinusoidal_positions(length, dim))


def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """Return (length, dim): sines in the even columns, cosines in the odd ones.

    Column pair i turns once in 2 pi 10000^(2i / dim) places (Vaswani et al., 2017).
    """
    length = expect.count("length", length, least=0)
    expect.divisible(2, dim=dim)
    dim = expect.count("dim", dim, least=0)
    waves = F.waves(F.place_angles(length, dim))
    return Tensor(waves.astype(np.float32))
