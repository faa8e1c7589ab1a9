"""Schedules against PyTorch's numbers."""

import numpy as np
import pytest

from tinytorch import optim, zeros
from tinytorch.optim import lr_scheduler as schedules


def sgd(*lrs):
    groups = [{"params": zeros(1).requires_grad_(), "lr": lr} for lr in lrs or (1.0,)]
    return optim.SGD(groups)


def course(scheduler, steps):
    """The rates of the first group for so many steps."""
    rates = []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        scheduler.step()
    return rates


# What PyTorch 2.13 gives from a base of 1.
COURSES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}, [1, 1, 1, 0.5, 0.5, 0.5, 0.25]),
    ("ExponentialLR", {"gamma": 0.9}, [1, 0.9, 0.81, 0.729, 0.6561]),
    (
        "LinearLR",
        {"start_factor": 0.25, "total_iters": 4},
        [0.25, 0.4375, 0.625, 0.8125, 1, 1],
    ),
    (
        "CosineAnnealingLR",
        {"T_max": 5, "eta_min": 0.1},
        [1, 0.91405765, 0.68905765, 0.41094235, 0.18594235, 0.1, 0.18594235],
    ),
    (
        "OneCycleLR",
        {"max_lr": 2.0, "total_steps": 10},
        [
            *(0.08, 1.04, 2, 1.9009693, 1.6234913),
            *(1.222524, 0.77748396, 0.37651669, 0.099038736, 8e-06),
        ],
    ),
    (
        "OneCycleLR",
        {
            "max_lr": 2.0,
            "epochs": 2,
            "steps_per_epoch": 5,
            "pct_start": 0.2,
            "anneal_strategy": "linear",
            "div_factor": 10,
            "final_div_factor": 100,
        },
        [0.2, 2, 1.75025, 1.5005, 1.25075, 1.001, 0.75125, 0.5015, 0.25175, 0.002],
    ),
    (
        "OneCycleLR",
        {"max_lr": 2.0, "total_steps": 10, "pct_start": 0.0},
        [
            *(1.9510567, 1.8090178, 1.5877869, 1.3090198, 1.000004),
            *(0.69098824, 0.4122211, 0.19099024, 0.048951288, 8e-06),
        ],
    ),
]


@pytest.mark.parametrize(("name", "options", "expected"), COURSES)
def test_the_course_is_pytorch_s(name, options, expected):
    scheduler = getattr(schedules, name)(sgd(), **options)
    np.testing.assert_allclose(course(scheduler, len(expected)), expected, rtol=1e-7)


@pytest.mark.parametrize(("name", "options", "expected"), COURSES)
def test_it_goes_on_from_its_state_dict(name, options, expected):
    first, second = (getattr(schedules, name)(sgd(), **options) for _ in range(2))
    course(first, 2)
    second.load_state_dict(first.state_dict())
    np.testing.assert_allclose(course(second, 2), expected[2:4], rtol=1e-7)


def test_a_warm_up_before_a_cosine():
    optimizer = sgd()
    scheduler = schedules.SequentialLR(
        optimizer,
        [
            schedules.LinearLR(optimizer, start_factor=0.1, total_iters=3),
            schedules.CosineAnnealingLR(optimizer, T_max=6),
        ],
        milestones=[3],
    )
    expected = [0.1, 0.4, 0.7, 1.0, 0.9330127, 0.75, 0.5, 0.25, 0.066987298, 0.0]
    np.testing.assert_allclose(course(scheduler, 10), expected, atol=1e-9)


def test_each_group_has_its_own_base_and_peak():
    optimizer = sgd(1.0, 10.0)
    scheduler = schedules.ExponentialLR(optimizer, gamma=0.5)
    scheduler.step()
    assert scheduler.get_last_lr() == [0.5, 5.0]
    peaks = schedules.OneCycleLR(sgd(1.0, 1.0), [5.0, 50.0], 10)
    np.testing.assert_allclose(peaks.get_last_lr(), [0.2, 2.0])


