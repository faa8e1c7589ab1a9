"""Lesson 11, tokenization: from characters to byte-pair encoding, and back."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tinytorch.text import ByteBPE, CharTokenizer, PairCounts, count_words
from tinytorch.text.pairs import Pair, Word
from tinytorch.workshop.checking import Case
from tinytorch.workshop.curriculum.model import Lesson, Part

PROSE = (
    "The whale, the white whale, and the sea: a sea of whales! The sailors sang, and "
    "the sea sang back to the sailors. One, two, three... A naïve sailor laughed."
)
E_ACUTE = [195, 169]  # "é" in UTF-8


def _number_letters() -> list[Case]:
    table = [
        ("hello", "hole", [1, 3, 2, 0]),
        ("ba", "abba", [0, 1, 1, 0]),
        ("hello", "", []),
        ("z\n é", "é z\n\n", [3, 1, 2, 0, 0]),
    ]
    cases = [
        Case(
            f"characters of {known!r}",
            lambda k=known, t=text: (CharTokenizer(k), t),
            ids,
            hint="self.ids maps each known character to its number.",
        )
        for known, text, ids in table
    ]
    unknown = [("ab", "abc"), ("ab", "cab"), ("", "a"), ("a", "A")]
    return cases + [
        Case(
            f"{t!r}, where only {k!r} is known",
            lambda k=k, t=t: (CharTokenizer(k), t),
            raises=ValueError,
            hint="Raise ValueError for a character that has no number.",
        )
        for k, t in unknown
    ]


def _count() -> list[Case]:
    table: list[tuple[str, list[Word], dict[Pair, int]]] = [
        ("one word", [([1, 2, 3], 1)], {(1, 2): 1, (2, 3): 1}),
        ("a word that occurs 4 times", [([1, 2], 4)], {(1, 2): 4}),
        ("twice in one word", [([1, 2, 1, 2], 1)], {(1, 2): 2, (2, 1): 1}),
        ("in two words", [([1, 2], 2), ([3, 1, 2], 5)], {(1, 2): 7, (3, 1): 5}),
        ("the order counts", [([1, 2], 1), ([2, 1], 3)], {(1, 2): 1, (2, 1): 3}),
        ("pairs overlap", [([7, 7, 7], 2)], {(7, 7): 4}),
        ("too short for a pair", [([5], 3), ([], 2)], {}),
        ("no words", [], {}),
    ]
    by_hand = [Case(name, lambda w=words: (w,), want) for name, words, want in table]
    once = Case(
        "words that can be read only once",
        lambda: (iter([([1, 2], 2), ([2, 2], 3)]),),
        {(1, 2): 2, (2, 2): 3},
        hint="An iterator is empty after one `for` over it.",
    )
    return [*by_hand, once, Case("a sentence", lambda: (count_words(PROSE),))]


def _commonest() -> list[Case]:
    table = [
        ({(1, 2): 3, (0, 9): 5, (4, 4): 2}, (0, 9)),
        ({(2, 0): 4, (1, 5): 4, (1, 7): 4}, (1, 5)),
        ({(10, 1): 2, (9, 300): 2}, (9, 300)),
        ({(3, 2): 6, (3, 1): 6, (0, 0): 5}, (3, 1)),
        ({(8, 1): 2}, (8, 1)),
        ({(8, 1): 1, (1, 1): 1}, None),
        ({(8, 1): 0, (1, 1): 2}, (1, 1)),
        ({}, None),
    ]
    hints = {
        1: "Three pairs occur 4 times: (1, 5) is the smallest. Tuples compare.",
        5: "A pair that occurs once saves nothing: return None.",
    }
    return [
        Case(f"{len(counts)} pairs", lambda c=counts: (Counter(c),), want, hint=hint)
        for i, (counts, want) in enumerate(table)
        for hint in [hints.get(i, "")]
    ]


def _merge() -> list[Case]:
    table = [
        ([1, 2, 3], (1, 2), 9, [9, 3]),
        ([3, 1, 2], (1, 2), 9, [3, 9]),
        ([1, 2, 1, 2], (1, 2), 9, [9, 9]),
        ([2, 1, 1, 2], (1, 2), 9, [2, 1, 9]),
        ([7, 7, 7], (7, 7), 9, [9, 7]),
        ([7, 7, 7, 7], (7, 7), 9, [9, 9]),
        ([2, 1], (1, 2), 9, [2, 1]),
        ([11, 2, 1, 25], (1, 2), 9, [11, 2, 1, 25]),
        ([5, 3, 5, 3, 3], (5, 3), 0, [0, 0, 3]),
        ([1], (1, 1), 9, [1]),
        ([], (1, 2), 9, []),
    ]
    hints = {
        3: "The 1 at index 1 is not followed by 2; the one at index 2 is.",
        4: "From the left: the first two 7s make 9, and the last one is alone.",
    }
    by_hand = [
        Case(f"{p} in {ids}", lambda a=(ids, p, new): a, want, hint=hints.get(i, ""))
        for i, (ids, p, new, want) in enumerate(table)
    ]
    letters = list(b"the other then, they gather thereof the")
    long = Case("(116, 104) in a sentence", lambda: (list(letters), (116, 104), 256))
    return [*by_hand, long]


def _recount() -> list[Case]:
    table: list[tuple[str, list[Word], int, list[Pair]]] = [
        ("one merge", [([1, 2, 3], 1), ([1, 2], 1)], 1, [(1, 2)]),
        ("a merge of a merge", [([1, 2, 3], 2)], 2, [(1, 2), (256, 3)]),
        ("times count", [([1, 2], 2), ([3, 4], 5)], 2, [(3, 4), (1, 2)]),
        ("fewer than asked for", [([1, 2, 3], 2)], 9, [(1, 2), (256, 3)]),
        ("no pair twice", [([1, 2, 3], 1)], 5, []),
        ("no merges asked for", [([1, 2, 3], 7)], 0, []),
        ("no words", [], 3, []),
        ("doubles", [([7] * 8, 1)], 3, [(7, 7), (256, 256)]),
    ]
    hints = {
        1: "Merge number 0 makes id 256; it takes part in what is counted next.",
        2: "Keep each word's `times` when you merge.",
        7: "Eight 7s become four 256s, and these two 257s, which are a pair but once.",
    }
    by_hand = [
        Case(n, lambda a=(words, count): a, want, hint=hints.get(i, ""))
        for i, (n, words, count, want) in enumerate(table)
    ]
    return [*by_hand, Case("a sentence", lambda: (count_words(PROSE), 30))]


class _Watched(list[list[int]]):
    """Words that note which of them are looked at."""

    def __init__(self, words: list[list[int]]) -> None:
        super().__init__(words)
        self.seen: set[int] = set()

    def __getitem__(self, number: Any) -> Any:
        self.seen |= set(range(len(self))[number : number + 1])
        return super().__getitem__(number)

    def __iter__(self) -> Iterator[list[int]]:
        self.seen |= set(range(len(self)))
        return super().__iter__()

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Watched":
        return _Watched([list(ids) for ids in super().__iter__()])


def _after_merge(args: tuple[Any, ...], result: Any) -> dict[str, Any]:
    pairs = args[0]
    return {
        "words": [list(ids) for ids in pairs.words],
        "counts": {pair: n for pair, n in pairs.counts.items() if n},
    }


def _and_looks(args: tuple[Any, ...], result: Any) -> dict[str, Any]:
    seen = sorted(args[0].words.seen)
    return {"words looked at": seen, **_after_merge(args, result)}


def _twice(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Merge, and then merge what came of it: holders must have followed."""
    pairs, pair, new = args
    function(pairs, pair, new)
    return function(pairs, (new, new), new + 1)


