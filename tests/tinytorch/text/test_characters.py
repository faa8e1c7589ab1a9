"""The character tokenizer."""

import pytest

from tinytorch.text import CharTokenizer


def test_by_hand():
    tokenizer = CharTokenizer("hello")
    assert len(tokenizer) == 4
    assert tokenizer.characters == ["e", "h", "l", "o"]
    assert tokenizer.encode("hole") == [1, 3, 2, 0]
    assert tokenizer.decode([1, 0, 2, 2, 3]) == "hello"
    assert tokenizer.encode("") == []


def test_save_and_load(tmp_path):
    tokenizer = CharTokenizer("né\n\ud800東")
    tokenizer.save(tmp_path / "characters.json")
    again = CharTokenizer.load(tmp_path / "characters.json")
    assert again.characters == tokenizer.characters


def test_bad_use():
    tokenizer = CharTokenizer("ab")
    with pytest.raises(ValueError, match=r"out of 'ab', got \['c'\]"):
        tokenizer.encode("abc")
    with pytest.raises(IndexError, match="from 0 to 1, got 2"):
        tokenizer.decode([2])


@pytest.mark.parametrize("content", ["no JSON", "[1]", '{"merges": []}'])
def test_a_file_that_is_no_tokenizer_is_refused(tmp_path, content):
    path = tmp_path / "characters.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"json is no CharTokenizer: expected .*"):
        CharTokenizer.load(path)
