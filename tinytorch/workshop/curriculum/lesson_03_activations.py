"""Lesson 03, activations: functions that bend, their slopes, and numbers that last."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.autograd import Function
from tinytorch.backends.loops import LoopsBackend
from tinytorch.ops.elementwise import Sigmoid, Tanh
from tinytorch.workshop.checking import REFERENCE, Case, of_backward
from tinytorch.workshop.curriculum.arrays import array
from tinytorch.workshop.curriculum.model import Lesson, Part


def _row(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def _kernel(
    label: str, *arrays: np.ndarray, want: Any = REFERENCE, **more: Any
) -> Case:
    """A case of a kernel: LoopsBackend and copies of the arrays."""
    return Case(
        label, lambda: (LoopsBackend(), *(a.copy() for a in arrays)), want, **more
    )


def _relu() -> list[Case]:
    return [
        _kernel("one of each", _row(-2, 0, 3), want=_row(0, 0, 3)),
        _kernel("far out", _row(-1000, 1000), want=_row(0, 1000)),
        _kernel(
            "infinities",
            _row(-np.inf, np.inf),
            want=_row(0, np.inf),
            hint="-inf times 0 is nan: choose, do not multiply.",
        ),
        _kernel("smaller than 1", _row(0.25, -0.5), want=_row(0.25, 0)),
        _kernel("nan stays nan", _row(np.nan, -1), want=_row(np.nan, 0)),
        _kernel("a matrix", array(2, 3)),
        _kernel("an empty array", array(0, 3)),
        _kernel("float64 stays", np.array([1e-300, -1.0]), want=np.array([1e-300, 0])),
    ]


def _gelu() -> list[Case]:
    return [
        _kernel("zero", _row(0), want=_row(0)),
        _kernel("one", _row(1), want=_row(0.841192), hint="Mind the brackets."),
        _kernel("minus one", _row(-1), want=_row(-0.158808)),
        _kernel("far out", _row(-1000, 1000), want=_row(0, 1000)),
        _kernel("a matrix", array(3, 2)),
        _kernel("an empty array", array(0)),
        _kernel("three axes", array(2, 1, 3, seed=1)),
    ]


_APART = np.array([[0, 1], [-800, -801], [90, 91]], dtype=np.float32)
_OWN_SHIFT = "Each row is shifted by its own largest number, not by one for all."


def _softmax() -> list[Case]:
    thirds = math.log(2)
    overflow = "Subtract the row's largest number first: no quotient changes."
    return [
        _kernel("equal", _row(5, 5), want=_row(0.5, 0.5)),
        _kernel("0 and log 2", _row(0, thirds), want=_row(1 / 3, 2 / 3)),
        _kernel("far out", _row(1000, 0), want=_row(1, 0), hint=overflow),
        _kernel("far down", _row(-1000, -1000), want=_row(0.5, 0.5), hint=overflow),
        _kernel("the largest last", _row(0, 1000), want=_row(0, 1), hint=overflow),
        _kernel("up and down", _row(1000, -1000), want=_row(1, 0), hint=overflow),
        _kernel("rows far apart", _APART, hint=_OWN_SHIFT),
        _kernel("two rows", array(2, 3), hint="Each row has its own sum."),
        _kernel("three axes", array(2, 2, 4, seed=1)),
        _kernel("rows of one", array(3, 1), want=np.ones((3, 1), np.float32)),
        _kernel("nothing but -inf", _row(-np.inf, -np.inf), want=_row(np.nan, np.nan)),
        _kernel("a row of none", array(2, 0), hint="max() of nothing has a default."),
        _kernel("float64 stays", np.array([0.0, -30.0]), rtol=1e-9, atol=0),
    ]


def _softmax_grad() -> list[Case]:
    half = _row(0.5, 0.5)
    return [
        _kernel("equal grads", _row(1, 1), half, want=_row(0, 0)),
        _kernel("one of two", _row(1, 0), half, want=_row(0.25, -0.25)),
        _kernel("a quarter", _row(0, 4), _row(0.75, 0.25), want=_row(-0.75, 0.75)),
        _kernel("two rows", array(2, 3), LoopsBackend().softmax(array(2, 3, seed=1))),
        _kernel(
            "three axes", array(2, 2, 3), LoopsBackend().softmax(array(2, 2, 3, seed=2))
        ),
        _kernel("a row of none", array(2, 0), array(2, 0)),
    ]


def _log_softmax() -> list[Case]:
    half = math.log(0.5)
    late = "log(softmax) is too late: softmax is already 0 there."
    shift = "Subtract the row's largest number before exp."
    return [
        _kernel("equal", _row(5, 5), want=_row(half, half)),
        _kernel("0 and log 3", _row(0, math.log(3)), want=np.log(_row(0.25, 0.75))),
        _kernel("far out", _row(1000, 0), want=_row(0, -1000), hint=late),
        _kernel("far down", _row(-1000, -1000), want=_row(half, half), hint=shift),
        _kernel("the largest last", _row(0, 1000), want=_row(-1000, 0), hint=shift),
        _kernel("up and down", _row(1000, 0, 1000), want=_row(half, half - 1000, half)),
        _kernel("rows far apart", _APART, hint=_OWN_SHIFT),
        _kernel("two rows", array(2, 3), hint="Each row has its own sum."),
        _kernel("three axes", array(2, 2, 4, seed=1)),
        _kernel("rows of one", array(3, 1), want=np.zeros((3, 1), np.float32)),
        _kernel("a row of none", array(2, 0), hint="log of an empty sum fails."),
        # The first is -log1p(exp(-30)), of which 1 + exp(-30) keeps two digits only.
        _kernel("float64 stays", np.array([0.0, -30.0]), rtol=1e-12, atol=1e-15),
    ]


def _forward(op: type[Function], x: np.ndarray) -> Callable[[], tuple]:
    return lambda: (op(), x.copy())


def _returned_and_saved(args: tuple, out: Any) -> dict[str, Any]:
    return {"returned": out, "saved": list(args[0].saved) if out is not None else []}


def _both(values: np.ndarray) -> dict[str, Any]:
    return {"returned": values, "saved": [values]}


def _keeps(
    op: type[Function], label: str, x: np.ndarray, want: Any, **more: Any
) -> Case:
    """A case of a forward: what it returns, and that it saves just that."""
    expected = want if want is REFERENCE else _both(want)
    return Case(label, _forward(op, x), expected, look=_returned_and_saved, **more)


def _tanh() -> list[Case]:
    return [
        _keeps(Tanh, "zero", _row(0), _row(0)),
        _keeps(Tanh, "one, both ways", _row(1, -1), _row(0.761594, -0.761594)),
        _keeps(
            Tanh,
            "far out",
            _row(1000, -1000),
            _row(1, -1),
            hint="The quotient of two infinities is nan. numpy has a tanh.",
        ),
        _keeps(Tanh, "a matrix", array(2, 3), REFERENCE),
        _keeps(Tanh, "float64 stays", np.array([[0.5]]), np.array([[math.tanh(0.5)]])),
    ]


def _sigmoid() -> list[Case]:
    both = "For x >= 0 it is 1 / (1 + e), else e / (1 + e), with e = exp(-|x|)."
    third = math.log(2)
    tiny = math.exp(-95)
    return [
        _keeps(Sigmoid, "zero", _row(0), _row(0.5)),
        _keeps(Sigmoid, "log 2, both ways", _row(third, -third), _row(2 / 3, 1 / 3)),
        _keeps(Sigmoid, "far out", _row(1000, -1000), _row(1, 0), hint=both),
        _keeps(
            Sigmoid,
            "e^95 is too big for float32, e^-95 is not too small",
            _row(-95),
            _row(tiny),
            hint=both,
            rtol=1e-2,
            atol=0,
        ),
        _keeps(
            Sigmoid,
            "float64, far down",
            np.array([-720.0]),
            np.array([math.exp(-720)]),
            hint=both,
            rtol=1e-2,
            atol=0,
        ),
        _keeps(Sigmoid, "a matrix", array(2, 3), REFERENCE),
        _keeps(Sigmoid, "float64 stays", np.array([[0.0, -40.0]]), REFERENCE, atol=0),
    ]


def _slope(op: type[Function], label: str, saved: Any, grad: Any, want: Any) -> Case:
    """A case of a backward: a ctx that saved the op's output, and a gradient."""

    def args() -> tuple:
        ctx = op()
        ctx.save_for_backward(saved.copy())
        return ctx, grad.copy()

    return Case(label, args, want)


