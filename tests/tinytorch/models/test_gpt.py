"""GPT: what it may see, how it starts, and generation with and without a cache."""

import copy
import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch.models import GPT, pad_left
from tinytorch.nn import functional as F


def build(**options):
    tt.manual_seed(1)
    options = {"context": 8, "embed_dim": 12, "num_heads": 3, "num_layers": 2} | options
    model = GPT(11, **options)
    for parameter in model.parameters():  # larger than at the start: differences show
        if parameter.ndim > 1:
            parameter.detach().mul_(5)
    return model.eval()


MODEL = build()


def draw(batch, length, seed=0):
    return tt.randint(0, 11, (batch, length), generator=tt.Generator(seed))


def test_shape_and_size():
    model = GPT(11, context=8, embed_dim=12, num_heads=3, num_layers=2)
    assert model(draw(2, 5)).shape == (2, 5, 11)
    a_block = 2 * 24 + 4 * (12 * 12 + 12) + (12 * 48 + 48) + (48 * 12 + 12)
    tied = 11 * 12 + 8 * 12 + 2 * a_block + 24
    assert sum(p.numel() for p in model.parameters()) == tied
    free = GPT(11, 8, 12, 3, 2, tie_weights=False)
    assert sum(p.numel() for p in free.parameters()) == tied + 11 * 12


def test_starts_as_gpt2_did():
    tt.manual_seed(0)
    model = GPT(64, context=32, embed_dim=64, num_layers=4)
    state = {name: value.data for name, value in model.state_dict().items()}
    for name, value in state.items():
        residual = name.endswith(("out_proj.weight", "mlp.2.weight"))
        if "norm" in name:
            expected = float(name.endswith("weight"))
            assert (value == expected).all(), name
        elif value.ndim == 1:
            assert not value.any(), name
        else:
            std = 0.02 / math.sqrt(8) if residual else 0.02
            assert value.std() == pytest.approx(std, rel=0.06), name
    loss = F.cross_entropy(model(draw(8, 32))[:, -1], tt.randint(0, 64, (8,)))
    assert loss.item() == pytest.approx(math.log(64), abs=0.3)


def test_tied_weights_stay_tied():
    twin = copy.deepcopy(MODEL)
    assert twin.head.weight is twin.tokens.weight
    fresh = GPT(11, 8, 12, 3, 2)
    fresh.load_state_dict(MODEL.state_dict())
    assert fresh.head.weight is fresh.tokens.weight
    ids = draw(2, 8)
    np.testing.assert_array_equal(fresh.eval()(ids).data, MODEL(ids).data)


@pytest.mark.parametrize("place", range(1, 8))
def test_a_later_token_changes_no_earlier_logit(place):
    ids = draw(1, 8)
    before = MODEL(ids).data
    ids[0, place] = (ids[0, place] + 1) % 11
    after = MODEL(ids).data
    np.testing.assert_array_equal(before[:, :place], after[:, :place])
    assert np.abs(before[:, place:] - after[:, place:]).max() > 1e-3


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(
    "pieces", [[1], [8], [1] * 8, [7, 1], [1, 7], [4, 4], [5, 1, 1, 1], [1, 3, 1, 2]]
)
def test_cached_logits_are_the_uncached_ones(pieces, batch):
    ids = draw(batch, sum(pieces), seed=batch)
    with tt.no_grad():
        cache = MODEL.new_cache(batch)
        parts = [MODEL(piece, cache) for piece in ids.split(pieces, dim=1)]
        whole = MODEL(ids)
    np.testing.assert_allclose(tt.cat(parts, dim=1).data, whole.data, atol=1e-5)
    assert all(len(layer) == sum(pieces) for layer in cache)


@pytest.mark.parametrize("prompt", [1, 3, 8, 20])
@pytest.mark.parametrize("context", [1, 2, 7, 8])
def test_generation_does_not_depend_on_the_cache(prompt, context):
    """Also where the prompt, or what was written, is longer than the context."""
    model, ids = build(context=context), draw(2, prompt)
    written = [
        model.generate(
            ids,
            15,
            temperature=0.8,
            top_k=5,
            generator=tt.Generator(4),
            use_cache=use_cache,
        )
        for use_cache in (True, False)
    ]
    assert written[0].shape == (2, prompt + 15)
    assert written[0][:, :prompt].tolist() == ids.tolist()
    assert written[0].tolist() == written[1].tolist()


PROMPTS = [[1], [2, 3, 4], [5, 6, 7, 8, 9], [10, 1]]


def continued(prompt, count, **options):
    """The greedy continuation of one prompt, or of several."""
    ids = tt.tensor([prompt]) if isinstance(prompt, list) else prompt
    return MODEL.generate(ids, count, temperature=0, **options).tolist()


