"""Byte-level BPE: by hand, exact for every string, and quick."""

import json

import pytest

from tinytorch.text import ByteBPE

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


def test_merges_apply_by_hand():
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


def test_a_long_text_gets_short():
    words = [f"{a}{b}{c}" for a in "whsb" for b in "aeiou" for c in ("le", "ll", "t")]
    text = " ".join(words[i * i % 60] + words[i % 59] for i in range(15_000))
    tokenizer = ByteBPE.train(text, 1024)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(ids) < len(text) / 4


@pytest.mark.parametrize(
    "content",
    [
        "no JSON",
        "[1, 2]",
        '"text"',
        "{}",
        '{"merges": []}',
        '{"merges": [[97, 98, 99]], "special": []}',
        '{"merges": [[97, 300]], "special": []}',
        '{"merges": [["a", "b"]], "special": []}',
        '{"merges": 3, "special": []}',
        '{"merges": [], "special": [1]}',
        '{"merges": [[97, 98], [97, 98]], "special": []}',
    ],
)
def test_a_file_that_is_no_tokenizer_is_refused(tmp_path, content):
    path = tmp_path / "bpe.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"bpe\.json is no ByteBPE: expected .*"):
        ByteBPE.load(path)


def test_a_picture_is_no_tokenizer(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ValueError, match=r"picture\.png is no ByteBPE: expected JSON"):
        ByteBPE.load(path)


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
