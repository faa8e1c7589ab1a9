"""From a function to its syntax tree, and from a spot in it to an error."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from types import FunctionType
from typing import Any


class CompileError(SyntaxError):
    """A kernel says what cannot be compiled. It carries the line, as Python's do."""

    def __str__(self) -> str:
        where = f"line {self.lineno}: {(self.text or '').strip()}"
        return f"{self.msg} ({where})" if self.lineno else str(self.msg)


class Source:
    """A function's text and syntax tree, with the line numbers of its file.

    Raises CompileError if the text cannot be found: a function that was made from a
    string has none.
    """

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.filename = function.__code__.co_filename
        try:
            lines, first = inspect.getsourcelines(function.__code__)
        except (OSError, TypeError):
            raise CompileError(
                f"the text of {function.__name__} cannot be read: define it with def "
                "in a cell or a file"
            ) from None
        self.tree = self._parse("".join(lines))
        ast.increment_lineno(self.tree, first - 1)
        self.lines = {first + i: line.rstrip() for i, line in enumerate(lines)}

    def _parse(self, text: str) -> ast.FunctionDef:
        tree = ast.parse(textwrap.dedent(text)).body[0]
        if not isinstance(tree, ast.FunctionDef):
            raise CompileError("expected a function that is defined with def")
        return tree

    def error(self, node: Any, message: str) -> CompileError:
        """Return an error at a node of the tree."""
        text, first = self.lines.get(node.lineno, ""), self.lines[min(self.lines)]
        column = node.col_offset + 1 + len(first) - len(first.lstrip())
        return CompileError(message, (self.filename, node.lineno, column, text))

    def value_of(self, name: str) -> Any:
        """Return what a name of the surroundings means; KeyError if nothing."""
        function, free = self.function, self.function.__code__.co_freevars
        cells = dict(zip(free, function.__closure__ or (), strict=True))
        if name in cells:
            return cells[name].cell_contents
        if name in function.__globals__:
            return function.__globals__[name]
        return vars(builtins)[name]
