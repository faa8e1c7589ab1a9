"""Tokenizers on any text: it comes back, and learning quickly learns the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tinytorch.text.test_bpe import TOKENIZER
from tinytorch.text import (
    ByteBPE,
    CharTokenizer,
    count_words,
    learn_merges,
    recount_merges,
    split_pieces,
)

# Every code point, lone surrogates too: a str may hold them, so files may. And what
# is more than one code point to a reader, or two ways to end a line.
awkward = st.sampled_from(
    ["\0", "\r\n", "\u200d", "👩\u200d🚀", "e\u0301", "\udc80", " "]
)
anything = st.lists(st.text(st.characters(exclude_categories=())) | awkward).map(
    "".join
)


@given(anything)
def test_characters_that_are_known_come_back(text):
    tokenizer = CharTokenizer(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(anything)
def test_every_text_comes_back(text):
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(st.binary())
def test_bytes_that_are_no_text_come_back(data):
    """Python reads such a file into lone surrogates, one for each wrong byte."""
    text = data.decode("utf-8", "surrogateescape")
    again = TOKENIZER.decode(TOKENIZER.encode(text))
    assert again.encode("utf-8", "surrogateescape") == data


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
    words = count_words(text)
    assert learn_merges(words, count) == recount_merges(words, count)
