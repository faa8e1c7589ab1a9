"""What is saved, shared or done twice: each kind at every place it can occur."""

import copy
import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.compression import factorize
from tinytorch.nn import functional as F
from tinytorch.nn.utils import replace_module
from tinytorch.optim import lr_scheduler as schedules
from tinytorch.quantization import quantize_dynamic, quantize_static
from tinytorch.training import BestWeights, Checkpoint, EarlyStopping, evaluate, fit


def sgd(*lrs):
    groups = [{"params": tt.zeros(1).requires_grad_(), "lr": lr} for lr in lrs]
    return optim.SGD(groups or [tt.zeros(1).requires_grad_()], lr=1.0)


def rates_of(*steppers, count=6):
    """The first group's rate now, and after each step of all the schedules."""
    rates = [steppers[0].get_last_lr()[0]]
    for _ in range(count):
        for stepper in steppers:
            stepper.step()
        rates.append(steppers[0].get_last_lr()[0])
    return rates


def sequence(optimizer):
    return schedules.SequentialLR(
        optimizer,
        [
            schedules.LinearLR(optimizer, 0.1, total_iters=3),
            schedules.ExponentialLR(optimizer, 0.5),
        ],
        [3],
    )


SCHEDULES = {
    "step": lambda o: schedules.StepLR(o, 2),
    "exponential": lambda o: schedules.ExponentialLR(o, 0.9),
    "linear": lambda o: schedules.LinearLR(o, total_iters=4),
    "cosine": lambda o: schedules.CosineAnnealingLR(o, 5),
    "one cycle": lambda o: schedules.OneCycleLR(o, 2.0, 9),
    "sequence": sequence,
    "sequence of sequences": lambda o: schedules.SequentialLR(
        o, [sequence(o), schedules.ExponentialLR(o, 0.1)], [5]
    ),
}


@pytest.mark.parametrize("with_optimizer", [False, True])
@pytest.mark.parametrize("steps", [0, 2, 4, 6])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_restored_schedule_goes_on_at_its_own_rates(name, steps, with_optimizer):
    make, first = SCHEDULES[name], sgd(1.0)
    schedule = make(first)
    for _ in range(steps):
        schedule.step()
    second = sgd(5.0)  # another rate: what was saved counts
    restored = make(second)
    if with_optimizer:
        second.load_state_dict(first.state_dict())
    restored.load_state_dict(copy.deepcopy(schedule.state_dict()))
    count = 8 - steps  # OneCycleLR ends
    assert rates_of(restored, count=count) == rates_of(schedule, count=count)


def test_a_state_saved_without_the_schedules_inside_is_loaded_too():
    schedule, restored = sequence(sgd(1.0)), sequence(sgd(1.0))
    for _ in range(4):
        schedule.step()
    old = {"last_epoch": 4, "base_lrs": [1.0]}
    restored.load_state_dict(old)
    assert rates_of(restored) == rates_of(schedule)


# What PyTorch 2.13 gives from a base of 1 for two schedules that both step.
PAIRS = [
    ("step", "exponential", [1, 0.9, 0.081, 0.0729, 0.006561, 0.0059049]),
    ("exponential", "step", [1, 0.9, 0.081, 0.0729, 0.006561, 0.0059049]),
    ("linear", "exponential", [1 / 3, 0.45, 0.54, 0.6075, 0.6561, 0.59049]),
]


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_two_schedules_that_both_step_multiply(one, other, expected):
    optimizer = sgd(1.0)
    both = SCHEDULES[one](optimizer), SCHEDULES[other](optimizer)
    np.testing.assert_allclose(rates_of(*both, count=5), expected, rtol=1e-9)


def test_a_cut_on_a_plateau_outlasts_another_schedule():
    optimizer = sgd(1.0)
    plateau = schedules.ReduceLROnPlateau(optimizer, factor=0.1, patience=0)
    half = schedules.ExponentialLR(optimizer, 0.5)
    for measure in (1.0, 2.0):
        half.step()
        plateau.step(measure)
    half.step()
    assert plateau.get_last_lr() == [pytest.approx(0.5**3 * 0.1)]


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_group_that_is_added_later_is_scheduled_too(name):
    optimizer = sgd(1.0)
    schedule = SCHEDULES[name](optimizer)
    schedule.step()
    before = optimizer.param_groups[0]["lr"]
    optimizer.add_param_group({"params": tt.zeros(1).requires_grad_(), "lr": 3.0})
    schedule.step()
    one, other = (group["lr"] for group in optimizer.param_groups)
    assert other / 3.0 == pytest.approx(one / before)


def test_a_plateau_cuts_a_group_that_is_added_later():
    optimizer = sgd(1.0)
    plateau = schedules.ReduceLROnPlateau(optimizer, patience=0)
    plateau.step(1.0)
    optimizer.add_param_group({"params": tt.zeros(1).requires_grad_(), "lr": 3.0})
    plateau.step(2.0)
    assert plateau.get_last_lr() == pytest.approx([0.1, 0.3])


@pytest.mark.parametrize("when", ["register_forward_hook", "register_forward_pre_hook"])
def test_removing_one_of_two_handles_removes_one(when):
    seen = []

    def hook(*arguments):
        seen.append(len(arguments))

    layer = nn.Identity()
    first, second = (getattr(layer, when)(hook) for _ in range(2))
    first.remove()
    first.remove()  # again does no harm
    layer(tt.ones(1))
    assert len(seen) == 1
    second.remove()
    layer(tt.ones(1))
    assert len(seen) == 1


