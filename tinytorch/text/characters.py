"""The simplest tokenizer: one id a character."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from tinytorch.utils import files


class CharTokenizer:
    """Numbers the characters of a text in the order of their code points.

    What it has not seen it cannot encode. `len(tokenizer)` is the vocabulary's size.
    """

    def __init__(self, text: str) -> None:
        self.characters = sorted(set(text))
        self.ids = {character: i for i, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """Return one id a character, its place in `self.characters`.

        Raises ValueError for a character that is not there.
        """
        if unknown := sorted(set(text) - self.ids.keys()):
            known = "".join(self.characters)
            raise ValueError(f"expected characters out of {known!r}, got {unknown}")
        return [self.ids[character] for character in text]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text: decode(encode(text)) == text."""
        return "".join([self.characters[i] for i in checked_ids(ids, len(self))])

    def save(self, path: str | Path) -> None:
        """Write the characters as JSON."""
        files.replace(path, json.dumps("".join(self.characters)).encode())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote. Raises ValueError for a file that is nothing such."""
        content = read_saved(path, cls.__name__)
        if not isinstance(content, str):
            wanted = f"{path} is no {cls.__name__}: expected its characters"
            raise ValueError(f"{wanted}, got {str(content)[:80]}")
        return cls(content)


def checked_ids(ids: Iterable[int], size: int) -> list[int]:
    """Return ids as a list. Raises IndexError unless a vocabulary of `size` has all."""
    numbers = [int(i) for i in ids]
    for i in numbers:
        if not 0 <= i < size:
            raise IndexError(f"expected token ids from 0 to {size - 1}, got {i}")
    return numbers


def read_saved(path: str | Path, kind: str) -> Any:
    """Return the JSON in a file. Raises ValueError, naming its kind, if it has none."""
    try:
        return json.loads(Path(path).read_text())
    except ValueError as error:
        raise ValueError(f"{path} is no {kind}: expected JSON, {error}") from error
