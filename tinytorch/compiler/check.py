"""From Python's syntax tree to the typed tree, or to an error at the student's line.

A variable has one type, that of its first value, and lives in the block in which it
got it. So whatever is read has a value, and one type, on every way through the code.
There is no `while` and no recursion, and a counter cannot be set: every kernel ends.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import product
from types import FunctionType

from tinytorch.compiler import language, tree
from tinytorch.compiler.expressions import ExpressionChecker, fitted, indices_of, said
from tinytorch.compiler.names import Constants, Registers, Scope
from tinytorch.compiler.source import CompileError, Source
from tinytorch.compiler.tree import Array, Constant, Local, Statement, Type

Parameter = Array | Local
ALLOWED = "x = …, a[i, j] = …, for … in range(…), if, and store4(…)"
MOST_STATEMENTS = 10_000


def check_kernel(
    source: Source, parameters: Sequence[Parameter], constants: Constants
) -> tree.Program:
    """Return the typed tree of a kernel that is called with such parameters.

    constants: learns which values from outside went into it.
    Raises CompileError, at the line that does not fit.
    """
    helpers = Helpers(constants)
    body = FunctionChecker(source, parameters, helpers).body(is_kernel=True)
    kernel = tree.Function(source.tree.name, tuple(parameters), body, None)
    lines = {kernel.name: source.lines} | helpers.lines
    return tree.Program(kernel, tuple(helpers.done.values()), lines)


class Helpers:
    """The functions of numbers that a kernel calls, each once for its types."""

    def __init__(self, constants: Constants) -> None:
        self.constants = constants
        self.done: dict[str, tree.Function] = {}
        self.lines: dict[str, dict[int, str]] = {}
        self._open: list[FunctionType] = []

    def compile(
        self, function: FunctionType, types: list[Type], caller: Source, node: ast.expr
    ) -> tuple[str, Type]:
        """Return a function's unique name and the type of its result."""
        name = ".".join([function.__name__, *(t.name.lower() for t in types)])
        if function in self._open:
            raise caller.error(node, "a function that calls itself might never end")
        if name not in self.done:
            self._open.append(function)
            self.done[name] = self._compile(function, name, types, caller, node)
            self._open.pop()
        result = self.done[name].result
        assert result is not None
        return name, result

    def _compile(
        self,
        function: FunctionType,
        name: str,
        types: list[Type],
        caller: Source,
        node: ast.expr,
    ) -> tree.Function:
        source = Source(function)
        names = [argument.arg for argument in source.tree.args.args]
        if len(names) != len(types):
            raise caller.error(
                node, f"{function.__name__} takes {len(names)} numbers: {said(node)}"
            )
        parameters = [Local(t, n) for n, t in zip(names, types, strict=True)]
        checker = FunctionChecker(source, parameters, self)
        body = checker.body(is_kernel=False)
        self.lines[name] = source.lines
        assert isinstance(body[-1], tree.Return)
        return tree.Function(name, tuple(parameters), body, body[-1].value.type)


