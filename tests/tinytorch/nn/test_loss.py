"""Losses: numbers to check by hand, and equal forms of the same thing."""

import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F

X = tt.tensor([[0.0, math.log(3)], [math.log(4), 0.0]])  # softmax: 1/4 3/4, 4/5 1/5
Y = tt.tensor([1, 1])
LN2 = math.log(2)


def close(actual, expected):
    return actual.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (F.cross_entropy(X, Y), (math.log(4 / 3) + math.log(5)) / 2),
        (F.cross_entropy(X, Y, reduction="sum"), math.log(4 / 3) + math.log(5)),
        (F.cross_entropy(X, tt.tensor([1, -100])), math.log(4 / 3)),
        (F.cross_entropy(X, tt.tensor([1, 7]), ignore_index=7), math.log(4 / 3)),
        (F.cross_entropy(X[:1], Y[:1], tt.tensor([9.0, 2.0])), math.log(4 / 3)),
        (
            F.cross_entropy(X[:1], Y[:1], label_smoothing=0.5),
            0.75 * math.log(4 / 3) + 0.25 * math.log(4),
        ),
        (F.mse_loss(tt.tensor([1.0, 4.0]), tt.tensor([0.0, 2.0])), 2.5),
        (F.l1_loss(tt.tensor([1.0, 4.0]), tt.tensor([0.0, 2.0])), 1.5),
        (F.huber_loss(tt.tensor([0.5, 3.0]), tt.tensor([0.0, 0.0])), (0.125 + 2.5) / 2),
        (F.binary_cross_entropy_with_logits(tt.zeros(2), tt.tensor([0.0, 1.0])), LN2),
        (
            F.binary_cross_entropy_with_logits(
                tt.zeros(1), tt.ones(1), pos_weight=tt.tensor([3.0])
            ),
            3 * LN2,
        ),
        (F.kl_div(tt.tensor([[0.5, 0.5]]).log(), tt.tensor([[1.0, 0.0]]), "sum"), LN2),
    ],
)
def test_by_hand(loss, expected):
    assert close(loss, expected)


def test_extreme_logits_stay_finite():
    x = tt.tensor([[1000.0, -1000.0]])
    assert F.cross_entropy(x, tt.tensor([0])).item() == 0
    assert F.cross_entropy(x, tt.tensor([1])).item() == 2000
    bce = F.binary_cross_entropy_with_logits
    assert bce(tt.tensor([1000.0]), tt.tensor([1.0])).item() == 0
    assert bce(tt.tensor([-1000.0]), tt.tensor([1.0])).item() == 1000


def test_nothing_counted_is_nan_without_a_gradient():
    x = tt.randn(2, 3, requires_grad=True)
    loss = F.cross_entropy(x, tt.tensor([-100, -100]))
    assert math.isnan(loss.item())
    loss.backward()
    assert x.grad.tolist() == [[0, 0, 0], [0, 0, 0]]