def _tanh_slope() -> list[Case]:
    return of_backward(
        [
            _slope(Tanh, "the steepest place: tanh is 0", _row(0), _row(1), _row(1)),
            _slope(Tanh, "tanh is 0.5", _row(0.5, -0.5), _row(1, 1), _row(0.75, 0.75)),
            _slope(Tanh, "flat far out", _row(1, -1), _row(5, 5), _row(0, 0)),
            _slope(Tanh, "a grad of 4", _row(0.5), _row(4), _row(3)),
            _slope(
                Tanh, "a matrix", np.tanh(array(2, 3)), array(2, 3, seed=1), REFERENCE
            ),
        ]
    )


def _sigmoid_slope() -> list[Case]:
    out = 1 / (1 + np.exp(-array(2, 3)))
    return of_backward(
        [
            _slope(Sigmoid, "the steepest place", _row(0.5), _row(1), _row(0.25)),
            _slope(Sigmoid, "both sides", _row(0.2, 0.8), _row(1, 1), _row(0.16, 0.16)),
            _slope(Sigmoid, "flat far out", _row(0, 1), _row(5, 5), _row(0, 0)),
            _slope(Sigmoid, "a grad of -4", _row(0.5), _row(-4), _row(-1)),
            _slope(Sigmoid, "a matrix", out, array(2, 3, seed=1), REFERENCE),
        ]
    )


