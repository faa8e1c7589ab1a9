"""Multi-head attention, the same for training and for decoding with a cache."""

from typing import Any

import numpy as np

from tinytorch import autograd
from tinytorch.nn import functional as F
from tinytorch.nn import init
from tinytorch.nn.linear import Linear
from tinytorch.nn.module import Module
from tinytorch.tensor import Tensor, float32


class KVCache:
    """The keys and values of every position so far, in memory reserved beforehand.

    It serves one attention layer: batch sequences of at most `length` positions.
    `len(cache)` is the number of positions it holds, `nbytes` what it occupies.
    """

    def __init__(
        self,
        batch: int,
        num_heads: int,
        length: int,
        head_dim: int,
        *,
        dtype: Any = float32,
    ) -> None:
        shape = (batch, num_heads, length, head_dim)
        self.keys = np.zeros(shape, dtype=dtype)
        self.values = np.zeros(shape, dtype=dtype)
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
        if autograd.is_grad_enabled() and (keys.requires_grad or values.requires_grad):
            raise RuntimeError("a KVCache expects no gradients; wrap it in no_grad()")
        B, H, length, D = self.keys.shape
        first, last = self._used, self._used + keys.shape[2]
        if keys.shape != (B, H, last - first, D) or values.shape != keys.shape:
            raise ValueError(
                f"KVCache expects keys and values ({B}, {H}, T, {D}), "
                f"got {keys.shape} and {values.shape}"
            )
        if last > length:
            raise ValueError(
                f"KVCache expects at most {length} positions, got {last}: "
                "reset() it, or make a longer one"
            )
        self.keys[:, :, first:last] = keys.data
        self.values[:, :, first:last] = values.data
        self._used = last
        return Tensor(self.keys[:, :, :last]), Tensor(self.values[:, :, :last])

    def reset(self) -> None:
        """Forget all positions; the memory stays."""
        self._used = 0

    def __repr__(self) -> str:
        _, _, length, _ = self.keys.shape
        return f"KVCache({len(self)} of {length} positions, {self.nbytes} bytes)"


class MultiheadAttention(Module):
    """num_heads attentions side by side, each on its part of the channels.

    query (B, T, C), key and value (B, S, C), by default the query itself; returns
    (B, T, C). Unlike PyTorch's, the batch always comes first and only the result is
    returned. Source: Vaswani et al., 2017.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        dtype: Any = float32,
    ) -> None:
        super().__init__()
        if num_heads < 1 or embed_dim % num_heads:
            raise ValueError(
                "MultiheadAttention expects embed_dim divisible by num_heads, "
                f"got {embed_dim} and {num_heads}"
            )
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.q_proj = Linear(embed_dim, embed_dim, bias, dtype=dtype)
        self.k_proj = Linear(embed_dim, embed_dim, bias, dtype=dtype)
        self.v_proj = Linear(embed_dim, embed_dim, bias, dtype=dtype)
        self.out_proj = Linear(embed_dim, embed_dim, bias, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start weights by Xavier's rule and biases at 0."""
        for projection in (self.q_proj, self.k_proj, self.v_proj, self.out_proj):
            init.xavier_uniform_(projection.weight)
            if projection.bias is not None:
                init.zeros_(projection.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        attn_mask: Tensor | None = None,
        is_causal: bool = False,
        *,
        cache: KVCache | None = None,
    ) -> Tensor:
        """With a cache, keys and values are added to it and all of it is looked at.

        attn_mask: (T, S) or anything that broadcasts to (B, H, T, S), true where a
        query may look; is_causal: no position sees a later one.
        """
        key = query if key is None else key
        value = key if value is None else value
        q = F.split_heads(self.q_proj(query), self.num_heads)  # (B, H, T, D)
        k = F.split_heads(self.k_proj(key), self.num_heads)  # (B, H, S, D)
        v = F.split_heads(self.v_proj(value), self.num_heads)
        if cache is not None:
            k, v = cache.append(k, v)  # S is now the whole past
        if is_causal:
            attn_mask = _causal(attn_mask, q.shape[2], k.shape[2])
        dropout = self.dropout if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, attn_mask, dropout)
        return self.out_proj(F.join_heads(out))


def _causal(attn_mask: Tensor | None, queries: int, keys: int) -> Tensor | None:
    if attn_mask is not None:
        raise ValueError("attention expects attn_mask or is_causal, got both")
    # One query is the newest position: it may look everywhere.
    return None if queries == 1 else F.causal_mask(queries, keys)
