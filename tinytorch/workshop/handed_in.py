"""The text of a function that a cell defines, also of a cell with a magic above it."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from types import FunctionType


def source_of(function: FunctionType) -> tuple[str, int]:
    """Return a function's source with its decorators, and the line it begins on.

    Raises OSError, saying what to do, where nothing has kept the cell's text.
    """
    try:
        lines, first = inspect.getsourcelines(function)
        return textwrap.dedent("".join(lines)), first
    except OSError:
        found = _in_cell(_last_cell(), function.__name__)
    if found is None:
        raise OSError(
            f"the text of {function.__name__!r} cannot be read: define it in a cell of "
            "its own, without a magic such as %%time above it"
        )
    return found


def _last_cell() -> str:
    """Return what was typed into the cell that is running, or ""."""
    if "IPython" not in sys.modules:
        return ""
    shell = sys.modules["IPython"].get_ipython()
    typed = shell.history_manager.input_hist_raw if shell is not None else []
    return str(typed[-1]) if typed else ""


def _in_cell(cell: str, name: str) -> tuple[str, int] | None:
    """Return the function `name` of a cell; its cell magic counts as a comment."""
    lines = [
        "#" + line if line.startswith("%%") else line for line in cell.splitlines()
    ]
    try:
        body = ast.parse("\n".join(lines)).body
    except SyntaxError:
        return None
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            return "\n".join(lines[first - 1 : node.end_lineno]) + "\n", first
    return None
