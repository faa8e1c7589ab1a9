"""Where a model's time goes, layer by layer.

A layer's call is often shorter than the clock's step. So each layer is run again, alone
and many times, on the inputs that it had in a whole forward.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tinytorch.benchmark.counters import Call, flops_of, trace
from tinytorch.benchmark.table import Table
from tinytorch.benchmark.timer import Timer, Timing
from tinytorch.creation import ones_like
from tinytorch.nn import Module
from tinytorch.tensor import Tensor
from tinytorch.utils.plot import Plot, bar_plot


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


@dataclass(frozen=True)
class Profile:
    """The layers without modules inside, in the order of their calls, and the whole."""

    layers: list[LayerTime]
    whole: LayerTime

    @property
    def rest(self) -> float:
        """Seconds of the whole outside the layers: glue, and measuring error."""
        return self.whole.seconds - sum(layer.seconds for layer in self.layers)

    def table(self) -> Table:
        """Return times in milliseconds, and the rate of the forward."""
        columns = ["layer", "kind", "forward ms", "backward ms", "share %", "GFLOP/s"]
        table = Table(columns)
        for layer in (*self.layers, self.whole):
            rate = layer.flops / layer.forward.median / 1e9 if layer.flops else None
            back = layer.backward.median * 1e3 if layer.backward else None
            forward = layer.forward.median * 1e3
            share = 100 * layer.seconds / self.whole.seconds
            table.add(layer.name, layer.kind, forward, back, share, rate)
        share = 100 * self.rest / self.whole.seconds
        table.add("(rest)", "", self.rest * 1e3, None, share, None)
        return table

    def plot(self) -> Plot:
        """Draw the layers' milliseconds, forward and backward."""
        names = [f"{layer.name} {layer.kind}" for layer in self.layers]
        forward = [layer.forward.median * 1e3 for layer in self.layers]
        backward = [
            (layer.seconds - layer.forward.median) * 1e3 for layer in self.layers
        ]
        return bar_plot(names, {"forward": forward, "backward": backward}, "ms")

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def profile(model: Module, *inputs: Any, timer: Timer | None = None) -> Profile:
    """Time each layer's forward and backward, in the mode that the model is in.

    Works on copies: gradients and running statistics of the model stay as they are.
    """
    timer = timer or Timer(repeats=9, min_sample=0.005, time_budget=0.3)
    model = deepcopy(model)
    calls = trace(model, *inputs)
    leaves = [call for call in calls if not any(call.module.children())]
    layers = [_time(call, flops_of(call), timer) for call in leaves]
    whole = Call("total", model, inputs, calls[-1].output)
    return Profile(layers, _time(whole, sum(map(flops_of, calls)), timer))


def _time(call: Call, flops: int, timer: Timer) -> LayerTime:
    inputs = [_alone(value) for value in call.inputs]
    forward = timer.measure(lambda: call.module(*inputs))
    output = call.module(*inputs)
    graph = isinstance(output, Tensor) and output.requires_grad
    backward = timer.measure(_backward(output)) if graph else None
    return LayerTime(call.name, type(call.module).__name__, flops, forward, backward)


def _backward(output: Tensor) -> Callable[[], None]:
    gradient = ones_like(output.detach())
    return lambda: output.backward(gradient, retain_graph=True)


def _alone(value: Any) -> Any:
    """Return an input without the graph behind it."""
    if not isinstance(value, Tensor):
        return value
    return value.detach().requires_grad_(value.requires_grad)
