"""Byte-pair encoding: the commonest pair of neighbours becomes one token, repeatedly.

It starts from the 256 bytes of UTF-8, so that no text is unknown (Sennrich et al.,
2016; on bytes: Radford et al., 2019).
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise
from pathlib import Path

from tinytorch.text.characters import expect_ids

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
    """Replace each `pair` of neighbours, from the left, by the id `new`."""
    first, second = pair
    out: list[int] = []
    i = 0
    while i < len(ids):
        if ids[i] == first and i + 1 < len(ids) and ids[i + 1] == second:
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
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
        self._ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self._tokens = [bytes([byte]) for byte in range(256)]
        for a, b in self.merges:
            expect_ids([a, b], len(self._tokens))
            self._tokens.append(self._tokens[a] + self._tokens[b])
        names = list(special)
        if len(set(names)) < len(names):
            raise ValueError(f"expected distinct special tokens, got {names}")
        self.special = {name: len(self._tokens) + i for i, name in enumerate(names)}
        self._tokens += [_to_bytes(name) for name in names]
        self._known: dict[str, list[int]] = {}

    @classmethod
    def train(cls, text: str, vocab_size: int, special: Sequence[str] = ()) -> ByteBPE:
        """Learn merges from a text until there are vocab_size tokens.

        Fewer if no pair occurs twice. Of equally common pairs the smaller ids win, so
        that the result depends on nothing but the text.
        """
        if vocab_size < 256 + len(special):
            raise ValueError(
                f"expected a vocab_size of at least {256 + len(special)} (bytes and "
                f"special tokens), got {vocab_size}"
            )
        return cls(learn_merges(text, vocab_size - 256 - len(special)), special)

    def __len__(self) -> int:
        return len(self._tokens)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, any text."""
        ids: list[int] = []
        for piece in split_pieces(text):
            known = self._known.get(piece)
            if known is None:
                known = self._known[piece] = self._encode_piece(piece)
            ids += known
        return ids

    def _encode_piece(self, piece: str) -> list[int]:
        """Apply the merges that fit, in the order in which they were learned."""
        ids = list(_to_bytes(piece))
        never = len(self.merges)
        while len(ids) > 1:
            pair = min(pairwise(ids), key=lambda pair: self._ranks.get(pair, never))
            if pair not in self._ranks:
                break
            ids = merge(ids, pair, 256 + self._ranks[pair])
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; bytes that are no text become U+FFFD.

        A special token appears by its name. Raises IndexError for an unknown id.
        """
        ids = [int(i) for i in ids]
        expect_ids(ids, len(self))
        data = b"".join([self._tokens[i] for i in ids])
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return data.decode("utf-8", "replace")

    def save(self, path: str | Path) -> None:
        """Write merges and special tokens as JSON."""
        content = {"merges": self.merges, "special": list(self.special)}
        Path(path).write_text(json.dumps(content))

    @classmethod
    def load(cls, path: str | Path) -> ByteBPE:
        """Read what `save` wrote."""
        return cls(**json.loads(Path(path).read_text()))


def learn_merges(text: str, count: int) -> list[Pair]:
    """Return up to `count` merges, the commonest pair first.

    Works on distinct words, recounts only those that hold the merged pair, and keeps
    the counts in a heap, where an entry whose count has changed is skipped.
    """
    frequency = Counter(split_pieces(text))
    words = {word: list(_to_bytes(word)) for word in frequency}
    counts = count_pairs((words[word], n) for word, n in frequency.items())
    holders: defaultdict[Pair, set[str]] = defaultdict(set)
    for word, ids in words.items():
        for pair in pairwise(ids):
            holders[pair].add(word)
    heap = [(-n, pair) for pair, n in counts.items()]
    heapify(heap)
    merges: list[Pair] = []
    while heap and len(merges) < count:
        negative, best = heappop(heap)
        if -negative != counts[best]:
            continue
        if counts[best] < 2:
            break
        changed: set[Pair] = set()
        for word in holders.pop(best):
            old, n = words[word], frequency[word]
            new = words[word] = merge(old, best, 256 + len(merges))
            change = count_pairs([(new, n), (old, -n)])
            for pair, difference in change.items():
                counts[pair] += difference
                if difference > 0:
                    holders[pair].add(word)
            changed |= change.keys()
        for pair in changed:
            heappush(heap, (-counts[pair], pair))
        merges.append(best)
    return merges


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
