"""Learning merges, by hand, and with counts that follow."""

from __future__ import annotations

from collections import Counter

from tinytorch.text import (
    PairCounts,
    commonest_pair,
    count_pairs,
    count_words,
    learn_merges,
    merge,
    recount_merges,
    split_pieces,
)


def test_pieces():
    assert split_pieces("It's 12 o'clock,  ok_") == [
        "It",
        "'",
        "s",
        " 12",
        " o",
        "'",
        "clock",
        ",",
        " ",
        " ok",
        "_",
    ]


def test_words_are_counted():
    assert count_words("a a b a") == [([97], 1), ([32, 97], 2), ([32, 98], 1)]
    assert count_words("") == []


def test_count_and_merge_by_hand():
    assert count_pairs([([1, 2, 1, 2], 1), ([2, 1], 3)]) == {(1, 2): 2, (2, 1): 4}
    assert merge([1, 1, 1, 2, 1], (1, 1), 9) == [9, 1, 2, 1]
    assert merge([1, 2, 1, 2], (1, 2), 9) == [9, 9]
    assert merge([], (1, 2), 9) == []


def test_the_commonest_pair():
    assert commonest_pair({(1, 2): 3, (0, 9): 3, (5, 5): 2}) == (0, 9)
    assert commonest_pair({(1, 2): 1}) is None
    assert commonest_pair({}) is None


def test_merges_by_hand():
    # "aab" three times: aa 3, ab 3. The tie goes to (97, 97); then (aa, b).
    words = count_words("aab aab aab")
    wanted = [(97, 97), (256, 98), (32, 257)]
    assert recount_merges(words, 9) == learn_merges(words, 9) == wanted
    assert learn_merges(words, 2) == wanted[:2]
    assert learn_merges([], 2) == recount_merges([], 2) == []


def test_learning_leaves_its_words_alone():
    words = [([1, 2, 1, 2], 3)]
    learn_merges(words, 2)
    recount_merges(words, 2)
    assert words == [([1, 2, 1, 2], 3)]


def test_counts_follow_a_merge():
    pairs = PairCounts([([7, 7, 7, 7, 8], 2), ([7, 8], 5), ([3, 7, 7], 1)])
    assert (
        repr(pairs) == "PairCounts([([7, 7, 7, 7, 8], 2), ([7, 8], 5), ([3, 7, 7], 1)])"
    )
    pairs.merge((7, 7), 9)
    assert pairs.words == [[9, 9, 8], [7, 8], [3, 9]]
    left = {pair: n for pair, n in pairs.counts.items() if n}
    assert left == {(9, 9): 2, (9, 8): 2, (7, 8): 5, (3, 9): 1}
    assert pairs.holders[9, 9] == {0}
    assert pairs.holders[3, 9] == {2}


def test_counts_that_follow_are_those_counted_anew():
    text = "the whale, the whales and the sea; a sea of whales " * 3
    words = count_words(text)
    pairs = PairCounts(words)
    for number, pair in enumerate(learn_merges(words, 12)):
        pairs.merge(pair, 256 + number)
        anew = count_pairs(zip(pairs.words, pairs.times, strict=True))
        assert Counter({p: n for p, n in pairs.counts.items() if n}) == anew
