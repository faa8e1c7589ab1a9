"""Modules made of modules."""

from collections.abc import Iterable, Iterator
from typing import Any, Self

from tinytorch import expect
from tinytorch.nn.module import Module


class ModuleList(Module):
    """A list of modules whose parameters are found; it has no forward of its own.

    The modules are its attributes "0", "1", ...: these are their names in state_dict.
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        if not isinstance(modules, Iterable) or isinstance(modules, Module):
            raise TypeError(f"expected a list of modules, got {expect.shown(modules)}")
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self._put(len(self), module)
        return self

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, index: int | slice) -> Any:
        """Return one module, or for a slice a list (or Sequential) of some."""
        found = list(self)[index]
        if isinstance(found, Module):
            return found
        return Sequential(*found) if isinstance(self, Sequential) else ModuleList(found)

    def __setitem__(self, index: int, module: Module) -> None:
        self._put(range(len(self))[index], module)

    def _put(self, place: int, module: Module) -> None:
        if not isinstance(module, Module):
            raise TypeError(f"expected a Module, got {type(module).__name__}")
        setattr(self, str(place), module)


class Sequential(ModuleList):
    """Feeds each module's output to the next."""

    def __init__(self, *modules: Module) -> None:
        super().__init__(modules)

    def forward(self, input: Any) -> Any:
        """Return what the last module makes of what the others made of the input.

        Without modules, the input.
        """
        for module in self:
            input = module(input)
        return input
