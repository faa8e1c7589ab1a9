"""Toy problems: geometry, balance, seeds."""

import numpy as np
import pytest

from tinytorch import Generator
from tinytorch.utils.data import (
    make_blobs,
    make_circles,
    make_moons,
    make_spirals,
    make_xor,
)

MAKERS = [make_blobs, make_circles, make_moons, make_spirals, make_xor]


def arrays(problem):
    return [t.numpy() for t in problem]


def test_xor_is_the_truth_table():
    X, y = arrays(make_xor())
    assert {tuple(x): int(label) for x, label in zip(X.tolist(), y, strict=True)} == {
        (0, 0): 0,
        (0, 1): 1,
        (1, 0): 1,
        (1, 1): 0,
    }


@pytest.mark.parametrize("make", MAKERS)
def test_shapes_dtypes_and_balance(make):
    X, y = arrays(make(n=60))
    assert X.shape == (60, 2)
    assert X.dtype == np.float32
    assert y.dtype == np.int64
    assert np.bincount(y).tolist() == [30, 30]


@pytest.mark.parametrize("make", MAKERS)
def test_the_generator_decides_the_noise(make):
    first, again, other = (
        arrays(make(n=40, noise=0.1, generator=Generator(seed)))[0]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("make", MAKERS)
def test_noise_has_the_stated_deviation(make):
    clean, _ = arrays(make(n=4000, noise=0))
    noisy, _ = arrays(make(n=4000, noise=0.3, generator=Generator(0)))
    assert (noisy - clean).std() == pytest.approx(0.3, rel=0.05)


def test_circles_have_their_radii():
    X, y = arrays(make_circles(100, noise=0, factor=0.25))
    assert np.hypot(*X.T) == pytest.approx(np.where(y == 0, 1, 0.25))
    assert len(np.unique(X.round(6), axis=0)) == 100


def test_moons_are_half_circles_apart():
    X, y = arrays(make_moons(200, noise=0))
    upper, lower = X[y == 0], X[y == 1]
    assert np.hypot(*upper.T) == pytest.approx(1)
    assert np.hypot(*(lower - [1, 0.5]).T) == pytest.approx(1)
    assert upper[:, 1].min() >= -1e-6
    assert lower[:, 1].max() <= 0.5 + 1e-6


def test_spiral_arms_start_together_and_end_on_the_rim():
    X, y = arrays(make_spirals(90, noise=0, classes=3))
    radius = np.hypot(*X.T)
    assert np.bincount(y).tolist() == [30, 30, 30]
    assert radius[:3] == pytest.approx(0)
    assert radius[-3:] == pytest.approx(1)


def test_blobs_lie_around_a_circle():
    X, y = arrays(make_blobs(3000, 0.2, classes=5, generator=Generator(0)))
    centres = np.stack([X[y == k].mean(axis=0) for k in range(5)])
    assert np.hypot(*centres.T) == pytest.approx(2, abs=0.05)
    assert centres[0] == pytest.approx([2, 0], abs=0.05)


@pytest.mark.parametrize("make", MAKERS)
def test_negative_noise_is_refused(make):
    with pytest.raises(ValueError, match="noise of at least 0, got -1"):
        make(noise=-1)


@pytest.mark.parametrize("make", MAKERS)
def test_an_empty_problem_is_refused(make):
    with pytest.raises(ValueError, match="n of at least 1, got 0"):
        make(n=0)


@pytest.mark.parametrize("make", [make_blobs, make_spirals])
def test_no_classes_are_refused(make):
    with pytest.raises(ValueError, match="classes of at least 1, got 0"):
        make(classes=0)


@pytest.mark.parametrize("factor", [0, 1, -2])
def test_circles_refuse_a_factor_outside(factor):
    with pytest.raises(ValueError, match=f"between 0 and 1, got {factor}"):
        make_circles(factor=factor)
