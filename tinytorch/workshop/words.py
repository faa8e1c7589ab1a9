"""How a check names things: arguments, values, lines, kinds."""

from __future__ import annotations

import inspect
import re
import traceback
from types import FunctionType
from typing import Any

import numpy as np

from tinytorch.tensor import Tensor


def student_line(error: BaseException, filename: str) -> tuple[int | None, str]:
    """Return the last line of the student's file that the error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename == filename]
    return (own[-1].lineno, (own[-1].line or "").strip()) if own else (None, "")


def describe_arguments(function: FunctionType, args: tuple[Any, ...]) -> str:
    """Show each argument on its own line, by its name."""
    lines = []
    for name, value in zip(argument_names(function, len(args)), args, strict=True):
        rest = describe(value).replace("\n", "\n" + " " * (len(name) + 3))
        lines.append(f"{name} = {rest}")
    return "\n".join(lines)


def argument_names(function: FunctionType, count: int) -> list[str]:
    """Return a name for each of `count` arguments; those of `*rest` are numbered."""
    code = function.__code__
    if not code.co_flags & inspect.CO_VARARGS:
        return list(code.co_varnames[:count])
    names = list(code.co_varnames[: min(count, code.co_argcount)])
    rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
    return names + [f"{rest}[{i}]" for i in range(count - len(names))]


def describe(value: Any) -> str:
    """Show a value in at most a few lines; big arrays by shape and corner."""
    if isinstance(value, np.ndarray) and value.size <= 64:
        text = np.array2string(value, separator=", ", precision=5)
        return text if value.dtype == np.float32 else f"{text} ({value.dtype})"
    if isinstance(value, np.ndarray):
        corner = np.array2string(value.ravel()[:4], separator=", ", precision=5)
        return f"array of shape {value.shape} and dtype {value.dtype}: {corner[:-1]}…]"
    if isinstance(value, Tensor):
        return f"tensor({describe(value.data)})"
    if isinstance(value, np.generic):
        return str(value)
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, dict):
        return "\n".join(f"{key}: {describe(item)}" for key, item in value.items())
    if isinstance(value, list) and any(isinstance(x, np.ndarray) for x in value):
        return " and ".join(describe(item) for item in value)
    text = _plain(value)
    return text if len(text) <= 300 else text[:300] + "…"


def _plain(value: Any) -> str:
    """Return a value's own words, without the addresses of objects."""
    if inspect.isroutine(value):
        return f"the function {value.__name__}"
    text = _ADDRESS.sub("", repr(value))
    return kind_of(value) if text.startswith("<") else text


_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def kind_of(value: Any) -> str:
    """Return what kind of thing a value is, with its article: "an int"."""
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIO" else f"a {name}"


def counted(count: int, thing: str) -> str:
    """Return "1 item" or "2 items"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
