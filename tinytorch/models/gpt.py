"""A GPT: predicts each next token from all that came before (Radford et al., 2019)."""

import math
from collections.abc import Iterator

from tinytorch.autograd import no_grad
from tinytorch.functions import cat
from tinytorch.models.sampling import sample
from tinytorch.nn import (
    Dropout,
    Embedding,
    KVCache,
    LayerNorm,
    LearnedPositions,
    Linear,
    Module,
    ModuleList,
    TransformerBlock,
    init,
)
from tinytorch.random import Generator
from tinytorch.tensor import Tensor


class GPT(Module):
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
        self.vocab_size, self.context, self.num_heads = vocab_size, context, num_heads
        self.tokens = Embedding(vocab_size, embed_dim)
        self.positions = LearnedPositions(context, embed_dim)
        self.dropout = Dropout(dropout)
        self.blocks = ModuleList(
            TransformerBlock(embed_dim, num_heads, dropout) for _ in range(num_layers)
        )
        self.norm = LayerNorm(embed_dim)
        self.head = Linear(embed_dim, vocab_size, bias=False)
        self.apply(_reset)
        self._calm_residuals()
        if tie_weights:
            self.head.weight = self.tokens.weight

    def _calm_residuals(self) -> None:
        """Start what is added to the stream smaller, as 2 num_layers sums add up."""
        std = 0.02 / math.sqrt(2 * max(1, len(self.blocks)))
        for name, parameter in self.named_parameters():
            if name.endswith(("out_proj.weight", "mlp.2.weight")):
                init.normal_(parameter, std=std)

    def forward(self, input: Tensor, cache: list[KVCache] | None = None) -> Tensor:
        """With a cache (one a block, see `new_cache`), `input` continues its past."""
        start = len(cache[0]) if cache else 0
        x = self.dropout(self.positions(self.tokens(input), start))  # (B, T, C)
        for i, block in enumerate(self.blocks):
            x = block(x, cache=cache[i] if cache else None)
        return self.head(self.norm(x))

    def new_cache(self, batch: int = 1) -> list[KVCache]:
        """Return an empty cache for `batch` sequences of at most `context` tokens."""
        embed_dim = self.tokens.embedding_dim
        shape = (batch, self.num_heads, self.context, embed_dim // self.num_heads)
        dtype = self.tokens.weight.dtype
        return [KVCache(*shape, dtype=dtype) for _ in self.blocks]

    def generate(
        self,
        ids: Tensor,
        max_new_tokens: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        *,
        generator: Generator | None = None,
        use_cache: bool = True,
    ) -> Tensor:
        """Continue ids (B, T) by max_new_tokens; return both, (B, T + new).

        The cache changes the time, not the logits. See `sample` for the rest, and
        `stream` for what happens beyond the context.
        """
        options = (temperature, top_k, top_p)
        tokens = self.stream(ids, *options, generator=generator, use_cache=use_cache)
        new = [token for token, _ in zip(tokens, range(max_new_tokens), strict=False)]
        return cat([ids, *new], dim=1)

    def stream(
        self,
        ids: Tensor,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        *,
        generator: Generator | None = None,
        use_cache: bool = True,
    ) -> Iterator[Tensor]:
        """Yield one next token (B, 1) after another, for ever.

        When the context is full, its older half is forgotten and the rest read again.
        Records no gradients; call `eval()` first if the model has dropout.
        """
        if ids.ndim != 2 or not ids.shape[1]:
            raise ValueError(f"expected ids (B, T) with T at least 1, got {ids.shape}")
        cache = self.new_cache(len(ids)) if use_cache else []
        start = max(0, ids.shape[1] - self.context)
        while True:
            if ids.shape[1] - start > self.context:
                start = ids.shape[1] - max(1, self.context // 2)
                for layer in cache:
                    layer.reset()
            read = len(cache[0]) if cache else 0
            logits = self._last_logits(ids[:, start + read :], cache)
            token = sample(logits, temperature, top_k, top_p, generator=generator)
            token = token.unsqueeze(1)
            yield token
            ids = cat([ids, token], dim=1)

    @no_grad()
    def _last_logits(self, ids: Tensor, cache: list[KVCache]) -> Tensor:
        """Return the logits (B, V) of the token after ids (B, T)."""
        return self(ids, cache)[:, -1]


def _reset(module: Module) -> None:
    """Start as GPT-2 did: small normal weights, no bias."""
    if isinstance(module, Linear | Embedding):
        init.normal_(module.weight, std=0.02)
    if isinstance(module, Linear) and module.bias is not None:
        init.zeros_(module.bias)