def _follow() -> list[Case]:
    table: list[tuple[str, list[Word], Pair, list[list[int]], dict[Pair, int]]] = [
        (
            "in the middle of a word",
            [([3, 1, 2, 4], 1)],
            (1, 2),
            [[3, 256, 4]],
            {(3, 256): 1, (256, 4): 1},
        ),
        ("a whole word", [([1, 2], 5)], (1, 2), [[256]], {}),
        (
            "a word that occurs 3 times, and one without the pair",
            [([1, 2, 4], 3), ([2, 4, 1], 1)],
            (1, 2),
            [[256, 4], [2, 4, 1]],
            {(256, 4): 3, (2, 4): 1, (4, 1): 1},
        ),
        (
            "twice in one word, side by side",
            [([1, 2, 1, 2], 2)],
            (1, 2),
            [[256, 256]],
            {(256, 256): 2},
        ),
        (
            "doubles",
            [([7, 7, 7, 7, 8], 2), ([3, 7, 7], 1), ([7, 7, 7], 1)],
            (7, 7),
            [[256, 256, 8], [3, 256], [256, 7]],
            {(256, 256): 2, (256, 8): 2, (3, 256): 1, (256, 7): 1},
        ),
    ]
    neighbours = (
        "3 1 2 4: beside the merged place, (3, 1) becomes (3, 256), and (2, 4) becomes "
        "(256, 4). `trade` notes such a change."
    )
    cases = [
        Case(
            label,
            lambda w=words, p=pair: (PairCounts(w), p, 256),
            {"words": after, "counts": counts},
            look=_after_merge,
            may_change=(0,),
            hint=neighbours if i == 0 else "",
        )
        for i, (label, words, pair, after, counts) in enumerate(table)
    ]
    return [*cases, *_follow_on()]