@pytest.mark.parametrize("pieces", [[5], [1] * 5, [3, 2], [4, 1]])
def test_ragged_prompts_give_each_its_own_logits(pieces):
    ids, padding = pad_left(PROMPTS, fill=3)
    with tt.no_grad():
        cache, parts = MODEL.new_cache(len(ids)), []
        for piece in ids.split(pieces, dim=1):
            parts.append(MODEL(piece, cache, padding))
        cached, whole = tt.cat(parts, dim=1).data, MODEL(ids, None, padding).data
        np.testing.assert_allclose(cached, whole, atol=1e-5)
        for row, prompt in zip(whole, PROMPTS, strict=True):
            alone = MODEL(tt.tensor([prompt])).data[0]
            np.testing.assert_allclose(row[-len(prompt) :], alone, atol=1e-5)


@pytest.mark.parametrize("use_cache", [True, False])
def test_ragged_prompts_are_continued_as_if_each_were_alone(use_cache):
    ids, padding = pad_left(PROMPTS)
    together = continued(ids, 3, padding=padding, use_cache=use_cache)
    alone = [continued(prompt, 3)[0] for prompt in PROMPTS]
    assert [row[-3:] for row in together] == [row[-3:] for row in alone]


@pytest.mark.parametrize("count", [4, 9, 30])
@pytest.mark.parametrize("longest", [5, 8, 12])
def test_ragged_prompts_past_the_context_do_not_depend_on_the_cache(longest, count):
    prompts = [*PROMPTS, [i % 11 for i in range(longest)]]
    ids, padding = pad_left(prompts)
    options = {"padding": padding, "temperature": 0.9}
    written = [
        MODEL.generate(
            ids, count, use_cache=cached, generator=tt.Generator(2), **options
        ).tolist()
        for cached in (True, False)
    ]
    assert written[0] == written[1]


def test_generation_repeats_with_its_seed_and_differs_without():
    ids = draw(1, 2)
    a, b, c = (
        MODEL.generate(ids, 20, generator=tt.Generator(s)).tolist() for s in (1, 1, 2)
    )
    assert a == b != c
    greedy = [MODEL.generate(ids, 6, temperature=0).tolist() for _ in range(2)]
    assert greedy[0] == greedy[1]
    following = MODEL(tt.tensor(greedy[0])[:, :-1]).argmax(-1)
    assert following[0, 1:].tolist() == greedy[0][0][2:]


def test_generation_records_nothing_and_can_be_nothing():
    ids = draw(1, 2)
    assert not MODEL.generate(ids, 2).requires_grad
    assert MODEL.generate(ids, 0).tolist() == ids.tolist()
    assert tt.is_grad_enabled()


def test_cache_takes_the_bytes_it_says():
    cache = MODEL.new_cache(batch=3)
    assert sum(layer.nbytes for layer in cache) == 2 * 2 * 3 * 8 * 12 * 4


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda: MODEL(draw(1, 9)), ValueError, "positions from 0 to 7, got 0 to 8"),
        (lambda: MODEL(tt.tensor([[11]])), IndexError, "from 0 to 10, got 11"),
        (lambda: MODEL(tt.ones(1, 2)), TypeError, "integers, got dtype float32"),
        (lambda: MODEL.generate(tt.tensor([1]), 1), ValueError, r"\(B, T\).*\(1,\)"),
        (lambda: MODEL(tt.tensor([1])), ValueError, r"got shape \(1, 12\)"),
        (lambda: MODEL.generate(draw(1, 1), -1), ValueError, "at least 0, got -1"),
        (lambda: MODEL.generate(draw(1, 0), 1), ValueError, "T at least 1"),
        (lambda: MODEL.generate(draw(1, 1), 1, temperature=-1), ValueError, "got -1"),
        (lambda: MODEL.generate(draw(1, 1), 1, top_k=0), ValueError, "1, got 0"),
        (lambda: MODEL.generate(draw(1, 1), 1, top_p=0), ValueError, "got 0"),
        (lambda: MODEL.generate(draw(1, 1), 1, top=3), TypeError, "argument 'top'"),
        (lambda: GPT(11, embed_dim=10, num_heads=4), ValueError, "by 4, got 10"),
        (
            lambda: MODEL(draw(2, 1), MODEL.new_cache(batch=1)),
            ValueError,
            r"keys and values \(1, 3, T, 4\), got \(2, 3, 1, 4\)",
        ),
        (
            lambda: MODEL(draw(1, 1), MODEL.new_cache()[:1]),
            ValueError,
            "2 caches, one a block, got 1",
        ),
        (lambda: MODEL.generate(draw(2, 2), 1, padding=[1]), ValueError, "as 2 whole"),
        (
            lambda: MODEL.generate(draw(1, 2), 1, padding=[2]),
            ValueError,
            "padding from 0 to 1",
        ),
        (lambda: pad_left([[1], []]), ValueError, "at least one id"),
    ],
)
def test_bad_use(bad, error, message):
    with pytest.raises(error, match=message), tt.no_grad():
        bad()


def test_interrupted_generation_returns_the_tokens_that_it_has():
    """As Ctrl+C, or Stop in a notebook, while the fourth token is made."""
    model = build()
    forward, calls = model.forward, []

    def impatient(*args):
        calls.append(args)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return forward(*args)

    model.forward = impatient
    ids = draw(1, 2)
    out = model.generate(ids, 6)
    assert out.shape == (1, 5)
    assert (out[:, :2] == ids).all().item()
