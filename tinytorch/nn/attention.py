"""Attention with heads, with a cache, and in a transformer's block."""

from typing import Any

import numpy as np

from tinytorch import autograd, expect
from tinytorch.nn import functional as F
from tinytorch.nn import init
from tinytorch.nn.activation import GELU
from tinytorch.nn.container import Sequential
from tinytorch.nn.linear import Dropout, Linear
from tinytorch.nn.module import Module
from tinytorch.nn.norm import LayerNorm
from tinytorch.tensor import Tensor
from tinytorch.tensor.dtypes import float32


class KVCache:
    """The keys and values of every position so far, in memory reserved beforehand.

    It serves one attention layer: batch sequences of at most `length` positions, whose
    heads are `width` wide. `len(cache)` is the number of positions that it holds.
    """

    def __init__(
        self, batch: int, num_heads: int, length: int, width: int, dtype: Any = float32
    ) -> None:
        batch, num_heads = (
            expect.count("batch", batch),
            expect.count("num_heads", num_heads),
        )
        length, width = expect.count("length", length), expect.count("width", width)
        expect.floating_dtype(dtype=dtype)
        self.keys = np.zeros((batch, num_heads, length, width), dtype=dtype)
        self.values = np.zeros_like(self.keys)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    @property
    def nbytes(self) -> int:
        """Bytes reserved, whether filled or not."""
        return self.keys.nbytes + self.values.nbytes

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add keys and values (B, H, T, D); return all so far, without a copy.

        Raises ValueError beyond the length, RuntimeError while gradients are recorded:
        none would flow through the cache.
        """
        expect.tensors("KVCache", keys=keys, values=values)
        expect.axes("KVCache's keys (B, H, T, D)", keys, 4)
        if autograd.is_grad_enabled() and (keys.requires_grad or values.requires_grad):
            raise RuntimeError("a KVCache expects no gradients; wrap it in no_grad()")
        B, H, length, D = self.keys.shape
        first, last = self._used, self._used + keys.shape[2]
        if not keys.shape == values.shape == (B, H, last - first, D):
            expected, got = f"({B}, {H}, T, {D})", f"{keys.shape} and {values.shape}"
            raise ValueError(f"KVCache expects keys and values {expected}, got {got}")
        if last > length:
            raise ValueError(f"KVCache expects at most {length} positions, got {last}")
        self.keys[:, :, first:last] = keys.data
        self.values[:, :, first:last] = values.data
        self._used = last
        return Tensor(self.keys[:, :, :last]), Tensor(self.values[:, :, :last])

    def reset(self) -> None:
        """Forget all positions; the memory stays."""
        self._used = 0

    def __repr__(self) -> str:
        length = self.keys.shape[2]
        return f"KVCache({len(self)} of {length} positions, {self.nbytes} bytes)"


class MultiheadAttention(Module):
    """num_heads attentions side by side, each on its part of the channels.

    query (B, T, C), key and value (B, S, C), by default the query itself; returns
    (B, T, C). Unlike PyTorch's, the batch always comes first and only the result is
    returned. Source: Vaswani et al., 2017.
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True
    ) -> None:
        super().__init__()
        embed_dim = expect.count("embed_dim", embed_dim)
        expect.divisible(num_heads, embed_dim=embed_dim)
        expect.between(0, 1, dropout=dropout)
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.q_proj = Linear(embed_dim, embed_dim, bias)
        self.k_proj = Linear(embed_dim, embed_dim, bias)
        self.v_proj = Linear(embed_dim, embed_dim, bias)
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start weights by Xavier's rule and biases at 0."""
        for parameter in self.parameters():
            start = init.zeros_ if parameter.ndim == 1 else init.xavier_uniform_
            start(parameter)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        *,
        attn_mask: Tensor | None = None,
        is_causal: bool = False,
        cache: KVCache | None = None,
    ) -> Tensor:
        """Return what each position sees, (B, T, C).

        With a cache, keys and values are added to it and all of it is looked at.
        attn_mask: (T, S) or anything that broadcasts to (B, H, T, S), true where a
        query may look; is_causal: no position sees a later one.
        """
        expect.boolean(is_causal=is_causal)
        if cache is not None:
            expect.instance(KVCache, cache=cache)
        key = query if key is None else key
        value = key if value is None else value
        q = F.split_heads(self.q_proj(query), self.num_heads)  # (B, H, T, D)
        k = F.split_heads(self.k_proj(key), self.num_heads)  # (B, H, S, D)
        v = F.split_heads(self.v_proj(value), self.num_heads)
        if cache is not None:
            k, v = cache.append(k, v)  # S is now the whole past
        if is_causal and attn_mask is not None:
            raise ValueError("attention expects attn_mask or is_causal, got both")
        # One query is the newest position: it may look everywhere.
        if is_causal and q.shape[2] > 1:
            attn_mask = F.causal_mask(q.shape[2], k.shape[2])
        dropout = self.dropout if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, attn_mask, dropout)
        return self.out_proj(F.join_heads(out))

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        sizes = f"embed_dim={self.embed_dim}, num_heads={self.num_heads}"
        bias = self.out_proj.bias is not None
        return f"{sizes}, dropout={self.dropout}, bias={bias}"


class MLP(Sequential):
    """Two layers at each position alone: (..., C) to (..., hidden) to (..., C)."""

    def __init__(self, embed_dim: int, hidden_dim: int, dropout: float = 0.0) -> None:
        super().__init__(
            Linear(embed_dim, hidden_dim),
            GELU(approximate="tanh"),
            Linear(hidden_dim, embed_dim),
            Dropout(dropout),
        )


class TransformerBlock(Module):
    """x + attention(norm(x)), then x + mlp(norm(x)), for x (B, T, C).

    The norms come first, so that gradients have a straight way through the sums
    (Xiong et al., 2020). No position sees a later one.
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = LayerNorm(embed_dim)
        self.attention = MultiheadAttention(embed_dim, num_heads, dropout)
        self.dropout = Dropout(dropout)
        self.norm2 = LayerNorm(embed_dim)
        self.mlp = MLP(embed_dim, 4 * embed_dim, dropout)

    def forward(
        self,
        input: Tensor,
        cache: KVCache | None = None,
        attn_mask: Tensor | None = None,
    ) -> Tensor:
        """Return x (B, T, C) with what its positions saw and made of it.

        attn_mask says where a position may look, instead of: nowhere ahead of itself.
        """
        how = {"attn_mask": attn_mask, "is_causal": attn_mask is None}
        seen = self.attention(self.norm1(input), cache=cache, **how)
        x = input + self.dropout(seen)
        return x + self.mlp(self.norm2(x))
