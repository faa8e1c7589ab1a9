"""Sampling: temperature, top-k and top-p by hand, and their frequencies."""

import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch.models import keep_top_k, keep_top_p, sample

# Probabilities 1/2, 1/4, 1/8, 1/8.
LOGITS = tt.tensor([[4.0, 2, 1, 1]]).log()


def kept(logits):
    return np.isfinite(logits.data).tolist()


@pytest.mark.parametrize(
    ("k", "expected"),
    [(1, [1, 0, 0, 0]), (2, [1, 1, 0, 0]), (3, [1, 1, 1, 1]), (9, [1, 1, 1, 1])],
)
def test_top_k(k, expected):
    assert kept(keep_top_k(LOGITS, k)) == [[bool(e) for e in expected]]


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.01, [1, 0, 0, 0]),
        (0.49, [1, 0, 0, 0]),
        (0.6, [1, 1, 0, 0]),
        (0.8, [1, 1, 1, 0]),
        (1.0, [1, 1, 1, 1]),
    ],
)
def test_top_p(p, expected):
    assert kept(keep_top_p(LOGITS, p)) == [[bool(e) for e in expected]]
    backwards = keep_top_p(LOGITS.flip(1), p)
    assert sum(kept(backwards)[0]) == sum(expected)


def test_frequencies_follow_the_temperature():
    many = LOGITS.expand(20_000, 4)
    for temperature, likeliest in (
        (1.0, 4 / 8),
        (0.5, 16 / 22),
        (2.0, 2 / (4 + 2**0.5)),
    ):
        ids = sample(many, temperature, generator=tt.Generator(0))
        assert ids.shape == (20_000,)
        assert (ids.data == 0).mean() == pytest.approx(likeliest, abs=0.015)


def test_top_k_and_top_p_are_never_left():
    many = LOGITS.expand(500, 4)
    generator = tt.Generator(0)
    assert set(sample(many, top_k=2, generator=generator).tolist()) == {0, 1}
    assert set(sample(many, top_p=0.6, generator=generator).tolist()) == {0, 1}
    assert set(sample(many, temperature=0).tolist()) == {0}


def test_no_gradient_and_no_change():
    x = tt.tensor([[0.0, math.log(2)]], requires_grad=True)
    assert not sample(x, top_k=1).requires_grad
    assert x.tolist() == [[0, pytest.approx(math.log(2))]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -0.1}, "temperature of at least 0, got -0.1"),
        ({"top_k": 0}, "top_k of at least 1, got 0"),
        ({"top_p": 0.0}, "top_p above 0 and at most 1, got 0.0"),
        ({"top_p": 1.1}, "got 1.1"),
    ],
)
def test_bad_use(options, message):
    with pytest.raises(ValueError, match=message):
        sample(LOGITS, **options)
