"""The base of every layer and model: it finds its own parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tinytorch.tensor import Tensor


class Parameter(Tensor):
    """A tensor that a module learns: assigned to a module, it is registered."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad=requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Hook:
    """A function that a module calls, until `remove()`."""

    def __init__(self, hooks: list, function: Callable[..., Any]) -> None:
        self._hooks, self._function = hooks, function
        hooks.append(function)

    def remove(self) -> None:
        """Stop the calls."""
        self._hooks.remove(self._function)


class Module:
    """Holds parameters, buffers (state that is saved, not learned) and submodules.

    A subclass calls `super().__init__()`, assigns them as attributes, and defines
    `forward`. `training` tells layers such as Dropout how to behave.
    """

    training: bool

    def __init__(self) -> None:
        # Through object: our own __setattr__ needs these to be there.
        for name in ("_parameters", "_buffers", "_modules"):
            object.__setattr__(self, name, {})
        for name in ("_before", "_after"):
            object.__setattr__(self, name, [])
        object.__setattr__(self, "training", True)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} expects a forward method")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        if not (self._before or self._after):
            return self.forward(*inputs, **options)
        for hook in list(self._before):
            hook(self, inputs)
        output = self.forward(*inputs, **options)
        for hook in list(self._after):
            hook(self, inputs, output)
        return output

    # Watching

    def register_forward_pre_hook(self, hook: Callable[[Module, Any], Any]) -> Hook:
        """Call hook(module, inputs) before every forward, until it is removed."""
        return Hook(self._before, hook)

    def register_forward_hook(self, hook: Callable[[Module, Any, Any], Any]) -> Hook:
        """Call hook(module, inputs, output) after every forward, until removed.

        A hook watches: what it returns is ignored.
        """
        return Hook(self._after, hook)

    # Registration

    def __setattr__(self, name: str, value: Any) -> None:
        if "_modules" not in self.__dict__:
            raise AttributeError(
                f"{type(self).__name__} expects super().__init__() before it assigns "
                f"{name!r}"
            )
        homes = {Parameter: self._parameters, Module: self._modules}
        home = next((h for kind, h in homes.items() if isinstance(value, kind)), None)
        if home is None and name in self._buffers:
            home = self._buffers
        if home is None and name in self._parameters and value is not None:
            raise TypeError(
                f"parameter {name!r} expects a Parameter or None, "
                f"got {type(value).__name__}"
            )
        for registered in (self._parameters, self._buffers, self._modules):
            if registered is not home:
                registered.pop(name, None)
        if home is None:
            object.__setattr__(self, name, value)
        else:
            self.__dict__.pop(name, None)
            home[name] = value

    def __getattr__(self, name: str) -> Any:
        # Called only for what is no plain attribute.
        for home in ("_parameters", "_buffers", "_modules"):
            found = self.__dict__.get(home, {})
            if name in found:
                return found[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        for registered in (self._parameters, self._buffers, self._modules):
            if name in registered:
                del registered[name]
                return
        object.__delattr__(self, name)

    def register_buffer(self, name: str, tensor: Tensor | None) -> None:
        """Add state that is saved with the module but not learned."""
        self.__dict__.pop(name, None)
        if tensor is None:
            object.__setattr__(self, name, None)
        else:
            self._buffers[name] = tensor

    # Walking the tree

    def children(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield (dotted name, module) for itself ("") and all below, each once."""
        seen: set[int] = set()
        stack = [(prefix, self)]
        while stack:
            name, module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module
                dot = f"{name}." if name else ""
                inner = reversed(module._modules.items())
                stack += [(dot + child_name, child) for child_name, child in inner]

    def modules(self) -> Iterator[Module]:
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield (dotted name, parameter), a shared one once."""
        seen: set[int] = set()
        for name, parameter in self._named("_parameters"):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield name, parameter

    def parameters(self) -> Iterator[Parameter]:
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        return self._named("_buffers")

    def _named(self, kind: str) -> Iterator[tuple[str, Any]]:
        for prefix, module in self.named_modules():
            for name, value in getattr(module, kind).items():
                yield f"{prefix}.{name}" if prefix else name, value

    def apply(self, function: Callable[[Module], Any]) -> Module:
        """Call `function` on every module, innermost first."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    # State

    def train(self, mode: bool = True) -> Module:
        """Put every module in training mode (or, False, evaluation mode)."""
        for module in self.modules():
            object.__setattr__(module, "training", mode)
        return self

    def eval(self) -> Module:
        """Put every module in evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Freeze (False) or unfreeze every parameter."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, Tensor]:
        """Return every parameter and buffer by dotted name, sharing memory."""
        named = [*self._named("_parameters"), *self.named_buffers()]
        return {name: value.detach() for name, value in named}

    def load_state_dict(
        self, state_dict: Mapping[str, Tensor], strict: bool = True
    ) -> None:
        """Copy values in by name. Nothing is changed if anything does not fit.

        Raises KeyError for missing or unexpected names (only missing shapes matter
        if not `strict`), ValueError for a shape that differs.
        """
        own = self.state_dict()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        if strict and (missing or unexpected):
            raise KeyError(
                f"state_dict of {type(self).__name__}: missing {missing}, "
                f"unexpected {unexpected}"
            )
        fitting = {name: state_dict[name] for name in own if name in state_dict}
        for name, value in fitting.items():
            if value.shape != own[name].shape:
                raise ValueError(
                    f"{name} expects shape {own[name].shape}, got {value.shape}"
                )
        for name, value in fitting.items():
            own[name].copy_(np.asarray(value.data, dtype=own[name].dtype))

    # Looks

    def extra_repr(self) -> str:
        """Return what the repr shows in a layer's parentheses."""
        return ""

    def __repr__(self) -> str:
        lines = [
            f"({name}): " + repr(child).replace("\n", "\n  ")
            for name, child in self._modules.items()
        ]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"