def _follow_on() -> list[Case]:
    def watched() -> tuple[Any, ...]:
        words = [([5, 6], 1), ([1, 2], 1), ([6, 5, 6], 1), ([9, 1, 2], 4), ([2, 1], 1)]
        pairs = PairCounts(words)
        pairs.words = _Watched(pairs.words)
        return pairs, (1, 2), 256

    chain = Case(
        "two merges, one after the other",
        lambda: (
            PairCounts([([1, 2, 1, 2, 1, 2, 1, 2], 1), ([1, 2, 4], 3)]),
            (1, 2),
            9,
        ),
        {"words": [[10, 10], [9, 4]], "counts": {(10, 10): 1, (9, 4): 3}},
        look=_after_merge,
        may_change=(0,),
        call=_twice,
        hint="The new pairs need holders: the next merge looks for its words there.",
    )
    few = Case(
        "looks only at words that hold the pair",
        watched,
        {
            "words looked at": [1, 3],
            "words": [[5, 6], [256], [6, 5, 6], [9, 256], [2, 1]],
            "counts": {(5, 6): 2, (6, 5): 1, (9, 256): 4, (2, 1): 1},
        },
        look=_and_looks,
        may_change=(0,),
        hint="self.holders[pair] has the numbers of these words.",
    )
    sentence = Case(
        "a sentence",
        lambda: (PairCounts(count_words(PROSE)), (115, 101), 256),
        look=_after_merge,
        may_change=(0,),
    )
    return [chain, few, sentence]


def _encode() -> list[Case]:
    table: list[tuple[str, list[Pair], str, list[int]]] = [
        ("no merges", [], "ab", [97, 98]),
        ("one merge", [(97, 98)], "cab", [99, 256]),
        ("a merge of a merge", [(97, 97), (256, 98)], "aab", [257]),
        ("it fits twice", [(97, 98)], "abab", [256, 256]),
        ("the first one learned", [(98, 99), (97, 98)], "abc", [97, 256]),
        ("not the longest", [(98, 99), (97, 98), (257, 99)], "abc", [97, 256]),
        ("one after the other", [(98, 99), (97, 98)], "abab", [257, 257]),
        ("not one byte a letter", [(195, 169)], "né", [110, 256]),
        ("a lone surrogate", [], "\ud800", [237, 160, 128]),
        ("an empty piece", [(97, 98)], "", []),
    ]
    hints = {
        4: "(98, 99) was learned first, so b and c go together, and a stays alone.",
        8: "to_bytes(piece) gives the bytes of any string.",
    }
    by_hand = [
        Case(n, lambda m=m, p=piece: (ByteBPE(m), p), want, hint=hints.get(i, ""))
        for i, (n, m, piece, want) in enumerate(table)
    ]
    words = [" whales", " white", " sailors", " other", "ssseaaa", " naïve"]
    return by_hand + [
        Case(
            f"{w!r}, learned from a sentence",
            lambda w=w: (ByteBPE.train(PROSE, 290), w),
        )
        for w in words
    ]


