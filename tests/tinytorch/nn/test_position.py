"""Places in numbers: by hand, and what makes turns relative."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch.nn import functional as F


def test_angles_by_hand():
    np.testing.assert_allclose(F.place_angles(3, 2), [[0], [1], [2]])
    np.testing.assert_allclose(F.place_angles(2, 4, 5), [[5, 0.05], [6, 0.06]])
    assert F.place_angles(0, 4).shape == (0, 2)


def test_a_quarter_turn_by_hand():
    """Place 1 of a single pair turns by 1 radian."""
    turned = F.rotary(tt.tensor([[3.0, 4.0], [1.0, 0.0], [0.0, 1.0]]))
    cos, sin = math.cos, math.sin
    wanted = [[3, 4], [cos(1), sin(1)], [-sin(2), cos(2)]]
    np.testing.assert_allclose(turned.data, wanted, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_turning_keeps_lengths_and_dtype(dtype):
    x = tt.tensor(np.random.default_rng(0).standard_normal((2, 3, 5, 8)).astype(dtype))
    turned = F.rotary(x, start=7)
    assert turned.dtype == dtype
    np.testing.assert_allclose(turned.norm(dim=-1).data, x.norm(dim=-1).data, 1e-5)


def test_a_score_depends_on_the_distance_alone():
    rng = np.random.default_rng(1)
    q, k = (tt.tensor(rng.standard_normal((1, 16))) for _ in range(2))
    scores = [
        (F.rotary(q, start + 3) @ F.rotary(k, start).T).item()
        for start in (0, 1, 50, 4000)
    ]
    np.testing.assert_allclose(scores, scores[0], rtol=1e-9)
    other = (F.rotary(q, 4) @ F.rotary(k, 0).T).item()
    assert abs(other - scores[0]) > 1e-3


def test_what_is_no_pair_or_place_is_refused():
    with pytest.raises(ValueError, match="divisible by 2, got 3"):
        F.rotary(tt.zeros(2, 3))
    table = tt.zeros(4, 2)
    for start in (-1, 3, 4):
        with pytest.raises(ValueError, match=f"from 0 to 3, got {start} to"):
            F.add_positions(tt.zeros(2, 2), table, start)