WEIGHT = tt.tensor([0.5, 1.0, 2.0])


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 2, 2)])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_fused_cross_entropy_is_the_composed_one(shape, weight, reduction):
    x = tt.randn(*shape, generator=tt.Generator(1), requires_grad=True)
    places = (shape[0], *shape[2:])
    target = tt.randint(0, 3, places, generator=tt.Generator(2))
    target[0] = -100
    fused = F.cross_entropy(x, target, weight, reduction=reduction)
    fused.sum().backward()
    gradient, x.grad = x.grad, None
    log_p = F.log_softmax(x, 1)
    composed = F.nll_loss(log_p, target, weight, reduction=reduction)
    composed.sum().backward()
    np.testing.assert_allclose(fused.data, composed.data, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient.data, x.grad.data, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_indices_are_one_hot_probabilities(smoothing):
    x, target = tt.randn(4, 3), tt.tensor([0, 2, 1, 1])
    soft = F.one_hot(target, 3).float()
    a = F.cross_entropy(x, target, label_smoothing=smoothing)
    b = F.cross_entropy(x, soft, label_smoothing=smoothing)
    assert close(a, b.item())


P = tt.rand(4, 3, generator=tt.Generator(3))
C = tt.tensor([0, 1, 2, 1])


@pytest.mark.parametrize(
    ("module", "target", "function"),
    [
        (nn.MSELoss("sum"), P, lambda x: F.mse_loss(x, P, "sum")),
        (nn.L1Loss(), P, lambda x: F.l1_loss(x, P)),
        (nn.HuberLoss(delta=0.3), P, lambda x: F.huber_loss(x, P, delta=0.3)),
        (
            nn.BCEWithLogitsLoss(pos_weight=WEIGHT),
            P,
            lambda x: F.binary_cross_entropy_with_logits(x, P, pos_weight=WEIGHT),
        ),
        (
            nn.KLDivLoss("batchmean", log_target=True),
            P,
            lambda x: F.kl_div(x, P, "batchmean", log_target=True),
        ),
        (
            nn.CrossEntropyLoss(WEIGHT, 1, label_smoothing=0.1),
            C,
            lambda x: F.cross_entropy(x, C, WEIGHT, 1, label_smoothing=0.1),
        ),
        (nn.NLLLoss(WEIGHT, 2), C, lambda x: F.nll_loss(x, C, WEIGHT, 2)),
    ],
    ids=lambda value: repr(value) if isinstance(value, nn.Module) else "",
)
def test_modules_call_their_function(module, target, function):
    x = tt.randn(4, 3)
    assert module(x, target).item() == function(x).item()


@pytest.mark.parametrize("lost", [-math.inf, math.inf, math.nan])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_an_ignored_row_may_hold_anything(lost, smoothing):
    rows, targets = [[0.5, 1.0, 2.0], [lost, 0.5, 0.1]], tt.tensor([1, -100])
    x = tt.tensor(rows, requires_grad=True)
    loss = F.cross_entropy(x, targets, label_smoothing=smoothing)
    alone = tt.tensor(rows[:1], requires_grad=True)
    expected = F.cross_entropy(alone, targets[:1], label_smoothing=smoothing)
    assert loss.item() == pytest.approx(expected.item())
    loss.backward()
    expected.backward()
    np.testing.assert_allclose(x.grad.data[:1], alone.grad.data, rtol=1e-6)
    assert not x.grad.data[1].any()
    nll = F.nll_loss(tt.tensor(rows), targets)
    assert nll.item() == -1.0


def test_a_class_that_cannot_be_is_no_harm_to_another():
    x = tt.tensor([[-math.inf, 1.0, 2.0], [-math.inf, 0.5, 0.1]], requires_grad=True)
    loss = F.cross_entropy(x, tt.tensor([1, -100]))
    assert loss.item() == pytest.approx(1.3132617)
    loss.backward()
    np.testing.assert_allclose(x.grad.data[0], [0, -0.7310586, 0.7310586], rtol=1e-6)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (
            lambda: F.mse_loss(tt.ones(2, 1), tt.ones(2)),
            ValueError,
            r"mse_loss's target expects shape \(2, 1\), got \(2,\)",
        ),
        (lambda: F.l1_loss(tt.ones(2), tt.ones(3)), ValueError, "l1_loss's target"),
        (lambda: F.huber_loss(X, Y.float()), ValueError, "huber_loss's target"),
        (
            lambda: F.cross_entropy(X, X, weight=tt.ones(3)),
            ValueError,
            r"cross_entropy's weight expects shape \(2,\), got \(3,\)",
        ),
        (lambda: F.huber_loss(X, X, delta=0), ValueError, "delta > 0, got 0"),
        (
            lambda: F.mse_loss(X, X, reduction="avg"),
            ValueError,
            r"\('none', 'mean', 'sum'\), got 'avg'",
        ),
        (
            lambda: F.binary_cross_entropy_with_logits(X, Y.float()),
            ValueError,
            r"expects shape \(2, 2\), got \(2,\)",
        ),
        (
            lambda: F.cross_entropy(X, tt.tensor([[0], [1]])),
            ValueError,
            r"\(N, \.\.\.\), got \(2, 2\) and \(2, 1\)",
        ),
        (
            lambda: F.cross_entropy(tt.ones(3), tt.tensor(0)),
            ValueError,
            r"expects \(N, C, \.\.\.\) and \(N, \.\.\.\)",
        ),
        (
            lambda: F.cross_entropy(X.long(), Y),
            TypeError,
            "cross_entropy expects a floating dtype, got int64",
        ),
        (
            lambda: F.cross_entropy(X, tt.tensor([0, 2])),
            IndexError,
            "from 0 to 1, got 2",
        ),
        (
            lambda: F.cross_entropy(X, tt.tensor([0, -1])),
            IndexError,
            "from 0 to 1, got -1",
        ),
        (
            lambda: F.cross_entropy(X, tt.tensor([True, False])),
            TypeError,
            "integers, got dtype bool",
        ),
        (
            lambda: F.cross_entropy(X, Y, tt.ones(3)),
            ValueError,
            r"weight expects shape \(2,\), got \(3,\)",
        ),
        (
            lambda: F.cross_entropy(X, X[:1]),
            ValueError,
            r"probabilities\) expects shape \(2, 2\), got \(1, 2\)",
        ),
        (
            lambda: F.cross_entropy(X, Y, label_smoothing=1.5),
            ValueError,
            "label_smoothing from 0 to 1, got 1.5",
        ),
        (lambda: F.nll_loss(X, Y.float()), TypeError, "integers, got dtype float32"),
        (lambda: F.kl_div(X, X[0]), ValueError, "kl_div's target expects shape"),
        (lambda: F.one_hot(tt.tensor([3]), 2), IndexError, "from 0 to 1, got 3"),
        (lambda: F.one_hot(tt.ones(2)), TypeError, "integers, got dtype float32"),
    ],
)
def test_bad_use(bad, error, message):
    with pytest.raises(error, match=message):
        bad()
