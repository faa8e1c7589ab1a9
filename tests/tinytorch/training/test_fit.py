"""The loop: what it learns, what it measures, when it stops."""

import gc
import math
import tracemalloc

import numpy as np
import pytest

import tinytorch
from tinytorch import nn, optim
from tinytorch.nn import functional as F
from tinytorch.random import Generator
from tinytorch.tensor import Tensor
from tinytorch.training import Callback, accuracy, evaluate, fit
from tinytorch.utils.data import DataLoader, TensorDataset, make_moons


def moons(batch_size=10, n=60, shuffle=False):
    data = TensorDataset(*make_moons(n, generator=Generator(1)))
    return DataLoader(data, batch_size, shuffle=shuffle, generator=Generator(2))


def network():
    tinytorch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))


def sgd(model, lr=0.1):
    return optim.SGD(model.parameters(), lr=lr, momentum=0.9)


def train(model, loader, epochs=1, **options):
    optimizer = options.pop("optimizer", None) or sgd(model)
    return fit(model, loader, nn.CrossEntropyLoss(), optimizer, epochs, **options)


def assert_same_weights(a, b, **tolerance):
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, **tolerance)


def test_it_is_the_loop_one_writes_by_hand():
    model, by_hand = network(), network()
    history = train(model, moons(), 2)
    optimizer, losses = sgd(by_hand), []
    for _ in range(2):
        for x, y in moons():
            optimizer.zero_grad()
            loss = F.cross_entropy(by_hand(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert history.steps["loss"] == losses
    assert_same_weights(model, by_hand, rtol=0, atol=0)


def test_two_moons_are_told_apart():
    model = network()
    history = train(model, moons(shuffle=True), 40, val_loader=moons(n=200))
    assert history.epochs["val_accuracy"][-1] >= 0.97
    assert history.epochs["val_accuracy"][-1] == evaluate(model, moons(n=200))
    assert len(history.epochs["loss"]) == 40
    assert len(history.steps["loss"]) == 40 * 6
    assert history.stopped is None


def test_the_history_names_what_was_measured():
    history = train(network(), moons(), 2, val_loader=moons())
    assert list(history.steps) == ["loss", "accuracy", "lr"]
    assert list(history.epochs) == [
        *("loss", "accuracy", "val_loss", "val_accuracy", "lr", "step", "seconds")
    ]
    first = history.steps["loss"][:6]
    assert history.epochs["loss"][0] == pytest.approx(np.mean(first))
    assert "2 epochs, 12 steps; loss" in repr(history)


def test_a_metric_is_any_function_of_outputs_and_targets():
    def spread(outputs, targets):
        return outputs.data.std()

    assert list(train(network(), moons(), metric=spread).steps)[1] == "spread"
    assert list(train(network(), moons(), metric=None).steps) == ["loss", "lr"]
    smooth = nn.CrossEntropyLoss(label_smoothing=0.1)
    assert "CrossEntropyLoss" in train(network(), moons(), metric=smooth).epochs


@pytest.mark.parametrize("accumulate", [2, 4])
def test_accumulated_batches_are_one_large_batch(accumulate):
    small, large = network(), network()
    # 57 samples: the last batch, and the last group, are smaller.
    train(small, moons(5, n=57), 2, accumulate=accumulate)
    train(large, moons(5 * accumulate, n=57), 2)
    assert_same_weights(small, large, rtol=1e-5, atol=1e-6)


def test_the_gradient_s_norm_is_limited():
    model = network()
    before = [p.data.copy() for p in model.parameters()]
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    train(model, moons(60), optimizer=optimizer, max_norm=0.01)
    moved = [p.data - b for p, b in zip(model.parameters(), before, strict=True)]
    assert math.sqrt(sum((m * m).sum() for m in moved)) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("step", [1, 0.5, 0.25, 0.125]), ("epoch", [1, 1, 0.5, 0.5])],
)
def test_a_schedule_moves_by_step_or_by_epoch(schedule, expected):
    model = network()
    optimizer = sgd(model, lr=1.0)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    rates = []

    class Rates(Callback):
        def on_step(self, run):
            rates.append(run.history.steps["lr"][-1])

    train(
        model,
        moons(30),
        2,
        optimizer=optimizer,
        scheduler=scheduler,
        schedule=schedule,
        callbacks=[Rates()],
    )
    assert rates == expected


def test_a_plateau_is_judged_by_the_held_out_loss():
    model = network()
    optimizer = sgd(model, lr=1e-9)  # so slow that nothing improves
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, eps=0)
    options = {"scheduler": scheduler, "schedule": "epoch", "val_loader": moons()}
    train(model, moons(), 2, optimizer=optimizer, **options)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-10)


def test_a_time_budget_stops_after_the_step_that_spends_it():
    history = train(network(), moons(), 5, time_budget=0)
    assert history.stopped == "the time budget of 0 s is spent"
    assert len(history.steps["loss"]) == 1
    assert history.epochs == {}


def test_a_budget_spent_with_the_last_step_completes_the_epoch():
    history = train(network(), moons(60), 5, time_budget=0)
    assert len(history.epochs["loss"]) == 1


