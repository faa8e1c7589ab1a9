"""Counts a candidate's work and ends it: endless loops, deep recursion, memory.

A browser's tab cannot be interrupted from outside, and Python's own tracing is switched
off by the first exception that a bare `except` swallows. So the candidate's syntax tree
gets calls of a meter: at every turn of a loop, every call of one of its functions, and
in every `except` and `finally`, where it raises again. What is iterated in C, such as
`sum(iter(int, 1))`, is counted item by item.
"""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

METER = "__meter__"  # the name of the meter in the module of the candidate
MOST_DEPTH = 150  # calls of the student's functions inside each other
MOST_SECONDS = 10.0
ROOM = 2**30  # bytes that a candidate may take
# Builtins and methods that go through an iterable without a line of Python.
_CONSUMERS = (
    *("all", "any", "bytearray", "bytes", "dict", "enumerate", "filter", "frozenset"),
    *("list", "map", "max", "min", "set", "sorted", "sum", "tuple", "zip"),
    *("extend", "fromiter", "join", "update"),
)
Tree = TypeVar("Tree", bound=ast.AST)


class TooMuchWork(BaseException):
    """A candidate did not end; `reason` is "steps", "seconds" or "depth"."""

    def __init__(self, reason: str, limit: float) -> None:
        super().__init__(reason, limit)
        self.reason = reason
        self.limit = limit


class Meter:
    """Counts steps; past a limit every further step raises TooMuchWork."""

    def __init__(self, limit: float = float("inf")) -> None:
        self.count = 0
        self._limit = limit
        self._ends = time.perf_counter() + MOST_SECONDS
        self._over: TooMuchWork | None = None

    def step(self) -> None:
        """Count one turn of a loop."""
        self.count += 1
        if self._over is not None:
            raise self._over
        if self.count > self._limit:
            self._stop("steps", self._limit)
        if self.count % 256 == 0 and time.perf_counter() > self._ends:
            self._stop("seconds", MOST_SECONDS)

    def call(self) -> None:
        """Count one call of a function of the student's."""
        self.step()
        if self.count % 16 == 0 and _depth(sys._getframe(1)) > MOST_DEPTH:
            self._stop("depth", MOST_DEPTH)

    def each(self, items: Iterable[Any]) -> Iterator[Any]:
        """Yield the items, counting."""
        for item in items:
            self.step()
            yield item

    def source(self, items: Any) -> Any:
        """Return what C will iterate over, counted where its length is not known."""
        known = hasattr(items, "__len__") and not isinstance(items, range)
        return self.each(items) if hasattr(items, "__iter__") and not known else items

    def _stop(self, reason: str, limit: float) -> None:
        self._over = TooMuchWork(reason, limit)
        raise self._over


def _depth(frame: Any) -> int:
    """Return how many frames of this one's file are on the stack."""
    own, depth = frame.f_code.co_filename, 0
    while frame is not None:
        depth += frame.f_code.co_filename == own
        frame = frame.f_back
    return depth


def metered(tree: Tree) -> Tree:
    """Add calls of the meter to a syntax tree, in place; its lines stay."""
    ast.fix_missing_locations(_Instrument().visit(tree))
    return tree


class _Instrument(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        documented = ast.get_docstring(node, clean=False) is not None
        node.body.insert(int(documented), _statement("call", node))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        pair = ast.Tuple([_called("call"), node.body], ast.Load())
        node.body = ast.Subscript(pair, ast.Constant(1), ast.Load())
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _statement("step", node))
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _statement("step", node))
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _statement("step", node))
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        self.generic_visit(node)
        if node.finalbody:
            node.finalbody.insert(0, _statement("step", node))
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = _called("each", node.iter)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in _CONSUMERS:
            node.args = [
                a if isinstance(a, ast.Starred) else _called("source", a)
                for a in node.args
            ]
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = _called("source", node.value)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        for i, operator in enumerate(node.ops):
            if isinstance(operator, ast.In | ast.NotIn):
                node.comparators[i] = _called("source", node.comparators[i])
        return node


def _called(method: str, *arguments: ast.expr) -> ast.Call:
    meter = ast.Name(METER, ast.Load())
    return ast.Call(ast.Attribute(meter, method, ast.Load()), list(arguments), [])


def _statement(method: str, at: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.Expr(_called(method)), at)


@contextmanager
def measured_by(meter: Meter, names: dict[str, Any]) -> Iterator[None]:
    """Make `meter` the one that instrumented code with these globals finds."""
    names[METER] = meter
    try:
        yield
    finally:
        del names[METER]


@contextmanager
def limited_memory() -> Iterator[None]:
    """Let an allocation of more than `ROOM` fail here, where the system can say so.

    In a browser the tab's own limit does the same; elsewhere nothing is limited.
    """
    try:
        import resource

        with open("/proc/self/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        before = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, OSError):
        yield
        return
    soft, hard = before
    room = taken + ROOM if hard == resource.RLIM_INFINITY else min(taken + ROOM, hard)
    if soft != resource.RLIM_INFINITY:
        room = min(room, soft)
    resource.setrlimit(resource.RLIMIT_AS, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