class FunctionChecker:
    """Checks the statements of one function."""

    def __init__(
        self, source: Source, parameters: Sequence[Parameter], helpers: Helpers
    ) -> None:
        self.source, self.scope = source, Scope()
        for parameter in parameters:
            self.scope.put(self.scope.unique(parameter.name), parameter)
        self.expressions = ExpressionChecker(
            source,
            self.scope,
            helpers.constants,
            lambda f, types, node: helpers.compile(f, types, source, node),
        )
        self._counters: set[str] = set()
        self._statements = 0

    def error(self, node: ast.AST, message: str) -> CompileError:
        """Return an error at a node."""
        return self.source.error(node, message)

    def body(self, is_kernel: bool) -> tuple[Statement, ...]:
        """Return the checked body; one that is called ends with its result."""
        statements = self.source.tree.body
        last = statements[-1]
        if is_kernel:
            return self._block(statements)
        if not isinstance(last, ast.Return) or last.value is None:
            raise self.error(last, "a function that a kernel calls ends with return …")
        before = self._block(statements[:-1])
        return (*before, tree.Return(self.expressions.check(last.value), last.lineno))

    def _block(self, nodes: Sequence[ast.stmt]) -> tuple[Statement, ...]:
        return tuple(done for node in nodes for done in self._statement(node))

    def _inner(self, nodes: Sequence[ast.stmt]) -> tuple[Statement, ...]:
        with self.scope.block():
            return self._block(nodes)

    def _statement(self, node: ast.stmt) -> list[Statement]:
        self._statements += 1
        if self._statements > MOST_STATEMENTS:
            raise self.error(node, "unroll writes out too much: use range here")
        match node:
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                return []
            case ast.Assign(targets=[target]):
                return self._assign(node, target, node.value)
            case ast.AugAssign():
                value = ast.BinOp(node.target, node.op, node.value)
                return self._assign(node, node.target, ast.copy_location(value, node))
            case ast.For():
                return self._for(node)
            case ast.If():
                test = self.expressions.typed(node.test, Type.TRUTH, "a condition")
                then, otherwise = self._inner(node.body), self._inner(node.orelse)
                return [tree.If(test, then, otherwise, node.lineno)]
            case ast.Raise(exc=ast.Name(id="NotImplementedError")):
                raise NotImplementedError(f"{self.source.tree.name} is not written yet")
            case ast.Expr(value=ast.Call() as call):
                return [self._store4(node, call)]
        raise self.error(node, f"a kernel is made of {ALLOWED}; got {said(node)}")

    # Assignment

    def _assign(
        self, node: ast.stmt, target: ast.expr, value: ast.expr
    ) -> list[Statement]:
        match target:
            case ast.Tuple(elts=names):
                return self._sizes(node, names, value)
            case ast.Name() if self._is_registers(value):
                return self._registers(target, value)
            case ast.Name():
                return [self._set(target, self.expressions.check(value))]
            case ast.Subscript():
                return [self._put(node, target, value)]
        raise self.error(node, f"a kernel assigns to x, a[i] or a[i, j]; {said(node)}")

    def _set(self, target: ast.Name, value: tree.Expression) -> Statement:
        name, known = target.id, self.scope.find(target.id)
        if value.type is Type.TRUTH:
            raise self.error(target, "a variable holds a number: compare inside if")
        if name in self._counters or isinstance(known, Constant):
            raise self.error(target, f"{name} counts its loop: it cannot be set")
        if known is None:
            known = Local(value.type, self.scope.unique(name))
            self.scope.put(name, known)
        if not isinstance(known, Local):
            raise self.error(target, f"{name} is an array: set a number of it")
        value = fitted(value, known.type)
        if value.type is not known.type:
            raise self.error(
                target,
                f"{name} is {known.type.value} since its first value, and cannot "
                f"become {value.type.value}{_first_value(name, known, value)}",
            )
        return tree.Set(known, value, target.lineno)

    def _put(self, node: ast.stmt, target: ast.Subscript, value: ast.expr) -> Statement:
        meaning = self.expressions.meaning(target.value)
        if isinstance(meaning, Registers):
            four = self.expressions.typed(value, Type.FOUR, "a register's value")
            register = self.expressions.register(target, meaning)
            return tree.Set(register, four, node.lineno)
        if not isinstance(meaning, Array):
            raise self.error(node, f"{said(target.value)} is no array: {said(node)}")
        indices = indices_of(target)
        array, where, place = self.expressions.element(target, meaning, indices, 1)
        number = self.expressions.typed(value, Type.FLOAT, f"a number of {array.name}")
        return tree.Write(array, where, number, place, node.lineno)

    def _sizes(
        self, node: ast.stmt, names: Sequence[ast.expr], value: ast.expr
    ) -> list[Statement]:
        """rows, cols = a.shape"""
        array = None
        if isinstance(value, ast.Attribute) and value.attr == "shape":
            array = self.expressions.meaning(value.value)
        if not isinstance(array, Array) or array.axes != len(names):
            raise self.error(node, "several names at once are for n, m = a.shape only")
        return [
            self._set(name, tree.Size(array, axis))
            for axis, name in enumerate(names)
            if isinstance(name, ast.Name)
        ]

    def _is_registers(self, value: ast.expr) -> bool:
        return (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Name)
            and self.scope.find(value.func.id) is None
            and self.expressions.outside(value.func) is language.registers
        )

    def _registers(self, target: ast.Name, value: ast.expr) -> list[Statement]:
        assert isinstance(value, ast.Call)
        shape = tuple(self.expressions.known(n, "their number") for n in value.args)
        if len(shape) not in (1, 2) or not 1 <= min(shape) * max(shape) <= 64:
            raise self.error(
                value, f"registers come in one or two axes, 1 to 64: {said(value)}"
            )
        if self.scope.find(target.id) is not None:
            raise self.error(target, f"{target.id} has a value: choose another name")
        made = Registers(self.scope.unique(target.id), shape)
        self.scope.put(target.id, made)
        zero = Constant(Type.FOUR, 0.0)
        places = product(*map(range, shape))
        return [tree.Set(made.at(place), zero, target.lineno) for place in places]

    def _store4(self, node: ast.stmt, call: ast.Call) -> Statement:
        written = len(call.args) >= 3 and not call.keywords
        if self.expressions.outside(call.func) is not language.store4 or not written:
            raise self.error(node, f"a kernel is made of {ALLOWED}; got {said(node)}")
        array = self.expressions.rows(call)
        *_, last = call.args
        found = self.expressions.element(call, array, call.args[1:-1], 4)
        four = self.expressions.typed(last, Type.FOUR, "what store4 writes")
        return tree.Write(*found[:2], four, found[2], node.lineno)

    # Loops

    def _for(self, node: ast.For) -> list[Statement]:
        count = node.iter
        if not (isinstance(count, ast.Call) and isinstance(node.target, ast.Name)):
            raise self.error(node, "a loop is for i in range(…) or in unroll(…)")
        if node.orelse or count.keywords:
            raise self.error(node, "a loop has no else, and range no keywords")
        name, how = node.target.id, self.expressions.outside(count.func)
        if self.scope.find(name) is not None:
            raise self.error(node.target, f"{name} has a value: name the counter anew")
        if how is language.unroll and len(count.args) == 1:
            return self._unrolled(node, name, count.args[0])
        if how is not range or not 1 <= len(count.args) <= 3:
            raise self.error(count, "a loop is for i in range(…) or in unroll(…)")
        return [self._counted(node, name, count.args)]

    def _unrolled(self, node: ast.For, name: str, times: ast.expr) -> list[Statement]:
        done: list[Statement] = []
        for number in range(self.expressions.known(times, "how often unroll repeats")):
            with self.scope.block():
                self.scope.put(name, Constant(Type.INT, number))
                done += self._block(node.body)
        return done

    def _counted(
        self, node: ast.For, name: str, given: Sequence[ast.expr]
    ) -> Statement:
        bounds = [self.expressions.typed(g, Type.INT, "an end of range") for g in given]
        start = Constant(Type.INT, 0) if len(bounds) == 1 else bounds[0]
        stop = bounds[min(1, len(bounds) - 1)]
        step = 1
        if len(given) == 3:
            step = self.expressions.known(given[2], "the step of range")
        if step < 1:
            raise self.error(given[-1], f"range counts up: a step of 1 or more; {step}")
        with self.scope.block():
            counter = Local(Type.INT, self.scope.unique(name))
            self.scope.put(name, counter)
            self._counters.add(name)
            body = self._block(node.body)
            self._counters.discard(name)
        return tree.For(counter, start, stop, step, body, node.lineno)


def _first_value(name: str, known: Local, value: tree.Expression) -> str:
    if known.type is Type.INT and value.type is Type.FLOAT:
        return f"; begin with {name} = 0.0 for a sum of floats"
    if known.type is Type.FLOAT and value.type is Type.FOUR:
        return f"; begin with {name} = splat(0.0) for a sum of four"
    return ""
