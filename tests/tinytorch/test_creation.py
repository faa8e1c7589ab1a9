"""Functions that make tensors, and the randomness behind them."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import Tensor
from tinytorch.random import default_generator

VALUES: list[tuple[Tensor, Any, np.dtype]] = [
    (tt.zeros(2), [0, 0], tt.float32),
    (tt.zeros((1, 2)), [[0, 0]], tt.float32),
    (tt.zeros([2], dtype=tt.int64), [0, 0], tt.int64),
    (tt.ones(2, dtype=tt.bool_), [True, True], tt.bool_),
    (tt.ones(()), 1, tt.float32),
    (tt.full((2,), 7), [7, 7], tt.int64),
    (tt.full((2,), 0.5), [0.5, 0.5], tt.float32),
    (tt.full((), True), True, tt.bool_),
    (tt.eye(2), [[1, 0], [0, 1]], tt.float32),
    (tt.eye(1, 2, dtype=tt.int8), [[1, 0]], tt.int8),
    (tt.arange(3), [0, 1, 2], tt.int64),
    (tt.arange(1, 3), [1, 2], tt.int64),
    (tt.arange(3, 0, -1), [3, 2, 1], tt.int64),
    (tt.arange(0, 1, 0.25), [0, 0.25, 0.5, 0.75], tt.float32),
    (tt.arange(2.0), [0, 1], tt.float32),
    (tt.arange(2, dtype=tt.float64), [0, 1], tt.float64),
    (tt.arange(0), [], tt.int64),
    (tt.linspace(0, 1, 3), [0, 0.5, 1], tt.float32),
    (tt.zeros_like(tt.ones(2, dtype=tt.int8)), [0, 0], tt.int8),
    (tt.ones_like(tt.zeros(2), dtype=tt.int64), [1, 1], tt.int64),
    (tt.full_like(tt.zeros(1, 2), 5), [[5, 5]], tt.float32),
]


@pytest.mark.parametrize(("x", "values", "dtype"), VALUES)
def test_values(x: Tensor, values: Any, dtype: np.dtype) -> None:
    assert x.tolist() == values
    assert x.dtype == dtype
    assert not x.requires_grad


@pytest.mark.parametrize(
    "make",
    [
        lambda: tt.tensor([1.0], requires_grad=True),
        lambda: tt.zeros(1, requires_grad=True),
        lambda: tt.ones(1, requires_grad=True),
        lambda: tt.empty(1, requires_grad=True),
        lambda: tt.full((1,), 0.5, requires_grad=True),
        lambda: tt.eye(1, requires_grad=True),
        lambda: tt.arange(1.0, requires_grad=True),
        lambda: tt.linspace(0, 1, 2, requires_grad=True),
        lambda: tt.rand(1, requires_grad=True),
        lambda: tt.randn(1, requires_grad=True),
        lambda: tt.zeros_like(tt.ones(1), requires_grad=True),
        lambda: tt.full_like(tt.ones(1), 2, requires_grad=True),
    ],
)
def test_requires_grad(make: Callable[[], Tensor]) -> None:
    assert make().requires_grad


RANDOM: dict[str, Callable[[], Tensor]] = {
    "rand": lambda: tt.rand(3),
    "randn": lambda: tt.randn(3),
    "randint": lambda: tt.randint(0, 100, (3,)),
    "randperm": lambda: tt.randperm(9),
    "bernoulli": lambda: tt.bernoulli(tt.full((20,), 0.5)),
    "multinomial": lambda: tt.multinomial(tt.ones(50), 3),
    "multinomial-again": lambda: tt.multinomial(tt.ones(50), 3, replacement=True),
}


@pytest.mark.parametrize("draw", RANDOM.values(), ids=RANDOM)
def test_a_seed_repeats_the_numbers(draw: Callable[[], Tensor]) -> None:
    tt.manual_seed(1)
    first, second = draw().tolist(), draw().tolist()
    tt.manual_seed(1)
    assert draw().tolist() == first
    assert draw().tolist() == second
    assert first != second


def test_a_generator_of_ones_own_leaves_the_default_alone() -> None:
    before = default_generator.get_state()
    a, b = tt.Generator(5), tt.Generator().manual_seed(5)
    assert tt.randn(4, generator=a).tolist() == tt.randn(4, generator=b).tolist()
    assert default_generator.get_state() == before


def test_a_state_goes_through_json() -> None:
    generator = tt.Generator(3)
    tt.rand(5, generator=generator)
    state = json.loads(json.dumps(generator.get_state()))
    expected = tt.rand(3, generator=generator).tolist()
    assert tt.rand(3, generator=tt.Generator()).tolist() != expected
    generator.set_state(state)
    assert tt.rand(3, generator=generator).tolist() == expected


def test_distributions() -> None:
    generator = tt.Generator(0)
    n = 20_000
    uniform = tt.rand(n, generator=generator)
    assert 0 <= uniform.min().item() <= uniform.max().item() < 1
    assert abs(uniform.mean().item() - 0.5) < 0.01
    normal = tt.randn(n, generator=generator)
    assert abs(normal.mean().item()) < 0.03
    assert abs(normal.std().item() - 1) < 0.02
    dice = tt.randint(1, 7, (n,), generator=generator)
    assert sorted(set(dice.tolist())) == [1, 2, 3, 4, 5, 6]
    coins = tt.bernoulli(tt.full((n,), 0.2), generator=generator)
    assert abs(coins.mean().item() - 0.2) < 0.01
    assert sorted(tt.randperm(9, generator=generator).tolist()) == list(range(9))
    assert tt.randint(3, (4,), generator=generator).max().item() < 3


@pytest.mark.parametrize("replacement", [True, False])
def test_multinomial_draws_in_proportion(replacement: bool) -> None:
    weights = tt.tensor([1.0, 0.0, 3.0]).expand(20_000, 3)
    drawn = tt.multinomial(weights, 1, replacement, generator=tt.Generator(0))
    assert drawn.shape == (20_000, 1)
    shares = [(drawn == i).float().mean().item() for i in range(3)]
    np.testing.assert_allclose(shares, [0.25, 0, 0.75], atol=0.01)


def test_multinomial_without_replacement() -> None:
    weights = tt.tensor([[1.0, 0.0, 3.0, 2.0]]).expand(20_000, 4)
    drawn = tt.multinomial(weights, 2, generator=tt.Generator(0)).numpy()
    assert (drawn[:, 0] != drawn[:, 1]).all()
    assert (drawn != 1).all()
    # The first is drawn in proportion, the second in proportion of what is left.
    assert abs((drawn[:, 0] == 2).mean() - 3 / 6) < 0.015
    after_two = drawn[drawn[:, 0] == 2, 1]
    assert abs((after_two == 3).mean() - 2 / 3) < 0.02


def test_sorted_values_and_their_places() -> None:
    x = tt.tensor([[3.0, 1.0, 3.0, 2.0]])
    assert x.sort().values.tolist() == [[1, 2, 3, 3]]
    assert x.argsort().tolist() == [[1, 3, 0, 2]]
    assert x.argsort(descending=True).tolist() == [[0, 2, 3, 1]]
    values, indices = x.topk(2)
    assert (values.tolist(), indices.tolist()) == ([[3, 3]], [[0, 2]])
    assert x.topk(2, largest=False).indices.tolist() == [[1, 3]]
    assert (x.argmax().item(), x.argmin(1).tolist()) == (0, [1])
    assert x.max(1, keepdim=True).indices.tolist() == [[0]]


@pytest.mark.parametrize("dtype", [tt.uint8, tt.int8, tt.int64, tt.bool_])
def test_the_smallest_may_have_no_negative(dtype: Any) -> None:
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, 1)
    x, y = tt.tensor([low, high], dtype=dtype), tt.tensor([high, low], dtype=dtype)
    assert (x.min().item(), x.amin(0).item(), x.min(0).values.item()) == (low,) * 3
    assert (x.max().item(), x.amax(0).item(), x.max(0).values.item()) == (high,) * 3
    assert tt.minimum(x, y).tolist() == [low, low]
    assert tt.maximum(x, y).tolist() == [high, high]
    assert tt.minimum(x, y).dtype == x.amin().dtype == dtype


def test_rounding() -> None:
    x = tt.tensor([-1.5, -0.5, 0.5, 1.2])
    assert x.floor().tolist() == [-2, -1, 0, 1]
    assert x.ceil().tolist() == [-1, 0, 1, 2]
    assert x.round().tolist() == [-2, 0, 0, 1]
    assert x.sign().tolist() == [-1, -1, 1, 1]


def test_closeness() -> None:
    x = tt.tensor([1.0, float("nan")])
    assert x.isnan().tolist() == [False, True]
    assert tt.tensor([1.0, float("inf")]).isfinite().tolist() == [True, False]
    assert tt.allclose(x[:1], x[:1] + 1e-6)
    assert not tt.allclose(x[:1], x[:1] + 1e-3)
    assert not tt.allclose(x, x)


def test_pieces() -> None:
    x = tt.arange(5)
    assert [p.tolist() for p in x.split(2)] == [[0, 1], [2, 3], [4]]
    assert [p.tolist() for p in tt.split(x, [1, 4])] == [[0], [1, 2, 3, 4]]
    assert [p.tolist() for p in x.chunk(3)] == [[0, 1], [2, 3], [4]]
    assert x[:4].reshape(2, 2).repeat(1, 2).tolist() == [[0, 1, 0, 1], [2, 3, 2, 3]]
    assert x[:2].repeat_interleave(2).tolist() == [0, 0, 1, 1]
    assert x.flip(0).tolist() == [4, 3, 2, 1, 0]
    assert tt.ones(2, 2).triu().tolist() == [[1, 1], [0, 1]]
    assert tt.ones(2, 2).tril(-1).tolist() == [[0, 0], [1, 0]]


def test_broadcast_shapes() -> None:
    assert tt.broadcast_shapes((2, 1, 3), (4, 1), ()) == (2, 4, 3)