def _decode() -> list[Case]:
    def tokenizer() -> ByteBPE:
        return ByteBPE([(97, 98), (256, 99), (195, 169)], ["<end>"])

    table: list[tuple[str, list[int], str]] = [
        ("bytes", [104, 105], "hi"),
        ("merged ones", [257, 32, 256], "abc ab"),
        ("a letter of two bytes", [110, *E_ACUTE, 258], "néé"),
        ("a special token", [97, 259], "a<end>"),
        ("a lone surrogate", [237, 160, 128], "\ud800"),
        ("half a letter", [195, 97], "\N{REPLACEMENT CHARACTER}a"),
        ("a letter cut off at the end", [97, 226, 130], "a\N{REPLACEMENT CHARACTER}"),
        ("nothing", [], ""),
    ]
    hints = {
        2: "Join all the bytes first: a letter may be split between two tokens.",
        4: '"surrogatepass" reads what to_bytes wrote.',
        5: 'For bytes that are no text: data.decode("utf-8", "replace").',
    }
    good = [
        Case(n, lambda ids=ids: (tokenizer(), ids), want, hint=hints.get(i, ""))
        for i, (n, ids, want) in enumerate(table)
    ]
    once = Case(
        "ids that can be read only once", lambda: (tokenizer(), iter([256, 99])), "abc"
    )
    bad = [
        Case(
            f"id {i}, of {len(tokenizer())}",
            lambda i=i: (tokenizer(), [97, i]),
            raises=IndexError,
            hint="checked_ids(ids, len(self)) refuses what is not in the vocabulary.",
        )
        for i in (260, -1)
    ]
    return [*good, once, *bad]


LESSON = Lesson(
    number=11,
    name="tokenization",
    title="Tokens: text as numbers, and back",
    question="turn text into numbers and back, losslessly",
    chapter="",
    minutes=75,
    summary="From characters to byte-pair encoding, learned from a novel in seconds.",
    parts=(
        Part(
            "text.CharTokenizer.encode",
            2,
            "Look each character up in self.ids; one that is not there is an error.",
            _number_letters,
            equivalent=("-> tuple(set(text) because the words of an error are free",),
        ),
        Part(
            "text.count_pairs",
            2,
            "For each word, walk over its neighbours and add `times` for each pair.",
            _count,
        ),
        Part(
            "text.commonest_pair",
            2,
            "Find the largest count first, then the smallest pair that has it.",
            _commonest,
            equivalent=(
                "0 -> 1 in `most because any number below 2 means that there is none",
                "0 -> -1 in `most because any number below 2 means that there is none",
            ),
        ),
        Part(
            "text.merge",
            3,
            "Walk from the left; where the pair begins, write `new` and skip both.",
            _merge,
        ),
        Part(
            "text.recount_merges",
            3,
            "Count, take the commonest pair, merge it in every word; again and again.",
            _recount,
        ),
        Part(
            "text.ByteBPE.encode_piece",
            3,
            "While a pair in self.merged fits, merge the one with the smallest id.",
            _encode,
        ),
        Part(
            "text.ByteBPE.decode",
            2,
            "Join the tokens' bytes, then read them as UTF-8.",
            _decode,
        ),
        Part(
            "text.PairCounts.merge",
            4,
            "In each word that holds the pair, change the counts beside each place.",
            _follow,
        ),
    ),
)
