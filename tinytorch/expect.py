"""What an argument must be, in one line; the error says what was expected and got."""

from collections.abc import Collection
from typing import Any


def at_least(least: float, **values: float) -> None:
    """Raise ValueError for a named value below `least`, or nan."""
    for name, value in values.items():
        if not value >= least:
            raise ValueError(f"expected {name} of at least {least}, got {value}")


def between(low: float, high: float, **values: float) -> None:
    """Raise ValueError for a named value outside low to high, both included, or nan."""
    for name, value in values.items():
        if not low <= value <= high:
            raise ValueError(f"expected {name} from {low} to {high}, got {value}")


def divisible(by: int, **values: int) -> None:
    """Raise ValueError for a named value that `by`, at least 1, does not divide."""
    for name, value in values.items():
        if by < 1 or value % by:
            raise ValueError(f"expected {name} divisible by {by}, got {value}")


def one_of(options: Collection[object], **values: object) -> None:
    """Raise ValueError for a named value that is not among the options."""
    for name, value in values.items():
        if value not in options:
            raise ValueError(f"expected {name} out of {options}, got {value!r}")


def shape(name: str, tensor: Any, expected: tuple[int, ...]) -> None:
    """Raise ValueError for another shape; None, an absent tensor, fits any.

    name: whose, such as "Linear's bias".
    """
    if tensor is not None and tensor.shape != expected:
        raise ValueError(f"{name} expects shape {expected}, got {tensor.shape}")


def axes(name: str, tensor: Any, count: int) -> None:
    """Raise ValueError for another number of axes."""
    if tensor.ndim != count:
        raise ValueError(f"{name} expects {count} axes, got shape {tensor.shape}")


def dtype(name: str, tensor: Any, expected: Any) -> None:
    """Raise TypeError for another dtype."""
    if tensor.dtype != expected:
        raise TypeError(f"{name} expects dtype {expected}, got {tensor.dtype}")


def floating(name: str, tensor: Any) -> None:
    """Raise TypeError for integers and booleans."""
    if tensor.dtype.kind != "f":
        raise TypeError(f"{name} expects a floating dtype, got {tensor.dtype}")


def ids(name: str, array: Any, count: int) -> None:
    """Raise TypeError unless integers, IndexError unless from 0 to count - 1."""
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} expects integers, got dtype {array.dtype}")
    wrong = array[(array < 0) | (array >= count)]
    if wrong.size:
        raise IndexError(
            f"{name} expects integers from 0 to {count - 1}, got {wrong[0]}"
        )
