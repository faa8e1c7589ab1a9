"""Attention: by hand, in loops, by heads, with masks, and with a cache."""

import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F

SDPA = F.scaled_dot_product_attention


def draw(*shapes, seed=0):
    generator = tt.Generator(seed)
    return [tt.randn(*shape, generator=generator) for shape in shapes]


def test_by_hand():
    q = tt.tensor([[1.0]])
    k = tt.tensor([[0.0], [math.log(3)]])
    v = tt.tensor([[0.0], [4.0]])
    assert F.attention_weights(q, k).tolist() == [pytest.approx([0.25, 0.75])]
    assert SDPA(q, k, v).item() == pytest.approx(3)
    assert SDPA(q, k, v, tt.tensor([[True, False]])).item() == 0
    assert SDPA(q, k, v, tt.tensor([[math.log(3), 0.0]])).item() == pytest.approx(2)
    assert SDPA(q, k, v, scale=0.0).item() == 2


ALLOWED = [[True, True, False], [False, False, False], [True, True, True]]


@pytest.mark.parametrize("added", [False, True])
@pytest.mark.parametrize("heads", [(), (2, 1), (2, 2)])
def test_a_row_that_may_look_nowhere_harms_no_other(added, heads):
    q, k, v = (x.requires_grad_() for x in draw((*heads, 3, 4), (*heads, 3, 4), (3, 4)))
    mask = tt.tensor(ALLOWED)
    mask = tt.where(mask, 0.0, -math.inf) if added else mask
    out = SDPA(q, k, v, mask)
    assert not out.data[..., 1, :].any()
    out.sum().backward()
    found = [x.grad.data for x in (q, k, v)]
    assert all(np.isfinite(grad).all() for grad in found)
    assert not found[0][..., 1, :].any()

    # As without that row.
    others = [0, 2]
    again = [x.detach().requires_grad_() for x in (q, k, v)]
    seen = SDPA(again[0][..., others, :], again[1], again[2], mask[others])
    np.testing.assert_allclose(out.data[..., others, :], seen.data, rtol=1e-6)
    seen.sum().backward()
    for grad, x in zip(found, again, strict=True):
        np.testing.assert_allclose(grad, x.grad.data, rtol=1e-5, atol=1e-6)


def test_as_loops_over_positions():
    q, k, v = draw((2, 4, 3), (2, 4, 3), (2, 4, 5))
    out = SDPA(q, k, v, is_causal=True).data
    for b in range(2):
        for i in range(4):
            scores = [q.data[b, i] @ k.data[b, j] / math.sqrt(3) for j in range(i + 1)]
            e = np.exp(np.array(scores) - max(scores))
            mean = sum(w * v.data[b, j] for j, w in enumerate(e / e.sum()))
            np.testing.assert_allclose(out[b, i], mean, rtol=1e-4, atol=1e-6)


def test_causal_mask():
    assert F.causal_mask(2, 2).tolist() == [[True, False], [True, True]]
    assert F.causal_mask(1, 3).tolist() == [[True, True, True]]
    assert F.causal_mask(2, 3).tolist() == [[True, True, False], [True, True, True]]


def test_dropout_zeroes_some_weights():
    q, k = draw((1, 1, 8), (1, 64, 8))
    eye = tt.eye(64).unsqueeze(0)
    weights = SDPA(q, k, eye, dropout_p=0.5).data  # the weights themselves
    assert 10 < (weights == 0).sum() < 54


def test_heads_are_attentions_side_by_side():
    mha = nn.MultiheadAttention(6, 3)
    x, y = draw((2, 4, 6), (2, 5, 6))
    q, k, v = mha.q_proj(x), mha.k_proj(y), mha.v_proj(y)
    heads = [
        SDPA(q[..., i : i + 2], k[..., i : i + 2], v[..., i : i + 2])
        for i in range(0, 6, 2)
    ]
    together = mha.out_proj(tt.cat(heads, dim=-1))
    np.testing.assert_allclose(mha(x, y).data, together.data, rtol=1e-4, atol=1e-6)


