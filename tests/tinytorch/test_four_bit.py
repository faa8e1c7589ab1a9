"""Four bits: the map, the bytes, and a language model of such weights."""

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn, no_grad, saving
from tinytorch.benchmark import memory
from tinytorch.models import GPT
from tinytorch.quantization import (
    FourBitEmbedding,
    FourBitLinear,
    pack_groups,
    quantize_four_bit,
    unpack_groups,
)


def test_a_group_by_hand():
    weight = np.array([[4.0, -1.0, 0.4, 0.0], [-8.0, 7.0, 3.4, 1.0]], np.float32)
    packed, scale = pack_groups(weight, group=4)
    assert scale.tolist() == [[-0.5], [1.0]]
    assert packed.dtype == np.uint8
    # Levels of the first row: -8, 2, -1 (of -0.8), 0; and 8 is added to each.
    assert packed.tolist() == [[0 | 10 << 4, 7 | 8 << 4], [0 | 15 << 4, 11 | 9 << 4]]
    found = unpack_groups(packed, scale)
    assert found.tolist() == [[4.0, -1.0, 0.5, 0.0], [-8.0, 7.0, 3.0, 1.0]]


@pytest.mark.parametrize("group", [2, 8, 32])
def test_an_error_is_at_most_a_step_and_mostly_half_of_one(group):
    weight = np.random.default_rng(0).normal(size=(16, 64)).astype(np.float32)
    packed, scale = pack_groups(weight, group)
    error = np.abs(unpack_groups(packed, scale) - weight).reshape(16, -1, group)
    step = np.abs(scale.astype(np.float32))[:, :, None]
    assert (error <= step * 1.01).all()
    # Only what lies beyond level 7, opposite to the farthest, is off by more.
    assert (error <= step * 0.51).mean() > 0.9
    assert packed.nbytes + scale.nbytes == 16 * 64 / 2 + 16 * 64 / group * 2


def test_smaller_groups_are_nearer():
    weight = np.random.default_rng(0).normal(size=(8, 64)).astype(np.float32)
    errors = [
        np.square(unpack_groups(*pack_groups(weight, group)) - weight).mean()
        for group in (4, 16, 64)
    ]
    assert errors == sorted(errors)


def test_zeros_stay_zeros():
    weight = np.zeros((2, 4), np.float32)
    assert not unpack_groups(*pack_groups(weight, 2)).any()


def test_a_layer_is_its_dequantized_self():
    layer, table = nn.Linear(8, 3), nn.Embedding(5, 8)
    small, rows = FourBitLinear(layer, 4), FourBitEmbedding(table, 8)
    x, ids = tt.randn(2, 3, 8), tt.tensor([[0, 4], [4, 1]])
    with no_grad():
        expected = x @ small.dequantized().T + layer.bias
        np.testing.assert_allclose(small(x).data, expected.data, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(rows(ids).data, rows.dequantized()[ids].data)
    assert small.nbytes == 3 * 4 + 3 * 2 * 2
    assert repr(small) == "FourBitLinear(weight=(3, 8), group=4)"


def language_model(tie_weights):
    tt.manual_seed(0)
    return GPT(64, 16, 32, 2, 2, tie_weights=tie_weights).eval()


@pytest.mark.parametrize("tie_weights", [True, False])
def test_a_language_model_of_four_bits(tie_weights, tmp_path):
    model = language_model(tie_weights)
    small, ids = quantize_four_bit(model), tt.randint(0, 64, (2, 12))
    with no_grad():
        wanted, found = model(ids).data, small(ids).data
        assert np.abs(wanted - found).mean() < 0.2 * np.abs(wanted).mean()
        cached, cache = [], small.new_cache(2)
        for piece in ids.split([5, 1, 6], dim=1):
            cached.append(small(piece, cache))
        np.testing.assert_allclose(tt.cat(cached, dim=1).data, found, atol=1e-5)
    assert (small.head.packed is small.tokens.packed) == tie_weights
    assert small.generate(ids, 9).shape == (2, 21)

    matrices = 2 * 12 * 32 * 32 + 64 * 32 * (1 if tie_weights else 2)
    packed = matrices / 2 + matrices / 32 * 2
    biases = 2 * (4 * 32 + 128 + 32) * 4
    assert memory(small)["buffers"] == packed + biases
    assert packed / (4 * matrices) < 0.15

    path = tmp_path / "small.safetensors"
    saving.save_file(small.state_dict(), path)
    other = quantize_four_bit(language_model(tie_weights))
    other.load_state_dict(saving.load_file(path))
    with no_grad():
        np.testing.assert_array_equal(other(ids).data, found)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda: quantize_four_bit(nn.ReLU()), ValueError, "Linear or Embedding"),
        (lambda: quantize_four_bit(nn.Linear(6, 2), 4), ValueError, "divisible by 4"),
        (lambda: quantize_four_bit(nn.Linear(6, 2), 3), ValueError, "divisible by 2"),
        (
            lambda: pack_groups(np.full((1, 2), np.nan, np.float32), 2),
            ValueError,
            "finite weights",
        ),
        (
            lambda: pack_groups(np.full((1, 2), 1e9, np.float32), 2),
            ValueError,
            "float16 can scale",
        ),
        (
            lambda: FourBitEmbedding(nn.Embedding(3, 2), 2)(tt.tensor([3])),
            IndexError,
            "from 0 to 2, got 3",
        ),
        (
            lambda: FourBitLinear(nn.Linear(4, 2), 2)(tt.ones(2, 3)),
            ValueError,
            "last dimension 4",
        ),
    ],
)
def test_bad_use_is_told(bad, error, message):
    with pytest.raises(error, match=message):
        bad()