# Measures, and the rates that PyTorch 2.13 gives after each.
MEASURES = [5, 4, 4, 4, 4, 3.9997, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"patience": 1},
            [1, 1, 1, 0.1, 0.1, *[1e-2] * 3, 1e-3, 1e-3, *[1e-4] * 4, 1e-5, 1e-5],
        ),
        (
            {"patience": 1, "cooldown": 2, "factor": 0.5, "min_lr": 0.2},
            [1, 1, 1, *[0.5] * 5, *[0.25] * 6, 0.2, 0.2],
        ),
        (
            {"mode": "max", "patience": 2, "threshold": 0.5, "threshold_mode": "abs"},
            [1, 1, 1, *[0.1] * 3, *[1e-2] * 3, *[1e-3] * 3, *[1e-4] * 3, 1e-5],
        ),
    ],
)
def test_a_plateau_cuts_the_rate(options, expected):
    optimizer = sgd()
    scheduler = schedules.ReduceLROnPlateau(optimizer, **options)
    rates = []
    for i, measure in enumerate(MEASURES):
        if i == 7:  # from here on, a copy of it
            state = scheduler.state_dict()
            scheduler = schedules.ReduceLROnPlateau(optimizer, **options)
            scheduler.load_state_dict(state)
        scheduler.step(measure)
        rates.append(scheduler.get_last_lr()[0])
    np.testing.assert_allclose(rates, expected)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda o: schedules.StepLR([1], 3), TypeError, "an Optimizer, got list"),
        (lambda o: schedules.StepLR(o, 0), ValueError, "step_size of at least 1"),
        (lambda o: schedules.CosineAnnealingLR(o, 0), ValueError, "T_max of at"),
        (lambda o: schedules.LinearLR(o, total_iters=0), ValueError, "total_iters"),
        (
            lambda o: schedules.OneCycleLR(o, 1.0),
            ValueError,
            "expected total_steps, or",
        ),
        (lambda o: schedules.OneCycleLR(o, 1.0, 0), ValueError, "total_steps of at"),
        (
            lambda o: schedules.OneCycleLR(o, 1.0, 5, pct_start=2),
            ValueError,
            "pct_start from 0 to 1, got 2",
        ),
        (
            lambda o: schedules.OneCycleLR(o, 1.0, 5, anneal_strategy="up"),
            ValueError,
            "out of .'cos', 'linear'., got 'up'",
        ),
        (
            lambda o: schedules.OneCycleLR(o, [1.0, 2.0], 5),
            ValueError,
            "max_lr expects 1 values",
        ),
        (
            lambda o: course(schedules.OneCycleLR(o, 1.0, 5), 6),
            ValueError,
            "has 5 steps, got step 6",
        ),
        (
            lambda o: schedules.SequentialLR(o, [], [1]),
            ValueError,
            r"one fewer than 0 schedulers, got \[1\]",
        ),
        (
            lambda o: schedules.SequentialLR(o, [schedules.StepLR(sgd(), 1)], []),
            ValueError,
            "of the same optimizer",
        ),
        (
            lambda o: schedules.ReduceLROnPlateau(o, factor=1),
            ValueError,
            "factor below 1",
        ),
        (
            lambda o: schedules.ReduceLROnPlateau(o, min_lr=[0.1, 0.2]),
            ValueError,
            "min_lr expects 1 values",
        ),
        (
            lambda o: schedules.ReduceLROnPlateau(o, mode="low"),
            ValueError,
            "mode out of .'min', 'max'., got 'low'",
        ),
        (
            lambda o: schedules.ReduceLROnPlateau(o, threshold_mode="x"),
            ValueError,
            "out of .'rel', 'abs'., got 'x'",
        ),
        (lambda o: schedules.LRScheduler(o), NotImplementedError, "a rate method"),
    ],
)
def test_bad_use_is_told(make, error, message):
    with pytest.raises(error, match=message):
        make(sgd())


def test_a_schedule_is_equal_to_itself_alone():
    optimizer = sgd()
    first, second = (schedules.StepLR(optimizer, 2) for _ in range(2))
    assert {first, second, first} == {second, first}
    assert first != second
