"""What an argument must be, in one line; the error says what was expected and got."""

import math
import operator
import sys
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

import numpy as np

MANY = 12  # options; of more, an error names the first ones
OPTIONS = str | int | float | tuple | None


def shown(value: object) -> str:
    """Return a value for a message: a scalar or short text whole, else its type."""
    if (
        value is None
        or isinstance(value, Real)
        or (isinstance(value, str | tuple | list | dict) and len(repr(value)) <= 60)
    ):
        return repr(value)
    return type(value).__name__


def tensors(name: str, **values: Any) -> None:
    """Raise TypeError for a named value that is no tensor.

    name: whose argument it is, such as "linear".
    """
    for argument, value in values.items():
        # Known by what only a tensor has: this floor knows no Tensor yet.
        if not hasattr(value, "requires_grad"):
            raise TypeError(
                f"{name} expects a Tensor as {argument}, got {shown(value)}; make one "
                "with tinytorch.tensor(...)"
            )


def number(**values: Any) -> None:
    """Raise TypeError for a named value that is no single real number."""
    for name, value in values.items():
        if not is_number(value):
            raise TypeError(f"expected {name} as a number, got {shown(value)}")


def is_number(value: Any) -> bool:
    """Whether a value is a single real number, Python's or numpy's."""
    # Nearly all are of these two; asking an abstract class takes ten times as long.
    if type(value) is float or type(value) is int:
        return True
    return isinstance(value, Real) and not isinstance(value, bool)


def finite(**values: Any) -> None:
    """Raise TypeError for what is no number, ValueError for inf and nan."""
    for name, value in values.items():
        if not is_number(value):
            number(**{name: value})
        if not math.isfinite(value):
            raise ValueError(f"expected {name} as a finite number, got {value}")


def positive(**values: Any) -> None:
    """Raise ValueError for a named value of 0 or below, or nan; TypeError for none."""
    number(**values)
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"expected {name} above 0, got {value}")


def boolean(**values: Any) -> None:
    """Raise TypeError for a named value that is neither True nor False."""
    for name, value in values.items():
        if value is not True and value is not False:
            raise TypeError(f"expected {name} as True or False, got {shown(value)}")


def whole(**values: Any) -> None:
    """Raise TypeError for a named value that is no whole number, Python's or numpy's.

    Neither is 2.0 or True, which only look like one.
    """
    for name, value in values.items():
        if type(value) is int:
            continue
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise TypeError(f"expected {name} as a whole number, got {shown(value)}")


def count(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number, Python's or numpy's, as an int.

    Raises TypeError for anything else, ValueError for one below `least`, or beyond what
    a machine can count.
    """
    if type(value) is int and least <= value <= sys.maxsize:
        return value
    whole(**{name: value})
    at_least(least, **{name: value})
    if value > sys.maxsize:
        raise ValueError(f"expected {name} of at most {sys.maxsize}, got {value}")
    return operator.index(value)


def at_least(least: float, **values: Any) -> None:
    """Raise ValueError for a named value below `least`, or nan; TypeError for none."""
    for name, value in values.items():
        if not is_number(value):
            number(**{name: value})
        if not value >= least:
            raise ValueError(f"expected {name} of at least {least}, got {value}")


def between(low: float, high: float, **values: Any) -> None:
    """Raise ValueError for a named value outside low to high, both included, or nan."""
    for name, value in values.items():
        if not is_number(value):
            number(**{name: value})
        if not low <= value <= high:
            raise ValueError(f"expected {name} from {low} to {high}, got {value}")


def function(**values: Any) -> None:
    """Raise TypeError for a named value that cannot be called."""
    for name, value in values.items():
        if not callable(value):
            raise TypeError(f"expected {name} as a function, got {shown(value)}")


def instance(kind: Any, **values: Any) -> None:
    """Raise TypeError for a named value that is no `kind`."""
    for name, value in values.items():
        if not isinstance(value, kind):
            wanted = kind.__name__ if isinstance(kind, type) else str(kind)
            raise TypeError(f"expected {name} as {wanted}, got {shown(value)}")


def floating_dtype(**values: Any) -> None:
    """Raise TypeError for a named value that is no dtype of floating numbers."""
    for name, value in values.items():
        try:
            kind = "" if value is None else np.dtype(value).kind
        except (TypeError, ValueError):
            kind = ""
        if kind != "f":
            got = value if kind else shown(value)
            raise TypeError(f"expected {name} as a floating dtype, got {got}")


def sequence(name: str, value: Any) -> list[Any]:
    """Return a list or tuple as a list; raises TypeError for anything else."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"expected {name} as a list or a tuple, got {shown(value)}")
    return list(value)


def divisible(by: int, **values: Any) -> None:
    """Raise ValueError for a named value that `by`, at least 1, does not divide."""
    whole(**values)
    for name, value in values.items():
        if type(by) is not int:
            whole(**{f"the divisor of {name}": by})
        if by < 1 or value % by:
            raise ValueError(f"expected {name} divisible by {by}, got {value}")


def one_of(options: Collection[object], **values: object) -> None:
    """Raise ValueError for a named value that is not among the options."""
    for name, value in values.items():
        # An array is equal to nothing: it would answer element by element.
        if isinstance(value, OPTIONS) and value in options:
            continue
        known = list(options)
        some = f"{known[:MANY]} ..." if len(known) > MANY else f"{options}"
        raise ValueError(f"expected {name} out of {some}, got {shown(value)}")


def shape(name: str, tensor: Any, expected: tuple[int, ...]) -> None:
    """Raise ValueError for another shape; None, an absent tensor, fits any.

    name: whose, such as "Linear's bias". TypeError for what has no shape at all.
    """
    if tensor is None:
        return
    if not hasattr(tensor, "shape"):
        raise TypeError(f"{name} expects a Tensor, got {shown(tensor)}")
    if tensor.shape != expected:
        raise ValueError(f"{name} expects shape {expected}, got {tensor.shape}")


def axes(name: str, tensor: Any, count: int) -> None:
    """Raise ValueError for another number of axes, TypeError for what has none."""
    if not hasattr(tensor, "ndim"):
        raise TypeError(f"{name} expects {count} axes, got {shown(tensor)}")
    if tensor.ndim != count:
        raise ValueError(f"{name} expects {count} axes, got shape {tensor.shape}")


def dtype(name: str, tensor: Any, expected: Any) -> None:
    """Raise TypeError for another dtype."""
    if tensor.dtype != expected:
        raise TypeError(f"{name} expects dtype {expected}, got {tensor.dtype}")


def array(name: str, value: Any) -> None:
    """Raise TypeError for what is neither a numpy array nor a tensor."""
    if not hasattr(value, "dtype") or not hasattr(value, "ndim"):
        raise TypeError(f"expected {name} as an array, got {shown(value)}")


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
