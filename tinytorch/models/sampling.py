"""From logits to the next token."""

import numpy as np

from tinytorch import expect
from tinytorch.random import Generator, expect_generator
from tinytorch.tensor import Tensor
from tinytorch.tensor.creation import multinomial


def sample(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Draw one token for each row: logits (B, V) give int64 ids (B,).

    temperature below 1 favours the likely, 0 always takes the likeliest. top_k keeps
    the k likeliest tokens, top_p the fewest that hold at least that probability.
    """
    expect.tensors("sample", logits=logits)
    expect_generator(generator)
    expect.at_least(0, temperature=temperature)
    expect.finite(temperature=temperature)
    logits = logits.detach()
    if temperature == 0:
        return logits.argmax(-1)
    logits = logits / temperature
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    if top_p is not None:
        logits = keep_top_p(logits, top_p)
    return multinomial(logits.softmax(-1), 1, generator=generator).squeeze(-1)


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Put -inf in place of all but the k largest of each row (and their equals)."""
    expect.tensors("keep_top_k", logits=logits)
    k = expect.count("top_k", k)
    k = min(k, logits.shape[-1])
    smallest_kept = np.partition(logits.data, -k, axis=-1)[..., -k, None]
    return logits.masked_fill(logits < Tensor(smallest_kept), -np.inf)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Put -inf in place of all but the fewest tokens that hold at least probability p.

    Source: Holtzman et al., 2020 (nucleus sampling).
    """
    expect.tensors("keep_top_p", logits=logits)
    expect.number(top_p=p)
    if not 0 < p <= 1:
        raise ValueError(f"expected top_p above 0 and at most 1, got {p}")
    order = logits.argsort(-1, descending=True).data
    likely_first = np.take_along_axis(logits.softmax(-1).data, order, axis=-1)
    before = likely_first.cumsum(axis=-1) - likely_first
    dropped = np.empty(before.shape, dtype=bool)
    np.put_along_axis(dropped, order, before >= p, axis=-1)
    return logits.masked_fill(Tensor(dropped), -np.inf)
