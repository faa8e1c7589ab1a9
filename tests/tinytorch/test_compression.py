"""Pruning, low rank and distillation."""

import numpy as np
import pytest

import tinytorch
from tinytorch import nn, no_grad, optim
from tinytorch.compression import (
    KeepPruned,
    apply_masks,
    distill,
    distillation_loss,
    factorize,
    low_rank,
    magnitude_masks,
    prune_channels,
    rank_for_energy,
    sparsity,
)
from tinytorch.nn import functional as F
from tinytorch.random import Generator
from tinytorch.tensor import Tensor
from tinytorch.training import evaluate, fit
from tinytorch.utils.data import DataLoader, TensorDataset, make_moons

RNG = np.random.default_rng(0)


def normal(*shape):
    return Tensor(RNG.normal(size=shape).astype(np.float32))


def moons():
    data = TensorDataset(*make_moons(100, generator=Generator(1)))
    return DataLoader(data, 20, shuffle=True, generator=Generator(2))


def linear(*rows):
    layer = nn.Linear(len(rows[0]), len(rows))
    layer.weight.data[...] = rows
    return layer


def test_the_smallest_weights_go():
    model = nn.Sequential(linear([1.0, -5.0], [3.0, -0.5]), linear([0.1, 10.0]))
    by_layer = magnitude_masks(model, 0.5, scope="layer")
    assert by_layer["0.weight"].tolist() == [[False, True], [True, False]]
    assert by_layer["1.weight"].tolist() == [[False, True]]
    together = magnitude_masks(model, 0.5)
    apply_masks(model, together)
    assert model[0].weight.tolist() == [[0.0, -5.0], [3.0, 0.0]]
    assert model[1].weight.tolist() == [[0.0, 10.0]]
    assert sparsity(model) == 0.5


@pytest.mark.parametrize("amount", [0.0, 0.3, 1.0])
def test_the_amount_is_exact_even_among_equals(amount):
    model = nn.Linear(10, 10)
    model.weight.data[...] = 1
    apply_masks(model, magnitude_masks(model, amount))
    assert sparsity(model) == pytest.approx(amount)
    assert np.count_nonzero(model.bias.data) == 10


def test_what_is_pruned_stays_pruned_in_training():
    tinytorch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    fit(model, moons(), F.cross_entropy, optimizer, 40)
    masks = magnitude_masks(model, 0.6)
    fit(model, moons(), F.cross_entropy, optimizer, 20, callbacks=[KeepPruned(masks)])
    assert sparsity(model) == pytest.approx(0.6, abs=0.01)
    assert evaluate(model, moons()) >= 0.95


def convolutional():
    tinytorch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)),
        *(nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 6, 3), nn.Tanh()),
        *(nn.Flatten(), nn.Dropout(0.1), nn.Linear(24, 10), nn.BatchNorm1d(10)),
        *(nn.ReLU(), nn.Linear(10, 3)),
    )


def test_channels_that_do_nothing_go_without_a_trace():
    model, x = convolutional(), normal(5, 1, 8, 8)
    model(x)  # gives the running statistics some values
    # Half of each hidden layer is silent: weight, bias and normalisation 0.
    for layer in [*model[0], *model]:
        tensors = [getattr(layer, name, None) for name in ("weight", "bias")]
        for tensor in tensors if layer is not model[-1] else []:
            if tensor is not None:
                tensor.data[: len(tensor) // 2] = 0
    thin = prune_channels(model, 0.5)
    with no_grad():
        expected = model.eval()(x).data
        np.testing.assert_allclose(thin.eval()(x).data, expected, atol=1e-6)
    shapes = [p.shape for p in thin.parameters() if p.ndim > 1]
    assert shapes == [(4, 1, 3, 3), (3, 4, 3, 3), (5, 12), (3, 5)]
    assert "in_features=12, out_features=5" in repr(thin)
    assert model[0][0].weight.shape == (8, 1, 3, 3)


def test_a_pruned_network_is_smaller_and_learns():
    model = convolutional()
    thin = prune_channels(model, 0.5)
    count = [sum(p.numel() for p in m.parameters()) for m in (model, thin)]
    assert count[1] < 0.35 * count[0]
    batches = [(normal(8, 1, 8, 8), Tensor(np.arange(8) % 3))]
    optimizer = optim.Adam(thin.parameters(), lr=0.05)
    history = fit(thin, batches, F.cross_entropy, optimizer, 60)
    assert history.steps["loss"][-1] < 0.3 * history.steps["loss"][0]


def test_at_least_one_channel_stays():
    thin = prune_channels(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)), 0.99)
    assert [layer.weight.shape for layer in thin] == [(1, 2), (2, 1)]


def test_full_rank_is_the_layer_itself():
    layer, x = nn.Linear(6, 4), normal(3, 6)
    np.testing.assert_allclose(low_rank(layer, 4)(x).data, layer(x).data, atol=1e-6)


