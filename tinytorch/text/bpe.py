"""Byte-level BPE: the bytes of UTF-8, and tokens merged of them, so no text is unknown.

Sennrich et al., 2016; on bytes: Radford et al., 2019. The public `tokenizers` library
learns the same merges and gives the same ids by the same rules: pieces as in `PIECES`,
of equally common pairs the smallest, and no merge of a pair that occurs once.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Self

from tinytorch import expect
from tinytorch.text.characters import checked_ids, read_saved
from tinytorch.text.pairs import (
    BYTES,
    Pair,
    count_words,
    learn_merges,
    merge,
    split_pieces,
    to_bytes,
)
from tinytorch.utils import files


class ByteBPE:
    """Ids 0 to 255 are bytes, then one a merge, then the special tokens.

    `decode(encode(text)) == text` for every string, lone surrogates included: they are
    written as UTF-8 would write them if it allowed them. `tokens` holds the bytes of
    each id, `merged` the id of each merged pair. `special` maps the names of special
    tokens to ids; text never becomes one, only a program can add it.
    `len(tokenizer)` is the vocabulary's size.
    """

    def __init__(
        self, merges: Iterable[Pair] = (), special: Iterable[str] = ()
    ) -> None:
        self.merges = [(int(a), int(b)) for a, b in merges]
        self.tokens = [bytes([byte]) for byte in range(BYTES)]
        for pair in self.merges:
            a, b = checked_ids(pair, len(self))
            self.tokens.append(self.tokens[a] + self.tokens[b])
        self.merged = {pair: BYTES + i for i, pair in enumerate(self.merges)}
        if len(self.merged) < len(self.merges):
            raise ValueError(f"expected distinct merges, got {self.merges}")
        names = list(special)
        if len(set(names)) < len(names):
            raise ValueError(f"expected distinct special tokens, got {names}")
        self.special = {name: len(self) + i for i, name in enumerate(names)}
        self.tokens += [to_bytes(name) for name in names]
        self._known: dict[str, list[int]] = {}

    @classmethod
    def train(cls, text: str, vocab_size: int, special: Sequence[str] = ()) -> Self:
        """Learn merges from a text until there are vocab_size tokens.

        Fewer if no pair occurs twice. Of equally common pairs the smaller ids win, so
        that the result depends on nothing but the text.
        """
        least = BYTES + len(special)
        expect.at_least(least, vocab_size=vocab_size)
        return cls(learn_merges(count_words(text), vocab_size - least), special)

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, any text."""
        ids: list[int] = []
        for piece in split_pieces(text):
            if piece not in self._known:
                self._known[piece] = self.encode_piece(piece)
            ids += self._known[piece]
        return ids

    def encode_piece(self, piece: str) -> list[int]:
        """Return the ids of one piece of text.

        Its bytes, and then merge after merge: of all that fit, the one that was learned
        first (it has the smallest id in `self.merged`), until none fits.
        """
        ids = list(to_bytes(piece))
        while True:
            fitting = [pair for pair in pairwise(ids) if pair in self.merged]
            if not fitting:
                return ids
            first = min(fitting, key=lambda pair: self.merged[pair])
            ids = merge(ids, first, self.merged[first])

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; bytes that are no text become U+FFFD.

        A special token appears by its name. Raises IndexError for an unknown id.
        """
        data = b"".join([self.tokens[i] for i in checked_ids(ids, len(self))])
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return data.decode("utf-8", "replace")

    def save(self, path: str | Path) -> None:
        """Write merges and special tokens as JSON."""
        content = {"merges": self.merges, "special": list(self.special)}
        files.replace(path, json.dumps(content).encode())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote. Raises ValueError for a file that is nothing such."""
        content = read_saved(path, cls.__name__)
        wanted = f"{path} is no {cls.__name__}: expected merges and special"
        if not isinstance(content, dict) or set(content) != {"merges", "special"}:
            raise ValueError(f"{wanted}, got {str(content)[:80]}")
        try:
            return cls(**content)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise ValueError(f"{wanted} tokens, got others: {error}") from error
