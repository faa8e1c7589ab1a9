"""The transformer's block: look at others, then think alone."""

from typing import Any

from tinytorch.nn.activation import GELU
from tinytorch.nn.attention import KVCache, MultiheadAttention
from tinytorch.nn.container import Sequential
from tinytorch.nn.dropout import Dropout
from tinytorch.nn.linear import Linear
from tinytorch.nn.module import Module
from tinytorch.nn.norm import LayerNorm
from tinytorch.tensor import Tensor, float32


class MLP(Sequential):
    """Two layers at each position alone: (..., C) to (..., hidden) to (..., C)."""

    def __init__(
        self,
        embed_dim: int,
        hidden_dim: int,
        dropout: float = 0.0,
        *,
        dtype: Any = float32,
    ) -> None:
        super().__init__(
            Linear(embed_dim, hidden_dim, dtype=dtype),
            GELU(approximate="tanh"),
            Linear(hidden_dim, embed_dim, dtype=dtype),
            Dropout(dropout),
        )


class TransformerBlock(Module):
    """x + attention(norm(x)), then x + mlp(norm(x)), for x (B, T, C).

    The norms come first, so that gradients have a straight way through the sums
    (Xiong et al., 2020). No position sees a later one.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        *,
        dtype: Any = float32,
    ) -> None:
        super().__init__()
        self.norm1 = LayerNorm(embed_dim, dtype=dtype)
        self.attention = MultiheadAttention(embed_dim, num_heads, dropout, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.norm2 = LayerNorm(embed_dim, dtype=dtype)
        self.mlp = MLP(embed_dim, 4 * embed_dim, dropout, dtype=dtype)

    def forward(self, input: Tensor, cache: KVCache | None = None) -> Tensor:
        seen = self.attention(self.norm1(input), is_causal=True, cache=cache)
        x = input + self.dropout(seen)
        return x + self.mlp(self.norm2(x))