def test_the_error_is_what_the_lost_singular_values_say():
    layer = nn.Linear(8, 6, bias=False)
    s = np.linalg.svd(layer.weight.data, compute_uv=False)
    first, second = low_rank(layer, 2)
    error = layer.weight.data - second.weight.data @ first.weight.data
    assert np.linalg.norm(error) == pytest.approx(np.linalg.norm(s[2:]), rel=1e-4)
    assert second.bias is None


@pytest.mark.parametrize(("energy", "rank"), [(0.85, 1), (0.9, 2), (0.97, 2), (1.0, 3)])
def test_energy_is_the_share_of_the_squares(energy, rank):
    assert (
        rank_for_energy(linear([3.0, 0, 0], [0, 1.0, 0], [0, 0, 0.5]), energy) == rank
    )
    assert rank_for_energy(linear([0.0, 0.0], [0.0, 0.0]), 1.0) in (1, 2)


def test_only_layers_that_get_smaller_are_factorized():
    wide = nn.Linear(40, 30)
    wide.weight.data[...] = normal(30, 2).data @ normal(2, 40).data
    model = nn.Sequential(wide, nn.ReLU(), nn.Linear(30, 2))
    thin, x = factorize(model, 0.999), normal(4, 40)
    assert [p.shape for p in thin[0].parameters()] == [(2, 40), (30, 2), (30,)]
    assert thin[2].weight.shape == (2, 30)
    np.testing.assert_allclose(thin(x).data, model(x).data, rtol=1e-3, atol=1e-4)
    assert model[0] is wide


def test_the_distillation_loss_by_hand():
    student, teacher = normal(4, 3), normal(4, 3)
    targets = Tensor(np.array([0, 1, 2, 0]))
    p, q = (np.exp(x.data / 2) for x in (teacher, student))
    p, q = (x / x.sum(axis=1, keepdims=True) for x in (p, q))
    soft = (p * np.log(p / q)).sum() / 4
    hard = F.cross_entropy(student, targets).item()
    found = distillation_loss(student, teacher, targets, temperature=2.0, alpha=0.75)
    assert found.item() == pytest.approx(0.75 * 4 * soft + 0.25 * hard, rel=1e-5)
    same = distillation_loss(teacher, teacher, targets, alpha=1.0)
    assert same.item() == pytest.approx(0, abs=1e-6)


def test_a_pupil_learns_from_the_teacher_alone():
    tinytorch.manual_seed(0)
    teacher = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
    fit(teacher, moons(), F.cross_entropy, optim.Adam(teacher.parameters(), 0.03), 60)
    teacher.train()
    weights = [p.data.copy() for p in teacher.parameters()]
    pupil = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    optimizer = optim.Adam(pupil.parameters(), lr=0.03)
    history = distill(
        pupil, teacher, moons(), optimizer, 60, alpha=1.0, val_loader=moons()
    )
    assert history.epochs["val_accuracy"][-1] >= 0.95
    assert evaluate(pupil, moons()) >= 0.95
    assert teacher.training
    for p, before in zip(teacher.parameters(), weights, strict=True):
        np.testing.assert_array_equal(p.data, before)


PUPIL = nn.Linear(2, 2)


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda: magnitude_masks(PUPIL, 2), ValueError, "amount from 0 to 1, got 2"),
        (lambda: magnitude_masks(PUPIL, 0.5, "all"), ValueError, "got 'all'"),
        (lambda: sparsity(nn.ReLU()), ValueError, "weights to prune, got ReLU"),
        (lambda: prune_channels(nn.Sequential(), 1), ValueError, "below 1, got 1"),
        (
            lambda: prune_channels(
                nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 2)), 0.5
            ),
            ValueError,
            "one by one, got LayerNorm",
        ),
        (
            lambda: prune_channels(
                nn.Sequential(nn.Conv2d(2, 4, 1, groups=2), nn.Conv2d(4, 2, 1)), 0.5
            ),
            ValueError,
            "groups=1\\), .* got Conv2d",
        ),
        (
            lambda: apply_masks(PUPIL, {"bias": np.ones(2, bool)}),
            ValueError,
            "mask out of .'weight'., got 'bias'",
        ),
        (
            lambda: apply_masks(PUPIL, {"weight": np.ones((3, 1), bool)}),
            ValueError,
            r"mask of weight expects shape \(.*\), got \(3, 1\)",
        ),
        (lambda: low_rank(PUPIL, 3), ValueError, "rank from 1 to 2, got 3"),
        (lambda: rank_for_energy(PUPIL, 0), ValueError, "above 0 and at most 1, got 0"),
        (
            lambda: distillation_loss(normal(1, 2), normal(1, 2), None, temperature=0),
            ValueError,
            "temperature above 0, got 0",
        ),
        (
            lambda: distillation_loss(normal(1, 2), normal(1, 2), None, alpha=2),
            ValueError,
            "alpha from 0 to 1, got 2",
        ),
        (
            lambda: distill(PUPIL, PUPIL, [], optim.SGD(PUPIL.parameters())),
            ValueError,
            "at least one batch",
        ),
    ],
)
def test_bad_use_is_told(action, error, message):
    with pytest.raises(error, match=message):
        action()
