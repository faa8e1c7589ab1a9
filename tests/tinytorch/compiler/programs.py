"""Kernels from text, arrays in a machine's memory, and programs drawn at random."""

from __future__ import annotations

import itertools
import linecache
from types import FunctionType

import numpy as np

from tinytorch import compiler
from tinytorch.compiler.machine import Machine

_numbers = itertools.count()
WORDS = {name: value for name, value in vars(compiler).items() if name[0] != "_"}


def define(text: str, /, **outside: object) -> FunctionType:
    """Return the last function that a text defines, readable as from a cell."""
    filename = f"<program {next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    names = WORDS | outside
    exec(compile(text, filename, "exec"), names)
    return [f for f in names.values() if isinstance(f, FunctionType)][-1]


def placed(machine: Machine | None, array: np.ndarray) -> np.ndarray:
    """Return the array, or a copy of it with its layout in the machine's memory."""
    if machine is None:
        return array
    low, high = np.lib.array_utils.byte_bounds(array)
    room = machine.room((high - low) // 4).view(np.float32)
    first = (array.__array_interface__["data"][0] - low) // 4
    steps = tuple(array.strides)
    copy = np.lib.stride_tricks.as_strided(room[first:], array.shape, steps)
    copy[...] = array
    return copy


class Drawer:
    """Draws a kernel of arrays a and c (2 axes), b (1), integers m, n and a float x."""

    head = "def drawn(a, b, c, m, n, x):"

    def __init__(self, rng: np.random.Generator, wild: float) -> None:
        self._rng, self._wild = rng, wild
        self._count = 0
        self._blocks: list[list[tuple[str, str]]] = [
            [("m", "int"), ("n", "int"), ("x", "float")]
        ]

    def program(self) -> str:
        """Return its text."""
        return "\n".join([self.head, *self._block(2, 1)])

    def _one(self, options: list) -> object:
        return options[self._rng.integers(len(options))]

    def _names(self, kind: str) -> list[str]:
        return [name for block in self._blocks for name, k in block if k == kind]

    def _new(self, kind: str, letter: str = "") -> str:
        self._count += 1
        name = f"{letter or kind[0]}{self._count}"
        self._blocks[-1].append((name, kind))
        return name

    def _block(self, depth: int, indent: int) -> list[str]:
        self._blocks.append([])
        lines = []
        for _ in range(self._rng.integers(1, 4)):
            lines += self._statement(depth)
        self._blocks.pop()
        return ["    " + line for line in lines]

    def _statement(self, depth: int) -> list[str]:
        which = self._rng.integers(9)
        if depth and which == 0:
            test = self.truth(2)
            lines = [f"if {test}:", *self._block(depth - 1, 1)]
            return [*lines, "else:", *self._block(depth - 1, 1)]
        if depth and which in (1, 2):
            bounds = self._one(
                ["3", "len(b)", "a.shape[0]", "1, c.shape[1]", "0, a.shape[1], 4"]
                + [f"{self.integer(1)} % 5, {self.integer(1)} % 7, 2"]
            )
            call = self._one([f"range({bounds})", "unroll(2)"])
            self._blocks.append([])
            counter = self._new("int", letter="k")
            lines = [f"for {counter} in {call}:", *self._block(depth - 1, 1)]
            self._blocks.pop()
            return lines
        if which == 3:
            return [f"c[{self.index(0)}, {self.index(1)}] = {self.float(3)}"]
        if which == 4:
            return [f"store4(c, {self.index(0)}, {self.index4()}, {self.four(3)})"]
        kind = str(self._one(["int", "float", "four"]))
        value = getattr(self, {"int": "integer"}.get(kind, kind))(3)
        old = [n for n in self._names(kind) if n[0] == kind[0] and n[1:].isdigit()]
        if old and self._rng.random() < 0.5:
            return [f"{self._one(old)} {self._one(['=', '+=', '*='])} {value}"]
        return [f"{self._new(kind)} = {value}"]

    # Expressions; `deep` bounds how far they nest.

    def integer(self, deep: int) -> str:
        """An integer; it may wrap around."""
        leaves = [*self._names("int"), str(self._rng.integers(-3, 9)), "len(b)"]
        if not deep or self._rng.random() < 0.4:
            return str(self._one([*leaves, "a.shape[1]"]))
        left, right = self.integer(deep - 1), self.integer(deep - 1)
        by = self._rng.integers(1, 9)
        return str(
            self._one(
                [f"({left} {s} {right})" for s in "+-*"]
                + [f"{f}({left}, {right})" for f in ("min", "max")]
                + [f"({left}) // {by}", f"({left}) % {by}", f"(-{left})"]
            )
        )

    def index(self, axis: int) -> str:
        """An index of a or c, inside most of the time."""
        if self._rng.random() < self._wild:
            return self.integer(2)
        return f"max(0, min({self.integer(1)}, c.shape[{axis}] - 1))"

    def index4(self) -> str:
        """An index of c at which four numbers begin."""
        if self._rng.random() < self._wild:
            return self.integer(2)
        return f"max(0, min({self.integer(1)}, c.shape[1] - 4))"

    def float(self, deep: int) -> str:
        """A float, which may be infinite or nan."""
        literal = str(self._one(["0.0", "1.5", "-0.1", "3e30"]))
        leaves = [*self._names("float"), literal, f"float({self.integer(1)})"]
        if not deep or self._rng.random() < 0.3:
            reads = [f"a[{self.index(0)}, {self.index(1)}]", f"b[{self.index(0)} % 3]"]
            return str(self._one([*leaves, *reads]))
        left, right = self.float(deep - 1), self.float(deep - 1)
        return self._arithmetic(left, right, [f"{self.four(0)}[2]"])

    def four(self, deep: int) -> str:
        """Four floats."""
        leaves = [*self._names("four"), f"splat({self.loose(1)})"]
        if not deep or self._rng.random() < 0.3:
            return str(
                self._one([*leaves, f"load4(a, {self.index(0)}, {self.index4()})"])
            )
        left, right = self.four(deep - 1), self.four(deep - 1)
        return self._arithmetic(left, right, [f"muladd({left}, {right}, {left})"])

    def loose(self, deep: int) -> str:
        """A float that is no literal."""
        return f"({self.float(deep)} + x)"

    def _arithmetic(self, left: str, right: str, more: list[str]) -> str:
        return str(
            self._one(
                [f"({left} {s} {right})" for s in "+-*/"]
                + [f"{f}({left}, {right})" for f in ("min", "max")]
                + [f"{f}({left})" for f in ("-", "abs", "floor", "sqrt", "exp")]
                + more
            )
        )

    def truth(self, deep: int) -> str:
        """A condition."""
        kind = self.integer if self._rng.random() < 0.5 else self.float
        sign = self._one(["<", "<=", ">", ">=", "==", "!="])
        test = f"{kind(1)} {sign} {kind(1)}"
        if not deep or self._rng.random() < 0.5:
            return test
        other = self.truth(deep - 1)
        return str(
            self._one([f"{test} and {other}", f"{test} or {other}", f"not ({other})"])
        )
