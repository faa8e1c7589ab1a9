"""A body that may become a part: compiled for the module that owns it."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import warnings
from functools import cache
from types import FunctionType
from typing import Any

from tinytorch.workshop.meter import metered
from tinytorch.workshop.place import Place, reference_source

_LAZY_ANNOTATIONS = annotations.compiler_flag  # as `export` writes it
# At hand in every exercise, whatever the module of the part imports.
AT_HAND = {
    "np": "import numpy as np",
    "math": "import math",
    "Tensor": "from tinytorch import Tensor",
    "no_grad": "from tinytorch import no_grad",
    "F": "from tinytorch.nn import functional as F",
}


class SourceError(ValueError):
    """The source is no candidate for its part: its name or signature differs."""


class Candidate:
    """A compiled body: as the package would run it, and with a meter when asked for."""

    def __init__(self, place: Place, tree: ast.Module, filename: str) -> None:
        self.function = _compiled(place, tree, filename)
        self._counted: list[FunctionType] = []
        self._place, self._tree, self._filename = place, tree, filename

    @property
    def metered(self) -> Any:
        """The same body with a meter's calls.

        A FunctionType, which a type checker would take for a method here.
        """
        if not self._counted:
            tree = metered(self._tree)
            self._counted.append(_compiled(self._place, tree, self._filename))
        return self._counted[0]


def compile_candidate(
    place: Place, source: str, filename: str, first_line: int = 1
) -> Candidate:
    """Compile a function's source in the namespace of the module that owns the part.

    Line numbers count from first_line in filename, so that errors point at the
    student's own lines. Raises SyntaxError or SourceError.
    """
    tree = ast.parse(textwrap.dedent(source), filename)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if [f.name for f in functions] != [place.name] or len(tree.body) != 1:
        raise SourceError(
            f"expected exactly one function, {place.name!r}, and nothing around it"
        )
    (function,) = functions
    function.decorator_list = []
    ast.increment_lineno(tree, first_line - 1)
    for line in imports_for(place, function):
        (statement,) = ast.parse(line).body
        ast.copy_location(statement, function.body[0])
        function.body.insert(_documented(function), statement)
    ast.fix_missing_locations(tree)
    candidate = Candidate(place, tree, filename)
    _expect_signature(place, candidate.function)
    return candidate


@cache
def reference_body(place: Place) -> FunctionType:
    """Compile the package's own body with a meter's calls."""
    name = f"<{place.address}>"
    return _compiled(place, metered(ast.parse(reference_source(place), name)), name)


def imports_for(place: Place, function: ast.FunctionDef) -> list[str]:
    """Return the imports that a body needs of what is at hand everywhere."""
    named = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    known = vars(place.module).keys() | vars(builtins).keys()
    own = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    } | {
        argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)
    }
    wanted = named - known - own
    return [line for name, line in AT_HAND.items() if name in wanted]


def with_imports(place: Place, source: str) -> str:
    """Return a body's source with the imports that it needs, for a file of its own."""
    source = textwrap.dedent(source)
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    lines = source.splitlines()
    first = function.body[_documented(function) :][:1]
    at = first[0].lineno - 1 if first else len(lines)
    lines[at:at] = [f"    {line}" for line in imports_for(place, function)]
    return "\n".join(lines) + "\n"


def _documented(function: ast.FunctionDef) -> int:
    return int(ast.get_docstring(function, clean=False) is not None)


def _compiled(place: Place, tree: ast.Module, filename: str) -> FunctionType:
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", SyntaxWarning
        )  # said when the cell was compiled
        code = compile(tree, filename, "exec", flags=_LAZY_ANNOTATIONS)
    exec(code, vars(place.module), found)  # the student's own, on their own machine
    function: FunctionType = found[place.name]
    return function


def _expect_signature(place: Place, candidate: FunctionType) -> None:
    def shape(function: FunctionType) -> list[tuple[str, str, Any]]:
        parameters = inspect.signature(function).parameters.values()
        return [(p.name, p.kind.name, p.default) for p in parameters]

    if shape(candidate) != shape(place.reference):
        raise SourceError(
            f"expected the signature {place.name}{_plain(place.reference)}, "
            f"got {place.name}{_plain(candidate)}"
        )


def _plain(function: FunctionType) -> str:
    signature = inspect.signature(function)
    bare = [
        p.replace(annotation=inspect.Parameter.empty)
        for p in signature.parameters.values()
    ]
    return str(
        signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)
    )
