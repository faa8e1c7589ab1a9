"""Parts by address: where one lives, and how a student's body gets there."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import textwrap
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

PACKAGE = __name__.split(".")[0]


@dataclass(frozen=True)
class Place:
    """A function of the package, and an untouched copy of it: the reference.

    address: its public name. module and path: where it is defined.
    """

    address: str
    module: ModuleType
    path: tuple[str, ...]
    function: FunctionType
    reference: FunctionType

    @property
    def name(self) -> str:
        """The function's own name."""
        return self.path[-1]


@cache
def find(address: str) -> Place:
    """Return the place of a public name such as "optim.Optimizer.step".

    The name says where a reader would look; the function itself says in which file it
    stands. Raises KeyError for a name that leads to no function of the package, and,
    with the right name, for one under which a function is only inherited.
    """
    function = _walk(address)
    if function is None or function.__module__.split(".")[0] != PACKAGE:
        raise KeyError(f"{address!r} is no public function of {PACKAGE}")
    path = tuple(function.__qualname__.split("."))
    outer = address.split(".")[: -len(path)]
    own = ".".join([*outer, *path])
    if own != address and _walk(own) is function:
        raise KeyError(f"{address!r} is inherited: its own name is {own!r}")
    untouched = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
    )
    untouched.__kwdefaults__ = function.__kwdefaults__
    module = importlib.import_module(function.__module__)
    return Place(address, module, path, function, untouched)


def _walk(address: str) -> FunctionType | None:
    """Return the function that attributes lead to from the package, if one does."""
    found: Any = importlib.import_module(PACKAGE)
    for name in address.split("."):
        if name.startswith("_") and not name.endswith("__"):
            return None
        found = _attribute(found, name)
    found = getattr(found, "__func__", getattr(found, "fget", found))
    return found if isinstance(found, FunctionType) else None


def _attribute(owner: Any, name: str) -> Any:
    if not isinstance(owner, ModuleType):
        return inspect.getattr_static(owner, name, None)
    if not hasattr(owner, name):  # a package that nobody has imported yet
        with suppress(ModuleNotFoundError):
            importlib.import_module(f"{owner.__name__}.{name}")
    return getattr(owner, name, None)


def transplant(place: Place, body: FunctionType) -> None:
    """Make the package run `body` at this place.

    This is the one spot where the package is changed from outside. The function
    object stays, so that every name bound to it runs the new code.
    """
    function = place.function
    with warnings.catch_warnings():
        # A generator may give way to a function that returns an iterator.
        warnings.simplefilter("ignore", DeprecationWarning)
        function.__code__ = body.__code__
    function.__defaults__ = body.__defaults__
    function.__kwdefaults__ = body.__kwdefaults__


@cache
def docstring(place: Place) -> str:
    """Return what the part promises."""
    return place.function.__doc__ or ""


@cache
def _module_source(module_name: str) -> str:
    return inspect.getsource(importlib.import_module(module_name))


def node_of(place: Place) -> tuple[ast.FunctionDef, list[str]]:
    """Return the reference's syntax tree node and its module's lines."""
    source = _module_source(place.module.__name__)
    node: Any = ast.parse(source)
    for name in place.path:
        node = next(
            child
            for child in node.body
            if isinstance(child, ast.FunctionDef | ast.ClassDef) and child.name == name
        )
    return node, source.splitlines()


def reference_source(place: Place) -> str:
    """Return our function's source as a student would type it, without types."""
    node, lines = node_of(place)
    return _header(node) + _body(lines, node.body[0], node.body[-1])


def stub_source(place: Place) -> str:
    """Return signature and docstring with a body that is still to be written."""
    node, lines = node_of(place)
    documented = ast.get_docstring(node) is not None
    docstring = _body(lines, node.body[0], node.body[0]) if documented else ""
    return (
        f"{_header(node)}{docstring}    # YOUR CODE HERE\n    raise NotImplementedError"
    )


def _header(node: ast.FunctionDef) -> str:
    """Return the `def` line; types would need names that a notebook lacks."""
    bare = copy.deepcopy(node)
    arguments = bare.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    for argument in [*every, arguments.vararg, arguments.kwarg]:
        if argument is not None:
            argument.annotation = None
    bare.returns, bare.decorator_list, bare.body = None, [], [ast.Pass()]
    return ast.unparse(bare).removesuffix("pass").rstrip() + "\n"


def _body(lines: list[str], first: ast.stmt, last: ast.stmt) -> str:
    """Return statements as they stand in the source, indented once."""
    text = textwrap.dedent("\n".join(lines[first.lineno - 1 : last.end_lineno]))
    return textwrap.indent(text, "    ") + "\n"
