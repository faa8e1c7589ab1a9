"""Lesson 07, autograd: operations that know their slope, and a walk through them."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from tinytorch import Tensor
from tinytorch.workshop.checking import Case, of_backward
from tinytorch.workshop.curriculum import graph_cases as graph
from tinytorch.workshop.curriculum.arrays import array, f32
from tinytorch.workshop.curriculum.model import Lesson, Part


def _saved(*values: Any, needs: tuple[bool, ...] = (True,)) -> SimpleNamespace:
    """A node as a backward sees it: what forward saved, and what is asked for."""
    return SimpleNamespace(saved=values, needs_input_grad=needs)


# Slopes of single operations

_BOTH, _FIRST, _SECOND = (True, True), (True, False), (False, True)
_NOT_ASKED = "Look at ctx.needs_input_grad: None where no gradient is needed."


def _mul() -> list[Case]:
    a, b, grad = f32(2.0, 3.0), f32(5.0, 7.0), f32(1.0, 10.0)
    table = [
        ("2·5 and 3·7", _BOTH, (f32(5.0, 70.0), f32(2.0, 30.0))),
        ("b is a constant", _FIRST, (f32(5.0, 70.0), None)),
        ("a is a constant", _SECOND, (None, f32(2.0, 30.0))),
    ]
    by_hand = [
        Case(
            label,
            lambda needs=needs: (_saved(a.copy(), b.copy(), needs=needs), grad.copy()),
            want,
            hint="" if needs == _BOTH else _NOT_ASKED,
        )
        for label, needs, want in table
    ]
    stretched = Case(
        "shapes (2, 3) and (3,)",
        lambda: (
            _saved(array(2, 3), array(3, seed=1), needs=_BOTH),
            array(2, 3, seed=2),
        ),
    )
    return of_backward([*by_hand, stretched])


def _matmul() -> list[Case]:
    def asked(a: np.ndarray, b: np.ndarray, needs: tuple[bool, bool]) -> tuple:
        return _saved(a, b, needs=needs), array(*(a @ b).shape, seed=2)

    by_hand = Case(
        "(1, 2) by (2, 1), grad 10",
        lambda: (_saved(f32([1.0, 2.0]), f32([3.0], [4.0]), needs=_BOTH), f32([10.0])),
        (f32([30.0, 40.0]), f32([10.0], [20.0])),
        hint="Each gradient has the shape of its matrix: which product gives it?",
    )
    shapes = [
        ((2, 3), (3, 4), _BOTH),
        ((3, 3), (3, 3), _BOTH),
        ((2, 0), (0, 3), _BOTH),
        ((5, 2, 3), (5, 3, 4), _BOTH),
        ((2, 3, 3, 3), (3, 3), _BOTH),
        ((2, 3), (3, 4), _FIRST),
        ((2, 3), (3, 4), _SECOND),
    ]
    return of_backward(
        [by_hand]
        + [
            Case(
                f"{a} by {b}" + ("" if needs == _BOTH else f", needed: {needs}"),
                lambda a=a, b=b, needs=needs: asked(
                    array(*a), array(*b, seed=1), needs
                ),
                hint="" if needs == _BOTH else _NOT_ASKED,
            )
            for a, b, needs in shapes
        ]
    )


def _relu() -> list[Case]:
    by_hand = Case(
        "outputs 0, 2 and 0",
        lambda: (_saved(f32(0.0, 2.0, 0.0)), f32(5.0, 6.0, 7.0)),
        f32(0.0, 6.0, 0.0),
        hint="An output of 0 came from an input that was cut off: its slope is 0.",
    )
    random = [
        Case(
            f"shape {shape}",
            lambda s=shape: (_saved(np.maximum(array(*s), 0)), array(*s, seed=1)),
        )
        for shape in [(3, 4), (2, 1, 5), (), (0, 2)]
    ]
    return of_backward([by_hand, *random])


def _sum() -> list[Case]:
    table = [
        ("all of (2, 2)", (2, 2), None, False, np.full((2, 2), 5.0, np.float32), 5.0),
        (
            "(2, 2) over axis 0",
            (2, 2),
            0,
            False,
            f32([3.0, 4.0], [3.0, 4.0]),
            [3.0, 4.0],
        ),
        (
            "(2, 2) over axis 1",
            (2, 2),
            1,
            False,
            f32([3.0, 3.0], [4.0, 4.0]),
            [3.0, 4.0],
        ),
    ]
    by_hand = [
        Case(
            label,
            lambda s=shape, d=dim, k=keep, g=grad: (
                _saved(s, d, k),
                np.array(g, dtype=np.float32),
            ),
            want,
            hint="Put the summed axis back with length 1; then it can stretch.",
        )
        for label, shape, dim, keep, want, grad in table
    ]
    options: list[tuple[tuple[int, ...], Any, bool]] = [
        ((2, 3, 4), (0, 2), False),
        ((2, 3, 4), -1, False),
        ((2, 3, 4), 1, True),
        ((2, 3, 4), None, True),
        ((3, 3), 0, False),
        ((), None, False),
    ]
    random = [
        Case(
            f"shape {shape}, dim {dim}, keepdim {keep}",
            lambda s=shape, d=dim, k=keep: (
                _saved(s, d, k),
                np.asarray(array(*s).sum(axis=d, keepdims=k)),
            ),
        )
        for shape, dim, keep in options
    ]
    return of_backward([*by_hand, *random])


def _unbroadcast() -> list[Case]:
    six = f32([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    table = [
        ((3,), f32(5.0, 7.0, 9.0)),
        ((2, 1), f32([6.0], [15.0])),
        ((), np.array(21.0, dtype=np.float32)),
        ((2, 3), six),
        ((1, 1), f32([21.0])),
    ]
    by_hand = [
        Case(
            f"(2, 3) back to {shape}",
            lambda s=shape: (six.copy(), s),
            want,
            hint="Every copy that was made adds its share: sum up all of them.",
        )
        for shape, want in table
    ]
    shapes = [
        ((4, 3, 2), (3, 1)),
        ((1, 3, 2), (3, 1)),
        ((4, 3, 2), (1, 3, 2)),
        ((2, 1, 3), (1, 3)),
        ((2, 2, 2, 2), (2, 1, 2)),
        ((0, 3), (1, 3)),
        ((3, 1), (1, 1)),
    ]
    return by_hand + [
        Case(f"{a} back to {b}", lambda a=a, b=b: (array(*a), b)) for a, b in shapes
    ]


# The checker


def _double(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(array(*shape, seed=seed, dtype=np.float64))


def _numeric() -> list[Case]:
    three = lambda: Tensor(np.array([3.0]))  # noqa: E731
    by_hand = [
        Case("x² at 3", lambda: (lambda x: x * x, (three(),), 0), np.array([[6.0]])),
        Case(
            "x³ at 2, with a step of 0.1",
            lambda: (lambda x: x * x * x, (Tensor(np.array([2.0])),), 0, 0.1),
            np.array([[12.01]]),
            hint="(2.1³ - 1.9³) / 0.2 = 12.01: one step up, one down, and divide by "
            "the whole way between them.",
        ),
        Case(
            "x y at (3, 5), the slope to y",
            lambda: (lambda x, y: x * y, (three(), Tensor(np.array([5.0]))), 1),
            np.array([[3.0]]),
        ),
        Case(
            "two outputs of two elements",
            lambda: (
                lambda x: x * Tensor(np.array([2.0, 5.0])),
                (Tensor(np.array([1.0, 1.0])),),
                0,
            ),
            np.array([[2.0, 0.0], [0.0, 5.0]]),
            hint="Outputs go down, elements go across; put each element back before "
            "you move the next.",
        ),
    ]
    random: list[tuple[str, Callable[..., Any], tuple[Tensor, ...], int]] = [
        ("the sum of a (2, 3)", lambda x: (x * x).sum(), (_double(2, 3),), 0),
        (
            "a matrix product, the slope to the right factor",
            lambda a, b: a @ b,
            (_double(2, 3), _double(3, 4, seed=1)),
            1,
        ),
        ("a single number", lambda x: x.exp(), (_double(),), 0),
        ("a transposed view", lambda x: x * x, (Tensor(_double(3, 2).data.T),), 0),
    ]
    return by_hand + [
        Case(
            label,
            lambda f=f, inputs=inputs, n=n: (
                f,
                tuple(Tensor(x.data.copy(order="K")) for x in inputs),
                n,
            ),
            rtol=1e-6,
        )
        for label, f, inputs, n in random
    ]


LESSON = Lesson(
    number=7,
    name="autograd",
    title="Autograd: the chain rule as a walk",
    question="differentiate any network",
    chapter="5 AI Workflow",
    minutes=90,
    summary="Slopes of single operations, the tape they leave, and the walk back.",
    parts=(
        Part(
            "ops.Mul.backward",
            2,
            "The slope of a·b to a is b, and the other way round; times grad.",
            _mul,
        ),
        Part(
            "ops.ReLU.backward",
            1,
            "Pass grad on where the saved output is positive.",
            _relu,
            equivalent=(
                "0 -> -1 in `return because the first of one saved value is the last",
            ),
        ),
        Part(
            "ops.MatMul.backward",
            3,
            "To a: grad times b transposed. To b: a transposed times grad.",
            _matmul,
        ),
        Part(
            "ops.Sum.backward",
            2,
            "A sum treats all alike: each element gets the whole grad of its sum.",
            _sum,
        ),
        Part(
            "autograd.unbroadcast",
            3,
            "Sum over the axes that were added on the left, then over those where "
            "`shape` has a 1.",
            _unbroadcast,
            equivalent=(
                "dropped: if grad.shape == shape because a sum over no axes is a copy",
                "if -> False: if False because a sum over no axes is a copy",
                "dropped: return grad because a sum over no axes is a copy",
            ),
        ),
        Part(
            "autograd.Function.apply",
            4,
            "Compute first. Then: is anything recorded, and does any input need it?",
            graph.applies,
            equivalent=(
                "0 -> -1 in `out = inputs[0]._wrap because any tensor wraps alike",
            ),
        ),
        Part(
            "autograd.topological_order",
            4,
            "A node is finished when all it was computed from is; the order is that "
            "of finishing, backwards.",
            graph.orders,
        ),
        Part(
            "autograd.backward",
            5,
            "Keep, for each node, the sum of what has arrived; visit in topological "
            "order.",
            graph.walks,
        ),
        Part(
            "autograd.numeric_jacobian",
            3,
            "For each element: up by eps, compute; down by eps, compute; put it back.",
            _numeric,
        ),
    ),
)