def test_a_later_position_changes_no_earlier_one():
    mha = nn.MultiheadAttention(4, 2)
    (x,) = draw((1, 5, 4))
    before = mha(x, is_causal=True).data
    x[:, 3] = 7.0
    after = mha(x, is_causal=True).data
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert not np.allclose(before[:, 3:], after[:, 3:])


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("pieces", [[1], [4], [1] * 5, [4, 1], [1, 4], [2, 1, 4, 3]])
def test_reading_in_pieces_with_a_cache_is_reading_at_once(pieces, batch):
    mha = nn.MultiheadAttention(8, 2).requires_grad_(False)
    length = sum(pieces)
    (x,) = draw((batch, length, 8), seed=length)
    cache = nn.KVCache(batch, 2, length, 4)
    parts = [mha(p, is_causal=True, cache=cache) for p in x.split(pieces, dim=1)]
    assert len(cache) == length
    whole = mha(x, is_causal=True)
    np.testing.assert_allclose(
        tt.cat(parts, dim=1).data, whole.data, rtol=1e-4, atol=1e-5
    )


def test_cache_reserves_once_and_returns_views():
    cache = nn.KVCache(2, 3, 10, 4)
    assert cache.nbytes == 2 * (2 * 3 * 10 * 4) * 4
    assert len(cache) == 0
    keys, values = draw((2, 3, 2, 4), (2, 3, 2, 4))
    k, v = cache.append(keys, values)
    assert np.shares_memory(k.data, cache.keys)
    np.testing.assert_array_equal(v.data, values.data)
    assert repr(cache) == "KVCache(2 of 10 positions, 1920 bytes)"
    cache.reset()
    assert len(cache) == 0


def test_transformer_block_is_its_two_sums():
    block = nn.TransformerBlock(4, 2)
    (x,) = draw((1, 3, 4))
    middle = x + block.attention(block.norm1(x), is_causal=True)
    expected = middle + block.mlp(block.norm2(middle))
    np.testing.assert_array_equal(block(x).data, expected.data)


def append(*shapes, length=4):
    cache = nn.KVCache(1, 2, length, 3)
    for shape in shapes:
        cache.append(tt.ones(*shape), tt.ones(*shape))


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda: SDPA(*draw((2, 3), (2, 4), (2, 4))), ValueError, r"got \(2, 3\)"),
        (lambda: SDPA(*draw((2, 3), (2, 3), (4, 3))), ValueError, "attention expects"),
        (lambda: SDPA(*draw((3,), (3,), (3,))), ValueError, "attention expects"),
        (
            lambda: SDPA(*draw((2, 3), (2, 3), (2, 3), (2, 2)), is_causal=True),
            ValueError,
            "got both",
        ),
        (
            lambda: SDPA(*draw((2, 3), (2, 3), (2, 3)), tt.tensor([[1, 0]])),
            TypeError,
            "bool or floating, got int64",
        ),
        (
            lambda: SDPA(*draw((2, 3), (2, 3), (2, 3)), dropout_p=2),
            ValueError,
            "from 0 to 1, got 2",
        ),
        (lambda: nn.MultiheadAttention(6, 4), ValueError, "divisible by 4, got 6"),
        (lambda: nn.MultiheadAttention(6, 0), ValueError, "divisible by 0, got 6"),
        (
            lambda: nn.MultiheadAttention(4, 2)(
                tt.ones(1, 2, 4), attn_mask=F.causal_mask(2, 2), is_causal=True
            ),
            ValueError,
            "got both",
        ),
        (
            lambda: F.split_heads(tt.ones(1, 2, 5), 2),
            ValueError,
            "divisible by 2, got 5",
        ),
        (
            lambda: nn.MultiheadAttention(4, 2)(tt.ones(2, 4)),
            ValueError,
            r"with heads expects 3 axes, got shape \(2, 4\)",
        ),
        (lambda: append((1, 2, 3, 3), (1, 2, 2, 3)), ValueError, "at most 4 posi.* 5"),
        (lambda: append((2, 2, 1, 3)), ValueError, r"got \(2, 2, 1, 3\)"),
        (
            lambda: nn.MultiheadAttention(4, 2)(
                tt.ones(1, 1, 4), cache=nn.KVCache(1, 2, 3, 2)
            ),
            RuntimeError,
            "no gradients",
        ),
    ],
)
def test_bad_use(bad, error, message):
    with pytest.raises(error, match=message):
        bad()
