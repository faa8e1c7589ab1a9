"""The base of every layer and model: it finds its own parameters."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from tinytorch import expect
from tinytorch.tensor import Tensor
from tinytorch.tensor.dtypes import KINDS

State = Mapping[str, Tensor]


class Parameter(Tensor):
    """A tensor that a module learns: assigned to a module, it is registered."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        expect.boolean(requires_grad=requires_grad)
        super().__init__(data, requires_grad=requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Hook:
    """A function that a module calls, until `remove()`."""

    def __init__(self, module: "Module", when: str, hook: Callable[..., Any]) -> None:
        expect.function(hook=hook)
        self.call = hook
        self._module, self._when = module, when
        setattr(module, when, (*getattr(module, when), self))

    def remove(self) -> None:
        """Stop the calls; another handle of the same function goes on."""
        hooks = getattr(self._module, self._when)
        kept = tuple(hook for hook in hooks if hook is not self)
        setattr(self._module, self._when, kept)


class Module:
    """Holds parameters, buffers (state that is saved, not learned) and submodules.

    A subclass calls `super().__init__()`, assigns them as attributes, and defines
    `forward`. What is registered is what the attributes hold: there is no second list.
    `training` tells layers such as Dropout how to behave.
    """

    training: bool = True
    _buffer_names: frozenset[str] = frozenset()
    _before: tuple[Hook, ...] = ()
    _after: tuple[Hook, ...] = ()

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Return the module's output; every subclass says what that is."""
        raise NotImplementedError(f"{type(self).__name__} expects a forward method")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        for hook in self._before:
            hook.call(self, inputs)
        output = self.forward(*inputs, **options)
        for after in self._after:
            after.call(self, inputs, output)
        return output

    # Watching

    def register_forward_pre_hook(self, hook: Callable[["Module", Any], Any]) -> Hook:
        """Call hook(module, inputs) before every forward, until it is removed."""
        return Hook(self, "_before", hook)

    def register_forward_hook(self, hook: Callable[["Module", Any, Any], Any]) -> Hook:
        """Call hook(module, inputs, output) after every forward, until removed.

        A hook watches: what it returns is ignored.
        """
        return Hook(self, "_after", hook)

    # Registration

    def __setattr__(self, name: str, value: Any) -> None:
        """Assign, but never let a tensor drop out of what is learned or saved."""
        old = self.__dict__.get(name)
        kind = Tensor if name in self._buffer_names else Parameter
        if isinstance(old, kind) and not isinstance(value, kind | None):
            expected, got = f"a {kind.__name__} or None", type(value).__name__
            raise TypeError(f"{name} expects {expected}, got {got}")
        object.__setattr__(self, name, value)

    def register_buffer(self, name: str, tensor: Tensor | None) -> None:
        """Add state that is saved with the module but not learned; None, for now none.

        Raises TypeError for anything else.
        """
        expect.instance(str, name=name)
        if tensor is not None:
            expect.tensors("register_buffer", tensor=tensor)
        setattr(self, name, tensor)
        self._buffer_names |= {name}

    # Walking the tree

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """Yield (name, module) for each module among the attributes, in order."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> Iterator["Module"]:
        """Yield each module among the attributes, in order."""
        return (child for _, child in self.named_children())

    def named_modules(
        self, memo: set["Module"] | None = None, prefix: str = ""
    ) -> Iterator[tuple[str, "Module"]]:
        """Yield (dotted name, module) for itself ("") and all below, each once.

        memo: modules to leave out; those that are yielded join it.
        """
        memo = set() if memo is None else memo
        if self not in memo:
            memo.add(self)
            yield prefix, self
            for name, child in self.named_children():
                below = f"{prefix}.{name}".removeprefix(".")
                yield from child.named_modules(memo, below)

    def modules(self) -> Iterator["Module"]:
        """Yield the module itself and all below, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield (dotted name, parameter) for every Parameter here and below.

        "0.weight" is the attribute `weight` of the child "0". In the order of
        `named_modules`; one that is found twice, under its first name only.
        """
        seen: set[int] = set()
        for name, value in self._named_tensors():
            if isinstance(value, Parameter) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def parameters(self) -> Iterator[Parameter]:
        """Yield every Parameter here and below, each once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Yield (dotted name, tensor) for every buffer here and below."""
        for name, value in self._named_tensors():
            if not isinstance(value, Parameter):
                yield name, value

    def _named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Yield every parameter and buffer under each of its names."""
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                kind = Tensor if name in module._buffer_names else Parameter
                if isinstance(value, kind):
                    yield f"{prefix}.{name}".removeprefix("."), value

    def apply(self, fn: Callable[["Module"], Any]) -> Self:
        """Call `fn` on every module, innermost first."""
        expect.function(fn=fn)
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # State

    def train(self, mode: bool = True) -> Self:
        """Put every module in training mode (or, False, evaluation mode)."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put every module in evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze (False) or unfreeze every parameter."""
        expect.boolean(requires_grad=requires_grad)
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self, dtype: Any) -> Self:
        """Convert floating parameters and buffers, and gradients, in place.

        Raises TypeError for a dtype that is not floating.
        """
        expect.floating_dtype(dtype=dtype)
        for _, tensor in self._named_tensors():
            if tensor.dtype.kind == "f":
                tensor.data = tensor.data.astype(dtype, copy=False)
                tensor.grad = None if tensor.grad is None else tensor.grad.to(dtype)
        return self

    def float(self) -> Self:
        """Convert floating parameters and buffers to float32, in place."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Convert floating parameters and buffers to float64, in place."""
        return self.to(np.float64)

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, Tensor]:
        """Return every parameter and buffer by dotted name, sharing memory.

        A tensor that two modules share is there under both names.
        """
        return {name: value.detach() for name, value in self._named_tensors()}

    def load_state_dict(self, state_dict: State, strict: bool = True) -> None:
        """Copy values in by name. Nothing is changed if anything does not fit.

        Raises KeyError for missing or unexpected names (unless not `strict`: then only
        the names that both have are copied), ValueError for a shape that differs.
        """
        expect.instance(Mapping, state_dict=state_dict)
        expect.boolean(strict=strict)
        own = self.state_dict()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        if strict and (missing or unexpected):
            raise KeyError(f"state_dict: missing {missing}, unexpected {unexpected}")
        new = {
            name: _fitting(name, state_dict[name], old)
            for name, old in own.items()
            if name in state_dict
        }
        for name, values in new.items():
            own[name].copy_(values)

    # Looks

    def extra_repr(self) -> str:
        """Return the options that `repr` shows, as "name=value, ..."; here none.

        A subclass with options overrides it.
        """
        return ""

    def __repr__(self) -> str:
        name, options = type(self).__name__, self.extra_repr()
        lines = [f"({child}): {module!r}" for child, module in self.named_children()]
        if not lines:
            return f"{name}({options})"
        lines = [options, *lines] if options else lines
        tree = "\n".join(lines).replace("\n", "\n  ")
        return f"{name}(\n  {tree}\n)"


def _fitting(name: str, value: Any, old: Tensor) -> np.ndarray:
    """Return the numbers to copy into `old`; what does not fit raises."""
    array = value.data if isinstance(value, Tensor) else np.asarray(value)
    if array.dtype.kind not in KINDS:
        raise TypeError(f"{name} expects numbers, got {expect.shown(value)}")
    if array.shape != old.shape:
        raise ValueError(f"{name} expects shape {old.shape}, got {array.shape}")
    return array.astype(old.dtype, copy=False)
