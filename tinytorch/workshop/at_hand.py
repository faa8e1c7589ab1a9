"""What a part's body may use: read from the package's own body, with a word each."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import typing
from types import ModuleType
from typing import Any

from tinytorch.autograd import Function
from tinytorch.workshop.candidate import AT_HAND
from tinytorch.workshop.place import Place, node_of
from tinytorch.workshop.words import kind_of

Name = tuple[str, str]
_LOOP = "\n\n*The lesson is the loop:* write it yourself; numpy's comes after it."


def at_hand(place: Place) -> list[Name]:
    """Return (name, what it is) for what the package's own body uses.

    Attributes of its arguments first, then helpers of its module. Numpy and its like,
    at hand everywhere, are left out, and so are Python's own names.
    """
    node, _ = node_of(place)
    arguments = _arguments(place, node)
    own = {n.id for n in ast.walk(node) if _is_stored(n)} | arguments.keys()
    found: dict[str, str] = {}
    for used in ast.walk(ast.Module(node.body, [])):
        if isinstance(used, ast.Attribute) and isinstance(used.value, ast.Name):
            name = used.value.id
            if name in arguments and arguments[name] is not None:
                found.setdefault(f"{name}.{used.attr}", _of(arguments[name], used.attr))
            elif name not in own:
                found |= _of_module(place, name, used.attr)
        elif isinstance(used, ast.Name) and used.id not in own | {place.name}:
            found |= _global(place, used.id)
    return sorted(
        found.items(), key=lambda pair: pair[0].split(".")[0] not in arguments
    )


def _is_stored(node: ast.AST) -> typing.TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _arguments(place: Place, node: ast.FunctionDef) -> dict[str, Any]:
    """Return the class of each argument, where it is one of the package's."""
    try:
        hints = typing.get_type_hints(place.function)
    except NameError:  # an annotation for type checkers alone
        hints = {}
    names = [argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]]
    kinds = {name: _ours(hints.get(name)) for name in names}
    owner: Any = place.module
    for part in place.path[:-1]:
        owner = getattr(owner, part)
    if "ctx" in kinds:
        kinds["ctx"] = Function
    elif names and names[0] in ("self", "cls") and inspect.isclass(owner):
        kinds[names[0]] = owner
    return kinds


def _ours(kind: Any) -> Any:
    """Return a class if it is worth a list of attributes: the package's, no tensor."""
    inside = inspect.isclass(kind) and kind.__module__.startswith("tinytorch.")
    return kind if inside and kind.__name__ not in ("Tensor", "Module") else None


def _of(owner: Any, name: str) -> str:
    """Return a word on an attribute: its docstring's, or its type."""
    found = inspect.getattr_static(owner, name, None)
    function = getattr(found, "__func__", getattr(found, "fget", found))
    if inspect.isroutine(function):
        return sentence(function)
    for class_ in inspect.getmro(owner):
        hint = _plain(class_.__dict__.get("__annotations__", {}).get(name))
        given = _plain(
            inspect.get_annotations(vars(class_).get("__init__", class_)).get(name)
        )
        if hint or given in ("int", "float", "bool", "str"):
            return hint or given  # what else is given may be kept in another form
    return ""


def _plain(hint: Any) -> str:
    """Return a type hint as one would say it; "" for one that says nothing."""
    text = hint.__name__ if inspect.isclass(hint) else str(hint or "")
    return "" if "Any" in text else re.sub(r"\w+\.", "", text)


def _of_module(place: Place, name: str, attribute: str) -> dict[str, str]:
    module = vars(place.module).get(name)
    if name in AT_HAND or not isinstance(module, ModuleType):
        return {}
    if not module.__name__.startswith("tinytorch"):
        return {name: ""}
    return {f"{name}.{attribute}": _word(getattr(module, attribute, None))}


def _global(place: Place, name: str) -> dict[str, str]:
    if name in AT_HAND or hasattr(builtins, name):
        return {}
    found = vars(place.module).get(name)
    if found is None or isinstance(found, ModuleType):
        return {}
    return {name: _word(found)}


def _word(value: Any) -> str:
    """Return what a helper, a class or a constant is."""
    if inspect.isroutine(value) or inspect.isclass(value):
        home = value.__module__.split(".")[0]
        return sentence(value) if home == "tinytorch" else f"from {home}"
    if isinstance(value, int | float | str | tuple):
        return repr(value)
    return kind_of(value) if value is not None else ""


def sentence(value: Any) -> str:
    """Return the first sentence of a docstring, or else a function's arguments."""
    if not inspect.getdoc(value) and inspect.isroutine(value):
        names = ", ".join(inspect.signature(value).parameters)
        return f"takes {names}"
    text = " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())
    return re.split(r"(?<=\w[.:;])\s", text)[0].rstrip(".:;")


def in_words(place: Place, loop: bool = False) -> str:
    """Return what stands above an exercise, in Markdown; loop: the lesson is one."""
    own = at_hand(place)
    named = [f"`{name}`" + (f" ({words})" if words else "") for name, words in own]
    usual = [f"`{name}`" for name in AT_HAND]
    return (
        f"*At hand:* {'; '.join([*named, ', '.join(usual)])}.\n\n"
        "*To try a draft on numbers of your own:* write `@draft` instead of `@build`, "
        "run the cell, and call the function." + (_LOOP if loop else "")
    )
