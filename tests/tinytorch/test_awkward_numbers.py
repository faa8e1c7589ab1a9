"""Numbers easily got wrong: infinity beside zero, lost digits, small integers."""

import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch.nn import functional as F

INF = math.inf


def slopes(function, values, dtype=tt.float32):
    """Return the gradient of the sum of function(x) at x = values."""
    x = tt.tensor(values, dtype=dtype, requires_grad=True)
    function(x).sum().backward()
    return x.grad.numpy()


def logits_loss(x):
    return F.binary_cross_entropy_with_logits(x, tt.zeros(1, dtype=x.dtype))


@pytest.mark.parametrize(
    ("name", "function", "at", "right"),
    [
        ("sqrt of relu", lambda x: x.relu().sqrt(), [-1.0], [0.0]),
        ("sqrt of clamp", lambda x: x.clamp(min=0).sqrt(), [-1.0], [0.0]),
        ("norm of zeros", lambda x: x.norm(3), [0.0, 0.0], [0.0, 0.0]),
        ("softplus", F.softplus, [-20.0], [2.0611537e-9]),
        ("logsigmoid", F.logsigmoid, [20.0], [2.0611537e-9]),
        ("binary cross-entropy", logits_loss, [-20.0], [2.0611537e-9]),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_slopes_where_digits_or_infinities_are_lost(name, function, at, right):
    np.testing.assert_allclose(slopes(function, at), right, rtol=1e-5)


@pytest.mark.parametrize("function", [F.softplus, logits_loss])
def test_slopes_at_minus_forty_in_float64(function):
    got = slopes(function, [-40.0], tt.float64)
    np.testing.assert_allclose(got, [4.248354255291589e-18], rtol=1e-12)


@pytest.mark.parametrize("ignored", [-INF, math.nan])
def test_a_class_that_is_out_and_a_row_that_is_ignored_do_no_harm(ignored):
    logits = tt.tensor([[-INF, 1.0, 2.0], [ignored, 0.5, 0.1]])
    loss = F.cross_entropy(logits, tt.tensor([1, -100]))
    assert loss.item() == pytest.approx(1.3132617)


def test_an_infinite_slope_into_a_window_reaches_the_winner_alone():
    x = tt.tensor([[[[1.0, 4.0], [3.0, 2.0]]]], requires_grad=True)
    F.max_pool2d(x, 2).backward(tt.tensor([[[[INF]]]]))
    assert x.grad.tolist() == [[[[0.0, INF], [0.0, 0.0]]]]


@pytest.mark.parametrize(
    ("a", "b", "right"),
    [
        (np.array([0, 128, 255], np.uint8), tt.tensor(256), [0, 0.5, 0.99609375]),
        (np.array([-100], np.int8), 200, [-0.5]),
        (np.array([5], np.int32), 2**33, [5 / 2**33]),
    ],
)
def test_small_integers_divide_as_numbers(a, b, right):
    assert (tt.tensor(a) / b).tolist() == right


@pytest.mark.parametrize("divide", [lambda x: x // 0, lambda x: x % 0])
def test_integers_divided_by_zero_are_an_error(divide):
    with pytest.raises(ZeroDivisionError, match="other than 0"):
        divide(tt.tensor([1]))


def test_what_no_dtype_holds_is_an_error():
    with pytest.raises(OverflowError, match="int64 can hold"):
        tt.tensor(2**63)
    with pytest.raises(ValueError, match="cannot hold nan"):
        tt.tensor([math.nan]).long()


def test_sums_keep_their_digits():
    column = 1000 + np.arange(2_000_000, dtype=np.float32) % 7
    x = np.repeat(column[:, None], 3, axis=1)
    exact = x.astype(np.float64).var(axis=0, ddof=1)
    np.testing.assert_allclose(tt.tensor(x).var(0).numpy(), exact, rtol=1e-5)
    assert tt.tensor([3e20, 4e20]).norm().item() == pytest.approx(5e20)


def test_products_over_nothing_are_zeros():
    assert (tt.zeros(2, 3, 0) @ tt.zeros(0, 4)).tolist() == tt.zeros(2, 3, 4).tolist()
    assert tt.zeros(0).repeat_interleave(2).shape == (0,)


def test_a_window_may_be_as_large_as_a_picture():
    x = tt.zeros(1, 1, 224, 224)
    x[0, 0, 200, 200] = 1.0
    x.requires_grad_()
    F.max_pool2d(x, 224).sum().backward()
    assert np.argwhere(x.grad.numpy()).tolist() == [[0, 0, 200, 200]]


def test_relu_is_the_same_for_few_and_for_many():
    few = np.array([-INF, -0.0, math.nan, INF], dtype=np.float32)
    many = np.resize(few, 10_000)
    expected = F.relu(tt.tensor(few)).numpy()
    got = F.relu(tt.tensor(many)).numpy()[:4]
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tt.cat(tt.ones(2)), "expects a list of tensors"),
        (lambda: tt.ones(2).to({}), "expected a dtype"),
        (
            lambda: tt.einsum("i,i->", tt.ones(2), tt.ones(2, dtype=tt.float64)),
            "expects one dtype",
        ),
    ],
)
def test_what_does_not_fit_is_said_at_the_call(call, words):
    with pytest.raises(TypeError, match=words):
        call()


def test_a_step_written_by_hand_changes_the_numbers_and_nothing_else():
    p = tt.ones(2, requires_grad=True)
    (p * p).sum().backward()
    p.data -= 0.1 * p.grad
    assert isinstance(p.data, np.ndarray)
    np.testing.assert_allclose(p.data, [0.8, 0.8], rtol=1e-6)
    assert p.requires_grad
