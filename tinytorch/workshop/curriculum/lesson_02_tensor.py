"""Lesson 02, tensor: storage, shapes, and loops over them."""

from typing import Any

import numpy as np

from tinytorch import Tensor
from tinytorch.backends.loops import LoopsBackend
from tinytorch.workshop.checking import REFERENCE, Case
from tinytorch.workshop.curriculum.arrays import array
from tinytorch.workshop.curriculum.model import Lesson, Part


def _strides() -> list[Case]:
    table = [((5,), (1,)), ((2, 3), (3, 1)), ((2, 3, 4), (12, 4, 1)), ((), ())]
    cases = [Case(f"shape {s}", lambda s=s: (s,), want) for s, want in table]
    more = [(7, 1, 3), (2, 2, 2, 5), (3, 0, 2)]
    return cases + [Case(f"shape {s}", lambda s=s: (s,)) for s in more]


def _infer() -> list[Case]:
    table = [
        (6, (2, 3), (2, 3)),
        (6, (-1,), (6,)),
        (12, (3, -1), (3, 4)),
        (24, (2, -1, 3), (2, 4, 3)),
        (0, (0, 2), (0, 2)),
        (1, (), ()),
        (0, (-1, 2), (0, 2)),
    ]
    bad = [(6, (4, 2)), (6, (4, -1)), (6, (-1, -1)), (0, (-1, 0)), (6, (7, -1))]
    bad += [(6, (-2, 3))]
    good = [
        Case(f"{n} elements as {w}", lambda n=n, w=w: (n, w), s) for n, w, s in table
    ]
    return good + [
        Case(f"{n} elements as {w}", lambda n=n, w=w: (n, w), raises=ValueError)
        for n, w in [*bad, (4, (2, 2, -1, -1))]
    ]


def _broadcast() -> list[Case]:
    table = [
        ((3,), (3,), (3,)),
        ((3, 1), (1, 4), (3, 4)),
        ((2, 3), (3,), (2, 3)),
        ((3,), (2, 3), (2, 3)),
        ((), (5, 2), (5, 2)),
        ((4, 1, 2), (3, 1), (4, 3, 2)),
        ((0,), (1,), (0,)),
        ((1, 1), (2, 1, 3), (2, 1, 3)),
    ]
    bad = [((3,), (4,)), ((2, 3), (2,)), ((0,), (2,)), ((4, 3, 2), (2, 2))]
    good = [Case(f"{a} and {b}", lambda a=a, b=b: (a, b), s) for a, b, s in table]
    return good + [
        Case(f"{a} and {b}", lambda a=a, b=b: (a, b), raises=ValueError) for a, b in bad
    ]


def _transpose() -> list[Case]:
    def view(args: tuple, out: Tensor) -> tuple:
        return out.detach(), bool(np.shares_memory(out.data, args[0].data))

    two = Tensor(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=np.float32))
    turned = Tensor(np.array([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]], dtype=np.float32))
    by_hand = Case(
        "2 rows of 3",
        lambda: (Tensor(two.data.copy()), 0, 1),
        (turned, True),
        look=view,
        hint="A view shares memory: permute the axes, copy nothing.",
    )
    dims = [(0, 2), (1, 2), (-1, 0), (-2, -3), (1, 1), (2, 0)]
    return (
        [by_hand]
        + [
            Case(
                f"shape (2, 3, 4), axes {a} and {b}",
                lambda a=a, b=b: (Tensor(array(2, 3, 4)), a, b),
                look=view,
            )
            for a, b in dims
        ]
        + [
            Case(
                "an axis that is not there",
                lambda: (Tensor(array(2, 3)), 0, 2),
                raises=IndexError,
            )
        ]
    )


def _add() -> list[Case]:
    by_hand = Case(
        "a row and a column",
        lambda: (
            LoopsBackend(),
            np.array([1.0, 2.0], dtype=np.float32),
            np.array([[10.0], [20.0]], dtype=np.float32),
        ),
        np.array([[11.0, 12.0], [21.0, 22.0]], dtype=np.float32),
    )
    exact = Case(
        "a whole number that no float holds",
        lambda: (LoopsBackend(), np.array([2**60]), np.array([1])),
        np.array([2**60 + 1], dtype=np.int64),
        hint="Keep the numbers' own type: float() rounds whole numbers above 2**53.",
    )
    shapes = [((3,), (3,)), ((), (2,)), ((), ()), ((2, 1, 3), (4, 1)), ((0, 3), (3,))]
    cases = [
        Case(
            f"shapes {a} and {b}",
            lambda a=a, b=b: (LoopsBackend(), array(*a), array(*b, seed=1)),
        )
        for a, b in shapes
    ]
    whole = Case(
        "integers and floats",
        lambda: (LoopsBackend(), np.arange(3), np.array([0.5, 1.5, 2.5])),
        np.array([0.5, 2.5, 4.5]),
    )
    return [by_hand, *cases, whole, exact]


