"""Limiting gradients between backward and step; exchanging and watching modules."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np

from tinytorch import expect
from tinytorch.nn.module import Module, Parameter
from tinytorch.tensor import Tensor


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale all gradients, in place, so that their joint 2-norm is at most max_norm.

    Returns the norm before (Pascanu et al., 2013). A norm that is not finite raises
    RuntimeError on request.
    """
    expect.at_least(0, max_norm=max_norm)
    grads = _grads(parameters)
    norm = math.sqrt(sum(float(np.vdot(g, g)) for g in grads))
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(f"expected a finite gradient norm, got {norm}")
    scale = max_norm / (norm + 1e-6)
    if scale < 1 or math.isnan(scale):
        for g in grads:
            g *= scale
    return Tensor(norm)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit each element of all gradients, in place, to [-clip_value, clip_value]."""
    expect.at_least(0, clip_value=clip_value)
    for g in _grads(parameters):
        np.clip(g, -clip_value, clip_value, out=g)


def _grads(parameters: Tensor | Iterable[Tensor]) -> list[np.ndarray]:
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    if not isinstance(parameters, Iterable):
        raise TypeError(f"expected tensors to clip, got {expect.shown(parameters)}")
    parameters = list(parameters)
    for p in parameters:
        expect.tensors("clipping", parameters=p)
    return [p.grad.data for p in parameters if p.grad is not None]


def replace_module(model: Module, name: str, new: Module) -> Module:
    """Put `new` where `name` is in `model`; returns the model or, for "", `new`.

    A module that stands under several names is replaced under all of them. Raises
    KeyError for a name that `named_modules` does not have.
    """
    expect.instance(Module, model=model, new=new)
    expect.instance(str, name=name)
    if not name:
        return new
    modules = dict(model.named_modules())
    if name not in modules:
        raise KeyError(f"expected one of {list(modules)}, got {name!r}")
    old = modules[name]
    for home in modules.values():
        for child_name, child in list(home.named_children()):
            if child is old:
                setattr(home, child_name, new)
    return model


def shared_weights(model: Module) -> set[int]:
    """Return the ids of the parameters that stand in more than one place."""
    expect.instance(Module, model=model)
    uses = Counter(
        id(value)
        for home in model.modules()
        for value in vars(home).values()
        if isinstance(value, Parameter)
    )
    return {key for key, count in uses.items() if count > 1}


@contextmanager
def hooked(
    model: Module, hook: Callable[[str, Module, Any, Any], Any]
) -> Iterator[None]:
    """Call hook(name, module, inputs, output) after every forward inside the model.

    For a `with` block. Innermost modules come first; the model's own name is "".
    """
    expect.instance(Module, model=model)
    expect.function(hook=hook)
    with ExitStack() as stack:
        for name, module in model.named_modules():
            handle = module.register_forward_hook(partial(hook, name))
            stack.callback(handle.remove)
        yield
