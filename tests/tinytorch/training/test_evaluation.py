"""Measuring a model without changing it."""

import re

import numpy as np
import pytest

from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.tensor import Tensor
from tinytorch.training import accuracy, evaluate, predict

X = Tensor(np.arange(10, dtype=np.float32).reshape(5, 2))
Y = Tensor(np.array([0, 1, 0, 1, 1]))
BATCHES = [(X[:3], Y[:3]), (X[3:], Y[3:])]  # of unequal size


def test_means_are_over_samples_not_batches():
    model = nn.Linear(2, 2)
    whole = F.cross_entropy(model(X), Y).item()
    assert evaluate(model, BATCHES, F.cross_entropy) == pytest.approx(whole, rel=1e-6)
    assert evaluate(model, BATCHES) == pytest.approx(accuracy(model(X), Y))


@pytest.mark.parametrize("batches", [BATCHES, [X[:3], X[3:]], [(X,)]])
def test_predictions_come_in_order_and_without_a_graph(batches):
    model = nn.Linear(2, 2)
    outputs = predict(model, batches)
    np.testing.assert_allclose(outputs.data, model(X).data, rtol=1e-6)
    assert not outputs.requires_grad


def test_every_module_is_back_in_its_own_mode():
    model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(2), nn.Linear(2, 2))
    model[1].eval()
    assert evaluate(model, BATCHES) == evaluate(model, BATCHES)
    assert [layer.training for layer in model] == [True, False, True]
    with pytest.raises(ValueError, match="expects"):
        evaluate(model, [(X, Y[:2])])
    assert [layer.training for layer in model] == [True, False, True]


@pytest.mark.parametrize(
    ("outputs", "targets"),
    [
        (np.zeros((2, 3)), np.zeros(3, int)),
        (np.zeros((2, 3)), np.zeros(2)),
        (np.zeros((2, 1)), np.array([[0.5], [1.0]])),
        (np.zeros(()), np.zeros((2,))),
    ],
)
def test_accuracy_refuses_what_has_none(outputs, targets):
    expected = "accuracy expects outputs (N, C, ...) and class numbers (N, ...)"
    with pytest.raises(ValueError, match=re.escape(expected)):
        accuracy(Tensor(outputs), Tensor(targets))


@pytest.mark.parametrize("function", [evaluate, predict])
def test_nothing_to_measure_is_an_error(function):
    with pytest.raises(ValueError, match="expects at least one batch, got none"):
        function(nn.Linear(2, 2), [])
