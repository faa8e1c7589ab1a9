"""What a reader may call has a name of its own, a description, and types that resolve.

`help`, a traceback, `inspect.getsource` and an editor show these; nothing here is made
by a factory, so each shows what it is about.
"""

import importlib
import inspect
import pkgutil
import traceback
import typing
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

import tinytorch
from tinytorch.tensor import Tensor

# A script that shuts its process off from the machine as soon as it is imported.
CLOSES_THE_PROCESS = "tinytorch.workshop.grading.start"


def modules() -> list[ModuleType]:
    """Return the package and every module inside it."""
    inside = pkgutil.walk_packages(tinytorch.__path__, "tinytorch.")
    names = [found.name for found in inside if found.name != CLOSES_THE_PROCESS]
    return [tinytorch, *map(importlib.import_module, names)]


def public(module: ModuleType) -> Iterator[tuple[str, Any, Any]]:
    """Yield the public functions, classes and methods that a module defines.

    Each with its dotted name, and the class that it belongs to, or None.
    """
    for name, value in vars(module).items():
        own = getattr(value, "__module__", None) == module.__name__
        if name.startswith("_") or not own:
            continue
        if isinstance(value, FunctionType):
            yield name, value, None
        elif isinstance(value, type):
            yield name, value, None
            fields = getattr(value, "__dataclass_fields__", {})
            for attribute, member in vars(value).items():
                function = None if attribute in fields else function_of(member)
                if function is not None and is_public(value, attribute):
                    yield f"{name}.{attribute}", function, value


def function_of(member: Any) -> FunctionType | None:
    """Return the function behind a method, a property or a static method."""
    member = getattr(member, "__func__", getattr(member, "fget", member))
    return member if isinstance(member, FunctionType) else None


def is_public(owner: type, name: str) -> bool:
    """Whether a method is to be called by its name; those of a tensor by a sign too."""
    if name.startswith("__") and name.endswith("__"):
        made = function_of(vars(owner)[name])
        written = made is not None and made.__code__.co_filename != "<string>"
        return owner in Tensor.__mro__ and name != "__init__" and written
    return not name.startswith("_")


FOUND = {
    f"{module.__name__}.{name}": (name, value, owner)
    for module in modules()
    for name, value, owner in public(module)
}


def faults(name: str, value: Any, owner: Any) -> list[str]:
    """Return what is missing, in words."""
    found = []
    if value.__qualname__ != name or value.__name__ != name.split(".")[-1]:
        found.append(f"calls itself {value.__qualname__}")
    inherited = isinstance(owner, type) and inspect.getdoc(
        getattr(owner, value.__name__, None)
    )
    if not (value.__doc__ or inherited):
        found.append("has no docstring")
    if isinstance(value, FunctionType):
        found += untyped(value)
    return found


def untyped(function: FunctionType) -> list[str]:
    """Return what is wrong with a function's type hints."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, AttributeError, TypeError) as error:
        return [f"has a type hint that does not resolve: {error}"]
    names = [p for p in inspect.signature(function).parameters if p not in ("self",)]
    missing = [p for p in [*names, "return"] if p not in hints and p != "cls"]
    return [f"has no type for {', '.join(missing)}"] if missing else []


@pytest.mark.parametrize("address", FOUND)
def test_a_public_name_is_its_own_described_and_typed(address: str) -> None:
    assert faults(*FOUND[address]) == []


def test_the_whole_package_is_looked_at() -> None:
    assert "tinytorch.tensor.math.Math.exp" in FOUND
    assert "tinytorch.tensor.operators.Operators.__add__" in FOUND
    assert "tinytorch.nn.linear.Linear.forward" in FOUND
    assert "tinytorch.workshop.session.build" in FOUND


def test_faults_are_seen() -> None:
    def made(self: Any, x: "Missing") -> Any:  # type: ignore[name-defined] # noqa: F821
        return x

    seen = faults("Tensor.exp", made, None)
    assert "calls itself test_faults_are_seen.<locals>.made" in seen
    assert "has no docstring" in seen
    assert any("does not resolve" in line for line in seen)


def test_a_tensor_method_shows_itself() -> None:
    assert "def exp(self) -> Self:" in inspect.getsource(Tensor.exp)
    assert Tensor.exp.__name__ == "exp"
    try:
        Tensor.exp("text")  # type: ignore[arg-type]
    except AttributeError as error:
        shown = "".join(traceback.format_exception(error))
    assert "in exp" in shown
    public_methods = [name for name in dir(Tensor) if not name.startswith("_")]
    for name in public_methods:
        function = function_of(inspect.getattr_static(Tensor, name))
        if function is not None:
            assert f"def {name}(" in inspect.getsource(function)


def test_the_package_and_the_function_share_a_name() -> None:
    module = importlib.import_module("tinytorch.tensor")
    assert module.Tensor is tinytorch.Tensor
    assert tinytorch.tensor([1.0]).tolist() == [1.0]
    importlib.import_module("tinytorch.tensor.math")
    assert callable(tinytorch.tensor)
