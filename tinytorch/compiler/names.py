"""What a name means: a variable, an array, some registers, or a value from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from tinytorch.compiler.source import Source
from tinytorch.compiler.tree import Array, Constant, Local, Type


@dataclass(frozen=True)
class Registers:
    """Variables of four floats, in one or two axes, found by known indices."""

    name: str
    shape: tuple[int, ...]

    def at(self, indices: tuple[int, ...]) -> Local:
        """Return one of the variables."""
        return Local(Type.FOUR, ".".join([self.name, *map(str, indices)]))


Meaning = Local | Array | Registers | Constant


class Scope:
    """The names of one function, block within block."""

    def __init__(self) -> None:
        self._blocks: list[dict[str, Meaning]] = [{}]
        self._used: dict[str, int] = {}

    @contextmanager
    def block(self) -> Iterator[None]:
        """Forget at the end what was named inside."""
        self._blocks.append({})
        yield
        self._blocks.pop()

    def find(self, name: str) -> Meaning | None:
        """Return what the innermost block means by a name."""
        for block in reversed(self._blocks):
            if name in block:
                return block[name]
        return None

    def put(self, name: str, meaning: Meaning) -> None:
        """Let a name mean something in this block."""
        self._blocks[-1][name] = meaning

    def unique(self, name: str) -> str:
        """Return a name that no other variable of the function has: x, x-2, x-3."""
        self._used[name] = count = self._used.get(name, 0) + 1
        return name if count == 1 else f"{name}-{count}"


class Constants:
    """Which values from outside went into a program, to notice when one changes."""

    def __init__(self) -> None:
        self._seen: list[tuple[Source, str, object]] = []

    def value_of(self, source: Source, name: str) -> Any:
        """Return what a name means outside the function; KeyError if nothing."""
        value = source.value_of(name)
        self._seen.append((source, name, _identity(value)))
        return value

    def unchanged(self) -> bool:
        """Whether compiling again would see the same values."""
        return all(
            _identity(source.value_of(name)) == was for source, name, was in self._seen
        )


def _identity(value: Any) -> object | tuple[type, object] | CodeType:
    if isinstance(value, FunctionType):
        return value.__code__
    return (type(value), value) if isinstance(value, int | float) else id(value)
