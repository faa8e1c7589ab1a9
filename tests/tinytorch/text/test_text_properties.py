"""Tokenizers on any text: it comes back, and learning quickly learns the same."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tinytorch.text.test_bpe import TOKENIZER
from tinytorch.text import ByteBPE, CharTokenizer
from tinytorch.text.bpe import count_pairs, learn_merges, merge, split_pieces

# Every code point, lone surrogates too: a str may hold them, so files may.
anything = st.text(st.characters(exclude_categories=()))


@given(anything)
def test_characters_that_are_known_come_back(text):
    tokenizer = CharTokenizer(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(anything)
def test_every_text_comes_back(text):
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(anything)
def test_pieces_join_to_the_text(text):
    assert "".join(split_pieces(text)) == text


@settings(max_examples=50)
@given(anything, anything, st.integers(256, 300))
def test_every_text_comes_back_whatever_was_learned(learned, text, vocab_size):
    tokenizer = ByteBPE.train(learned, vocab_size)
    assert len(tokenizer) <= vocab_size
    assert tokenizer.decode(tokenizer.encode(learned + text)) == learned + text


@settings(max_examples=50)
@given(st.text("ab c", max_size=40), st.integers(0, 12))
def test_counting_changes_is_counting_anew(text, count):
    """The quick way to learn merges equals the plain one."""
    words = {word: list(word.encode()) for word in split_pieces(text)}
    times = Counter(split_pieces(text))
    merges = []
    while len(merges) < count:
        counts = count_pairs((words[word], n) for word, n in times.items())
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if best is None or counts[best] < 2:
            break
        new = 256 + len(merges)
        words = {word: merge(ids, best, new) for word, ids in words.items()}
        merges.append(best)
    assert learn_merges(text, count) == merges
