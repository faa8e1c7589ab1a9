"""The typed tree: what a kernel says, with every type and every array known.

`check` builds it from Python's own syntax tree; `emit` turns it into WebAssembly and
`plain` back into Python.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Type(Enum):
    """What an expression can be; the value is how errors name it."""

    INT = "an integer"
    FLOAT = "a float"
    FOUR = "four floats"
    TRUTH = "a truth value"


@dataclass(frozen=True)
class Array:
    """A parameter that is an array of float32.

    axes: 1 or 2. packed: whether the numbers of a row lie side by side in memory.
    """

    name: str
    axes: int
    packed: bool


@dataclass(frozen=True)
class Place:
    """Where in the text an array is read or written, and how many numbers of it."""

    line: int
    text: str
    array: str
    width: int


# Expressions


@dataclass(frozen=True)
class Constant:
    """A number known when the kernel is compiled; for FOUR, four times the same."""

    type: Type
    value: float


@dataclass(frozen=True)
class Local:
    """A variable; names are unique in a function."""

    type: Type
    name: str


@dataclass(frozen=True)
class Size:
    """The length of one axis of an array."""

    array: Array
    axis: int
    type: Type = Type.INT


@dataclass(frozen=True)
class Read:
    """One number of an array (FLOAT), or the four that begin there (FOUR)."""

    type: Type
    array: Array
    indices: tuple[Expression, ...]
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Operation:
    """An operation of the machine, such as "add" or "sqrt"; see `emit.OPERATIONS`."""

    type: Type
    name: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True)
class Logic:
    """`and` or `or`: the right side is only looked at if the left leaves it open."""

    name: str
    left: Expression
    right: Expression
    type: Type = Type.TRUTH


@dataclass(frozen=True)
class Lane:
    """One of four floats."""

    four: Expression
    number: int
    type: Type = Type.FLOAT


@dataclass(frozen=True)
class Call:
    """A call of another function of the program, by its unique name."""

    type: Type
    name: str
    operands: tuple[Expression, ...]


Expression = Constant | Local | Size | Read | Operation | Logic | Lane | Call

# Statements


@dataclass(frozen=True)
class Set:
    """Give a variable a value."""

    target: Local
    value: Expression
    line: int


@dataclass(frozen=True)
class Write:
    """Put one number, or four, into an array."""

    array: Array
    indices: tuple[Expression, ...]
    value: Expression
    place: Place
    line: int


@dataclass(frozen=True)
class For:
    """Count `variable` from start while below stop; step is known, and positive."""

    variable: Local
    start: Expression
    stop: Expression
    step: int
    body: tuple[Statement, ...]
    line: int


@dataclass(frozen=True)
class If:
    """One of two blocks."""

    test: Expression
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]
    line: int


@dataclass(frozen=True)
class Return:
    """The result of a function that a kernel calls."""

    value: Expression
    line: int


Statement = Set | Write | For | If | Return


@dataclass(frozen=True)
class Function:
    """A kernel (result None), or a function of numbers that one calls."""

    name: str
    parameters: tuple[Array | Local, ...]
    body: tuple[Statement, ...]
    result: Type | None


@dataclass(frozen=True)
class Program:
    """A kernel, the functions that it calls, and the text that they came from."""

    kernel: Function
    helpers: tuple[Function, ...]
    lines: dict[str, dict[int, str]]  # by function, by line
