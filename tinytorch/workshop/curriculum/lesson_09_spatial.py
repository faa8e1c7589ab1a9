"""Lesson 09, spatial: windows over images, by loops and as one product."""

from typing import Any

import numpy as np

from tinytorch import Tensor
from tinytorch.backends.loops import LoopsBackend
from tinytorch.backends.window import Pair, Window
from tinytorch.workshop.checking import Case
from tinytorch.workshop.curriculum.arrays import array
from tinytorch.workshop.curriculum.model import Lesson, Part

NINE = np.arange(1.0, 10.0, dtype=np.float32).reshape(1, 1, 3, 3)
SIXTEEN = np.array(
    [[[[1, 5, 2, 0], [3, 4, 8, 6], [9, 1, 2, 2], [0, 7, 3, 2]]]], dtype=np.float32
)


def _image(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array([[rows]], dtype=np.float32)


def _said(window: Window) -> str:
    """Name what is not plain about a window."""
    plain = Window((0, 0))._asdict()
    said = [f"{k} {v}" for k, v in window._asdict().items() if v != plain[k]]
    return ", ".join(said)


def _output_size() -> list[Case]:
    table = [
        ((5, 5), Window((3, 3)), (3, 3)),
        ((4, 6), Window((1, 2)), (4, 5)),
        ((5, 5), Window((3, 3), padding=(1, 1)), (5, 5)),
        ((28, 28), Window((2, 2), stride=(2, 2)), (14, 14)),
        ((6, 5), Window((3, 3), stride=(2, 2)), (2, 2)),
        ((7, 7), Window((3, 3), dilation=(2, 2)), (3, 3)),
        ((7, 9), Window((3, 2), (2, 3), (1, 2), (2, 4)), (3, 3)),
        ((2, 8), Window((3, 2), (1, 5), (0, 1), (1, 3)), (0, 2)),
    ]
    return [
        Case(f"{s} pixels, {_said(w)}", lambda s=s, w=w: (s, w), want)
        for s, w, want in table
    ]


def _pad() -> list[Case]:
    two = _image((1, 2), (3, 4))
    rows = _image((0, 0), (1, 2), (3, 4), (0, 0))
    around = _image((9, 9, 9, 9), (9, 1, 2, 9), (9, 3, 4, 9), (9, 9, 9, 9))
    table = [((1, 0), 0.0, rows), ((1, 1), 9.0, around), ((0, 0), 5.0, two)]
    by_hand = [
        Case(
            f"2×2 pixels, padding {p}, value {v:g}", lambda p=p, v=v: (two, p, v), want
        )
        for p, v, want in table
    ]
    options: list[tuple[tuple[int, ...], Pair, float]] = [
        ((2, 3, 4, 2), (0, 2), -np.inf),
        ((1, 2, 1, 3), (3, 1), 0.5),
        ((2, 1, 3, 5), (2, 3), 0.0),
    ]
    random = [
        Case(
            f"shape {s}, padding {p}, value {v:g}",
            lambda s=s, p=p, v=v: (array(*s), p, v),
        )
        for s, p, v in options
    ]
    double = np.array([[[[1.5]]]])
    wide = Case(
        "float64 stays float64",
        lambda: (double, (0, 1), 0.0),
        np.array([[[[0.0, 1.5, 0.0]]]]),
    )
    return [*by_hand, *random, wide]


def _conv_case(
    label: str,
    image: tuple[int, ...],
    filters: tuple[int, int],
    window: Window,
    groups: int = 1,
    bias: bool = False,
    hint: str = "",
) -> Case:
    """`filters`: how many there are, and of how many channels."""

    def args() -> tuple[Any, ...]:
        shift = array(filters[0], seed=2) if bias else None
        x, w = array(*image), array(*filters, *window.kernel, seed=1)
        return LoopsBackend(), x, w, shift, window, groups

    return Case(label, args, hint=hint, atol=1e-5)


def _to_time() -> tuple[Any, ...]:
    """Arguments of a convolution on which a loop and numpy are timed."""
    return LoopsBackend(), array(2, 2, 8, 8), array(3, 2, 3, 3), None, Window((3, 3)), 1


def _conv() -> list[Case]:
    diagonal = np.array([[[[1, 0], [0, 10]]]], dtype=np.float32)
    plain = np.array([[[[51, 62], [84, 95]]]], dtype=np.float32)
    shift = np.array([100], dtype=np.float32)

    def hand(bias: np.ndarray | None, window: Window) -> tuple[Any, ...]:
        return LoopsBackend(), NINE.copy(), diagonal.copy(), bias, window, 1

    corners = _image((10, 30), (70, 95))
    usual = Window((2, 2))
    step = Window((2, 2), stride=(2, 2), padding=(1, 1))
    first = "Upper left: 1·1 + 2·0 + 4·0 + 5·10 = 51. The filter is not mirrored."
    window = "Pad first. Output (i, j) starts at row i · stride of the padded image."
    return [
        Case("3×3 by 2×2", lambda: hand(None, usual), plain, hint=first),
        Case("with a bias", lambda: hand(shift.copy(), usual), plain + 100),
        Case("stride 2, padding 1", lambda: hand(None, step), corners, hint=window),
        _conv_case(
            "3 channels, 2 filters", (2, 3, 4, 4), (2, 3), Window((3, 3)), bias=True
        ),
        _conv_case(
            "not square, strides 2 and 1",
            (1, 2, 6, 5),
            (3, 2),
            Window((2, 3), stride=(2, 1), padding=(0, 2)),
            hint=window,
        ),
        _conv_case(
            "strides 1 and 3, paddings 2 and 0",
            (1, 1, 4, 7),
            (2, 1),
            Window((3, 2), stride=(1, 3), padding=(2, 0)),
            hint=window,
        ),
        _conv_case(
            "dilation 2 and 3",
            (1, 2, 5, 8),
            (2, 2),
            Window((2, 3), dilation=(2, 3)),
            hint="Neighbouring cells of the filter meet pixels `dilation` apart.",
        ),
        _conv_case(
            "2 groups",
            (1, 4, 3, 3),
            (6, 2),
            usual,
            groups=2,
            hint="Here filters 0 to 2 read channels 0 and 1, filters 3 to 5 the rest.",
        ),
        _conv_case("every channel its own filter", (2, 3, 3, 3), (3, 1), usual, 3),
        Case(
            "float64 stays float64",
            lambda: (
                LoopsBackend(),
                np.array([[[[1.0, 1e-9]]]]),
                np.ones((1, 1, 1, 2)),
                None,
                Window((1, 2)),
                1,
            ),
            np.array([[[[1.000000001]]]]),
            rtol=1e-12,
            atol=0,
        ),
    ]


def _max_pool() -> list[Case]:
    halves = Window((2, 2), stride=(2, 2))

    def cells(*rows: tuple[int, ...]) -> np.ndarray:
        return np.array([[rows]], dtype=np.int16)

    by_hand = Case(
        "4×4, windows of 2×2",
        lambda: (LoopsBackend(), SIXTEEN.copy(), halves),
        (_image((5, 8), (9, 3)), cells((1, 2), (0, 2))),
        hint="Upper left: 1, 5, 3, 4; the largest is 5, in cell 1 (counted from 0).",
    )
    ties = Case(
        "equal values: the first wins",
        lambda: (LoopsBackend(), _image((7, 7), (7, 7)), Window((2, 2))),
        (_image((7,)), cells((0,))),
    )
    below = Case(
        "negative numbers, padding 1",
        lambda: (LoopsBackend(), _image((-3, -4)), Window((1, 2), padding=(0, 1))),
        (_image((-3, -3, -4)), cells((1, 0, 0))),
        hint="The border must never win: pad with -inf, and start below every number.",
    )
    unknown = Case(
        "a nan beats every number",
        lambda: (LoopsBackend(), _image((1, np.nan, 3)), Window((1, 3))),
        (_image((np.nan,)), cells((1,))),
        hint="nan > 3 is False, and so is 3 > nan; ask math.isnan(value).",
    )
    lowest = Case(
        "nothing but -inf",
        lambda: (LoopsBackend(), _image((-np.inf, -np.inf)), Window((1, 2))),
        (_image((-np.inf,)), cells((0,))),
    )
    return [by_hand, ties, below, unknown, lowest, *_random_pools()]


def _random_pools() -> list[Case]:
    options = [
        ((2, 3, 5, 4), Window((3, 2))),
        ((1, 2, 6, 7), Window((2, 3), stride=(2, 3), padding=(1, 1))),
        ((2, 1, 7, 5), Window((3, 2), (1, 2), (1, 0), (2, 3))),
    ]
    return [
        Case(f"shape {s}, {_said(w)}", lambda s=s, w=w: (LoopsBackend(), array(*s), w))
        for s, w in options
    ]


def _avg_pool() -> list[Case]:
    halves = Window((2, 2), stride=(2, 2))
    by_hand = Case(
        "4×4, windows of 2×2",
        lambda: (LoopsBackend(), SIXTEEN.copy(), halves),
        _image((3.25, 4.0), (4.25, 2.25)),
        hint="Upper left: (1 + 5 + 3 + 4) / 4 = 3.25.",
    )
    border = Case(
        "padding counts as zeros",
        lambda: (LoopsBackend(), _image((4, 8)), Window((1, 2), padding=(0, 1))),
        _image((2, 6, 4)),
        hint="The first window is (0, 4): its mean is 2, not 4.",
    )
    return [by_hand, border, *_random_pools()]


def _batch_norm() -> list[Case]:
    def hand() -> tuple[Any, ...]:
        x = np.array([[[1.0, 3.0]]], dtype=np.float32)
        scale, shift = (np.array([v], dtype=np.float32) for v in (5.0, 10.0))
        return LoopsBackend(), x, scale, shift, 0.0

    def floats(*values: float) -> np.ndarray:
        return np.array(values, dtype=np.float32)

    by_hand = Case(
        "one channel with the values 1 and 3",
        hand,
        (floats(5, 15).reshape(1, 1, 2), floats(2), floats(1)),
        hint="mean 2; variance ((1 - 2)² + (3 - 2)²) / 2 = 1; then 5 · (∓1) + 10.",
    )
    options = [((3, 1, 1), 1e-5), ((2, 3, 4), 1e-5), ((4, 2, 5), 2.0), ((1, 3, 2), 0.1)]
    random = [
        Case(
            f"shape {s}, eps {e:g}",
            lambda s=s, e=e: (
                LoopsBackend(),
                3 * array(*s) + 5,
                array(s[1], seed=1),
                array(s[1], seed=2),
                e,
            ),
            hint="A channel's values lie in every image: x[:, c] has N · L of them.",
        )
        for s, e in options
    ]
    return [by_hand, *random]


def _follow() -> list[Case]:
    def tensors(*values: float) -> Tensor:
        return Tensor(np.array(values, dtype=np.float32))

    def arrays(*values: float) -> np.ndarray:
        return np.array(values, dtype=np.float32)

    def both(args: tuple[Any, ...], result: Any) -> list[np.ndarray]:
        return [args[0].data, args[1].data]

    in_place = "Write into the tensors that came in: running_mean.copy_(...)."
    return [
        Case(
            "from 0 and 1, half way to 4 and 6",
            lambda: (tensors(0), tensors(1), arrays(4), arrays(6), 3, 0.5),
            [arrays(2), arrays(5)],
            look=both,
            may_change=(0, 1),
            hint=f"{in_place} Variance: 6 · 3 / 2 = 9, half way from 1 is 5.",
        ),
        Case(
            "momentum 0.1, two channels",
            lambda: (
                tensors(1, -1),
                tensors(2, 3),
                arrays(11, 9),
                arrays(4, 8),
                5,
                0.1,
            ),
            [arrays(2, 0), arrays(2.3, 3.7)],
            look=both,
            may_change=(0, 1),
            hint=in_place,
        ),
        Case(
            "random numbers",
            lambda: (
                Tensor(array(4)),
                Tensor(array(4, seed=1) ** 2),
                array(4, seed=2),
                array(4, seed=3) ** 2,
                17,
                0.3,
            ),
            look=both,
            may_change=(0, 1),
            hint=in_place,
        ),
    ]


def _with_statistics() -> list[Case]:
    def tensor(array: np.ndarray) -> Tensor:
        out = Tensor(array.astype(np.float32))
        return out.requires_grad_()

    def look(args: tuple[Any, ...], out: Tensor) -> tuple[Any, ...]:
        return out.detach(), out.requires_grad

    def hand() -> tuple[Any, ...]:
        x = _image((1, 3, 8))
        one = [tensor(np.array([v])) for v in (2.0, 16.0, 5.0, 10.0)]
        return (tensor(x), *one, 9.0)

    def args(shape: tuple[int, ...]) -> tuple[Any, ...]:
        channels = [array(shape[1], seed=i) for i in range(1, 5)]
        channels[1] = channels[1] ** 2
        return (tensor(array(*shape)), *map(tensor, channels), 1e-3)

    hint = "Bring (C,) to (1, C, 1, …) with beside, and compute with tensors."
    by_hand = Case(
        "mean 2, variance 16, weight 5, bias 10, eps 9",
        hand,
        (Tensor(_image((9, 11, 16))), True),
        look=look,
        hint="sqrt(16 + 9) = 5, so it is 5 (x - 2) / 5 + 10; no .data, no .numpy().",
    )
    shapes = [(2, 3, 4, 3), (5, 2), (1, 3, 7), (3, 3, 3, 3)]
    return [by_hand] + [
        Case(f"shape {s}", lambda s=s: args(s), look=look, hint=hint, atol=1e-5)
        for s in shapes
    ]


def _unfold() -> list[Case]:
    columns = [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]
    by_hand = Case(
        "3×3, windows of 2×2",
        lambda: (NINE.copy(), Window((2, 2))),
        np.array([columns], dtype=np.float32),
        hint="Row k holds the pixel that cell k of the window meets at each place.",
    )
    options = [
        ((1, 2, 3, 3), Window((2, 2))),
        ((2, 1, 2, 3), Window((2, 1), padding=(1, 2))),
        ((1, 2, 6, 5), Window((3, 2), stride=(2, 1), padding=(0, 1))),
        ((2, 3, 7, 8), Window((2, 3), (1, 2), (1, 0), (3, 2))),
    ]
    random = [
        Case(f"shape {s}, {_said(w)}", lambda s=s, w=w: (array(*s), w))
        for s, w in options
    ]
    double = Case(
        "float64 stays float64",
        lambda: (np.array([[[[0.1, 0.2]]]]), Window((1, 1))),
        np.array([[[0.1, 0.2]]]),
        rtol=1e-12,
        atol=0,
    )
    return [by_hand, *random, double]


LESSON = Lesson(
    number=9,
    name="spatial",
    title="Convolution: looking at neighbours",
    question="see local patterns",
    chapter="8 AI Training",
    minutes=90,
    summary="Windows over images: convolution, pooling, batch norm, and unfolding.",
    parts=(
        Part(
            "backends.output_size",
            2,
            "The last start of a window is size + 2 padding - reach, with a reach of "
            "dilation (kernel - 1) + 1; count the starts up to it (// rounds down).",
            _output_size,
        ),
        Part(
            "backends.pad_image",
            2,
            "Make a large enough array of `value`, in x's dtype, and write x into its "
            "middle.",
            _pad,
            equivalent=(
                "dropped: if not (top or left) because the early return saves a copy",
                "if -> False: if False because the early return saves a copy",
                "dropped: return x because the early return saves a copy",
            ),
        ),
        Part(
            "backends.LoopsBackend.conv2d",
            5,
            "For each output (n, out, i, j), add up pixel · weight over (c, u, v).",
            _conv,
            loop=_to_time,
        ),
        Part(
            "backends.LoopsBackend.max_pool2d",
            3,
            "For each output, walk the cells; keep the best value and its number.",
            _max_pool,
        ),
        Part(
            "backends.LoopsBackend.avg_pool2d",
            2,
            "As with the maximum, but add up, and divide by the number of cells.",
            _avg_pool,
        ),
        Part(
            "backends.LoopsBackend.batch_norm",
            4,
            "One channel at a time: the mean and variance of x[:, c], then each value.",
            _batch_norm,
        ),
        Part(
            "nn.functional.follow_statistics",
            2,
            "(1 - momentum) · running + momentum · batch, the variance made unbiased.",
            _follow,
        ),
        Part(
            "nn.functional.with_statistics",
            2,
            "Scale by weight / sqrt(var + eps), channel by channel.",
            _with_statistics,
        ),
        Part(
            "backends.unfold",
            4,
            "window_cells gives, for each cell, the pixels it meets: one row for each "
            "channel, and all rows of channel 0 come before those of channel 1.",
            _unfold,
            equivalent=("0 -> -1 in `n, c because all views have one shape",),
        ),
    ),
)
