"""Meaning and position: tables whose rows stand for ids and for places."""

import numpy as np

from tinytorch import expect
from tinytorch.creation import empty
from tinytorch.nn import functional as F
from tinytorch.nn import init
from tinytorch.nn.module import Module, Parameter
from tinytorch.tensor import Tensor


class Embedding(Module):
    """A learned vector for each id: ids (...) give (..., embedding_dim).

    The row padding_idx starts at 0 and stays there.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None
    ) -> None:
        super().__init__()
        if padding_idx is not None:
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
        return F.embedding(input, self.weight, self.padding_idx)


class _Positions(Module):
    """Adds the vector of each place to x (..., T, C), from place `start` on."""

    weight: Tensor  # (length, dim)

    def __init__(self, length: int, dim: int) -> None:
        super().__init__()
        self.length, self.dim = length, dim

    def forward(self, input: Tensor, start: int = 0) -> Tensor:
        """Raises ValueError for a place beyond the table's end."""
        end = start + input.shape[-2]
        if start < 0 or end > self.length:
            last, got = self.length - 1, f"{start} to {end - 1}"
            raise ValueError(f"expected positions from 0 to {last}, got {got}")
        return input + self.weight[start:end]


class LearnedPositions(_Positions):
    """Adds a learned vector for each place to x (..., T, C), from place `start` on."""

    def __init__(self, length: int, dim: int) -> None:
        super().__init__(length, dim)
        self.weight = Parameter(empty(length, dim))
        init.normal_(self.weight, std=0.02)


class SinusoidalPositions(_Positions):
    """Adds fixed waves to x (..., T, C), from place `start` on; nothing is learned."""

    def __init__(self, length: int, dim: int) -> None:
        super().__init__(length, dim)
        self.register_buffer("weight", sinusoidal_positions(length, dim))


def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """Return (length, dim): sines in the even columns, cosines in the odd ones.

    Column pair i turns once in 2 pi 10000^(2i / dim) places (Vaswani et al., 2017).
    """
    expect.divisible(2, dim=dim)
    places = np.arange(length)[:, None]
    angles = places / 10000 ** (np.arange(0, dim, 2) / dim)  # (length, dim / 2)
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=2)
    return Tensor(waves.reshape(length, dim).astype(np.float32))
