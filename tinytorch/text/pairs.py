"""Learning merges: which neighbours to join, and in which order.

A text is cut into words; a word is a list of ids, at first those of its UTF-8 bytes.
The commonest pair of neighbours gets an id of its own and is merged everywhere; then
the next one (Sennrich et al., 2016). Merges stay within words.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

Pair = tuple[int, int]
Word = tuple[Sequence[int], int]  # its ids, and how often it occurs

# Words with the space before them, numbers, runs of signs, other white space: every
# character is in exactly one of these.
PIECES = r" ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+"
_PIECES = re.compile(PIECES)
BYTES = 256  # the first id that is free


def split_pieces(text: str) -> list[str]:
    """Cut text into pieces that no token crosses; joined, they are the text."""
    return _PIECES.findall(text)


def to_bytes(text: str) -> bytes:
    """Return UTF-8, also of lone surrogates: as it would write them if it could."""
    return text.encode("utf-8", "surrogatepass")


def count_words(text: str) -> list[Word]:
    """Return the bytes of each distinct piece of a text, and how often it occurs."""
    pieces = Counter(split_pieces(text))
    return [(list(to_bytes(piece)), times) for piece, times in pieces.items()]


def count_pairs(words: Iterable[Word]) -> Counter[Pair]:
    """Count the pairs of neighbours in words (ids, times).

    A pair in a word that occurs `times` times counts that often, at each of its places
    in the word. Pairs overlap: [7, 7, 7] has (7, 7) twice.
    """
    counts: Counter[Pair] = Counter()
    for ids, times in words:
        for pair in pairwise(ids):
            counts[pair] += times
    return counts


def commonest_pair(counts: Mapping[Pair, int]) -> Pair | None:
    """Return the pair that occurs most often; None if no pair occurs twice.

    Of equally common pairs the smallest wins, (1, 5) before (2, 0), so that the result
    depends on nothing but the text.
    """
    most = max(counts.values(), default=0)
    if most < 2:
        return None
    return min(pair for pair, count in counts.items() if count == most)


def merge(ids: Sequence[int], pair: Pair, new: int) -> list[int]:
    """Return ids with each `pair` of neighbours, from the left, replaced by `new`.

    What has been replaced takes no part again: (7, 7) in [7, 7, 7] gives [new, 7]. The
    ids that came in stay as they are; `new` is not among them.
    """
    first, second = pair
    out: list[int] = []
    for i in ids:
        if i == second and out and out[-1] == first:
            out[-1] = new
        else:
            out.append(i)
    return out


def recount_merges(words: Sequence[Word], count: int) -> list[Pair]:
    """Return up to `count` merges of words (ids, times), the first to be made first.

    Merge number i makes id 256 + i. Fewer come back if no pair occurs twice any more.
    It counts all pairs anew for each merge: plain, and slow. `learn_merges` is quick.
    """
    merges: list[Pair] = []
    while len(merges) < count:
        pair = commonest_pair(count_pairs(words))
        if pair is None:
            break
        new = BYTES + len(merges)
        words = [(merge(ids, pair, new), times) for ids, times in words]
        merges.append(pair)
    return merges


def learn_merges(words: Iterable[Word], count: int) -> list[Pair]:
    """Return the merges that `recount_merges` returns, but keep counts up to date."""
    pairs = PairCounts(words)
    merges: list[Pair] = []
    while len(merges) < count:
        pair = commonest_pair(pairs.counts)
        if pair is None:
            break
        pairs.merge(pair, BYTES + len(merges))
        merges.append(pair)
    return merges


class PairCounts:
    """The pairs in words, and their counts, which follow while pairs are merged.

    words, times: the ids of each word, and how often it occurs, by the word's number.
    counts: how often each pair occurs; holders: the numbers of the words that hold it.
    """

    def __init__(self, words: Iterable[Word]) -> None:
        self.words: list[list[int]] = []
        self.times: list[int] = []
        self.counts: Counter[Pair] = Counter()
        self.holders: defaultdict[Pair, set[int]] = defaultdict(set)
        for number, (ids, times) in enumerate(words):
            self.words.append(list(ids))
            self.times.append(times)
            for pair in pairwise(ids):
                self.counts[pair] += times
                self.holders[pair].add(number)

    def __repr__(self) -> str:
        words = list(zip(self.words, self.times, strict=True))
        return f"PairCounts({words})"

    def merge(self, pair: Pair, new: int) -> None:
        """Replace `pair` by `new` in the words that hold it; counts and holders follow.

        Looks at no other word. In x, a, b, y, where (a, b) is merged, x a gives way to
        x new and b y to new y; the counts of all other pairs stay. A pair that is gone
        may keep a count of 0, and a word among its holders.
        """
        first, second = pair
        for number in self.holders.pop(pair):
            ids, i = self.words[number], 0
            while i < len(ids) - 1:
                if ids[i] == first and ids[i + 1] == second:
                    if i > 0:
                        self.trade((ids[i - 1], first), (ids[i - 1], new), number)
                    if i + 2 < len(ids):
                        self.trade((second, ids[i + 2]), (new, ids[i + 2]), number)
                    ids[i : i + 2] = [new]
                i += 1
        del self.counts[pair]

    def trade(self, old: Pair, new: Pair, number: int) -> None:
        """Note that a pair has given way to another in one place of word `number`."""
        self.counts[old] -= self.times[number]
        self.counts[new] += self.times[number]
        self.holders[new].add(number)
