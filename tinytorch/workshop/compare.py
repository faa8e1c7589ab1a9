"""What differs between an expected value and a student's, in words."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.tensor import Tensor
from tinytorch.workshop.words import counted, kind_of


@dataclass(frozen=True)
class Difference:
    """`kind` is none, type, shape, dtype, length or values; `text` says what it is."""

    kind: str
    text: str


def difference(
    expected: Any, got: Any, rtol: float = 1e-4, atol: float = 1e-6, dtypes: bool = True
) -> Difference | None:
    """Return the first difference, or None.

    Numbers may differ by atol + rtol |expected|; a Python number may stand for a numpy
    scalar. Sequences and dicts are compared item by item. dtypes: whether arrays of
    another dtype differ.
    """
    if got is None and expected is not None:
        return Difference("none", f"None instead of {kind_of(expected)}")
    if isinstance(expected, dict) and isinstance(got, dict):
        if list(expected) != list(got) and set(expected) != set(got):
            return Difference("type", f"keys {list(got)} instead of {list(expected)}")
        pairs = [(f"[{k!r}]", expected[k], got[k]) for k in expected]
        return _first(pairs, rtol, atol, dtypes)
    if isinstance(expected, list | tuple):
        if type(got) not in (type(expected), list, tuple):
            return _types(expected, got)
        if isinstance(expected, tuple) != isinstance(got, tuple):
            return _types(expected, got)
        if len(expected) != len(got):
            text = f"{counted(len(got), 'item')} instead of {len(expected)}"
            return Difference("length", text)
        triples = zip(expected, got, strict=True)
        items = [(f"[{i}]", e, g) for i, (e, g) in enumerate(triples)]
        return _first(items, rtol, atol, dtypes)
    if isinstance(expected, Tensor | np.ndarray):
        return _arrays(expected, got, rtol, atol, dtypes)
    if isinstance(expected, bool | int | float | np.number | np.bool_):
        return _numbers(expected, got, rtol, atol)
    if type(expected) is not type(got):
        return _types(expected, got)
    return None if expected == got else Difference("values", "the value differs")


def _first(
    items: list[tuple[str, Any, Any]], rtol: float, atol: float, dtypes: bool
) -> Difference | None:
    for where, expected, got in items:
        found = difference(expected, got, rtol, atol, dtypes)
        if found:
            kind = "values" if found.kind == "none" else found.kind
            return Difference(kind, f"item {where}: {found.text}")
    return None


def _types(expected: Any, got: Any) -> Difference:
    text = f"{kind_of(got)} came back instead of {kind_of(expected)}"
    return Difference("type", text)


def _arrays(
    expected: Any, got: Any, rtol: float, atol: float, dtypes: bool
) -> Difference | None:
    if isinstance(expected, Tensor) != isinstance(got, Tensor) or not isinstance(
        got, Tensor | np.ndarray | np.generic
    ):
        return _types(expected, got)
    if expected.shape != got.shape:
        return Difference("shape", f"shape {got.shape} instead of {expected.shape}")
    if dtypes and expected.dtype != got.dtype:
        return Difference("dtype", f"dtype {got.dtype} instead of {expected.dtype}")
    a, b = (np.asarray(x.data if isinstance(x, Tensor) else x) for x in (expected, got))
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        wrong = a != b  # as floats, neighbours above 2**53 would be equal
    else:
        wrong = ~np.isclose(b, a, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = f" at index {index}" if index else ""
    count = f"{int(wrong.sum())} of {wrong.size} values differ, the first{where}: "
    return Difference("values", f"{count}{b[index]!s} instead of {a[index]!s}")


def _numbers(expected: Any, got: Any, rtol: float, atol: float) -> Difference | None:
    if isinstance(got, np.ndarray) and not got.ndim:
        got = got[()]
    truth = isinstance(expected, bool | np.bool_)
    if not isinstance(got, bool | int | float | np.number | np.bool_) or (
        truth != isinstance(got, bool | np.bool_)
    ):
        return _types(expected, got)
    whole = isinstance(expected, int | np.integer)
    if whole and not isinstance(got, int | np.integer):
        return _types(expected, got)
    if whole and got == expected:
        return None
    if not whole and np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True):
        return None
    return Difference("values", f"{got!r} instead of {expected!r}")
