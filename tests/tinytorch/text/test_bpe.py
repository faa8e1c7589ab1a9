"""Byte-level BPE: by hand, exact for every string, and quick."""

import json
import time

import pytest

from tinytorch.text import ByteBPE
from tinytorch.text.bpe import count_pairs, learn_merges, merge, split_pieces

PROSE = "the cat sat on the mat; the rat sat on the cat. naïve 東京 123 \n\n  the end"
TOKENIZER = ByteBPE.train(PROSE, 280, special=["<end>"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\0",
        "\ud800",
        "\udfff\ud800",
        chr(0xD83D) + chr(0xDE00),
        "👩‍🚀",
        "\r\n\t",
        "<end>",
    ],
)
def test_the_awkward_texts_come_back(text):
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


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


def test_count_and_merge_by_hand():
    assert count_pairs([([1, 2, 1, 2], 1), ([2, 1], 3)]) == {(1, 2): 2, (2, 1): 4}
    assert merge([1, 1, 1, 2, 1], (1, 1), 9) == [9, 1, 2, 1]
    assert merge([1, 2, 1, 2], (1, 2), 9) == [9, 9]
    assert merge([], (1, 2), 9) == []


def test_merges_by_hand():
    # "aab" three times: aa 3, ab 3. The tie goes to (97, 97); then (aa, b).
    assert learn_merges("aab aab aab", 2) == [(97, 97), (256, 98)]
    tokenizer = ByteBPE([(97, 97), (256, 98)])
    assert tokenizer.encode("aaab") == [256, 97, 98]
    assert tokenizer.encode("aab") == [257]
    assert tokenizer.decode([257]) == "aab"


def test_common_words_become_one_token():
    ids = ByteBPE.train("the whale " * 20, 300).encode(" whale the")
    assert len(ids) == 2


def test_special_tokens_are_made_by_programs_only():
    end = TOKENIZER.special["<end>"]
    assert end == len(TOKENIZER) - 1
    assert end not in TOKENIZER.encode("<end>")
    assert TOKENIZER.decode([*TOKENIZER.encode("the "), end]) == "the <end>"


def test_bytes_that_are_no_text_are_replaced():
    assert TOKENIZER.decode([0xE6, 97]) == "\N{REPLACEMENT CHARACTER}a"


def test_save_and_load(tmp_path):
    path = tmp_path / "bpe.json"
    TOKENIZER.save(path)
    again = ByteBPE.load(path)
    assert again.merges == TOKENIZER.merges
    assert again.special == TOKENIZER.special
    assert again.encode(PROSE) == TOKENIZER.encode(PROSE)
    assert json.loads(path.read_text())["special"] == ["<end>"]


def test_a_megabyte_takes_seconds():
    words = [f"{a}{b}{c}" for a in "whsb" for b in "aeiou" for c in ("le", "ll", "t")]
    text = " ".join(words[i * i % 60] + words[i % 59] for i in range(150_000))
    assert len(text) > 900_000
    start = time.process_time()
    tokenizer = ByteBPE.train(text, 1024)
    ids = tokenizer.encode(text)
    assert time.process_time() - start < 10
    assert tokenizer.decode(ids) == text
    assert len(ids) < len(text) / 4


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda: ByteBPE.train("a", 255), ValueError, "at least 256, got 255"),
        (lambda: ByteBPE.train("a", 256, ["<a>"]), ValueError, "at least 257"),
        (lambda: TOKENIZER.decode([999]), IndexError, "from 0 to 266, got 999"),
        (lambda: TOKENIZER.decode([-1]), IndexError, "got -1"),
        (lambda: ByteBPE([(97, 256)]), IndexError, "from 0 to 255, got 256"),
        (lambda: ByteBPE([], ["<a>", "<a>"]), ValueError, "distinct special tokens"),
    ],
)
def test_bad_use(bad, error, message):
    with pytest.raises(error, match=message):
        bad()