LESSON = Lesson(
    number=3,
    name="activations",
    title="Activations: what bends a line",
    question="bend a line, without overflow",
    chapter="3 DL Primer",
    minutes=60,
    summary="ReLU, tanh, sigmoid, GELU and softmax, their slopes, stable at ±1000.",
    parts=(
        Part(
            "backends.LoopsBackend.relu",
            1,
            "Visit every index; what is below 0 becomes 0.",
            _relu,
            equivalent=("x[i] < 0 -> x[i] <= 0 in `y because 0 becomes 0",),
        ),
        Part(
            "ops.Tanh.forward",
            1,
            "Compute with numpy's tanh, ctx.save_for_backward(result), then return it.",
            _tanh,
        ),
        Part(
            "ops.Tanh.backward",
            2,
            "The slope of tanh is 1 - tanh², and tanh is what forward saved.",
            _tanh_slope,
        ),
        Part(
            "ops.Sigmoid.forward",
            3,
            "Two quotients of e = exp(-|x|), picked by np.where; save what you return.",
            _sigmoid,
            equivalent=("x >= 0 -> x > 0 in `out because at 0 both sides are 1 / 2",),
        ),
        Part(
            "ops.Sigmoid.backward",
            2,
            "The slope of sigmoid is s (1 - s), and s is what forward saved.",
            _sigmoid_slope,
        ),
        Part(
            "backends.LoopsBackend.gelu",
            2,
            "One number at a time: GELU_SCALE, GELU_CUBIC and math.tanh are at hand.",
            _gelu,
        ),
        Part(
            "backends.LoopsBackend.softmax",
            4,
            "For each row: largest number, exp of the differences, sum, quotients.",
            _softmax,
            equivalent=("0.0 -> 0.5 in `top because a row of none has no v - top",),
        ),
        Part(
            "backends.LoopsBackend.log_softmax",
            3,
            "Take the logarithm of the sum, not of the quotient.",
            _log_softmax,
            equivalent=("0.0 -> 0.5 in `top because a row of none has no v - top",),
        ),
        Part(
            "backends.LoopsBackend.softmax_grad",
            3,
            "One sum of grad times y for each row, then one product for each element.",
            _softmax_grad,
        ),
    ),
)