class Twice(nn.Module):
    """One layer under two names, and once more inside a list."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.again = self.first
        self.listed = nn.ModuleList([self.first])

    def forward(self, x):
        return self.listed[0](self.again(self.first(x)))


@pytest.mark.parametrize(
    "convert",
    [
        lambda m: quantize_dynamic(m),
        lambda m: quantize_static(m, [tt.randn(8, 4)]),
        lambda m: replace_module(m, "first", nn.Identity()),
        lambda m: factorize(m, 0.1),
    ],
    ids=["dynamic", "static", "replace", "factorize"],
)
def test_a_layer_under_two_names_is_converted_under_both(convert):
    tt.manual_seed(0)
    model = convert(Twice())
    assert model.first is model.again is model.listed[0]
    assert not isinstance(model.first, nn.Linear)
    assert model(tt.randn(2, 4)).shape == (2, 4)


POINTS = [(tt.randn(8, 2), tt.arange(8) % 2) for _ in range(2)]


def stop_early(path, epochs, resume=None, patience=2):
    tt.manual_seed(1)
    model = nn.Linear(2, 2)
    watched = EarlyStopping("loss", patience, min_delta=100.0), BestWeights("loss")
    history = fit(
        model,
        POINTS,
        F.cross_entropy,
        optim.SGD(model.parameters(), lr=0.1),
        epochs,
        callbacks=[*watched, Checkpoint(path)],
        resume_from=resume,
    )
    return model, history


def test_resuming_a_run_that_had_stopped_early_does_not_train_on(tmp_path):
    path = tmp_path / "run.safetensors"
    model, history = stop_early(path, 9)
    assert len(history.epochs["loss"]) == 3
    resumed, again = stop_early(path, 20, resume=path)
    assert again.epochs["loss"] == history.epochs["loss"]
    assert "not improved" in again.stopped
    np.testing.assert_array_equal(model.weight.data, resumed.weight.data)
    _, patient = stop_early(path, 20, resume=path, patience=4)
    assert len(patient.epochs["loss"]) == 5  # who asks for more gets more


def test_early_stopping_counts_anew_in_another_run():
    watch = EarlyStopping("loss", 2, min_delta=100.0)
    for _ in range(2):
        model = nn.Linear(2, 2)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        history = fit(model, POINTS, F.cross_entropy, optimizer, 9, callbacks=[watch])
        assert "has not improved for 2 epochs" in history.stopped


IGNORED = tt.tensor([0, -100, -100, -100, 1, 2])
WEIGHT = tt.tensor([1.0, 2.0, 5.0])
LOSSES = {
    "function": F.cross_entropy,
    "module": nn.CrossEntropyLoss(),
    "weighted": nn.CrossEntropyLoss(WEIGHT),
    "another index": nn.CrossEntropyLoss(ignore_index=1),
    "smooth": nn.CrossEntropyLoss(label_smoothing=0.1),
    "plain": F.mse_loss,
}


def one_step(loss, pieces, accumulate):
    """A model after one step, the loss of that step, and its loss on the pieces."""
    tt.manual_seed(0)
    model = nn.Linear(2, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    history = fit(model, pieces, loss, optimizer, accumulate=accumulate, metric=None)
    return model, history.steps["loss"], evaluate(model, pieces, loss)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("parts", [2, 3, 6])
def test_accumulating_is_one_batch_however_targets_are_ignored(name, parts):
    x, y = tt.Generator(3).numpy.normal(size=(6, 2)), IGNORED
    inputs = tt.tensor(x.astype(np.float32))
    if name == "another index":
        y = tt.tensor([1, 1, 0, 1, 1, 2])
    if name == "plain":
        y = tt.ones(6, 3)
    size = 6 // parts
    pieces = [(inputs[i : i + size], y[i : i + size]) for i in range(0, 6, size)]
    whole, losses, held_out = one_step(LOSSES[name], [(inputs, y)], 1)
    split, more, also = one_step(LOSSES[name], pieces, parts)
    np.testing.assert_allclose(
        split.weight.data, whole.weight.data, rtol=1e-5, atol=1e-6
    )
    assert more == pytest.approx(losses, rel=1e-5)
    assert also == pytest.approx(held_out, rel=1e-5)


def test_a_step_of_nothing_but_ignored_targets_is_told():
    model = nn.Linear(2, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    batch = tt.ones(2, 2), tt.tensor([-100, -100])
    with pytest.raises(FloatingPointError, match="the loss is nan"):
        fit(model, [batch], F.cross_entropy, optimizer, metric=None)


def test_a_state_of_parameters_is_loaded():
    source, target = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    source.weight.detach().fill_(4.0)
    target.load_state_dict(dict(source.named_parameters()), strict=False)
    assert target.weight.tolist() == [4, 4, 4]
    assert target.weight.requires_grad


def test_options_given_as_numpys_numbers_are_saved(tmp_path):
    model = nn.Linear(np.int64(2), np.int32(2))
    optimizer = optim.Adam(
        model.parameters(), lr=np.float32(0.25), betas=(np.float64(0.5), 0.75)
    )
    assert repr(model) == "Linear(in_features=2, out_features=2, bias=True)"
    path = tmp_path / "run.safetensors"
    options = {"metric": None, "callbacks": [Checkpoint(path)]}
    fit(model, POINTS, F.cross_entropy, optimizer, np.int64(1), **options)
    options |= {"resume_from": path}
    history = fit(model, POINTS, F.cross_entropy, optimizer, 2, **options)
    assert history.steps["lr"] == [0.25] * 4
    assert math.isfinite(history.steps["loss"][-1])
