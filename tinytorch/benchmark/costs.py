"""What a model costs: parameters, operations, bytes as they lie in memory, and time.

A layer's call is often shorter than the clock's step. So a profile runs each layer
again, alone and many times, on the inputs that it had in a whole forward.
"""

import math
import tracemalloc
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinytorch import expect
from tinytorch.autograd import topological_order
from tinytorch.benchmark.table import Table
from tinytorch.benchmark.timer import Timer, Timing
from tinytorch.nn import Conv2d, Linear, Module, MultiheadAttention
from tinytorch.nn.module import Parameter
from tinytorch.nn.utils import hooked
from tinytorch.optim import Optimizer
from tinytorch.quantization import FourBitLinear, QuantizedConv2d, QuantizedLinear
from tinytorch.tensor import Tensor
from tinytorch.tensor.creation import ones_like
from tinytorch.utils.display import Picture
from tinytorch.utils.plot import bar_plot


@dataclass(frozen=True)
class Call:
    """One forward of one module, as a hook saw it."""

    name: str
    module: Any
    inputs: tuple[Any, ...]
    output: Any

    @property
    def flops(self) -> int:
        """Operations of the call, without the modules inside."""
        formula = FLOPS.get(type(self.module))
        return formula(self) if formula else 0


def trace(model: Module, *inputs: Any) -> list[Call]:
    """Run the model once; return every module's call, innermost first."""
    expect.instance(Module, model=model)
    calls: list[Call] = []
    with hooked(model, lambda *seen: calls.append(Call(*seen))):
        model(*inputs)
    return calls


def count_parameters(model: Module) -> int:
    """Return how many numbers the model learns, shared ones once."""
    expect.instance(Module, model=model)
    return sum(parameter.numel() for parameter in model.parameters())


def _weight_flops(call: Call) -> int:
    per_output = math.prod(call.module.weight.shape[1:])
    return 2 * per_output * math.prod(call.output.shape)


def _four_bit_flops(call: Call) -> int:
    return 4 * call.module.packed.shape[1] * math.prod(call.output.shape)


def _attention_flops(call: Call) -> int:
    query, *keys = call.inputs
    batch, length, channels = query.shape
    key = keys[0] if keys and keys[0] is not None else query
    # Scores and the weighted sum; the projections are Linear layers of their own.
    return 4 * batch * length * key.shape[1] * channels


# Operations that a call of such a module does itself, without the modules inside it.
FLOPS: dict[type[Module], Callable[[Call], int]] = {
    **dict.fromkeys((Linear, Conv2d, QuantizedLinear, QuantizedConv2d), _weight_flops),
    FourBitLinear: _four_bit_flops,
    MultiheadAttention: _attention_flops,
}


def count_flops(model: Module, *inputs: Any) -> int:
    """Return the multiplications and additions of one forward.

    Only those of matrix products, convolutions and attention (without a cache): the
    rest adds about a percent. A backward takes about twice as many.
    """
    return sum(call.flops for call in trace(model, *inputs))


def memory(model: Module, optimizer: Optimizer | None = None) -> dict[str, int]:
    """Return the bytes of parameters, gradients, buffers and the optimizer's state."""
    expect.instance(Module, model=model)
    expect.instance(Optimizer | None, optimizer=optimizer)
    states = optimizer.state.values() if optimizer else ()
    return {
        "parameters": _bytes(model.parameters()),
        "gradients": _bytes(p.grad for p in model.parameters()),
        "buffers": _bytes(buffer for _, buffer in model.named_buffers()),
        "optimizer": _bytes(value for state in states for value in state.values()),
    }


def _bytes(values: Iterable[Any]) -> int:
    """Return the bytes of tensors and arrays; one that comes twice counts once."""
    arrays = (v.data if isinstance(v, Tensor) else v for v in values)
    found = {id(a): a for a in arrays if isinstance(a, np.ndarray)}
    return sum(array.nbytes for array in found.values())


def activation_bytes(output: Tensor, model: Module | None = None) -> int:
    """Return the bytes that the graph behind `output` keeps for its backward.

    Arrays that share memory count once; those of `model`'s parameters do not count.
    """
    expect.tensors("activation_bytes", output=output)
    expect.instance(Module | None, model=model)
    if output.grad_fn is None:
        return 0
    nodes = topological_order(output.grad_fn)
    saved = (value for node in nodes for value in node.saved)
    kept = {id(a): a for a in map(_owner, saved) if isinstance(a, np.ndarray)}
    for parameter in model.parameters() if model else ():
        kept.pop(id(_owner(parameter.data)), None)
    return _bytes(kept.values())


