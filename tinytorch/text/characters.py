"""The simplest tokenizer: one id a character."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path


class CharTokenizer:
    """Numbers the characters of a text in the order of their code points.

    What it has not seen it cannot encode. `len(tokenizer)` is the vocabulary's size.
    """

    def __init__(self, text: str) -> None:
        self.characters = sorted(set(text))
        self._ids = {character: i for i, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """Return one id a character. Raises ValueError for an unknown one."""
        try:
            return [self._ids[character] for character in text]
        except KeyError as unknown:
            raise ValueError(
                f"expected characters out of {''.join(self.characters)!r}, "
                f"got {unknown.args[0]!r}"
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text: decode(encode(text)) == text."""
        ids = [int(i) for i in ids]
        expect_ids(ids, len(self))
        return "".join([self.characters[i] for i in ids])

    def save(self, path: str | Path) -> None:
        """Write the characters as JSON."""
        Path(path).write_text(json.dumps({"characters": "".join(self.characters)}))

    @classmethod
    def load(cls, path: str | Path) -> CharTokenizer:
        """Read what `save` wrote."""
        return cls(json.loads(Path(path).read_text())["characters"])


def expect_ids(ids: list[int], size: int) -> None:
    """Raise IndexError unless all ids are in a vocabulary of `size`."""
    for i in ids:
        if not 0 <= i < size:
            raise IndexError(f"expected token ids from 0 to {size - 1}, got {i}")
