"""Lesson 10, dataloader: from files to batches, in a new order, with variations."""

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinytorch import Tensor
from tinytorch.random import Generator
from tinytorch.utils.data import BatchSampler, RandomSampler, TensorDataset
from tinytorch.utils.data.transforms import (
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    RandomTransform,
)
from tinytorch.workshop.checking import Case
from tinytorch.workshop.curriculum.model import Lesson, Part


def _bytes(*shape: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, shape).astype(np.uint8)


def _drained(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Run an iterator to its end, so that its work counts as the part's."""
    out = function(*args)
    if out is args[0] or not isinstance(out, Iterator | None):
        kind = type(out).__name__
        raise TypeError(f"__iter__ expects to yield, or return iter(...), got a {kind}")
    return out if out is None else list(out)


def _twice(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    first = _drained(function, args)
    return first if first is None else (first, _drained(function, args))


def _getitem() -> list[Case]:
    points = Tensor(np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32))
    labels = Tensor(np.array([7, 8, 9]))
    table = [
        (1, (Tensor(np.array([3, 4], dtype=np.float32)), Tensor(np.array(8)))),
        (-1, (Tensor(np.array([5, 6], dtype=np.float32)), Tensor(np.array(9)))),
    ]
    pairs = [
        Case(f"sample {i} of 3", lambda i=i: (TensorDataset(points, labels), i), want)
        for i, want in table
    ]
    alone = Case(
        "a single tensor gives a tuple of one",
        lambda: (TensorDataset(labels), 0),
        (Tensor(np.array(7)),),
    )
    beyond = Case(
        "an index that is not there",
        lambda: (TensorDataset(labels), 3),
        raises=IndexError,
    )
    return [*pairs, alone, beyond]


def _random_order() -> list[Case]:
    def sampler(size: int, *options: Any) -> tuple[Any, ...]:
        return (RandomSampler(range(size), *options, generator=Generator(1)),)

    def order(args: tuple[Any, ...], passes: Any) -> dict[str, Any]:
        first, second = passes
        drew = args[0].generator.get_state() != Generator(1).get_state()
        return {
            "sorted": sorted(first),
            "mixed": first != sorted(first),
            "new order at the second pass": first != second,
            "drawn from self.generator": drew,
        }

    def draws(args: tuple[Any, ...], out: Iterable[int]) -> dict[str, Any]:
        found = list(out)
        seldom = min(found.count(i) for i in range(3))
        return {
            "how many": len(found),
            "which": sorted(set(found)),
            "each about equally often": seldom > 60,
        }

    def first_of(args: tuple[Any, ...], out: Iterable[int]) -> dict[str, Any]:
        found = list(out)
        return {
            "how many": len(found),
            "twice the same": len(set(found)) < len(found),
            "from all of them": max(found) > 30 and set(found) <= set(range(100)),
        }

    mixed = {"mixed": True, "new order at the second pass": True}
    few = {"how many": 10, "twice the same": False, "from all of them": True}
    return [
        Case(
            "each of 20 indices once, in two passes",
            lambda: sampler(20),
            {"sorted": list(range(20)), **mixed, "drawn from self.generator": True},
            look=order,
            call=_twice,
            hint="rng.permutation(n) is 0 to n - 1 in random order.",
        ),
        Case(
            "10 out of 100",
            lambda: sampler(100, False, 10),
            few,
            look=first_of,
            call=_drained,
            hint="The first num_samples of a random order are a random choice.",
        ),
        Case(
            "300 draws out of 3, with replacement",
            lambda: sampler(3, True, 300),
            {"how many": 300, "which": [0, 1, 2], "each about equally often": True},
            look=draws,
            call=_drained,
            hint="rng.integers(n, size=…) draws independently from 0 to n - 1.",
        ),
        Case(
            "without a generator of its own",
            lambda: (RandomSampler(range(5)),),
            [0, 1, 2, 3, 4],
            look=lambda args, out: sorted(out),
            call=_drained,
            hint="self.generator may be None: then take random.default_generator.",
        ),
    ]


def _batches() -> list[Case]:
    seven = [4, 1, 6, 0, 3, 5, 2]
    table = [
        (seven, 3, False, [[4, 1, 6], [0, 3, 5], [2]]),
        (seven, 3, True, [[4, 1, 6], [0, 3, 5]]),
        (seven[:6], 3, True, [[4, 1, 6], [0, 3, 5]]),
        (seven[:6], 3, False, [[4, 1, 6], [0, 3, 5]]),
        (seven[:2], 5, False, [[4, 1]]),
        (seven[:2], 5, True, []),
        (seven[:3], 1, False, [[4], [1], [6]]),
        ([], 2, False, []),
    ]
    return [
        Case(
            f"{len(s)} indices in lists of {n}, drop_last {drop}",
            lambda s=s, n=n, drop=drop: (BatchSampler(list(s), n, drop),),
            want,
            call=_drained,
            hint="Fill a list; when it is full, yield it and begin a new one."
            if s
            else "Without indices there is no list, not even an empty one.",
        )
        for s, n, drop, want in table
    ]


def _collate() -> list[Case]:
    def floats(*values: float) -> np.ndarray:
        return np.array(values, dtype=np.float32)

    rows = [floats(1, 2), floats(3, 4)]
    stacked = Tensor(np.stack(rows))
    labels = Tensor([5, 6])  # int64 on every machine
    table: list[tuple[str, list, Any]] = [
        ("whole numbers", [5, 6], labels),
        ("Python floats", [0.5, 1.5], Tensor(floats(0.5, 1.5))),
        ("arrays", rows, stacked),
        ("tensors", [Tensor(row) for row in rows], stacked),
        ("pairs", [(rows[0], 5), (rows[1], 6)], (stacked, labels)),
        ("lists", [[1, 2]], (Tensor([1]), Tensor([2]))),
        ("strings", ["cat", "dog"], ["cat", "dog"]),
        (
            "dicts",
            [{"x": rows[0], "name": "a"}, {"x": rows[1], "name": "b"}],
            {"x": stacked, "name": ["a", "b"]},
        ),
        (
            "pairs within pairs",
            [((1, rows[0]), "a"), ((2, rows[1]), "b"), ((3, rows[0]), "c")],
            ((Tensor([1, 2, 3]), Tensor(np.stack([*rows, rows[0]]))), ["a", "b", "c"]),
        ),
    ]
    good = [
        Case(name, lambda b=batch: (list(b),), want, hint=_COLLATE.get(name, ""))
        for name, batch, want in table
    ]
    bad = {
        "no samples": [],
        "pairs of different lengths": [(1, 2), (3, 4, 5)],
        "a longer one in the middle": [(1, 2), (3, 4, 5), (6, 7)],
        "arrays of different shapes": [floats(1), floats(1, 2)],
    }
    return good + [
        Case(name, lambda b=batch: (list(b),), raises=ValueError)
        for name, batch in bad.items()
    ]


_COLLATE = {
    "pairs": "zip(*batch) turns two pairs into two columns; collate each.",
    "strings": "Return a list of strings as it came.",
    "dicts": "For each key, collate the list of the samples' values.",
    "pairs within pairs": "A column may hold pairs again: call default_collate for it.",
}


def _cut() -> list[Case]:
    two = np.arange(8, dtype=np.uint8).reshape(2, 4, 1)
    by_hand = Case(
        "two images of 2×2 side by side",
        lambda: (two.copy(), 2),
        np.array([[[[0, 1], [4, 5]]], [[[2, 3], [6, 7]]]], dtype=np.uint8),
        hint="Rows 0 1 2 3 and 4 5 6 7: the left image is 0 1 above 4 5.",
    )
    colours = Case(
        "one pixel, three colours",
        lambda: (np.array([[[1, 2, 3]]], dtype=np.uint8), 1),
        np.array([[[[1]], [[2]], [[3]]]], dtype=np.uint8),
        hint="The colours come last in the sheet and second in the result.",
    )
    sizes = [((6, 4, 3), 2), ((3, 9, 3), 3), ((8, 4, 1), 4), ((4, 6, 2), 1)]
    hint = "Reshape to (rows, size, columns, size, C), then put the axes in order."
    return [by_hand, colours] + [
        Case(f"sheet {s}, images of {n}", lambda s=s, n=n: (_bytes(*s), n), hint=hint)
        for s, n in sizes
    ]


def _peak(function: Callable[..., Any], args: tuple) -> int:
    """Return the most bytes that were taken at once during a call."""
    tracemalloc.start()
    try:
        function(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _statistics() -> list[Case]:
    def lists(args: tuple[Any, ...], result: Any) -> list[list[float]]:
        return [np.asarray(values, dtype=float).tolist() for values in result]

    half = np.array([[[[0, 255]]], [[[255, 0]]]], dtype=np.uint8)
    two = np.array([[[[1.0, 3.0]], [[5.0, 5.0]]]], dtype=np.float32)
    exact = 1e-9
    return [
        Case(
            "as much black as white",
            lambda: (half.copy(), 1000),
            [[0.5], [0.5]],
            look=lists,
            hint="uint8 counts as 0..1: divide mean and deviation by 255.",
        ),
        Case(
            "two channels of floats",
            lambda: (two.copy(), 1000),
            [[2.0, 5.0], [1.0, 0.0]],
            look=lists,
            hint="Channel 0: mean 2, mean of squares (1 + 9) / 2 = 5, so 5 - 4 = 1.",
        ),
        Case(
            "5 images in chunks of 2",
            lambda: (_bytes(5, 3, 4, 2), 2),
            look=lists,
            rtol=exact,
            hint="Every image counts once, those of a shorter last chunk too.",
        ),
        Case(
            "bright and all the same: nothing overflows",
            lambda: (np.full((300, 1, 8, 8), 255, dtype=np.uint8), 100),
            [[1.0], [0.0]],
            look=lists,
            hint="255 · 255 does not fit in 8 bits: convert to float64 first.",
        ),
        Case(
            "4 MB of bytes, 100 images at a time, in less than 8 MB",
            lambda: (np.zeros((4000, 1, 32, 32), dtype=np.uint8), 100),
            True,
            look=lambda args, peak: peak < 8e6,
            call=_peak,
            hint="Convert one chunk after the other to float64, not all at once.",
        ),
        Case(
            "floats, constant",
            lambda: (np.full((7, 2, 3, 3), 0.3), 1),
            [[0.3, 0.3], [0.0, 0.0]],
            look=lists,
            atol=1e-7,
            hint="The variance may come out as -1e-18; the root of that is nan.",
        ),
    ]


def _normalize() -> list[Case]:
    by_hand = Case(
        "black and white",
        lambda: (Normalize([0.5], [0.25]), np.array([[[[0, 255]]]], dtype=np.uint8)),
        np.array([[[[-2.0, 2.0]]]], dtype=np.float32),
        hint="255 counts as 1: (1 - 0.5) / 0.25 = 2.",
    )
    floats = Case(
        "floats are taken as they are",
        lambda: (Normalize([1.0], [2.0]), np.array([[[[3.0, 255.0]]]])),
        np.array([[[[1.0, 127.0]]]], dtype=np.float32),
        hint="Divide by 255 only if images.dtype is np.uint8; return float32.",
    )
    three = Normalize([0.1, 0.5, 0.9], [0.2, 0.4, 0.8])
    colours = Case("three channels", lambda: (three, _bytes(4, 3, 2, 5)), atol=1e-5)
    bad = Case(
        "one channel where three are expected",
        lambda: (three, _bytes(2, 1, 3, 3)),
        raises=ValueError,
    )
    return [by_hand, floats, colours, bad]


def _form(out: np.ndarray) -> dict[str, Any]:
    return {"shape": out.shape, "dtype": str(out.dtype)}


def _drew(transform: RandomTransform) -> bool:
    """Tell whether a transform that was made with seed 1 has drawn since."""
    state = transform.generator and transform.generator.get_state()
    return state != Generator(1).get_state()


def _flip() -> list[Case]:
    def images(count: int) -> np.ndarray:
        left_right = np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8)
        return np.repeat(left_right[None], count, axis=0)

    def args(p: float, count: int) -> tuple[Any, ...]:
        return RandomHorizontalFlip(p, generator=Generator(1)), images(count)

    def look(given: tuple[Any, ...], out: np.ndarray) -> dict[str, Any]:
        if out.shape != given[1].shape:
            return _form(out)
        as_is = (out == given[1]).all(axis=(1, 2, 3))
        mirrored = (out == given[1][..., ::-1]).all(axis=(1, 2, 3))
        return _form(out) | {
            "every image as it was or mirrored": bool((as_is | mirrored).all()),
            "about a quarter mirrored": bool(180 < mirrored.sum() < 320),
            "drawn from self.rng": _drew(given[0]),
        }

    def colours(given: tuple[Any, ...], out: np.ndarray) -> bool:
        turned = (out == given[1][..., ::-1]).all(axis=(2, 3))
        return bool((turned[:, 0] == turned[:, 1]).all())

    mirrored = np.array([[[[3, 2, 1], [6, 5, 4]]]], dtype=np.uint8)
    right = {
        "shape": (1000, 1, 2, 3),
        "dtype": "uint8",
        "every image as it was or mirrored": True,
        "about a quarter mirrored": True,
        "drawn from self.rng": True,
    }
    return [
        Case("always (p = 1)", lambda: args(1.0, 1), mirrored, hint="Axis 3 is width."),
        Case("never (p = 0)", lambda: args(0.0, 1), images(1)),
        Case(
            "two colours of 100 images turn together",
            lambda: (args(0.5, 1)[0], np.repeat(images(100), 2, axis=1)),
            True,
            look=colours,
            hint="One draw for an image, not one for each of its channels.",
        ),
        Case(
            "1,000 images, p = 0.25",
            lambda: args(0.25, 1000),
            right,
            look=look,
            hint="self.rng.random(n) < p is true for a share p of n images.",
        ),
    ]


def _crop() -> list[Case]:
    def images(count: int) -> np.ndarray:
        one = np.arange(1, 13, dtype=np.float32).reshape(1, 2, 2, 3)
        return one + 100 * np.arange(count, dtype=np.float32).reshape(-1, 1, 1, 1)

    def crop(size: Any, padding: int = 0, mode: Any = "constant") -> RandomCrop:
        return RandomCrop(size, padding, padding_mode=mode, generator=Generator(1))

    def look(given: tuple[Any, ...], out: np.ndarray) -> dict[str, Any]:
        transform, given_images = given
        if out.shape != (len(given_images), 2, *transform.size):
            return _form(out)
        sides = [(0, 0), (0, 0), *[(transform.padding,) * 2] * 2]
        padded = np.pad(given_images, sides, transform.padding_mode)
        windows = sliding_window_view(padded, transform.size, axis=(2, 3))
        # (N, C, tops, lefts, height, width): which window of its image is each result?
        same = (windows == out[:, :, None, None]).all(axis=(1, 4, 5))
        return _form(out) | {
            "every result is a window of its own image": bool(same.any((1, 2)).all()),
            "windows that came up": int(same.any(axis=0).sum()),
            "drawn from self.rng": _drew(transform),
        }

    def right(size: tuple[int, int], places: int) -> dict[str, Any]:
        return {
            "shape": (200, 2, *size),
            "dtype": "float32",
            "every result is a window of its own image": True,
            "windows that came up": places,
            "drawn from self.rng": True,
        }

    def even(given: tuple[Any, ...], out: np.ndarray) -> bool:
        shares = np.bincount(out.ravel().astype(int), minlength=5) / len(out)
        return bool((abs(shares - 0.2) < 0.04).all())

    whole = Case("the whole image", lambda: (crop((2, 3)), images(1)), images(1))
    places = np.repeat(np.arange(5, dtype=np.float32).reshape(1, 1, 1, 5), 4000, axis=0)
    fair = Case(
        "five places come up equally often in 4,000 draws",
        lambda: (crop((1, 1)), places.copy()),
        True,
        look=even,
        hint="self.rng.integers(k) draws each of k numbers with the same probability.",
    )
    hint = (
        "There are height - size + 1 places from the top, 0 included; "
        "rng.integers(k) draws from 0 to k - 1."
    )
    table = [((1, 2), 0, "constant", 4), ((2, 3), 1, "constant", 9)]
    table += [((2, 2), 1, "edge", 12), ((3, 2), 1, "reflect", 8)]
    random = [
        Case(
            f"windows of {size}, padding {padding} ({mode})",
            lambda s=size, p=padding, m=mode: (crop(s, p, m), images(200)),
            right(size, places),
            look=look,
            hint=hint,
        )
        for size, padding, mode, places in table
    ]
    bad = [
        Case(
            f"a window of {size}, larger than the image",
            lambda s=size: (crop(s), images(1)),
            raises=ValueError,
        )
        for size in ((3, 3), (2, 4))
    ]
    return [whole, *random, fair, *bad]


LESSON = Lesson(
    number=10,
    name="dataloader",
    title="Feeding the network: data, in order and out of it",
    question="feed real data",
    chapter="6 Data Engineering",
    minutes=75,
    summary="Data sets, shuffled batches, augmentation, and what an epoch spends.",
    parts=(
        Part(
            "utils.data.TensorDataset.__getitem__",
            1,
            "Index every tensor in self.tensors and put the results in a tuple.",
            _getitem,
        ),
        Part(
            "utils.data.RandomSampler.__iter__",
            3,
            "Draw the whole order at once with numpy, then return an iterator over it.",
            _random_order,
        ),
        Part(
            "utils.data.BatchSampler.__iter__",
            3,
            "Fill a list; when it is full, yield it and begin a new one.",
            _batches,
        ),
        Part(
            "utils.data.default_collate",
            4,
            "Ask what the first sample is; tuples and dicts are collated by entry.",
            _collate,
            equivalent=(
                "dropped: _expect_one({len(sample) because zip(strict=True) raises too",
                "0 -> -1 in `first = batch[0]` because any sample tells the kind",
            ),
        ),
        Part(
            "utils.data.cut_sheet", 3, "One reshape, one transpose, one reshape.", _cut
        ),
        Part(
            "utils.data.transforms.channel_statistics",
            4,
            "Sums of x and of x² over axes 0, 2 and 3; the variance is the mean of "
            "the squares minus the square of the mean.",
            _statistics,
        ),
        Part(
            "utils.data.transforms.Normalize.apply",
            2,
            "self.mean and self.std are (C, 1, 1): they broadcast over (N, C, H, W).",
            _normalize,
        ),
        Part(
            "utils.data.transforms.RandomHorizontalFlip.apply",
            2,
            "Decide for each image, then write the mirrored ones into a copy.",
            _flip,
            equivalent=(
                "self.rng.random(len(images)) < self.p -> self.rng.random(len(images)) "
                "<= self.p because a draw equals p about once in 2**53",
            ),
        ),
        Part(
            "utils.data.transforms.RandomCrop.apply",
            4,
            "Pad all images at once, draw a top and a left for each, cut.",
            _crop,
            equivalent=(
                "dropped: if self.size[0] > height because numpy raises ValueError too",
                "dropped: raise ValueError because numpy raises one too",
                "if -> False: if False because numpy raises ValueError too",
                "in `if self.size[0] > height or self.size[1] > width:` because numpy "
                "raises ValueError too",
                "0 -> 1 in `padded = because an image too many, at the end, is not cut",
            ),
        ),
    ),
)
