"""A GPT: predicts each next token from all that came before (Radford et al., 2019)."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from tinytorch import expect, nn
from tinytorch.autograd import no_grad
from tinytorch.models.ragged import padding_of, ragged
from tinytorch.models.sampling import sample
from tinytorch.nn import functional as F
from tinytorch.tensor import Tensor
from tinytorch.tensor.functions import cat


class GPT(nn.Module):
    """Token ids (B, T) give logits (B, T, vocab_size), T at most `context`.

    tie_weights: the last layer shares the token table.
    """

    def __init__(
        self,
        vocab_size: int,
        context: int = 64,
        embed_dim: int = 64,
        num_heads: int = 4,
        num_layers: int = 4,
        dropout: float = 0.0,
        tie_weights: bool = True,
    ) -> None:
        super().__init__()
        self.context = expect.count("context", context)
        num_layers = expect.count("num_layers", num_layers, least=0)
        expect.boolean(tie_weights=tie_weights)
        self.num_heads = num_heads
        self.tokens = nn.Embedding(vocab_size, embed_dim)
        self.positions = nn.LearnedPositions(context, embed_dim)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            nn.TransformerBlock(embed_dim, num_heads, dropout)
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, vocab_size, bias=False)
        self.reset_parameters()
        if tie_weights:
            self.head.weight = self.tokens.weight

    def reset_parameters(self) -> None:
        """Start as GPT-2 did: small normal weights, no bias.

        What is added to the stream starts smaller, as 2 num_layers sums add up.
        """
        calm = 1 / math.sqrt(2 * max(1, len(self.blocks)))
        for name, parameter in self.named_parameters():
            added = name.endswith(("out_proj.weight", "mlp.2.weight"))
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.ndim == 2:  # of the norms, the scale stays 1
                nn.init.normal_(parameter, std=0.02 * calm if added else 0.02)

    def forward(
        self,
        input: Tensor,
        cache: list[nn.KVCache] | None = None,
        padding: Sequence[int] | None = None,
    ) -> Tensor:
        """Return logits (B, T, vocab_size) of ids (B, T).

        With a cache (one a block, see `new_cache`), `input` continues its past.
        padding: how many ids at the left of each row, the cached ones first, are none
        (see `pad_left`): no other place looks at them, and places count from behind.
        """
        expect.instance(list | None, cache=cache)
        if cache and len(cache) != len(self.blocks):
            wanted = f"{len(self.blocks)} caches, one a block"
            raise ValueError(f"GPT expects {wanted}, got {len(cache)}")
        start, mask = len(cache[0]) if cache else 0, None
        if padding is None:
            x = self.positions(self.tokens(input), start)  # (B, T, C)
        else:
            expect.tensors("GPT", input=input)
            expect.axes("GPT's ids (B, T)", input, 2)
            places, mask = ragged(input, start, padding)
            expect.at_least(int(places.data.max()) + 1, context=self.context)
            x = self.tokens(input) + F.embedding(places, self.positions.weight)
        x = self.dropout(x)
        for i, block in enumerate(self.blocks):
            x = block(x, cache[i] if cache else None, mask)
        return self.head(self.norm(x))

    def new_cache(self, batch: int = 1) -> list[nn.KVCache]:
        """Return an empty cache for `batch` sequences of at most `context` tokens."""
        head_dim = self.tokens.embedding_dim // self.num_heads
        shape = batch, self.num_heads, self.context, head_dim
        dtype = self.positions.weight.dtype  # as flows; the tokens may be rounded
        return [nn.KVCache(*shape, dtype=dtype) for _ in self.blocks]

    def generate(self, ids: Tensor, max_new_tokens: int, **options: Any) -> Tensor:
        """Continue ids (B, T) by max_new_tokens; return both, (B, T + new).

        The options are those of `stream`. Interrupted (Ctrl+C, or Stop in a notebook),
        it returns the tokens that it has.
        """
        max_new_tokens = expect.count("max_new_tokens", max_new_tokens, least=0)
        new: list[Tensor] = []
        with suppress(KeyboardInterrupt):
            new.extend(islice(self.stream(ids, **options), max_new_tokens))
        return cat([ids, *new], dim=1)

    def stream(
        self,
        ids: Tensor,
        *,
        use_cache: bool = True,
        padding: Sequence[int] | None = None,
        **sampling: Any,
    ) -> Iterator[Tensor]:
        """Yield one next token (B, 1) after another, for ever.

        `sampling` takes the options of `sample`: temperature, top_k, top_p, generator.
        The cache changes the time, not the logits. When the context is full, its older
        half is forgotten and the rest read again. Records no gradients; call `eval()`
        first if the model has dropout. padding: for prompts of several lengths, how
        many ids at the left of each row are none; `pad_left` makes both.
        """
        expect.tensors("GPT", ids=ids)
        expect.boolean(use_cache=use_cache)
        if ids.ndim != 2 or not ids.shape[1]:
            raise ValueError(f"expected ids (B, T) with T at least 1, got {ids.shape}")
        cache = self.new_cache(len(ids)) if use_cache else []
        start = max(0, ids.shape[1] - self.context)
        absent = padding_of(ids, padding)
        while True:
            if ids.shape[1] - start > self.context:
                start = ids.shape[1] - max(1, self.context // 2)
                for layer in cache:
                    layer.reset()
            read = start + (len(cache[0]) if cache else 0)
            left = np.maximum(absent - start, 0)  # of the columns still in the context
            with no_grad():
                logits = self(ids[:, read:], cache, left if left.any() else None)
                logits = logits[:, -1]  # (B, V)
            token = sample(logits, **sampling).unsqueeze(1)
            yield token
            ids = cat([ids, token], dim=1)
