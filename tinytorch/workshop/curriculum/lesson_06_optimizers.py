"""Lesson 06, optimizers: walking downhill, given gradients."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch import Tensor
from tinytorch.backends.loops import LoopsBackend
from tinytorch.optim import SGD, Optimizer
from tinytorch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, StepLR
from tinytorch.workshop.checking import Case
from tinytorch.workshop.curriculum.arrays import array, f32
from tinytorch.workshop.curriculum.model import Lesson, Part


def _call(names: tuple[str, ...]) -> Callable[[Callable[..., Any], tuple], Any]:
    """Pass the last arguments of a case as options of these names."""

    def call(function: Callable[..., Any], args: tuple) -> Any:
        plain, options = args[: -len(names)], args[-len(names) :]
        return function(*plain, **dict(zip(names, options, strict=True)))

    return call


# Kernels

_SGD = ("lr", "momentum", "dampening", "weight_decay", "nesterov")
_SHAPES: tuple[tuple[int, ...], ...] = ((2, 3), (), (4,), (0,))


def _sgd_look(args: tuple, result: Any) -> dict[str, Any]:
    return {"params": args[1], "buffers": args[3], "returned": result}


def _sgd_step() -> list[Case]:
    table: list[tuple[str, float | None, tuple, float, float | None, str]] = [
        (
            "p = 1, slope 0.5",
            None,
            (0.1, 0, 0, 0, False),
            0.95,
            None,
            "p[i] becomes 1 - 0.1 · 0.5 = 0.95, in place.",
        ),
        (
            "momentum 0.9, velocity 2",
            2.0,
            (0.1, 0.9, 0, 0, False),
            0.77,
            2.3,
            "The new velocity is 0.9 · 2 + 0.5 = 2.3, and the step is 0.1 times that.",
        ),
        (
            "dampening 0.5",
            2.0,
            (0.1, 0.9, 0.5, 0, False),
            0.795,
            2.05,
            "Dampening takes from the gradient: 0.9 · 2 + (1 - 0.5) · 0.5 = 2.05.",
        ),
        (
            "Nesterov",
            2.0,
            (0.1, 0.9, 0, 0, True),
            0.743,
            2.3,
            "Step by gradient plus momentum times the new velocity: 0.5 + 0.9 · 2.3.",
        ),
        (
            "weight decay 0.2",
            None,
            (0.1, 0, 0, 0.2, False),
            0.93,
            None,
            "The gradient becomes 0.5 + 0.2 · 1 = 0.7.",
        ),
    ]
    by_hand = [
        Case(
            label,
            lambda v=v, o=options: (
                LoopsBackend(),
                [f32(1.0)],
                [f32(0.5)],
                [None if v is None else f32(v)],
                *o,
            ),
            {
                "params": [f32(p)],
                "buffers": [None if left is None else f32(left)],
                "returned": None,
            },
            look=_sgd_look,
            may_change=(1, 3),
            hint=hint,
            call=_call(_SGD),
        )
        for label, v, options, p, left, hint in table
    ]
    random = [
        Case(
            f"four parameters, {label}",
            lambda o=options, keep=bool(options[1]): (
                LoopsBackend(),
                [array(*s) for s in _SHAPES],
                [array(*s, seed=1) for s in _SHAPES],
                [array(*s, seed=2) if keep else None for s in _SHAPES],
                *o,
            ),
            look=_sgd_look,
            may_change=(1, 3),
            hint="Each parameter has its own shape: np.ndindex(*p.shape).",
            call=_call(_SGD),
        )
        for label, options in [
            ("plain", (0.3, 0, 0, 0, False)),
            ("everything but Nesterov", (0.3, 0.8, 0.3, 0.1, False)),
            ("Nesterov and weight decay", (0.3, 0.8, 0, 0.1, True)),
        ]
    ]
    return [*by_hand, *random]


_ADAM = ("lr", "betas", "eps", "weight_decay", "decoupled", "step")


def _adam_look(args: tuple, result: Any) -> dict[str, Any]:
    return {
        "params": args[1],
        "firsts": args[3],
        "seconds": args[4],
        "returned": result,
    }


def _adam_step() -> list[Case]:
    betas = (0.9, 0.999)
    table: list[tuple[str, tuple, tuple, tuple, str]] = [
        (
            "the first step, slope 0.5",
            (0.0, 0.0),
            (0.1, betas, 0.0, 0, False, 1),
            (0.9, 0.05, 0.00025),
            "Made up for, the means are 0.05 / (1 - 0.9) = 0.5 and 0.25: the step is "
            "0.1 · 0.5 / 0.5.",
        ),
        (
            "the second step",
            (0.05, 0.00025),
            (0.1, betas, 0.0, 0, False, 2),
            (0.9, 0.095, 0.00049975),
            "In step 2 the means are divided by 1 - 0.9² and 1 - 0.999².",
        ),
        (
            "eps 0.5",
            (0.0, 0.0),
            (0.1, betas, 0.5, 0, False, 1),
            (0.95, 0.05, 0.00025),
            "eps is added to the root, not under it: 0.1 · 0.5 / (0.5 + 0.5).",
        ),
        (
            "weight decay 0.5, in the gradient",
            (0.0, 0.0),
            (0.1, betas, 1.0, 0.5, False, 1),
            (0.95, 0.1, 0.001),
            "The gradient becomes 0.5 + 0.5 · 1 = 1.",
        ),
        (
            "weight decay 0.5, decoupled",
            (0.0, 0.0),
            (0.1, betas, 0.5, 0.5, True, 1),
            (0.9, 0.05, 0.00025),
            "p shrinks to 1 · (1 - 0.1 · 0.5), then steps by 0.05; the gradient stays.",
        ),
    ]
    by_hand = [
        Case(
            label,
            lambda means=means, o=options: (
                LoopsBackend(),
                [f32(1.0)],
                [f32(0.5)],
                [f32(means[0])],
                [f32(means[1])],
                *o,
            ),
            {
                "params": [f32(want[0])],
                "firsts": [f32(want[1])],
                "seconds": [f32(want[2])],
                "returned": None,
            },
            look=_adam_look,
            may_change=(1, 3, 4),
            hint=hint,
            call=_call(_ADAM),
            atol=1e-7,
        )
        for label, means, options, want, hint in table
    ]
    random = [
        Case(
            f"four parameters, {label}",
            lambda o=options: (
                LoopsBackend(),
                [array(*s) for s in _SHAPES],
                [array(*s, seed=1) for s in _SHAPES],
                [array(*s, seed=2) for s in _SHAPES],
                [np.asarray(np.abs(array(*s, seed=3))) for s in _SHAPES],
                *o,
            ),
            look=_adam_look,
            may_change=(1, 3, 4),
            call=_call(_ADAM),
        )
        for label, options in [
            ("Adam in step 3", (0.2, (0.8, 0.9), 0.01, 0.1, False, 3)),
            ("AdamW in step 7", (0.2, (0.8, 0.9), 0.01, 0.1, True, 7)),
        ]
    ]
    return [*by_hand, *random]


# The optimizer around them


def _leaf(*numbers: float, slope: float | None) -> Tensor:
    p = Tensor(f32(*numbers), requires_grad=True)
    p.grad = None if slope is None else Tensor(np.full_like(p.data, slope))
    return p


def _forgets() -> list[Case]:
    def one_group() -> tuple:
        return (SGD([_leaf(1.0, slope=0.5), _leaf(2.0, 3.0, slope=4.0)]),)

    def some_without() -> tuple:
        slopes = (0.5, None, 4.0)
        return (SGD([_leaf(1.0, slope=s) for s in slopes]),)

    def the_very(args: tuple, result: Any) -> bool:
        kept = args[0].kept
        now = [p for group in args[0].param_groups for p in group["params"]]
        return len(kept) == len(now) and all(
            a is b and a.requires_grad for a, b in zip(kept, now, strict=True)
        )

    def remembered() -> tuple:
        (optimizer,) = one_group()
        optimizer.kept = list(optimizer.param_groups[0]["params"])
        return (optimizer,)

    def two_groups() -> tuple:
        groups = [{"params": [_leaf(1.0, slope=s)]} for s in (0.5, 0.25)]
        return (SGD(groups),)

    def look(args: tuple, result: Any) -> dict[str, Any]:
        groups = args[0].param_groups
        return {
            "gradients": [[p.grad for p in group["params"]] for group in groups],
            "returned": result,
        }

    return [
        Case(
            "two parameters",
            one_group,
            {"gradients": [[None, None]], "returned": None},
            look=look,
            hint="Of every p in group['params'], set .grad to None.",
        ),
        Case(
            "one in the middle has none",
            some_without,
            {"gradients": [[None, None, None]], "returned": None},
            look=look,
            hint="Go on after a parameter without a gradient.",
        ),
        Case(
            "the parameters stay the same objects",
            remembered,
            True,
            look=the_very,
            hint="The network holds these very tensors: only their .grad goes.",
        ),
        Case(
            "two groups",
            two_groups,
            {"gradients": [[None], [None]], "returned": None},
            look=look,
            hint="There may be several groups.",
        ),
    ]


class _Noted(Optimizer):
    """Moves by one rate a group, and notes whom it was asked to move."""

    def __init__(self, groups: list[dict[str, Any]]) -> None:
        super().__init__(groups, {"lr": 1.0})
        self.moved: list[list[float]] = []

    def _update(self, params: list[Tensor], group: dict[str, Any]) -> None:
        if params:
            self.moved.append([group["lr"], *(float(p.data[0]) for p in params)])
        for p in params:
            p.data -= group["lr"] * p.grad.data if p.grad is not None else 0


def _noted() -> tuple:
    first = [_leaf(1.0, slope=0.5), _leaf(2.0, slope=None), _leaf(3.0, slope=1.0)]
    second = [_leaf(4.0, slope=1.0)]
    third = [_leaf(5.0, slope=None)]
    rates = [(first, 0.1), (second, 0.5), (third, 1.0)]
    return (_Noted([{"params": ps, "lr": lr} for ps, lr in rates]),)


def _watched() -> tuple:
    p = _leaf(2.0, slope=1.0)
    optimizer: Any = SGD([p], lr=0.1)
    optimizer.recorded = p * p
    return (optimizer,)


def _still_fresh(args: tuple, result: Any) -> str:
    """Whether a graph that saved the old parameters is known to be out of date."""
    try:
        args[0].recorded.backward()
    except RuntimeError:
        return "noted as changed"
    return "changed, and nobody was told"


def _steps() -> list[Case]:
    def look(args: tuple, result: Any) -> dict[str, Any]:
        groups = args[0].param_groups
        return {
            "params": [[p.data for p in group["params"]] for group in groups],
            "moved, by rate": args[0].moved,
            "returned": result,
        }

    return [
        Case(
            "three groups; some have no gradient",
            _noted,
            {
                "params": [[f32(0.95), f32(2.0), f32(2.9)], [f32(3.5)], [f32(5)]],
                "moved, by rate": [[0.1, 1.0, 3.0], [0.5, 4.0]],
                "returned": None,
            },
            look=look,
            hint="Of each group, hand on those whose .grad is not None, in one call.",
        ),
        Case(
            "a graph recorded before the step",
            _watched,
            "noted as changed",
            look=_still_fresh,
            hint="Call autograd.mark_written(p.data) for all that moved.",
        ),
        Case(
            "plain SGD",
            lambda: (SGD([_leaf(1.0, 2.0, slope=0.5)], lr=0.1),),
            [f32(0.95, 1.95)],
            look=lambda args, result: [
                p.data for p in args[0].param_groups[0]["params"]
            ],
        ),
    ]


# Schedules


def _optimizer(lr: float = 1.0) -> SGD:
    return SGD([_leaf(1.0, slope=None)], lr=lr)


def _rates(
    label: str,
    scheduler: Callable[[], Any],
    table: list[tuple[float, int, float]],
    hint: str = "",
) -> list[Case]:
    return [
        Case(
            f"{label}, base {base}, t = {t}",
            lambda b=base, t=t: (scheduler(), b, t),
            want,
            hint=hint,
            rtol=1e-9,
            atol=1e-12,
        )
        for base, t, want in table
    ]


def _step_lr() -> list[Case]:
    return _rates(
        "step_size 3, gamma 0.5",
        lambda: StepLR(_optimizer(), 3, 0.5),
        [(1.0, 0, 1.0), (1.0, 2, 1.0), (1.0, 3, 0.5), (0.8, 8, 0.2), (2.0, 9, 0.25)],
        "Whole steps of step_size in t: //.",
    ) + _rates(
        "step_size 4, gamma 0.1",
        lambda: StepLR(_optimizer(), 4, 0.1),
        [(1.0, 3, 1.0), (1.0, 4, 0.1), (3.0, 9, 0.03)],
        "self.step_size and self.gamma say how often, and by how much.",
    )


def _cosine() -> list[Case]:
    half = 0.1 + 0.9 * (1 + math.sqrt(0.5)) / 2
    return _rates(
        "T_max 8, eta_min 0.1",
        lambda: CosineAnnealingLR(_optimizer(), 8, 0.1),
        [(1.0, 0, 1.0), (1.0, 4, 0.55), (1.0, 8, 0.1), (1.0, 2, half), (0.5, 4, 0.3)],
        "cos goes from 1 to -1 as its angle goes from 0 to pi.",
    ) + _rates(
        "T_max 2, eta_min 0",
        lambda: CosineAnnealingLR(_optimizer(), 2),
        [(1.0, 1, 0.5), (1.0, 2, 0.0)],
    )


def _one_cycle() -> list[Case]:
    def make(steps: int, share: float, how: Any = "linear") -> Callable[[], Any]:
        return lambda: OneCycleLR(
            _optimizer(),
            1.0,
            steps,
            pct_start=share,
            anneal_strategy=how,
            div_factor=10.0,
            final_div_factor=100.0,
        )

    peak = "With 10 steps and 0.4 of them up, the top is at t = 0.4 · 10 - 1 = 3."
    good = _rates(
        "10 steps, 0.4 up",
        make(10, 0.4),
        [
            (0.1, 0, 0.1),
            (0.1, 3, 1.0),
            (0.1, 1, 0.4),
            (0.1, 9, 0.001),
            (0.1, 6, 0.5005),
            (0.1, 10, 0.001),
            (0.2, 3, 2.0),
        ],
        peak,
    )
    good += _rates("a cosine of 10 steps", make(10, 0.4, "cos"), [(0.1, 2, 0.775)])
    good += _rates(
        "no rise", make(10, 0.0), [(0.1, 0, 0.9001)], "Then the top is at t = -1."
    )
    nothing = "Where there is nothing to divide by, the end is reached."
    good += _rates("a rise of one step", make(10, 0.1), [(0.1, 0, 1.0)], nothing)
    good += _rates("no fall", make(4, 1.0), [(0.1, 4, 0.001)], nothing)
    good += _rates(
        "div_factor 25, final_div_factor 10",
        lambda: OneCycleLR(
            _optimizer(),
            1.0,
            10,
            pct_start=0.4,
            anneal_strategy="linear",
            div_factor=25.0,
            final_div_factor=10.0,
        ),
        [(0.04, 3, 1.0), (0.04, 9, 0.004)],
        "self.div_factor and self.final_div_factor say how far it goes.",
    )
    beyond = Case(
        "10 steps, t = 11", lambda: (make(10, 0.4)(), 0.1, 11), raises=ValueError
    )
    return [*good, beyond]


LESSON = Lesson(
    number=6,
    name="optimizers",
    title="Optimizers: walking downhill",
    question="walk downhill, given gradients",
    chapter="7 AI Frameworks",
    minutes=75,
    summary="SGD, momentum, Adam and schedules, and what each has to remember.",
    parts=(
        Part(
            "backends.LoopsBackend.sgd_step",
            4,
            "Start with p[i] -= lr * g; add weight decay before and velocity between.",
            _sgd_step,
        ),
        Part(
            "optim.Optimizer.zero_grad",
            1,
            "For each group, for each parameter: .grad = None.",
            _forgets,
        ),
        Part(
            "optim.Optimizer.step",
            2,
            "Of each group, pick those with a gradient; _update; mark_written.",
            _steps,
            equivalent=("if -> True: if True because to move nothing does nothing",),
        ),
        Part(
            "backends.LoopsBackend.adam_step",
            5,
            "Two running means, made up for their start; then one over the other's "
            "root.",
            _adam_step,
        ),
        Part(
            "optim.lr_scheduler.StepLR.rate",
            1,
            "How many whole steps of step_size are in t?",
            _step_lr,
        ),
        Part(
            "optim.lr_scheduler.CosineAnnealingLR.rate",
            2,
            "(1 + cos) / 2 goes from 1 to 0: use it to mix base and eta_min.",
            _cosine,
        ),
        Part(
            "optim.lr_scheduler.OneCycleLR.rate",
            3,
            "Find the top first; before it, go up; after it, go down.",
            _one_cycle,
            equivalent=(
                "t <= peak -> t < peak in `if t <= peak because rise and fall meet at "
                "the top, and without a fall the docstring has it at either end",
            ),
        ),
    ),
)
