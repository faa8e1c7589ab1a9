"""Lesson 05, losses: one number for how wrong a network is."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch import Tensor, ops
from tinytorch.workshop.checking import Case
from tinytorch.workshop.curriculum.arrays import array, f32
from tinytorch.workshop.curriculum.model import Lesson, Part

INF = float("inf")
_ZEROS = np.zeros(40_000, dtype=np.int64)


def _number(value: float) -> Tensor:
    return Tensor(np.array(value, dtype=np.float32))


def _input(array: Any) -> Tensor:
    return Tensor(np.array(array, dtype=np.float32), requires_grad=True)


def _with_slopes(*names: str) -> Callable[[tuple, Any], dict[str, Any]]:
    """Compare the loss, and its slopes to the first arguments, by their names.

    A result computed past the tensors has no slopes, and training could not use it.
    """

    def look(args: tuple, out: Any) -> dict[str, Any]:
        slopes: dict[str, Any] = dict.fromkeys(names, "none: compute with tensors")
        if out.requires_grad:
            with np.errstate(all="ignore"):
                out.sum().backward()
            slopes = {n: x.grad for n, x in zip(names, args, strict=False)}
        named = {f"slope to {name}": slope for name, slope in slopes.items()}
        return {"loss": out.detach(), **named}

    return look


def _reductions() -> list[Case]:
    look = _with_slopes("losses")
    table = [("mean", _number(2.0)), ("sum", _number(6.0))]
    by_hand = [
        Case(
            f"{how} of 1, 2 and 3",
            lambda how=how: (_input([1.0, 2.0, 3.0]), how),
            want,
            look=lambda args, out: out.detach(),
        )
        for how, want in table
    ]
    random = [
        Case(
            f"{how}, shape {shape}",
            lambda s=shape, how=how: (_input(array(*s)), how),
            look=look,
        )
        for shape in [(4,), (2, 3)]
        for how in ("mean", "sum", "none")
    ]
    bad = Case("'average'", lambda: (_input([1.0]), "average"), raises=ValueError)
    none: Any = None
    nothing = Case("None", lambda: (_input([1.0]), none), raises=ValueError)
    return [*by_hand, *random, bad, nothing]


def _mse() -> list[Case]:
    look = _with_slopes("input")
    by_hand = Case(
        "1 for 0 and 2 for 4",
        lambda: (_input([1.0, 2.0]), Tensor(f32(0.0, 4.0))),
        {"loss": _number(2.5), "slope to input": Tensor(f32(1.0, -2.0))},
        look=look,
        hint="Errors of 1 and -2, squares of 1 and 4, their mean is 2.5.",
    )
    random = [
        Case(
            f"shape {shape}, {how}",
            lambda s=shape, how=how: (
                _input(array(*s)),
                Tensor(array(*s, seed=1)),
                how,
            ),
            look=look,
        )
        for shape, how in [((3, 2), "mean"), ((4,), "sum"), ((2, 3), "none")]
    ]
    bad = Case(
        "shapes (3, 1) and (3,)",
        lambda: (_input(array(3, 1)), Tensor(array(3))),
        raises=ValueError,
        hint="These would broadcast to (3, 3), nine differences instead of three: "
        "expect.shape refuses that.",
    )
    return [by_hand, *random, bad]


def _log_sum_exp() -> list[Case]:
    log2 = 0.6931472
    table = [
        ("0 and 0", [0.0, 0.0], log2, ""),
        ("1000 and 1000", [1000.0, 1000.0], 1000 + log2, "Shift by the largest first."),
        (
            "-1000 and -1000",
            [-1000.0, -1000.0],
            -1000 + log2,
            "Shift by the largest, whatever its sign.",
        ),
        ("1000 and -1000", [1000.0, -1000.0], 1000.0, ""),
        ("-inf and -inf", [-INF, -INF], -INF, "-inf - (-inf) is nan: shift by 0."),
        ("-inf and 3", [-INF, 3.0], 3.0, ""),
        ("inf and 3", [INF, 3.0], INF, "inf - inf is nan: shift by 0."),
    ]
    by_hand = [
        Case(label, lambda x=x: (f32(*x), 0), f32(want), hint=hint)
        for label, x, want, hint in table
    ]
    options: list[tuple[tuple[int, ...], Any]] = [
        ((2, 3), 1),
        ((2, 3), 0),
        ((2, 3), None),
        ((2, 3, 4), (0, 2)),
        ((2, 3, 4), -2),
        ((2, 0), 1),
        ((), None),
    ]
    random = [
        Case(f"shape {s}, dim {d}", lambda s=s, d=d: (array(*s), d)) for s, d in options
    ]
    rows = Case(
        "each row by its own largest",
        lambda: (f32([900.0, 900.0], [-900.0, -900.0]), 1),
        f32([900 + log2], [-900 + log2]),
    )
    double = Case(
        "float64 stays float64",
        lambda: (np.array([0.0, 1e-9]), 0),
        np.array([0.6931471810599453]),
        rtol=1e-13,
        atol=0,
    )
    return [*by_hand, rows, *random, double]


def _bce() -> list[Case]:
    look = _with_slopes("input")
    table = [
        ("x = 0, t = 1", 0.0, 1.0, 0.6931472, -0.5, ""),
        ("x = 0, t = 0", 0.0, 0.0, 0.6931472, 0.5, ""),
        (
            "x = 1000, t = 0",
            1000.0,
            0.0,
            1000.0,
            1.0,
            "log(1 - sigmoid(1000)) is log(0); with softplus nothing overflows.",
        ),
        ("x = -1000, t = 1", -1000.0, 1.0, 1000.0, -1.0, ""),
        ("x = 1000, t = 1", 1000.0, 1.0, 0.0, 0.0, ""),
        ("x = 0, t = 0.25", 0.0, 0.25, 0.6931472, 0.25, ""),
    ]
    by_hand = [
        Case(
            label,
            lambda x=x, t=t: (_input([x]), Tensor(f32(t))),
            {"loss": _number(want), "slope to input": Tensor(f32(slope))},
            look=look,
            hint=hint,
        )
        for label, x, t, want, slope, hint in table
    ]

    def options(weight: Any, how: str, positive: Any) -> tuple:
        t = np.random.default_rng(1).uniform(size=(4, 3)).astype(np.float32)
        tensors = [w if w is None else Tensor(w) for w in (weight, positive)]
        return _input(array(4, 3)), Tensor(t), tensors[0], how, tensors[1]

    weight = np.abs(array(3, seed=2))
    random = [
        Case(label, lambda w=w, how=how, p=p: options(w, how, p), look=look, hint=hint)
        for label, w, how, p, hint in [
            ("(4, 3), mean", None, "mean", None, ""),
            ("(4, 3), sum", None, "sum", None, ""),
            ("weighted", weight, "mean", None, "weight multiplies each loss."),
            ("pos_weight", None, "none", weight, "pos_weight only multiplies t's term"),
            ("both weights", weight, "none", weight + 1, ""),
        ]
    ]
    bad = Case(
        "shapes (3, 1) and (3,)",
        lambda: (_input(array(3, 1)), Tensor(array(3))),
        raises=ValueError,
    )
    return [*by_hand, *random, bad]


def _cross_entropy() -> list[Case]:
    def look(args: tuple, out: Any) -> dict[str, Any]:
        return {"losses": out, "saved in ctx": args[0].saved}

    def call(function: Callable[..., Any], args: tuple) -> Any:
        return function(*args[:2], ids=args[2])

    table: list[tuple[str, list[list[float]], list[int], list[float], str]] = [
        ("scores 0 and 0", [[0.0, 0.0]], [0], [0.6931472], ""),
        (
            "scores 2, 1 and 0, class 0, then class 2",
            [[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]],
            [0, 2],
            [0.4076059, 2.4076059],
            "Of each row, pick the place that ids names.",
        ),
        (
            "scores 1000 and 0, class 1",
            [[1000.0, 0.0]],
            [1],
            [1000.0],
            "Never take the log of a softmax: take log_softmax.",
        ),
        (
            "scores 0 and -inf, class 0",
            [[0.0, -INF]],
            [0],
            [0.0],
            "0 times -inf is nan: pick the number, do not multiply with a mask.",
        ),
    ]
    many = Case(
        "40,000 rows",
        lambda: (ops.CrossEntropy(), np.zeros((40_000, 2), np.float32), _ZEROS),
        look=lambda args, out: (out.shape, float(out.mean())),
        call=call,
        hint="Index rows and classes together: log_p[rows, ids] picks one of each.",
    )
    by_hand = [
        Case(
            label,
            lambda x=x, ids=ids: (ops.CrossEntropy(), f32(*x), np.array(ids)),
            f32(*want),
            look=lambda args, out: out,
            call=call,
            hint=hint,
        )
        for label, x, ids, want, hint in table
    ]
    random = [
        Case(
            f"{rows} rows of {classes}",
            lambda r=rows, c=classes: (
                ops.CrossEntropy(),
                5 * array(r, c),
                np.random.default_rng(1).integers(0, c, size=r),
            ),
            look=look,
            call=call,
            hint="Lesson 07 goes back from here: "
            "ctx.save_for_backward(log-probabilities, ids).",
        )
        for rows, classes in [(5, 4), (4, 4), (3, 1), (0, 3)]
    ]
    random.append(many)
    return [*by_hand, *random]


def _counted() -> list[Case]:
    look = _with_slopes("losses")
    third = 1 / 3
    table: list[tuple[str, list[float], list[float], str, Any, list[float], str]] = [
        (
            "2, 4 and one ignored",
            [2.0, 0.0, 4.0],
            [1.0, 0.0, 1.0],
            "mean",
            3.0,
            [0.5, 0.5, 0.5],
            "Two losses count, so divide by 2, not by 3.",
        ),
        (
            "2, and 6 that counts three times",
            [2.0, 6.0],
            [1.0, 3.0],
            "mean",
            2.0,
            [0.25, 0.25],
            "The losses are weighed already: divide by the sum of the shares.",
        ),
        (
            "all ignored",
            [0.0, 0.0],
            [0.0, 0.0],
            "mean",
            float("nan"),
            [1.0, 1.0],
            "The mean of nothing is nan; but no slope may become nan: add nan to the "
            "sum, do not divide by 0.",
        ),
        ("their sum", [2.0, 0.0], [1.0, 0.0], "sum", 2.0, [1.0, 1.0], ""),
        ("three alike", [1.0] * 3, [1.0] * 3, "mean", 1.0, [third] * 3, ""),
    ]
    by_hand = [
        Case(
            label,
            lambda x=x, share=share, how=how: (_input(x), f32(*share), how),
            {"loss": _number(want), "slope to losses": Tensor(f32(*slope))},
            look=look,
            hint=hint,
        )
        for label, x, share, how, want, slope, hint in table
    ]
    random = [
        Case(
            f"(2, 3), {how}",
            lambda how=how: (_input(array(2, 3)), np.abs(array(2, 3, seed=1)), how),
            look=look,
        )
        for how in ("mean", "none")
    ]
    bad = Case(
        "'average'", lambda: (_input([1.0]), f32(1.0), "average"), raises=ValueError
    )
    return [*by_hand, *random, bad]


def _smooth() -> list[Case]:
    look = _with_slopes("losses", "log_p")
    by_hand = Case(
        "a loss of 2 among 2, 1 and 6, a tenth smoothed",
        lambda: (_input([2.0]), _input([[-2.0, -1.0, -6.0]]), 0.1),
        Tensor(f32(2.1)),
        look=lambda args, out: out.detach(),
        hint="0.9 · 2 + 0.1 · (2 + 1 + 6)/3 = 2.1",
    )
    random = [
        Case(
            f"log_p of shape {shape}, smoothed by {s}",
            lambda shape=shape, s=s: (
                _input(array(shape[0], *shape[2:])),
                _input(array(*shape, seed=1)),
                s,
            ),
            look=look,
            hint="Classes lie on axis 1.",
        )
        for shape, s in [((4, 3), 0.1), ((3, 3), 1.0), ((2, 4, 5), 0.3)]
    ]
    return [by_hand, *random]


LESSON = Lesson(
    number=5,
    name="losses",
    title="Losses: how wrong, in one number",
    question="say in one number how wrong a network is",
    chapter="4 DNN Architectures",
    minutes=60,
    summary="Squared error, cross-entropy, and why they are computed from logits.",
    parts=(
        Part(
            "nn.functional.reduce_losses",
            1,
            "Three known words, and a ValueError for any other.",
            _reductions,
        ),
        Part(
            "nn.functional.mse_loss",
            2,
            "Check the shape, square the difference, reduce.",
            _mse,
            equivalent=("expect.tensors( because every case gives tensors",),
        ),
        Part(
            "ops.log_sum_exp",
            4,
            "Subtract the largest before exp, add it after log; keep the axes.",
            _log_sum_exp,
            equivalent=(
                "np.errstate(divide='ignore') -> np.errstate() because a warning is "
                "no result",
                "0 -> 1 in `top = because any finite shift does",
                "0 -> -1 in `top = because any finite shift does",
            ),
        ),
        Part(
            "nn.functional.binary_cross_entropy_with_logits",
            3,
            "-log(sigmoid(x)) is softplus(-x); -log(1 - sigmoid(x)) is softplus(x).",
            _bce,
        ),
        Part(
            "ops.CrossEntropy.forward",
            3,
            "Take log_softmax of each row; the loss is minus its value at the target.",
            _cross_entropy,
        ),
        Part(
            "nn.functional.reduce_counted",
            2,
            "Only the mean is special: it divides by what counts.",
            _counted,
            equivalent=(
                "losses.sum() + math.nan -> losses.sum() - math.nan because nan has "
                "no sign",
            ),
        ),
        Part(
            "nn.functional.smooth",
            2,
            "Most of the loss is the target's; the rest is the mean over all classes.",
            _smooth,
        ),
    ),
)
