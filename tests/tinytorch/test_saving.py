"""The safetensors format: round trips and hostile files."""

import json
from contextlib import suppress

import numpy as np
import pytest

from tinytorch import nn, saving, tensor

EVERY_DTYPE = [name.lstrip("<") for name in "?bBhHiIqQefd"]


def example():
    rng = np.random.default_rng(0)
    arrays = {f"w.{c}": (rng.random((2, 3)) * 9).astype(c) for c in EVERY_DTYPE}
    return arrays | {"empty": np.zeros((0, 3), "f"), "scalar": np.array(2.5)}


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        value = np.asarray(found[name])
        assert value.dtype == array.dtype, name
        assert value.shape == array.shape, name
        np.testing.assert_array_equal(value, array)


def test_what_is_saved_comes_back(tmp_path):
    saving.save_file(example(), tmp_path / "a.safetensors", {"made": "here"})
    assert_same(saving.load_file(tmp_path / "a.safetensors"), example())
    assert saving.load_metadata(tmp_path / "a.safetensors") == {"made": "here"}


def test_views_and_foreign_byte_orders_are_written_in_order():
    base = np.arange(6, dtype=np.float32).reshape(2, 3)
    loaded = saving.load(saving.save({"t": base.T, "big": base.astype(">f4")}))
    assert_same({k: v.data for k, v in loaded.items()}, {"t": base.T, "big": base})


def test_names_may_be_full_of_brackets_and_quotes():
    tensors = {'[[[[{{{{"\\"]': np.ones(2, "f"), "}}": np.zeros(1, "f")}
    assert_same(
        {k: v.data for k, v in saving.load(saving.save(tensors)).items()}, tensors
    )


def test_a_model_goes_through_a_file(tmp_path):
    a, b = nn.Linear(3, 2), nn.Linear(3, 2)
    saving.save_file(a.state_dict(), tmp_path / "m.safetensors")
    b.load_state_dict(saving.load_file(tmp_path / "m.safetensors"))
    x = tensor([[1.0, 2.0, 3.0]])
    assert a(x).tolist() == b(x).tolist()


def test_bfloat16_is_read_as_float32():
    # 1.0 is 0x3F80, -2.5 is 0xC020.
    data = file({"x": entry("BF16", [2], 0, 4)}, bytes.fromhex("803F20C0"))
    assert saving.load(data)["x"].tolist() == [1.0, -2.5]
    assert saving.load(data)["x"].dtype == np.float32


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def file(header, numbers=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


GOOD = entry("F32", [1], 0, 4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected 8 bytes and a header .* got one of 0 in 0"),
        ((2**63).to_bytes(8, "little") + b"{}", "at most 100,000,000, got one of"),
        (file({"x": GOOD}, bytes(4))[:20], "cut off"),
        (file(b"[]"), "no safetensors file"),
        (file({"x": GOOD}, bytes(3)), "'x': expected 4 bytes, got 0 to 4 of 3"),
        (file({"x": GOOD}, bytes(5)), "a gap: expected byte 4 to follow, got 5"),
        (file(b"{"), "no usable JSON"),
        (file(b'{"x": ' + b"[" * 100_000), "nested too deep"),
        (file(b'{"x": {"y": {"z": {}}}}'), "nested too deep"),
        (file(b'{"\xff\xfe": 1}'), "no usable JSON"),
        (file(b'{"' + b'\\"' * 100_000), "no usable JSON"),
        (file(b'{"x": 1, "x": 2}'), "appears twice"),
        (file({"__metadata__": {"a": 1}}), "metadata expects strings"),
        (file({"__metadata__": ["a"]}), "metadata expects strings"),
        (file({"x": 3}), "'x': expected dtype, shape, data_offsets, got 3"),
        (file({"x": {**GOOD, "data_offsets": [0]}}), "expected dtype, shape, data_off"),
        (file({"x": {**GOOD, "dtype": "F8_E4M3"}}, bytes(4)), "got 'F8_E4M3'"),
        (file({"x": {**GOOD, "dtype": ["F32"]}}, bytes(4)), "expected dtype out of"),
        (file({"x": entry("F32", [-1], 0, 4)}, bytes(4)), "whole sizes of at least 0"),
        (file({"x": entry("F32", [1.0], 0, 4)}, bytes(4)), "whole sizes"),
        (file({"x": entry("F32", [True], 0, 4)}, bytes(4)), "whole sizes"),
        (file({"x": entry("F32", [2], 0, 4)}, bytes(4)), "expected 8 bytes, got 0 to"),
        (file({"x": entry("F32", [1], 4, 0)}, bytes(4)), "expected 4 bytes, got 4 to"),
        (file({"x": entry("F32", [2**62, 2**62], 0, 4)}, bytes(4)), "bytes, got 0 to"),
        (file({"x": entry("F32", [0, 2**70], 0, 0)}), "'x': expected whole sizes"),
        (file({"x": entry("F32", [2**62, 2**62, 0], 0, 0)}), "tensor 'x': "),
        (file({"x": entry("F32", [1], 4, 8)}, bytes(8)), "there is a gap"),
        (file({"x": GOOD, "y": entry("F32", [1], 2, 6)}, bytes(6)), "tensors overlap"),
        (file({"x": GOOD, "y": GOOD}, bytes(4)), "tensors overlap"),
    ],
)
def test_a_bad_file_says_what_is_wrong(data, message, tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(data)
    with pytest.raises(ValueError, match=f"bad.safetensors: .*{message}"):
        saving.load_file(tmp_path / "bad.safetensors")


WHOLE = saving.save({"a": np.ones((2, 2), "f"), "b": np.arange(3.0)}, {"k": "v"})


@pytest.mark.parametrize("size", range(0, len(WHOLE), 7))
def test_a_file_cut_anywhere_is_refused(size):
    with pytest.raises(ValueError, match="expected"):
        saving.load(WHOLE[:size])


def test_a_damaged_header_is_refused_or_still_fits():
    for i in range(len(WHOLE) - 40):  # the last 40 bytes are the numbers
        damaged = bytearray(WHOLE)
        damaged[i] ^= 0x15
        with suppress(ValueError):  # and nothing else
            found = saving.load(bytes(damaged))
            assert sum(t.nbytes for t in found.values()) == 40


@pytest.mark.parametrize(
    ("tensors", "dtype"),
    [
        ({"x": np.ones(1, "complex64")}, "complex64"),
        ({"x": np.array(["text"])}, "<U4"),
        ({"__metadata__": np.ones(1)}, "float64"),
        ({3: np.ones(1)}, "float64"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(tensors, dtype):
    with pytest.raises(TypeError, match=f"dtype {dtype}"):
        saving.save(tensors)


def test_metadata_must_be_strings():
    with pytest.raises(ValueError, match="metadata expects strings by name"):
        saving.save({}, {"epoch": 3})


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    saving.save_file({"x": np.ones(1)}, path)
    before = path.read_bytes()

    def full(number):
        raise OSError("no space left")

    monkeypatch.setattr(saving.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        saving.save_file({"x": np.zeros(1)}, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
