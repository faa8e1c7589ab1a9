"""From a trained model to one that computes with int8."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from tinytorch.autograd import no_grad
from tinytorch.nn import Conv2d, Linear, Module
from tinytorch.nn.utils import replace_module
from tinytorch.quantization.affine import QuantParams
from tinytorch.quantization.layers import QuantizedConv2d, QuantizedLinear
from tinytorch.quantization.observers import MinMaxObserver, Observer
from tinytorch.training.evaluation import evaluating


def quantize_dynamic(model: Module) -> Module:
    """Return a copy whose Linear layers are int8, inputs rounded batch by batch."""
    return _converted(model, dict.fromkeys(_layers(model, Linear)))


def quantize_static(
    model: Module,
    calibration: Iterable,
    observer: Callable[[], Observer] = MinMaxObserver,
) -> Module:
    """Return a copy whose Linear and Conv2d layers are int8, with fixed input ranges.

    The ranges are what `calibration`'s batches (inputs, or tuples that begin with them)
    show to each layer. Raises ValueError if a layer sees none.
    """
    layers = _layers(model, Linear, Conv2d)
    observers = {name: observer() for name in layers}
    hooks = [
        layer.register_forward_pre_hook(_watch(observers[name]))
        for name, layer in layers.items()
    ]
    try:
        with evaluating(model), no_grad():
            for batch in calibration:
                model(batch[0] if isinstance(batch, tuple | list) else batch)
    finally:
        for hook in hooks:
            hook.remove()
    unseen = [name for name, seen in observers.items() if seen.low is None]
    if unseen:
        raise ValueError(f"calibration showed no input to {unseen}")
    return _converted(model, {name: seen.qparams() for name, seen in observers.items()})


def _watch(observer: Observer) -> Callable[[Module, Any], None]:
    return lambda module, inputs: observer.observe(inputs[0])


def _layers(model: Module, *kinds: type[Module]) -> dict[str, Any]:
    """Return the layers to convert by name; raises ValueError if there is none."""
    found = {n: m for n, m in model.named_modules() if isinstance(m, kinds)}
    if not found:
        names = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"expected a model with {names} layers, got {model}")
    return found


def _converted(model: Module, params: dict[str, QuantParams | None]) -> Module:
    """Return a frozen copy in evaluation mode, with the named layers in int8."""
    copy = deepcopy(model).requires_grad_(False).eval()
    for name, input_params in params.items():
        layer = dict(copy.named_modules())[name]
        if isinstance(layer, Linear):
            copy = replace_module(copy, name, QuantizedLinear(layer, input_params))
        elif isinstance(layer, Conv2d):
            copy = replace_module(copy, name, QuantizedConv2d(layer, input_params))
    return copy.eval()
