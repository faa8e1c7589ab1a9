"""Where a model's time goes, layer by layer.

A layer's call is often shorter than the clock's step. So each layer is run again, alone
and many times, on the inputs that it had in a whole forward.
"""

from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from tinytorch.benchmark.counters import Call, trace
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

    def plot(self) -> Plot:
        """Draw the layers' milliseconds, forward and backward."""
        names = [f"{layer.name} {layer.kind}" for layer in self.layers]
        forward = [layer.forward.median * 1e3 for layer in self.layers]
        both = [layer.seconds * 1e3 for layer in self.layers]
        backward = [b - f for b, f in zip(both, forward, strict=True)]
        return bar_plot(names, {"forward": forward, "backward": backward}, "ms")


def profile(model: Module, *inputs: Any, timer: Timer | None = None) -> Profile:
    """Time each layer's forward and backward, in the mode that the model is in.

    Works on copies: gradients and running statistics of the model stay as they are.
    """
    timer = timer or Timer(repeats=9, min_sample=0.005, time_budget=0.3)
    model = deepcopy(model)
    calls = trace(model, *inputs)
    layers = [_time(c, c.flops, timer) for c in calls if not any(c.module.children())]
    whole = Call("total", model, inputs, calls[-1].output)
    return Profile(layers, _time(whole, sum(c.flops for c in calls), timer))


def _time(call: Call, flops: int, timer: Timer) -> LayerTime:
    inputs = [_alone(value) for value in call.inputs]
    run, kind = partial(call.module, *inputs), type(call.module).__name__
    forward, output, backward = timer.measure(run), run(), None
    if isinstance(output, Tensor) and output.requires_grad:
        gradient = ones_like(output.detach())
        again = partial(output.backward, gradient, retain_graph=True)
        backward = timer.measure(again)
    return LayerTime(call.name, kind, flops, forward, backward)


def _alone(value: Any) -> Any:
    """Return an input without the graph behind it."""
    if not isinstance(value, Tensor):
        return value
    return value.detach().requires_grad_(value.requires_grad)