def _sum() -> list[Case]:
    small = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=np.float32)
    table = [
        (0, False, np.array([5.0, 7.0, 9.0], dtype=np.float32)),
        (1, True, np.array([[6.0], [15.0]], dtype=np.float32)),
        (None, False, np.array(21.0, dtype=np.float32)),
    ]
    by_hand = [
        Case(
            f"axis {axis}, keepdims {keep}",
            lambda axis=axis, keep=keep: (LoopsBackend(), small.copy(), axis, keep),
            want,
        )
        for axis, keep, want in table
    ]
    options = [((2, 3, 4), (0, 2), False), ((2, 3, 4), -1, True), ((3, 3), -2, False)]
    options += [((0, 3), 0, False), ((4,), (0,), True), ((2, 3, 4), None, True)]
    options += [((1, 3), 1, False), ((2, 1, 3), (-1, 0), False), ((2, 3), (), False)]
    random = [
        Case(
            f"shape {shape}, axis {axis}, keepdims {keep}",
            lambda s=shape, a=axis, k=keep: (LoopsBackend(), array(*s), a, k),
        )
        for shape, axis, keep in options
    ]
    wide = "Integers and bools add up in 64 bits, whatever they came in."
    whole: list[tuple[str, np.ndarray, int | None, Any]] = [
        ("int32", np.full(4, 2**30, dtype=np.int32), None, 2**32),
        ("int32, by axis", np.full((4, 1), 2**30, dtype=np.int32), 0, [2**32]),
        ("int8", np.full(4, 100, dtype=np.int8), None, 400),
        ("bools", np.array([[True, True], [False, True]]), 1, [2, 1]),
        ("2**53 and 1", np.array([2**53, 1]), 0, 2**53 + 1),
    ]
    return [
        *by_hand,
        *random,
        *[
            Case(
                f"whole numbers: {label}",
                lambda x=x, axis=axis: (LoopsBackend(), x.copy(), axis, False),
                np.array(want, dtype=np.int64),
                hint=wide,
            )
            for label, x, axis, want in whole
        ],
    ]


def _matmul() -> list[Case]:
    by_hand = Case(
        "2×2 by 2×2",
        lambda: (
            LoopsBackend(),
            np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32),
            np.array([[5.0, 6.0], [7.0, 8.0]], dtype=np.float32),
        ),
        np.array([[19.0, 22.0], [43.0, 50.0]], dtype=np.float32),
    )
    shapes = [
        ((2, 3), (3, 4)),
        ((1, 5), (5, 1)),
        ((3, 1), (1, 2)),
        ((2, 0), (0, 3)),
        ((4, 2, 3), (4, 3, 2)),
        ((4, 2, 3), (3, 2)),
        ((2, 1, 2, 3), (3, 3, 2)),
    ]
    random = [
        Case(
            f"{a} by {b}",
            lambda a=a, b=b: (LoopsBackend(), array(*a), array(*b, seed=1)),
            REFERENCE,
        )
        for a, b in shapes
    ]
    double = Case(
        "float64 stays float64",
        lambda: (LoopsBackend(), np.ones((1, 2)), np.array([[1e-9], [1.0]])),
        np.array([[1.000000001]]),
        rtol=1e-12,
        atol=0,
    )
    mixed = Case(
        "whole numbers by floats",
        lambda: (LoopsBackend(), np.array([[1, 2]]), np.array([[0.5], [0.25]])),
        np.array([[1.0]]),
        hint="The result's type is that of both: np.result_type(a, b).",
    )
    return [by_hand, *random, double, mixed]


LESSON = Lesson(
    number=2,
    name="tensor",
    title="Tensors: many numbers, one name",
    question="hold n-dimensional data and multiply it",
    chapter="2 ML Systems",
    minutes=60,
    summary="Storage, strides, broadcasting, sums and the three loops of matmul.",
    parts=(
        Part(
            "shape.contiguous_strides",
            2,
            "Walk the shape from the right and keep a running product.",
            _strides,
        ),
        Part(
            "shape.infer_shape",
            3,
            "Multiply the lengths you know; the -1 must supply the rest of count.",
            _infer,
        ),
        Part(
            "Tensor.transpose",
            2,
            "Write down the order of the axes, swap two entries, permute.",
            _transpose,
            equivalent=(
                "dropped: dim0, dim1 = (positive_dim(self, dim0), "
                "positive_dim(self, dim1)) because a list takes negative indices, and "
                "refuses bad ones, by itself",
            ),
        ),
        Part(
            "shape.broadcast_shape",
            3,
            "Pad the shorter shape with ones on the left, then go axis by axis.",
            _broadcast,
        ),
        Part(
            "backends.LoopsBackend.add",
            2,
            "Stretch both arrays to the common shape, then loop over its indices.",
            _add,
            also=("int64", "uint8"),
        ),
        Part(
            "backends.LoopsBackend.sum",
            3,
            "Every element adds to the place whose summed axes are 0.",
            _sum,
            also=("bool", "uint8", "int32"),
            loop=lambda: (LoopsBackend(), array(30, 30), 1, False),
            equivalent=(
                "0 -> -1 in `place = because an axis of length 1 has one place",
            ),
        ),
        Part(
            "backends.LoopsBackend.matmul",
            5,
            "Out[i, j] collects a[i, k] * b[k, j] over all k.",
            _matmul,
            also=("int64",),
            loop=lambda: (LoopsBackend(), array(16, 16), array(16, 16)),
        ),
    ),
)
