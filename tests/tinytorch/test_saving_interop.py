"""The safetensors format, against the public library and with any names and shapes."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import numpy as public
from safetensors import safe_open

from tests.tinytorch.test_saving import assert_same, example
from tinytorch import saving


def test_the_public_library_reads_what_we_write(tmp_path):
    saving.save_file(example(), tmp_path / "a.safetensors", {"ä": "ü"})
    assert_same(public.load_file(tmp_path / "a.safetensors"), example())
    with safe_open(tmp_path / "a.safetensors", "numpy") as file:
        assert file.metadata() == {"ä": "ü"}


def test_we_read_what_the_public_library_writes(tmp_path):
    public.save_file(example(), tmp_path / "a.safetensors", {"k": "v"})
    assert_same(saving.load_file(tmp_path / "a.safetensors"), example())
    assert saving.load_metadata(tmp_path / "a.safetensors") == {"k": "v"}


@given(st.dictionaries(st.text(), hnp.arrays("f4", hnp.array_shapes(min_dims=0))))
def test_any_names_and_shapes_round_trip(arrays):
    try:
        data = saving.save(arrays)
    except UnicodeEncodeError:  # a lone surrogate is in no UTF-8 file
        return
    assert_same({k: v.data for k, v in saving.load(data).items()}, arrays)
