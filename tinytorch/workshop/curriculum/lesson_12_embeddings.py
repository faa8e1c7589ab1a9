"""Lesson 12, embeddings: rows for ids, their gradient, and places in numbers."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch import Tensor
from tinytorch.backends import LoopsBackend
from tinytorch.ops import Embedding
from tinytorch.workshop.checking import REFERENCE, Case, changed
from tinytorch.workshop.curriculum.arrays import array, f32, tensor
from tinytorch.workshop.curriculum.model import Lesson, Part

TABLE = [[1, 2], [3, 4], [5, 6]]


def _ids(*numbers: Any) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def _with_options(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    ctx, table, ids, padding_idx = args
    return function(ctx, table, ids=ids, padding_idx=padding_idx)


def _and_saved(args: tuple[Any, ...], out: np.ndarray) -> dict[str, Any]:
    return {"rows": out, "ctx.saved": args[0].saved}


def _look_up() -> list[Case]:
    def case(label: str, table: Any, ids: Any, padding: int | None, want: Any) -> Case:
        saved = (table.shape, ids, padding)
        wanted = {"rows": want, "ctx.saved": saved}
        return Case(
            label,
            lambda: (Embedding(), table.copy(), ids.copy(), padding),
            REFERENCE if want is REFERENCE else wanted,
            look=_and_saved,
            may_change=(0,),
            call=_with_options,
        )

    small = f32(*TABLE)
    rows = f32([5, 6], [1, 2], [5, 6])
    pairs = f32([[3, 4], [3, 4]], [[1, 2], [5, 6]])
    return [
        case("ids 2, 0, 2", small, _ids(2, 0, 2), None, rows),
        case("two rows of ids", small, _ids([1, 1], [0, 2]), None, pairs),
        case("with a padding row", small, _ids(0), 2, f32([1, 2])),
        case("no ids", small, _ids(), None, np.zeros((0, 2), np.float32)),
        case("one id, of no axes", small, np.array(1), None, f32(3, 4)),
        case("three axes of ids", array(7, 5), _ids([[6, 0]], [[3, 3]]), 0, REFERENCE),
        case("float64 stays", np.array([[0.1]]), _ids(0, 0), None, REFERENCE),
    ]


def _add_up() -> list[Case]:
    def case(
        label: str, table: Any, ids: Any, rows: Any, want: Any, hint: str = ""
    ) -> Case:
        return Case(
            label,
            lambda: (LoopsBackend(), table.copy(), ids.copy(), rows.copy()),
            want,
            look=changed(1),
            may_change=(1,),
            hint=hint,
        )

    empty = np.zeros((3, 2), np.float32)
    add = "Id 2 occurs twice: its row gets 1 + 100 and 2 + 200."
    repeated = f32([10, 20], [0, 0], [101, 202])
    return [
        case("one row", empty, _ids(1), f32([7, 8]), f32([0, 0], [7, 8], [0, 0])),
        case(
            "an id that occurs twice",
            empty,
            _ids(2, 0, 2),
            f32([1, 2], [10, 20], [100, 200]),
            repeated,
            add,
        ),
        case(
            "a table that is not empty",
            f32(*TABLE),
            _ids(1, 1, 1),
            f32([10, 0], [10, 0], [10, 1]),
            f32([1, 2], [33, 5], [5, 6]),
            "Add to what is there.",
        ),
        case("no ids", f32(*TABLE), _ids(), np.zeros((0, 2), np.float32), f32(*TABLE)),
        case("one column", array(4, 1), _ids(3, 3, 0), array(3, 1, seed=1), REFERENCE),
        case("20 rows", array(5, 3), _ids(*[4, 0, 2, 4] * 5), array(20, 3), REFERENCE),
        case("float64", np.ones((1, 1)), _ids(0), np.array([[1e-12]]), REFERENCE),
    ]


def _table_grad() -> list[Case]:
    def case(
        label: str,
        size: int,
        ids: Any,
        padding: int | None,
        grad: Any,
        want: Any,
        hint: str = "",
    ) -> Case:
        def args() -> tuple[Any, ...]:
            ctx = Embedding()
            ctx.save_for_backward((size, grad.shape[-1]), ids.copy(), padding)
            return ctx, grad.copy()

        return Case(label, args, want, hint=hint)

    three = f32([1, 2], [10, 20], [100, 200])
    once = f32([1, 2], [0, 0], [100, 200], [10, 20])
    twice = f32([10, 20], [0, 0], [101, 202])
    again = "numpy's out[ids] += grad adds only once for an id that occurs twice."
    return [
        case("ids 0, 3, 2", 4, _ids(0, 3, 2), None, three, once),
        case("ids 2, 0, 2", 3, _ids(2, 0, 2), None, three, twice, again),
        case(
            "two rows of ids",
            3,
            _ids([1, 2], [1, 1]),
            None,
            f32([[1], [2]], [[3], [4]]),
            f32([0], [8], [2]),
            "ids and grad may have more axes: reshape them to (R,) and (R, D).",
        ),
        case(
            "padding row 2",
            3,
            _ids(2, 0, 2),
            2,
            three,
            f32([10, 20], [0, 0], [0, 0]),
            "The row padding_idx learns nothing: its gradient is 0.",
        ),
        case("padding row 0", 2, _ids(0, 1), 0, f32([3], [4]), f32([0], [4])),
        case("padding row -1", 2, _ids(0, 1), -1, f32([3], [4]), f32([3], [0])),
        case("no ids", 2, _ids(), None, np.zeros((0, 3), np.float32), REFERENCE),
        case("many ids", 6, _ids([[5, 1, 5]] * 4), None, array(1, 4, 3, 2), REFERENCE),
        case("float64", 2, _ids(1, 1), None, np.array([[1.0], [1e-12]]), REFERENCE),
    ]


def _angles() -> list[Case]:
    table = [
        ((3, 2), np.array([[0.0], [1.0], [2.0]])),
        ((2, 4, 5), np.array([[5.0, 0.05], [6.0, 0.06]])),
        ((1, 8, 1000), np.array([[1000.0, 100.0, 10.0, 1.0]])),
        ((0, 4), np.zeros((0, 2))),
    ]
    hints = {
        1: "Pair 0 turns by 1, pair 1 by 10000^(-2/4) = 0.01; place 5 comes first.",
        2: "With dim 8 the speeds are 1, 0.1, 0.01 and 0.001.",
    }
    by_hand = [
        Case(
            f"length, dim{', start' if len(args) > 2 else ''} = {args}",
            lambda args=args: args,
            want,
            hint=hints.get(i, ""),
        )
        for i, (args, want) in enumerate(table)
    ]
    return by_hand + [
        Case(f"length, dim, start = {args}", lambda args=args: args, rtol=1e-9)
        for args in [(4, 6, 0), (5, 10, 3), (2, 64, 2000)]
    ]


def _waves() -> list[Case]:
    quarter = math.pi / 2
    return [
        Case(
            "the angles 0 and π/2",
            lambda: (np.array([[0.0], [quarter]]),),
            np.array([[0.0, 1.0], [1.0, 0.0]]),
            hint="sin 0 = 0 and cos 0 = 1: the first row is 0, 1.",
        ),
        Case(
            "two angles at one place",
            lambda: (np.array([[quarter, 0.0]]),),
            np.array([[1.0, 0.0, 0.0, 1.0]]),
            hint="Sine and cosine of one angle stand side by side.",
        ),
        Case("4 places, 3 angles", lambda: (array(4, 3, dtype=np.float64),)),
        Case("float32 stays", lambda: (array(2, 2),)),
    ]


def _learning(*numbers: int) -> Callable[[Callable[..., Any], tuple[Any, ...]], Any]:
    """Call, send a gradient back, and return the result and some gradients."""

    def call(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        out = function(*args)
        if not isinstance(out, Tensor):
            return out
        if out.requires_grad:
            (out * Tensor(array(*out.shape, seed=9, dtype=out.dtype))).sum().backward()
        grads = {f"gradient of argument {i}": args[i].grad for i in numbers}
        return {"result": out.detach(), **grads}

    return call


def _tensor(values: Any) -> Tensor:
    return Tensor(values).requires_grad_()


def _add_places() -> list[Case]:
    table = f32([1, 1], [2, 2], [3, 30], [4, 40])

    def args(shape: tuple[int, ...], start: int) -> tuple[Any, ...]:
        return Tensor(np.zeros(shape, np.float32)), Tensor(table.copy()), start

    good = [
        Case("2 places from 0", lambda: args((2, 2), 0), Tensor(table[:2].copy())),
        Case(
            "2 places from 2",
            lambda: args((2, 2), 2),
            Tensor(table[2:].copy()),
            hint="Place `start` comes first: rows 2 and 3.",
        ),
        Case("all 4", lambda: args((4, 2), 0), Tensor(table.copy())),
        Case(
            "a batch of 3",
            lambda: args((3, 2, 2), 1),
            Tensor(np.stack([table[1:3]] * 3)),
            hint="The places are the last axis but one.",
        ),
        Case(
            "gradients flow to both",
            lambda: (_tensor(array(2, 3, 4)), _tensor(array(6, 4, seed=1)), 2),
            call=_learning(0, 1),
            hint="Compute with tensors, without .data.",
        ),
    ]
    beyond = "A slice stops at the end by itself, and one row is added to all: raise."
    return good + [
        Case(
            f"places {start} to {start + length - 1} of 4",
            lambda n=length, s=start: args((n, 2), s),
            raises=ValueError,
            hint=beyond,
        )
        for start, length in [(3, 2), (0, 5), (4, 1), (-1, 1), (-2, 2)]
    ]


def _turn() -> list[Case]:
    cos, sin = math.cos, math.sin

    def one(label: str, values: Any, start: int, want: Any, hint: str = "") -> Case:
        return Case(
            label, lambda: (Tensor(f32(*values)), start), Tensor(f32(*want)), hint=hint
        )

    by_hand = [
        one("place 0 stays", [[3, 4]], 0, [[3, 4]]),
        one(
            "place 1 turns by 1 radian",
            [[0, 0], [1, 0]],
            0,
            [[0, 0], [cos(1), sin(1)]],
            "(1, 0) becomes (cos 1, sin 1).",
        ),
        one("the other axis", [[0, 1]], 2, [[-sin(2), cos(2)]]),
        one(
            "two pairs side by side",
            [[1, 0, 0, 1]],
            1,
            [[cos(1), sin(1), -sin(0.01), cos(0.01)]],
            "Columns 0 and 1 are a pair, 2 and 3 the next: x[..., 0::2], x[..., 1::2].",
        ),
    ]
    shapes = [((5, 4), 0), ((2, 3, 6), 7), ((2, 2, 3, 4), 1)]
    random = [
        Case(
            f"shape {shape}, from place {start}, and back",
            lambda s=shape, p=start: (_tensor(array(*s)), p),
            call=_learning(0),
            hint="The places are the last axis but one; compute with tensors.",
            atol=1e-5,
        )
        for shape, start in shapes
    ]
    double = Case(
        "float64 stays",
        lambda: (tensor(2, 4, dtype=np.float64), 3),
        rtol=1e-10,
        atol=1e-12,
    )
    odd = Case("3 columns are no pairs", lambda: (tensor(2, 3), 0), raises=ValueError)
    return [*by_hand, *random, double, odd]


def _nearest() -> list[Case]:
    def case(
        label: str, rows: Any, row: int, count: int, want: Any, hint: str = ""
    ) -> Case:
        return Case(label, lambda: (Tensor(rows.copy()), row, count), want, hint=hint)

    table = f32([1, 0], [0, 2], [9, 1], [-1, 0], [5, 5])
    same = f32([1, 2], [3, 4], [0, 0], [3, 4], [-1, -2])
    length = "Divide by both lengths: [9, 1] points nearly where [1, 0] does."
    good = [
        case("all others of 5", table, 0, 4, [2, 4, 1, 3], length),
        case("the best 2", table, 1, 2, [4, 2]),
        case("the last row", table, 4, 1, [2]),
        case("none", table, 0, 0, []),
        case("equals, and a row of zeros", same, 0, 4, [1, 3, 2, 4], "0/0 is nan."),
        case("a row of zeros itself", same, 2, 2, [0, 1], "All are equal: 0."),
        case("12 rows", array(12, 5), 7, 6, REFERENCE),
    ]
    learned = Case(
        "a table that learns",
        lambda: (_tensor(array(6, 3)), 2, 3),
        look=lambda args, out: {"rows": out, "learned": args[0].grad is not None},
    )
    return [*good, learned] + [
        Case(
            f"row {row}, {count} others, of 5",
            lambda r=row, c=count: (Tensor(table.copy()), r, c),
            raises=ValueError,
        )
        for row, count in [(5, 1), (-1, 1), (0, 5), (0, -1)]
    ]


LESSON = Lesson(
    number=12,
    name="embeddings",
    title="Embeddings: meaning and place",
    question="give ids meaning and position",
    chapter="",
    minutes=75,
    summary="A learned row for each id, and three ways to say where a token stands.",
    parts=(
        Part(
            "ops.Embedding.forward",
            2,
            "Save three things, then pick rows: numpy takes an array as an index.",
            _look_up,
        ),
        Part(
            "backends.LoopsBackend.scatter_add",
            2,
            "For each r, add rows[r] to table[ids[r]], number by number.",
            _add_up,
        ),
        Part(
            "ops.Embedding.backward",
            3,
            "Start from zeros of the table's shape; backends.current.scatter_add adds.",
            _table_grad,
            equivalent=(
                "1 -> 2 in `backends.current because reshape takes any negative length",
            ),
        ),
        Part(
            "nn.functional.place_angles",
            2,
            "A column of places times a row of speeds, 10000^(-2i / dim).",
            _angles,
        ),
        Part(
            "nn.functional.waves",
            2,
            "Sines and cosines of all angles, then side by side.",
            _waves,
        ),
        Part(
            "nn.functional.add_positions",
            2,
            "Rows start to start + T of the table, if it has them all.",
            _add_places,
            equivalent=("in `raise ValueError because the words of an error are free",),
        ),
        Part(
            "nn.functional.rotary",
            4,
            "Split even and odd columns, turn them, and put them side by side again.",
            _turn,
            equivalent=(
                "dropped: expect.divisible(2 because reshape refuses an odd number too",
                "in `expect.divisible(2 because reshape refuses an odd number too",
            ),
        ),
        Part(
            "text.nearest_rows",
            3,
            "Cosines of all rows with one of them, then the others in falling order.",
            _nearest,
            equivalent=(
                "dropped: expect.between(0, len(table) - 1, row because a row that is "
                "not there makes an empty slice, and that does not broadcast",
                "in `expect.between(0, len(table) - 1, row because of the same",
            ),
        ),
    ),
)
