"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tinytorch.nn.module import Module


class ModuleList(Module):
    """A list of modules whose parameters are found; it has no forward of its own."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> ModuleList:
        """Add a module at the end."""
        if not isinstance(module, Module):
            raise TypeError(f"expected a Module, got {type(module).__name__}")
        self._modules[str(len(self))] = module
        return self

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __getitem__(self, index: int | slice) -> Any:
        found = list(self._modules.values())[index]
        return (
            type(self)(*self._arguments(found)) if isinstance(index, slice) else found
        )

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, list(self._modules)[index], module)

    @staticmethod
    def _arguments(modules: list[Module]) -> tuple[Any, ...]:
        return (modules,)


class Sequential(ModuleList):
    """Feeds each module's output to the next."""

    def __init__(self, *modules: Module) -> None:
        super().__init__(modules)

    def forward(self, input: Any) -> Any:
        for module in self:
            input = module(input)
        return input

    @staticmethod
    def _arguments(modules: list[Module]) -> tuple[Any, ...]:
        return tuple(modules)
