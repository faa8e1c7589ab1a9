"""From the typed tree back to Python: where there is no WebAssembly, this runs.

Every float is a numpy float32, every four an array of them, and every operation is
rounded or wraps around as the machine does it: so the results are the same, bit for
bit (but for the bits of a nan, of which there are many).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tinytorch.compiler import language, tree
from tinytorch.compiler.tree import Constant, Expression, Local, Place, Type


class Outside(Exception):  # noqa: N818 - an event, made an IndexError by `kernel`
    """An index is outside its array: at which place, on which axis, which index."""

    def __init__(self, place: Place, axis: int, index: int) -> None:
        super().__init__(place, axis, index)
        self.place, self.axis, self.index = place, axis, index


def python_function(
    program: tree.Program, words: Mapping[str, Any] | None = None
) -> Callable[..., None]:
    """Return the kernel as a Python function of arrays and numbers.

    words: what it calls instead of `WORDS`.
    """
    printer = Printer()
    text = "\n\n".join(map(printer.function, (*program.helpers, program.kernel)))
    names = {**WORDS, **(words or {}), **printer.values}
    exec(text, names)  # our own text, in which all names of the student begin with v_
    kernel: Callable[..., None] = names[_name(program.kernel.name)]
    return kernel


def _wrap(number: int) -> int:
    return (number + 2**31) % 2**32 - 2**31


def _inside(a: np.ndarray, index: tuple[int, ...], place: Place) -> None:
    for axis, (i, size) in enumerate(zip(index, a.shape, strict=True)):
        if not 0 <= i <= size - (place.width if axis == a.ndim - 1 else 1):
            raise Outside(place, axis, i)


def _read(a: np.ndarray, index: tuple[int, ...], place: Place) -> np.float32:
    _inside(a, index, place)
    number: np.float32 = a[index]
    return number


def _read4(a: np.ndarray, index: tuple[int, ...], place: Place) -> language.Four:
    _inside(a, index, place)
    return language.load4(a, *index)


def _write(a: np.ndarray, index: tuple[int, ...], place: Place, value: Any) -> None:
    _inside(a, index, place)
    a[index] = value


def _write4(a: np.ndarray, index: tuple[int, ...], place: Place, value: Any) -> None:
    _inside(a, index, place)
    language.store4(a, *index, value)


#: What the printed text calls.
WORDS: dict[str, Any] = {
    "wrap": _wrap,
    "read": _read,
    "read4": _read4,
    "write": _write,
    "write4": _write4,
    "f32": np.float32,
    "min4": lambda a, b: np.where(b < a, b, a),
    "max4": lambda a, b: np.where(b > a, b, a),
    "splat": language.splat,
    "floor": np.floor,
    "sqrt": np.sqrt,
    "power2": language.power2,
}
#: Those of them that go to memory.
ACCESSES = ("read", "read4", "write", "write4")
SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%"}
SIGNS |= {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
BEFORE = {"neg": "-", "not": "not "}
CALLS = {"float": "f32"}


class Printer:
    """Prints functions; `values` holds the constants and places that they name."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def function(self, function: tree.Function) -> str:
        """Return a function's text."""
        parameters = ", ".join(_name(p.name) for p in function.parameters)
        body = "\n".join(self._block(function.body))
        return f"def {_name(function.name)}({parameters}):\n{body}"

    def _block(self, statements: Sequence[tree.Statement]) -> list[str]:
        lines = [line for s in statements for line in self._statement(s)]
        return [f" {line}" for line in lines or ["pass"]]

    def _statement(self, statement: tree.Statement) -> Iterator[str]:
        match statement:
            case tree.Set(target, value):
                yield f"{_name(target.name)} = {self._print(value)}"
            case tree.Write(array, indices, value, place):
                word = "write4" if value.type is Type.FOUR else "write"
                where = self._access(array, indices, place)
                yield f"{word}({where}, {self._print(value)})"
            case tree.For(variable, start, stop, step, body):
                bounds = f"{self._print(start)}, {self._print(stop)}, {step}"
                yield f"for {_name(variable.name)} in range({bounds}):"
                yield from self._block(body)
            case tree.If(test, then, otherwise):
                yield f"if {self._print(test)}:"
                yield from self._block(then)
                yield "else:"
                yield from self._block(otherwise)
            case tree.Return(value):
                yield f"return {self._print(value)}"

    def _print(self, value: Expression) -> str:
        match value:
            case Constant(Type.INT, number):
                return f"({number})"
            case Constant(type_, number):
                single = np.float32(number)
                four = type_ is Type.FOUR
                return self._value(language.splat(single) if four else single)
            case Local(_, name):
                return _name(name)
            case tree.Size(array, axis):
                return f"{_name(array.name)}.shape[{axis}]"
            case tree.Read(type_, array, indices, place):
                word = "read4" if type_ is Type.FOUR else "read"
                return f"{word}({self._access(array, indices, place)})"
            case tree.Lane(four, number):
                return f"{self._print(four)}[{number}]"
            case tree.Call(_, name, operands):
                return f"{_name(name)}({', '.join(map(self._print, operands))})"
            case tree.Logic(name, left, right):
                return f"({self._print(left)} {name} {self._print(right)})"
            case tree.Operation():
                return self._operation(value)

    def _operation(self, value: tree.Operation) -> str:
        name, operands = value.name, [self._print(o) for o in value.operands]
        if name in SIGNS:
            text = f"({f' {SIGNS[name]} '.join(operands)})"
        elif name in BEFORE:
            text = f"({BEFORE[name]}{operands[0]})"
        else:
            four = name in ("min", "max") and value.type is Type.FOUR
            word = f"{name}4" if four else CALLS.get(name, name)
            text = f"{word}({', '.join(operands)})"
        return f"wrap{text}" if value.type is Type.INT and text[0] == "(" else text

    def _access(
        self, array: tree.Array, indices: Sequence[Expression], place: Place
    ) -> str:
        index = "".join(f"{self._print(i)}, " for i in indices)
        return f"{_name(array.name)}, ({index}), {self._value(place)}"

    def _value(self, value: Any) -> str:
        name = f"k{len(self.values)}"
        self.values[name] = value
        return name


def _name(name: str) -> str:
    """Return a name as Python allows it; a student has no word with a middle dot."""
    return "v_" + name.replace("-", "·").replace(".", "··")
