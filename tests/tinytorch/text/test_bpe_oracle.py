"""The public `tokenizers` library learns the same from the whole novel.

Its own bytes are letters of another order, which would break ties in another way; so
it is given each byte as the letter of that number.
"""

import json

import pytest
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from tinytorch.text import ByteBPE, split_pieces
from tinytorch.text.pairs import PIECES
from tinytorch.utils.data import novel

VOCAB_SIZE = 1024


@pytest.fixture(scope="module")
def text() -> str:
    return novel()


@pytest.fixture(scope="module")
def pieces(text) -> list[str]:
    """Return the words of the novel, cut by the library with our rule."""
    split = pre_tokenizers.Split(Regex(PIECES), "isolated")
    return [piece for piece, _ in split.pre_tokenize_str(text)]


def test_pieces_are_the_same(text, pieces):
    assert split_pieces(text) == pieces


def test_merges_and_ids_are_the_same(text, pieces):
    ours = ByteBPE.train(text, VOCAB_SIZE)
    letters = [piece.encode().decode("latin-1") for piece in pieces]
    theirs = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        min_frequency=2,
        initial_alphabet=[chr(byte) for byte in range(256)],
        show_progress=False,
    )
    theirs.train_from_iterator(letters, trainer)
    ids = {token: i for token, i in theirs.get_vocab().items()}
    assert len(ids) == len(ours) == VOCAB_SIZE
    assert {token.encode("latin-1"): i for token, i in ids.items()} == {
        token: i for i, token in enumerate(ours.tokens)
    }
    merges = json.loads(theirs.to_str())["model"]["merges"]
    assert [(ids[a], ids[b]) for a, b in merges] == ours.merges
    encoded = theirs.encode_batch(letters, add_special_tokens=False)
    assert [i for piece in encoded for i in piece.ids] == ours.encode(text)
