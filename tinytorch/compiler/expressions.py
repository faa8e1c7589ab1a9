"""Expressions: from Python's syntax tree to the typed one."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from tinytorch.compiler import language
from tinytorch.compiler.names import Constants, Meaning, Registers, Scope
from tinytorch.compiler.source import CompileError, Source
from tinytorch.compiler.tree import (
    Array,
    Call,
    Constant,
    Expression,
    Lane,
    Local,
    Logic,
    Operation,
    Place,
    Read,
    Size,
    Type,
)

INT, FLOAT, FOUR, TRUTH = Type
LARGEST = 2**31 - 1
OPERATORS: dict[type, tuple[str, str]] = {
    ast.Add: ("add", "+"),
    ast.Sub: ("sub", "-"),
    ast.Mult: ("mul", "*"),
    ast.Div: ("div", "/"),
    ast.FloorDiv: ("floordiv", "//"),
    ast.Mod: ("mod", "%"),
}
COMPARISONS: dict[type, str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
ALLOWED = "numbers, variables, a[i], a[i, j], a.shape[0], + - * / // %, and calls"
CALLS = (
    "min, max, abs, float, len, load4, store4, splat, muladd, floor, sqrt, exp, and "
    "functions of numbers that you define yourself"
)
#: Calls one of whose arguments is a function of the language, or Python's own.
_SAME_TYPE: dict[Any, tuple[str, int]] = {
    abs: ("abs", 1),
    language.floor: ("floor", 1),
    language.sqrt: ("sqrt", 1),
    language.power2: ("power2", 1),
    language.muladd: ("muladd", 3),
}
Helper = Callable[[FunctionType, list[Type], ast.expr], tuple[str, Type]]


class ExpressionChecker:
    """Checks the expressions of one function.

    helper: compiles another function, for arguments of such types, when it is called.
    """

    def __init__(
        self, source: Source, scope: Scope, constants: Constants, helper: Helper
    ) -> None:
        self.source, self.scope = source, scope
        self._constants, self._helper = constants, helper

    def error(self, node: ast.AST, message: str) -> CompileError:
        """Return an error at a node."""
        return self.source.error(node, message)

    def check(self, node: ast.expr) -> Expression:
        """Return the typed form of an expression. Raises CompileError."""
        match node:
            case ast.Constant(value=bool()):
                raise self.error(node, f"compare numbers instead of {said(node)}")
            case ast.Constant(value=int() | float() as value):
                return self._number(node, value)
            case ast.Name():
                return self._name(node)
            case ast.BinOp():
                return self._binary(node)
            case ast.UnaryOp():
                return self._unary(node)
            case ast.Compare():
                return self._compare(node)
            case ast.BoolOp():
                return self._logic(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Call():
                return self._call(node)
        raise self.error(node, f"a kernel computes with {ALLOWED}; got {said(node)}")

    def typed(self, node: ast.expr, wanted: Type, what: str) -> Expression:
        """Return an expression that must have a type; a literal is made to fit."""
        value = fitted(self.check(node), wanted)
        if value.type is not wanted:
            raise self.error(
                node,
                f"{what} must be {wanted.value}, got {value.type.value}: "
                f"{said(node)}{_remedy(value.type, wanted, said(node))}",
            )
        return value

    def known(self, node: ast.expr, what: str) -> int:
        """Return an integer that must be known while compiling."""
        value = self.check(node)
        if not (isinstance(value, Constant) and value.type is INT):
            raise self.error(
                node,
                f"{what} must be known when the kernel is compiled: a literal, a "
                f"constant, or a counter of unroll; got {said(node)}",
            )
        return int(value.value)

    # Names and numbers

    def _number(self, node: ast.expr, value: float) -> Constant:
        if isinstance(value, int) and not -LARGEST <= value <= LARGEST:
            raise self.error(node, f"integers reach to {LARGEST}, got {value}")
        if isinstance(value, int):
            return Constant(INT, value)
        with np.errstate(over="ignore"):
            single = float(np.float32(value))
        if math.isinf(single) and not math.isinf(value):
            raise self.error(node, f"floats have 32 bits, up to 3.4e38; got {value}")
        return Constant(FLOAT, single)

    def _name(self, node: ast.Name) -> Expression:
        meaning = self.meaning(node)
        if isinstance(meaning, Array | Registers):
            kind = "an array" if isinstance(meaning, Array) else "several registers"
            raise self.error(
                node, f"{node.id} is {kind}: use one number of it, such as {node.id}[0]"
            )
        if isinstance(meaning, Local | Constant):
            return meaning
        value = self.outside(node)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(node, value)
        raise self.error(
            node,
            f"{node.id} is a {type(value).__name__} from outside the kernel; from "
            "there it may use integers, floats and functions of numbers",
        )

    def meaning(self, node: ast.expr) -> Meaning | None:
        """Return what a name means inside the function, if anything."""
        return self.scope.find(node.id) if isinstance(node, ast.Name) else None

    def outside(self, node: ast.expr) -> Any:
        """Return what a name means outside the function."""
        if not isinstance(node, ast.Name):
            raise self.error(node, f"call a function by its name, not {said(node)}")
        try:
            return self._constants.value_of(self.source, node.id)
        except (KeyError, ValueError):
            raise self.error(
                node,
                f"{node.id} has no value here; a variable that first gets one inside "
                "a loop or an if is known there only",
            ) from None

    # Arithmetic

    def _binary(self, node: ast.BinOp) -> Expression:
        if type(node.op) not in OPERATORS:
            raise self.error(node, f"a kernel computes with + - * / // %; {said(node)}")
        name, sign = OPERATORS[type(node.op)]
        return self.operation(name, sign, node, [node.left, node.right])

    def operation(
        self, name: str, sign: str, node: ast.expr, operands: Sequence[ast.expr]
    ) -> Expression:
        """Return an operation on operands of one type."""
        values, type_ = self._alike(operands)
        if type_ is TRUTH or (name in ("floordiv", "mod")) > (type_ is INT):
            what = "integers only" if type_ is not TRUTH else "numbers only"
            raise self.error(node, f"{sign} takes {what}, got {type_.value}")
        if name == "div" and type_ is INT:
            raise self.error(
                node,
                f"/ takes floats, got two integers: {said(node)}; write // for a "
                "whole number, or float(…) around one of them",
            )
        if name in ("floordiv", "mod"):
            self._divisor(operands[1], values[1], sign)
        folded = _fold(name, values) if type_ is INT else None
        if folded is not None:
            return self._number(node, folded)
        return Operation(type_, name, tuple(values))

    def _divisor(self, node: ast.expr, value: Expression, sign: str) -> None:
        if not isinstance(value, Constant) or not 1 <= value.value <= 2**30:
            raise self.error(
                node,
                f"{sign} divides by a known integer from 1 to 2**30, got {said(node)}",
            )

    def _alike(self, nodes: Sequence[ast.expr]) -> tuple[list[Expression], Type]:
        """Return operands brought to one type; only literals change theirs."""
        values = [self.check(node) for node in nodes]
        order = [TRUTH, INT, FLOAT, FOUR]
        type_ = max((value.type for value in values), key=order.index)
        values = [fitted(value, type_) for value in values]
        for node, value in zip(nodes, values, strict=True):
            if value.type is not type_:
                other = next(
                    said(n)
                    for n, v in zip(nodes, values, strict=True)
                    if v.type is type_
                )
                raise self.error(
                    node,
                    f"{said(node)} is {value.type.value} and {other} is {type_.value}"
                    + _remedy(value.type, type_, said(node)),
                )
        return values, type_

    def _unary(self, node: ast.UnaryOp) -> Expression:
        value = self.check(node.operand)
        if isinstance(node.op, ast.Not):
            test = self.typed(node.operand, TRUTH, "what follows not")
            return Operation(TRUTH, "not", (test,))
        if not isinstance(node.op, ast.USub) or value.type is TRUTH:
            raise self.error(node, f"a kernel knows -x and not x; got {said(node)}")
        if isinstance(value, Constant):
            return Constant(value.type, -value.value)
        return Operation(value.type, "neg", (value,))

    def _compare(self, node: ast.Compare) -> Expression:
        if len(node.ops) != 1 or type(node.ops[0]) not in COMPARISONS:
            raise self.error(
                node,
                "a comparison is one of < <= > >= == !=, between two numbers; write "
                f"'0 <= i and i < n' for a chain; got {said(node)}",
            )
        values, type_ = self._alike([node.left, node.comparators[0]])
        if type_ not in (INT, FLOAT):
            raise self.error(node, f"integers or floats compare, got {type_.value}")
        return Operation(TRUTH, COMPARISONS[type(node.ops[0])], tuple(values))

    def _logic(self, node: ast.BoolOp) -> Expression:
        name = "and" if isinstance(node.op, ast.And) else "or"
        first, *rest = (self.typed(v, TRUTH, f"a side of {name}") for v in node.values)
        for value in rest:
            first = Logic(name, first, value)
        return first

    # Arrays

    def _subscript(self, node: ast.Subscript) -> Expression:
        if isinstance(node.value, ast.Attribute):
            return self._size(node, node.value)
        meaning = self.meaning(node.value)
        if isinstance(meaning, Array):
            return Read(FLOAT, *self.element(node, meaning, indices_of(node), 1))
        if isinstance(meaning, Registers):
            return self.register(node, meaning)
        four = self.check(node.value)
        if four.type is not FOUR:
            raise self.error(node, f"{said(node.value)} is {four.type.value}: no [ ]")
        return Lane(four, self._within(node.slice, 4, "the number of a lane"))

    def element(
        self, node: ast.expr, array: Array, indices: Sequence[ast.expr], width: int
    ) -> tuple[Array, tuple[Expression, ...], Place]:
        """Return an array, typed indices, and the place in the text."""
        if len(indices) != array.axes:
            axes = "one axis" if array.axes == 1 else "two axes"
            raise self.error(
                node,
                f"{array.name} has {axes}, so {array.axes} index"
                f"{'es' * (array.axes > 1)}; got {len(indices)}: {said(node)}",
            )
        checked = tuple(self.typed(i, INT, "an index") for i in indices)
        return array, checked, Place(node.lineno, said(node), array.name, width)

    def register(self, node: ast.Subscript, registers: Registers) -> Local:
        """Return the variable that known indices name."""
        indices = indices_of(node)
        if len(indices) != len(registers.shape):
            raise self.error(
                node, f"these registers have shape {registers.shape}; got {said(node)}"
            )
        what = "an index of registers"
        found = zip(indices, registers.shape, strict=True)
        return registers.at(tuple(self._within(i, n, what) for i, n in found))

    def _within(self, node: ast.expr, count: int, what: str) -> int:
        number = self.known(node, what)
        if not 0 <= number < count:
            raise self.error(
                node, f"{what} goes from 0 to {count - 1}, got {number}: {said(node)}"
            )
        return number

    def _size(self, node: ast.Subscript, attribute: ast.Attribute) -> Expression:
        array = self.meaning(attribute.value)
        if attribute.attr != "shape" or not isinstance(array, Array):
            raise self.error(node, f"of an array, a kernel knows a.shape; {said(node)}")
        return Size(array, self._within(node.slice, array.axes, "an axis"))

    # Calls

    def _call(self, node: ast.Call) -> Expression:
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.error(node, f"give arguments in order, plainly: {said(node)}")
        function, count = self.outside(node.func), len(node.args)
        if function in (min, max) and count >= 2:
            values, type_ = self._alike(node.args)
            first, *rest = values
            for value in rest:
                first = Operation(type_, function.__name__, (first, value))
            return first
        if function in _SAME_TYPE and count == _SAME_TYPE[function][1]:
            return self._floats(node, _SAME_TYPE[function][0])
        if function is float and count == 1:
            value = self.typed(node.args[0], INT, "what float(…) is given")
            return fitted(value, FLOAT, Operation(FLOAT, "float", (value,)))
        if function is language.splat and count == 1:
            value = self.typed(node.args[0], FLOAT, "what splat(…) is given")
            return fitted(value, FOUR, Operation(FOUR, "splat", (value,)))
        if function is len and count == 1:
            array = self.meaning(node.args[0])
            if isinstance(array, Array):
                return Size(array, 0)
        if function is language.load4 and count >= 2:
            array = self.rows(node)
            return Read(FOUR, *self.element(node, array, node.args[1:], 4))
        own = isinstance(function, FunctionType)
        if own and (
            function is language.exp or function.__module__ != language.__name__
        ):
            return self._helped(node, function)
        raise self.error(node, f"a kernel calls {CALLS}; got {said(node)}")

    def rows(self, node: ast.Call) -> Array:
        """Return the array of a load4 or store4, whose rows must be in one piece."""
        array, name = self.meaning(node.args[0]), said(node.func)
        if not isinstance(array, Array):
            raise self.error(
                node, f"{name} begins with an array: {name}(a, i); got {said(node)}"
            )
        if not array.packed:
            raise self.error(
                node,
                f"{name} takes four numbers that lie side by side, and in the last "
                f"axis of this {array.name} they do not: pass "
                f"numpy.ascontiguousarray({array.name})",
            )
        return array

    def _floats(self, node: ast.Call, name: str) -> Expression:
        values, type_ = self._alike(node.args)
        if type_ is INT:
            values, type_ = [fitted(value, FLOAT) for value in values], FLOAT
        if any(value.type is not type_ for value in values) or type_ is TRUTH:
            raise self.error(node, f"{said(node.func)} takes floats; got {said(node)}")
        if name == "muladd":
            product = Operation(type_, "mul", (values[0], values[1]))
            return Operation(type_, "add", (product, values[2]))
        return Operation(type_, name, tuple(values))

    def _helped(self, node: ast.Call, function: FunctionType) -> Expression:
        values = [self.check(argument) for argument in node.args]
        if function is language.exp:
            values = [v if v.type is FOUR else fitted(v, FLOAT) for v in values]
            if any(v.type not in (FLOAT, FOUR) for v in values):
                raise self.error(node, f"exp takes a float or four; got {said(node)}")
        name, result = self._helper(function, [v.type for v in values], node)
        return Call(result, name, tuple(values))


def said(node: ast.AST) -> str:
    """Return a node as one would write it."""
    return ast.unparse(node)


def fitted(
    value: Expression, wanted: Type, otherwise: Expression | None = None
) -> Expression:
    """Return a literal in the wanted type; anything else as it is, or `otherwise`."""
    order = [INT, FLOAT, FOUR]
    if isinstance(value, Constant) and wanted in order:
        if order.index(value.type) <= order.index(wanted):
            return Constant(wanted, value.value)
        return value
    return otherwise or value


def _remedy(got: Type, wanted: Type, text: str) -> str:
    """Return what to write instead, if there is something."""
    begin = f", or begin with {text} = 0.0" if text.isidentifier() else ""
    ways = {
        (INT, FLOAT): f"; write float({text}){begin}",
        (FLOAT, FOUR): f"; write splat({text})",
        (INT, FOUR): f"; write splat(float({text}))",
    }
    return ways.get((got, wanted), "")


def indices_of(node: ast.Subscript) -> list[ast.expr]:
    """Return what stands between the brackets, one expression for each axis."""
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def _fold(name: str, values: Sequence[Expression]) -> int | None:
    """Return the result of an operation on known integers, else None."""
    known = [int(v.value) for v in values if isinstance(v, Constant)]
    if len(known) != len(values):
        return None
    left, right = known
    results = {
        "add": lambda: left + right,
        "sub": lambda: left - right,
        "mul": lambda: left * right,
        "floordiv": lambda: left // right,
        "mod": lambda: left % right,
    }
    return results[name]()
