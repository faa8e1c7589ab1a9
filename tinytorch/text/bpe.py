"""Byte-pair encoding: the commonest pair of neighbours becomes one token, repeatedly.

It starts from the 256 bytes of UTF-8, so that no text is unknown (Sennrich et al.,
2016; on bytes: Radford et al., 2019).
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path
from typing import Self

from tinytorch import expect
from tinytorch.text.characters import checked_ids

Pair = tuple[int, int]

# Words with the space before them, numbers, runs of signs, other white space: merges
# stay within. Every character is in exactly one of these.
_PIECES = re.compile(r" ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def split_pieces(text: str) -> list[str]:
    """Cut text into pieces that no token crosses; joined, they are the text."""
    return _PIECES.findall(text)


def count_pairs(words: Iterable[tuple[Sequence[int], int]]) -> Counter[Pair]:
    """Count neighbours in words, each given with how often it occurs."""
    counts: Counter[Pair] = Counter()
    for ids, times in words:
        for pair in pairwise(ids):
            counts[pair] += times
    return counts


def merge(ids: Sequence[int], pair: Pair, new: int) -> list[int]:
    """Replace each `pair` of neighbours, from the left, by `new`, an id not in ids."""
    first, second = pair
    out: list[int] = []
    for i in ids:
        if i == second and out and out[-1] == first:
            out[-1] = new
        else:
            out.append(i)
    return out


class ByteBPE:
    """Ids 0 to 255 are bytes, then one a merge, then the special tokens.

    `decode(encode(text)) == text` for every string, lone surrogates included: they are
    written as UTF-8 would write them if it allowed them. `special` maps the names of
    special tokens to ids; text never becomes one, only a program can add it.
    `len(tokenizer)` is the vocabulary's size.
    """

    def __init__(
        self, merges: Iterable[Pair] = (), special: Iterable[str] = ()
    ) -> None:
        self.merges = [(int(a), int(b)) for a, b in merges]
        self._tokens = [bytes([byte]) for byte in range(256)]
        for pair in self.merges:
            a, b = checked_ids(pair, len(self))
            self._tokens.append(self._tokens[a] + self._tokens[b])
        self._merged = {pair: 256 + i for i, pair in enumerate(self.merges)}
        names = list(special)
        if len(set(names)) < len(names):
            raise ValueError(f"expected distinct special tokens, got {names}")
        self.special = {name: len(self) + i for i, name in enumerate(names)}
        self._tokens += [_to_bytes(name) for name in names]
        self._known: dict[str, list[int]] = {}

    @classmethod
    def train(cls, text: str, vocab_size: int, special: Sequence[str] = ()) -> Self:
        """Learn merges from a text until there are vocab_size tokens.

        Fewer if no pair occurs twice. Of equally common pairs the smaller ids win, so
        that the result depends on nothing but the text.
        """
        least = 256 + len(special)  # the bytes
        expect.at_least(least, vocab_size=vocab_size)
        return cls(learn_merges(text, vocab_size - least), special)

    def __len__(self) -> int:
        return len(self._tokens)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, any text."""
        ids: list[int] = []
        for piece in split_pieces(text):
            if piece not in self._known:
                self._known[piece] = self._encode_piece(piece)
            ids += self._known[piece]
        return ids

    def _encode_piece(self, piece: str) -> list[int]:
        """Apply the merges that fit, in the order in which they were learned."""
        ids = list(_to_bytes(piece))
        while fitting := self._merged.keys() & pairwise(ids):
            first = min(fitting, key=self._merged.__getitem__)
            ids = merge(ids, first, self._merged[first])
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; bytes that are no text become U+FFFD.

        A special token appears by its name. Raises IndexError for an unknown id.
        """
        data = b"".join([self._tokens[i] for i in checked_ids(ids, len(self))])
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return data.decode("utf-8", "replace")

    def save(self, path: str | Path) -> None:
        """Write merges and special tokens as JSON."""
        content = {"merges": self.merges, "special": list(self.special)}
        Path(path).write_text(json.dumps(content))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote."""
        return cls(**json.loads(Path(path).read_text()))


def learn_merges(text: str, count: int) -> list[Pair]:
    """Return up to `count` merges, the commonest pair first.

    Works on distinct words, and recounts only those that hold the merged pair. The
    counts are in a heap, where an entry that is out of date is skipped.
    """
    times = Counter(split_pieces(text))
    words: dict[str, list[int]] = dict.fromkeys(times, [])
    changed = {word: list(_to_bytes(word)) for word in times}
    counts: Counter[Pair] = Counter()
    holders: defaultdict[Pair, set[str]] = defaultdict(set)
    heap: list[tuple[int, Pair]] = []
    merges: list[Pair] = []
    while True:
        gone = count_pairs((words[word], times[word]) for word in changed)
        come = count_pairs((ids, times[word]) for word, ids in changed.items())
        counts.update(come)
        counts.subtract(gone)
        for pair in gone.keys() | come.keys():
            heappush(heap, (-counts[pair], pair))
        for word, ids in changed.items():
            for pair in pairwise(ids):
                holders[pair].add(word)
        words |= changed
        while heap and heap[0][0] != -counts[heap[0][1]]:
            heappop(heap)
        if not heap or heap[0][0] > -2 or len(merges) == count:
            return merges
        _, best = heappop(heap)
        new = 256 + len(merges)
        merges.append(best)
        changed = {word: merge(words[word], best, new) for word in holders.pop(best)}


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