def _owner(array: Any) -> Any:
    """Return the array whose memory a view shows."""
    while isinstance(getattr(array, "base", None), np.ndarray):
        array = array.base
    return array


def peak_memory(function: Callable[[], object]) -> int:
    """Return by how many bytes memory grows at most while `function()` runs.

    What Python and numpy ask for; the function runs slower meanwhile.
    """
    expect.function(function=function)
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def summary(model: Module, *inputs: Any) -> Table:
    """Return a table of the model's layers: shapes, parameters, bytes, operations.

    Bytes are those of parameters and buffers. The total counts shared tensors once.
    """
    table = Table("layer", "kind", "output", "parameters", "bytes", "FLOP")
    calls = trace(model, *inputs)
    for call in calls:
        own = [t for t in vars(call.module).values() if isinstance(t, Tensor)]
        if own or call.flops or not any(call.module.children()):
            learned = sum(t.numel() for t in own if isinstance(t, Parameter))
            kind = type(call.module).__name__
            shape = "×".join(map(str, getattr(call.output, "shape", ())))
            table.add(call.name, kind, shape, learned, _bytes(own), call.flops)
    stored = memory(model)
    total = stored["parameters"] + stored["buffers"]
    flops = sum(call.flops for call in calls)
    table.add("total", "", "", count_parameters(model), total, flops)
    return table


@dataclass(frozen=True)
class LayerTime:
    """One layer's times; `backward` is None where it passes no gradient."""

    name: str
    kind: str
    flops: int
    forward: Timing
    backward: Timing | None

    @property
    def seconds(self) -> float:
        """Forward and backward together."""
        return self.forward.median + (self.backward.median if self.backward else 0.0)


class Profile(Table):
    """The layers without modules inside, in the order of their calls, and the whole.

    Shown in milliseconds, with the rate of the forward.
    """

    def __init__(self, layers: list[LayerTime], whole: LayerTime) -> None:
        super().__init__(
            "layer", "kind", "forward ms", "backward ms", "share %", "GFLOP/s"
        )
        self.layers, self.whole = layers, whole
        percent = 100 / whole.seconds
        for layer in (*layers, whole):
            forward = layer.forward.median
            back = layer.backward.median * 1e3 if layer.backward else None
            rate = layer.flops / forward / 1e9 if layer.flops else None
            times = forward * 1e3, back, layer.seconds * percent
            self.add(layer.name, layer.kind, *times, rate)
        self.add("(rest)", "", self.rest * 1e3, None, self.rest * percent, None)

    @property
    def rest(self) -> float:
        """Seconds of the whole outside the layers: glue, and measuring error."""
        return self.whole.seconds - sum(layer.seconds for layer in self.layers)

    def plot(self) -> Picture:
        """Draw the layers' milliseconds, forward and backward."""
        names = [f"{layer.name} {layer.kind}" for layer in self.layers]
        forward = [1e3 * layer.forward.median for layer in self.layers]
        backward = [1e3 * (x.seconds - x.forward.median) for x in self.layers]
        return bar_plot(names, {"forward": forward, "backward": backward}, "ms")


def profile(model: Module, *inputs: Any, timer: Timer | None = None) -> Profile:
    """Time each layer's forward and backward, in the mode that the model is in.

    Works on copies: gradients and running statistics of the model stay as they are.
    """
    expect.instance(Timer | None, timer=timer)
    expect.instance(Module, model=model)
    timer = timer or Timer(repeats=9, min_sample=0.005, time_budget=0.3)
    model = deepcopy(model)
    calls = trace(model, *inputs)
    layers = [_time(c, c.flops, timer) for c in calls if not any(c.module.children())]
    whole = Call("total", model, inputs, calls[-1].output)
    return Profile(layers, _time(whole, sum(c.flops for c in calls), timer))


def _time(call: Call, flops: int, timer: Timer) -> LayerTime:
    forward = partial(call.module, *map(_alone, call.inputs))
    output, backward = forward(), None
    if isinstance(output, Tensor) and output.requires_grad:
        gradient = ones_like(output.detach())
        again = partial(output.backward, gradient, retain_graph=True)
        backward = timer.measure(again)
    kind = type(call.module).__name__
    return LayerTime(call.name, kind, flops, timer.measure(forward), backward)


def _alone(value: Any) -> Any:
    """Return an input without the graph behind it."""
    tensor = isinstance(value, Tensor)
    return value.detach().requires_grad_(value.requires_grad) if tensor else value
