"""Meaning and position: tables whose rows stand for ids and for places."""

from typing import Any

import numpy as np

from tinytorch.nn import functional as F
from tinytorch.nn import init
from tinytorch.nn.module import Module, Parameter
from tinytorch.tensor import Tensor, float32


class Embedding(Module):
    """A learned vector for each id: ids (...) give (..., embedding_dim).

    The row padding_idx starts at 0 and stays there.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        dtype: Any = float32,
    ) -> None:
        super().__init__()
        if padding_idx is not None and not (
            -num_embeddings <= padding_idx < num_embeddings
        ):
            raise ValueError(
                f"Embedding expects a padding_idx within {num_embeddings} rows, "
                f"got {padding_idx}"
            )
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx
        table = np.empty((num_embeddings, embedding_dim), dtype=dtype)
        self.weight = Parameter(table)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start standard normal, the padding row at 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            init.zeros_(self.weight.detach()[self.padding_idx])

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = (
            "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        )
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class LearnedPositions(Module):
    """Adds a learned vector for each place to x (..., T, C), from place `start` on."""

    def __init__(self, length: int, dim: int, *, dtype: Any = float32) -> None:
        super().__init__()
        self.weight = Parameter(np.empty((length, dim), dtype=dtype))
        init.normal_(self.weight, std=0.02)

    def forward(self, input: Tensor, start: int = 0) -> Tensor:
        return input + _places(self.weight, start, input.shape[-2])

    def extra_repr(self) -> str:
        return f"length={len(self.weight)}, dim={self.weight.shape[1]}"


class SinusoidalPositions(Module):
    """Adds fixed waves to x (..., T, C), from place `start` on; nothing is learned."""

    weight: Tensor

    def __init__(self, length: int, dim: int, *, dtype: Any = float32) -> None:
        super().__init__()
        self.register_buffer("weight", sinusoidal_positions(length, dim).to(dtype))

    def forward(self, input: Tensor, start: int = 0) -> Tensor:
        return input + _places(self.weight, start, input.shape[-2])

    def extra_repr(self) -> str:
        return f"length={len(self.weight)}, dim={self.weight.shape[1]}"


def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """Return (length, dim): sines in the even columns, cosines in the odd ones.

    Column pair i turns once in 2 pi 10000^(2i / dim) places (Vaswani et al., 2017).
    """
    if dim % 2:
        raise ValueError(f"sinusoidal positions expect an even dim, got {dim}")
    places = np.arange(length)[:, None]
    angles = places / 10000 ** (np.arange(0, dim, 2) / dim)  # (length, dim / 2)
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=2)
    return Tensor(waves.reshape(length, dim).astype(float32))


def _places(table: Tensor, start: int, count: int) -> Tensor:
    """Return rows start to start + count. Raises ValueError beyond the table's end."""
    if start < 0 or start + count > len(table):
        raise ValueError(
            f"expected positions from 0 to {len(table) - 1}, "
            f"got {start} to {start + count - 1}"
        )
    return table[start : start + count]
