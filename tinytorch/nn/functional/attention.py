"""Attention: every position looks at others and takes a weighted mean.

B is the batch, H the heads, D a head's width, C = H D, T any length; L positions
ask (query) and S answer (key, value).
"""

import math

import numpy as np

from tinytorch import expect
from tinytorch.nn.functional.linear import dropout
from tinytorch.tensor import Tensor
from tinytorch.tensor.functions import where


def causal_mask(queries: int, keys: int) -> Tensor:
    """Return bool (queries, keys), true where a query may look: not ahead of itself.

    The last query stands at the last key, so earlier keys (a cache) are seen by all.
    """
    queries = expect.count("queries", queries, least=0)
    keys = expect.count("keys", keys, least=0)
    return Tensor(np.tri(queries, keys, k=keys - queries, dtype=bool))


def attention_weights(
    query: Tensor,
    key: Tensor,
    attn_mask: Tensor | None = None,
    scale: float | None = None,
) -> Tensor:
    """softmax(query key^T scale) over the keys, (..., L, S).

    query (..., L, D), key (..., S, D).
    attn_mask: bool, true where a query may look, or numbers added to the scores; it
    broadcasts. scale defaults to 1 / sqrt(D). A query that may look nowhere gets zeros.
    """
    expect.tensors("attention", query=query, key=key)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    expect.number(scale=scale)
    scores = (query * scale) @ key.transpose(-2, -1)
    if attn_mask is None:
        return scores.softmax(-1)
    expect.tensors("attention", attn_mask=attn_mask)
    if attn_mask.dtype.kind == "b":
        attn_mask = where(attn_mask, 0.0, -math.inf)
    if attn_mask.dtype.kind != "f":
        raise TypeError(f"attn_mask expects bool or floating, got {attn_mask.dtype}")
    nowhere = Tensor(np.isneginf(attn_mask.data).all(axis=-1, keepdims=True))
    if not nowhere.data.any():
        return (scores + attn_mask).softmax(-1)
    # The softmax of nothing is nan, and would spoil the gradients of all other rows.
    weights = (scores + attn_mask.masked_fill(nowhere, 0.0)).softmax(-1)
    return weights.masked_fill(nowhere, 0.0)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Mean of the values, weighted by attention_weights (Vaswani et al., 2017).

    query (..., L, D), key (..., S, D), value (..., S, E); returns (..., L, E).
    is_causal: query i sees keys 0 to i. dropout_p applies always, so pass 0 outside
    training.
    """
    expect.tensors("attention", query=query, key=key, value=value)
    expect.boolean(is_causal=is_causal)
    q, k, v = query.shape, key.shape, value.shape
    if min(len(q), len(k), len(v)) < 2 or q[-1] != k[-1] or k[-2] != v[-2]:
        wanted = "(..., L, D), (..., S, D) and (..., S, E)"
        raise ValueError(f"attention expects {wanted}, got {q}, {k} and {v}")
    if is_causal:
        if attn_mask is not None:
            raise ValueError("attention expects attn_mask or is_causal, got both")
        attn_mask = Tensor(np.tri(q[-2], k[-2], dtype=bool))
    weights = attention_weights(query, key, attn_mask, scale)
    return dropout(weights, dropout_p) @ value


def split_heads(input: Tensor, num_heads: int) -> Tensor:
    """(B, T, C) to (B, H, T, D): each head gets its own part of the channels."""
    expect.tensors("attention with heads", input=input)
    expect.axes("attention with heads", input, 3)
    B, T, C = input.shape
    expect.divisible(num_heads, channels=C)
    return input.reshape(B, T, num_heads, C // num_heads).transpose(1, 2)


def join_heads(input: Tensor) -> Tensor:
    """(B, H, T, D) to (B, T, C): the inverse of split_heads."""
    expect.tensors("join_heads", input=input)
    expect.axes("join_heads", input, 4)
    B, H, T, D = input.shape
    return input.transpose(1, 2).reshape(B, T, H * D)
