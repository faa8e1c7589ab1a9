"""The arrays inside a case's arguments and results, wherever they are held."""

from __future__ import annotations

from collections.abc import Iterator
from types import GeneratorType, SimpleNamespace
from typing import Any

import numpy as np

from tinytorch.autograd import Function
from tinytorch.nn import Module
from tinytorch.tensor import Tensor

MOST = 200  # arrays that are looked at in one value
Leaf = tuple[str, np.ndarray]


def leaves(value: Any, name: str) -> list[Leaf]:
    """Return (where, array) for the arrays that a value holds, each once."""
    found: list[Leaf] = []
    for leaf in _walk(value, name, set()):
        found.append(leaf)
        if len(found) == MOST:
            break
    return found


def _walk(value: Any, name: str, seen: set[int]) -> Iterator[Leaf]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        yield name, value
    elif isinstance(value, Tensor):
        yield name, value.data
        if value.grad is not None:
            yield from _walk(value.grad, f"{name}.grad", seen)
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _walk(item, f"{name}[{i}]", seen)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, f"{name}[{key!r}]", seen)
    elif isinstance(value, Function):  # not its edges: a graph can be deep
        yield from _walk(value.saved, f"{name}.saved", seen)
    elif isinstance(value, SimpleNamespace | Module):
        for key, item in vars(value).items():
            yield from _walk(item, f"{name}.{key}", seen)


def outline(value: Any) -> Any:
    """Return what a list, tuple or dict holds; objects count as themselves."""
    if isinstance(value, list | tuple):
        return [outline(item) for item in value]
    if isinstance(value, dict):
        return [(key, outline(item)) for key, item in value.items()]
    if isinstance(value, bool | int | float | str):
        return value if value == value else "nan"
    return _Itself(value)


class _Itself:
    """Equal to nothing but another one of the same object."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.value is self.value

    __hash__ = None  # type: ignore[assignment]


def shared(results: list[Leaf], arguments: list[Leaf]) -> set[tuple[str, str]]:
    """Return (result, argument) for those that lie in the same memory."""
    return {
        (where, source)
        for where, array in results
        for source, given in arguments
        if array.size and given.size and np.may_share_memory(array, given)
    }


def doubled(value: Any) -> tuple[Any, bool]:
    """Return a value with float64 where it has float32, and whether it had any.

    Tensors, modules and contexts are changed in place: others may hold them, too.
    """
    memo: dict[int, Any] = {}
    return _double(value, memo), "changed" in memo.values()


def _double(value: Any, memo: dict[int, Any]) -> Any:
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, np.ndarray):
        if value.dtype == np.float32:
            memo[-1] = "changed"
            memo[id(value)] = value.astype(np.float64)
        return memo.get(id(value), value)
    if isinstance(value, Tensor):
        memo[id(value)] = value
        value.data = _double(value.data, memo)
        if value.grad is not None:
            _double(value.grad, memo)
        return value
    if isinstance(value, list):
        value[:] = [_double(item, memo) for item in value]
    elif type(value) is tuple:
        return tuple([_double(item, memo) for item in value])
    elif isinstance(value, dict):
        for key, item in value.items():
            value[key] = _double(item, memo)
    elif isinstance(value, Function):
        value.saved = _double(value.saved, memo)
    elif isinstance(value, SimpleNamespace | Module):
        memo[id(value)] = value
        for key, item in vars(value).items():
            setattr(value, key, _double(item, memo))
    return value


def float_tensors(value: Any, name: str) -> list[tuple[str, Tensor]]:
    """Return (where, tensor) for the float tensors of a value, parameters included."""
    found: dict[int, tuple[str, Tensor]] = {}
    _collect(value, name, found)
    return list(found.values())


def _collect(value: Any, name: str, found: dict[int, tuple[str, Tensor]]) -> None:
    if isinstance(value, Tensor):
        if value.dtype.kind == "f":
            found.setdefault(id(value), (name, value))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            _collect(item, f"{name}[{i}]", found)
    elif isinstance(value, Module):
        for key, item in value.named_parameters():
            _collect(item, f"{name}.{key}", found)


def drained(result: Any) -> Any:
    """Return a generator's items as a list; anything else as it is."""
    return list(result) if isinstance(result, GeneratorType) else result
