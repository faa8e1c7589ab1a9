"""Schedules, callbacks and transforms show each option that changes what they do."""

import pytest

import tinytorch as tt
from tinytorch import optim
from tinytorch.benchmark import Timer
from tinytorch.compression import KeepPruned
from tinytorch.optim import lr_scheduler as schedules
from tinytorch.training import BestWeights, Checkpoint, EarlyStopping, Progress
from tinytorch.utils.data import transforms


def scheduled(kind):
    """Make a schedule of its options alone."""

    def make(**options):
        optimizer = optim.SGD([tt.zeros(1).requires_grad_()], lr=0.1)
        return kind(optimizer, **options)

    return make


# What makes it, with arguments that it needs, and another value of each option.
OPTIONS = [
    (scheduled(schedules.StepLR), {"step_size": 2}, {"step_size": 3, "gamma": 0.5}),
    (scheduled(schedules.ExponentialLR), {"gamma": 0.5}, {"gamma": 0.9}),
    (
        scheduled(schedules.LinearLR),
        {},
        {"start_factor": 0.5, "end_factor": 0.9, "total_iters": 3},
    ),
    (
        scheduled(schedules.CosineAnnealingLR),
        {"T_max": 5},
        {"T_max": 6, "eta_min": 0.1},
    ),
    (
        scheduled(schedules.OneCycleLR),
        {"max_lr": 0.5, "total_steps": 9},
        {
            **{"max_lr": 0.6, "total_steps": 8, "pct_start": 0.5, "div_factor": 2.0},
            **{"anneal_strategy": "linear", "final_div_factor": 3.0},
        },
    ),
    (
        scheduled(schedules.ReduceLROnPlateau),
        {},
        {
            **{"mode": "max", "factor": 0.5, "patience": 3, "threshold": 0.1},
            **{"threshold_mode": "abs", "cooldown": 1, "min_lr": 0.1, "eps": 0.1},
        },
    ),
    (
        EarlyStopping,
        {},
        {"monitor": "loss", "patience": 5, "mode": "max", "min_delta": 0.1},
    ),
    (BestWeights, {}, {"monitor": "loss", "mode": "max"}),
    (Progress, {}, {"unit": "tokens"}),
    (Checkpoint, {"path": "run"}, {"path": "other", "seconds": 5.0}),
    (KeepPruned, {"masks": {}}, {}),
    (
        transforms.Normalize,
        {"mean": [0.5], "std": [1.0]},
        {"mean": [1.5], "std": [2.0]},
    ),
    (transforms.RandomHorizontalFlip, {}, {"p": 0.25}),
    (
        transforms.RandomCrop,
        {"size": (4, 4)},
        {"size": (5, 4), "padding": 2, "padding_mode": "edge"},
    ),
    (transforms.Cutout, {"size": 2}, {"size": 3, "value": 7}),
    (Timer, {}, {"repeats": 9, "warmup": 1, "min_sample": 0.5, "time_budget": 1.5}),
]


@pytest.mark.parametrize(("make", "needed", "others"), OPTIONS)
def test_what_behaves_differently_looks_different(make, needed, others):
    looks = {repr(make(**needed))}
    for name, value in others.items():
        look = repr(make(**{**needed, name: value}))
        assert f"{name}={value!r}" in look
        looks.add(look)
    assert len(looks) == 1 + len(others)


def test_what_is_made_of_others_shows_them():
    flip = transforms.RandomHorizontalFlip()
    assert repr(transforms.Compose([flip])) == "Compose([RandomHorizontalFlip(p=0.5)])"
    optimizer = optim.SGD([tt.zeros(1).requires_grad_()], lr=0.1)
    half = schedules.ExponentialLR(optimizer, 0.5)
    shown = repr(schedules.SequentialLR(optimizer, [half], []))
    inside = "schedulers=[ExponentialLR(gamma=0.5)], milestones=[]"
    assert shown == f"SequentialLR({inside})"