def test_modules_are_trained_in_training_mode_and_judged_in_evaluation_mode():
    modes = {"train": [], "val": []}

    class Spy(nn.Module):
        def forward(self, x):
            modes["train" if self.training else "val"].append(len(x))
            return x

    model = nn.Sequential(Spy(), nn.Linear(2, 2)).eval()
    train(model, moons(30), 1, val_loader=moons(20))
    assert modes == {"train": [30, 30], "val": [20, 20, 20]}


def test_the_graph_of_a_step_does_not_survive_it():
    model = network()
    train(model, moons())
    assert all(p.grad.grad_fn is None for p in model.parameters())


def test_a_thousand_steps_keep_nothing_but_their_measurements():
    sizes = []

    class Watch(Callback):
        def on_step(self, run):
            if run.step in (100, 1100):
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    try:
        train(network(), moons(6), 110, callbacks=[Watch()])
    finally:
        tracemalloc.stop()
    # Three numbers a step, each an object in a list.
    assert sizes[1] - sizes[0] < 1000 * 3 * 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs of at least 1, got 0"),
        ({"accumulate": 0}, "accumulate of at least 1, got 0"),
        ({"max_norm": -1}, "max_norm of at least 0, got -1"),
        ({"time_budget": -1}, "time_budget of at least 0, got -1"),
        ({"schedule": "batch"}, "schedule out of .'step', 'epoch'., got 'batch'"),
        ({"loader": []}, "at least one batch an epoch, got none"),
    ],
)
def test_bad_use_is_told(options, message):
    with pytest.raises(ValueError, match=message):
        train(network(), **{"loader": moons(), **options})


def test_a_plateau_needs_epochs():
    model = network()
    optimizer = sgd(model)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer)
    with pytest.raises(ValueError, match="'epoch' for ReduceLROnPlateau, got 'step'"):
        train(model, moons(), optimizer=optimizer, scheduler=scheduler)


class Scale(nn.Module):
    """x times a factor: large enough, it overflows."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


class Root(nn.Module):
    """The square root of |x| - |x|: its value is fine, its slope is not."""

    def forward(self, x):
        return (x.abs() - x.abs()).sqrt()


@pytest.mark.parametrize(
    ("layer", "loss", "message"),
    [
        (Scale(1e38), F.cross_entropy, r"the loss is nan; .* the output of 1 \(Scale"),
        (Root(), F.cross_entropy, "a gradient .* the gradient of the output of 0"),
        (
            Scale(1.0),
            lambda x, y: F.cross_entropy(x, y) * math.inf,
            "the loss is inf; .* the loss, from outputs that are finite",
        ),
    ],
)
def test_what_is_not_finite_is_traced_to_its_layer(layer, loss, message):
    model = nn.Sequential(nn.Linear(2, 4), layer, nn.Linear(4, 2))
    weights = {name: value.data.copy() for name, value in model.state_dict().items()}
    loader = [(x * 100, y) for x, y in moons()]
    match = r"step 1 \(epoch 1, step 1 of it\): .*" + message
    with pytest.raises(FloatingPointError, match=match):
        fit(model, loader, loss, sgd(model))
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.data, weights[name])


def test_inputs_and_parameters_are_suspects_too():
    model = network()
    bad = [(Tensor(np.full((2, 2), np.inf, "f")), Tensor(np.array([0, 1])))]
    with pytest.raises(FloatingPointError, match=r"step 7 \(epoch 2.*the inputs"):
        fit(model, Twice(moons(), bad), F.cross_entropy, sgd(model), 2)
    model[0].bias.data[0] = np.nan
    with pytest.raises(FloatingPointError, match="it began in parameter 0.bias"):
        train(model, moons())


class Twice:
    """One loader in the first epoch, another in the second."""

    def __init__(self, first, second):
        self.loaders = iter([first, second])

    def __iter__(self):
        return iter(next(self.loaders))


def test_a_flaw_that_does_not_come_back_is_told_as_such():
    flaws = iter([math.nan, 1.0])

    def loss(outputs, targets):
        return F.cross_entropy(outputs, targets) * next(flaws)

    model = network()
    with pytest.raises(FloatingPointError, match="not seen again when the step was"):
        fit(model, moons(), loss, sgd(model))


def test_accuracy_by_hand():
    scores = Tensor(np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]]))
    assert accuracy(scores, Tensor(np.array([0, 1, 1]))) == pytest.approx(2 / 3)
    logits = Tensor(np.array([[-1.0], [2.0]]))
    assert accuracy(logits, Tensor(np.array([[0.0], [0.0]]))) == 0.5
    maps = Tensor(np.zeros((2, 3, 4, 4)))  # the first of equal classes wins
    assert accuracy(maps, Tensor(np.zeros((2, 4, 4), int))) == 1.0


def test_an_interrupt_leaves_what_was_learnt_and_measured():
    """As Ctrl+C, or Stop in a notebook, in the middle of the second epoch."""

    class Impatient(Callback):
        def on_step(self, run):
            if run.step == 9:
                raise KeyboardInterrupt

    model = network()
    before = [p.data.copy() for p in model.parameters()]
    history = train(model, moons(), 4, callbacks=[Impatient()])
    assert history.stopped == "interrupted"
    assert len(history.steps["loss"]) == 9
    assert len(history.epochs["loss"]) == 1
    after = [p.data for p in model.parameters()]
    assert not any(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
