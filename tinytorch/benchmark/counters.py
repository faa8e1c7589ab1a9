"""Counts of a model: parameters, operations, and bytes as they lie in memory."""

import math
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.autograd import topological_order
from tinytorch.benchmark.table import Table
from tinytorch.nn import Conv2d, Linear, Module, MultiheadAttention
from tinytorch.nn.module import Parameter
from tinytorch.optim import Optimizer
from tinytorch.quantization import QuantizedConv2d, QuantizedLinear
from tinytorch.tensor import Tensor


@dataclass(frozen=True)
class Call:
    """One forward of one module, as a hook saw it."""

    name: str
    module: Module
    inputs: tuple[Any, ...]
    output: Any


def trace(model: Module, *inputs: Any) -> list[Call]:
    """Run the model once; return every module's call, innermost first."""
    calls: list[Call] = []
    names = {module: name for name, module in model.named_modules()}

    def record(module: Module, given: tuple[Any, ...], output: Any) -> None:
        calls.append(Call(names[module], module, given, output))

    hooks = [module.register_forward_hook(record) for module in names]
    try:
        model(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def count_parameters(model: Module) -> int:
    """Return how many numbers the model learns, shared ones once."""
    return sum(parameter.numel() for parameter in model.parameters())


def _linear_flops(call: Call) -> int:
    return 2 * call.inputs[0].shape[-1] * math.prod(call.output.shape)


def _conv2d_flops(call: Call) -> int:
    _, depth, height, width = call.module.weight.shape  # type: ignore[attr-defined]
    return 2 * depth * height * width * math.prod(call.output.shape)


def _attention_flops(call: Call) -> int:
    query, *keys = call.inputs
    batch, length, channels = query.shape
    key = keys[0] if keys and keys[0] is not None else query
    # Scores and the weighted sum; the projections are Linear layers of their own.
    return 4 * batch * length * key.shape[1] * channels


# Operations that a call of such a module does itself, without the modules inside it.
FLOPS: dict[type[Module], Callable[[Any], int]] = {
    Linear: _linear_flops,
    QuantizedLinear: _linear_flops,
    Conv2d: _conv2d_flops,
    QuantizedConv2d: _conv2d_flops,
    MultiheadAttention: _attention_flops,
}


def count_flops(model: Module, *inputs: Any) -> int:
    """Return the multiplications and additions of one forward.

    Only those of matrix products, convolutions and attention (without a cache): the
    rest adds about a percent. A backward takes about twice as many.
    """
    return sum(map(flops_of, trace(model, *inputs)))


def flops_of(call: Call) -> int:
    """Return the operations of one call, without the modules inside."""
    formula = FLOPS.get(type(call.module))
    return formula(call) if formula else 0


def memory(model: Module, optimizer: Optimizer | None = None) -> dict[str, int]:
    """Return the bytes of parameters, gradients, buffers and the optimizer's state."""
    parameters = list(model.parameters())
    states = optimizer.state.values() if optimizer else ()
    return {
        "parameters": sum(p.nbytes for p in parameters),
        "gradients": sum(p.grad.nbytes for p in parameters if p.grad is not None),
        "buffers": sum(buffer.nbytes for _, buffer in model.named_buffers()),
        "optimizer": sum(
            value.nbytes
            for state in states
            for value in state.values()
            if isinstance(value, np.ndarray)
        ),
    }


def activation_bytes(output: Tensor, model: Module | None = None) -> int:
    """Return the bytes that the graph behind `output` keeps for its backward.

    Arrays that share memory count once; those of `model`'s parameters do not count.
    """
    if output.grad_fn is None:
        return 0
    kept: dict[int, int] = {}
    for node in topological_order(output.grad_fn):
        for value in node.saved:
            if isinstance(value, np.ndarray):
                owner = _owner(value)
                kept[id(owner)] = owner.nbytes
    for parameter in model.parameters() if model else ():
        kept.pop(id(_owner(parameter.data)), None)
    return sum(kept.values())


def peak_memory(function: Callable[[], object]) -> int:
    """Return by how many bytes memory grows at most while `function()` runs.

    What Python and numpy ask for; the function runs slower meanwhile.
    """
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        function()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak - before


def summary(model: Module, *inputs: Any) -> Table:
    """Return a table of the model's layers: shapes, parameters, bytes, operations.

    Bytes are those of parameters and buffers. The total counts shared tensors once.
    """
    table = Table(["layer", "kind", "output", "parameters", "bytes", "FLOP"])
    calls = trace(model, *inputs)
    for call in calls:
        own = [t for t in vars(call.module).values() if isinstance(t, Tensor)]
        if own or flops_of(call) or not any(call.module.children()):
            learned = sum(t.numel() for t in own if isinstance(t, Parameter))
            sizes = learned, sum(t.nbytes for t in own)
            shape = "×".join(map(str, getattr(call.output, "shape", ())))
            kind = type(call.module).__name__
            table.add(call.name, kind, shape, *sizes, flops_of(call))
    stored = memory(model)
    total = stored["parameters"] + stored["buffers"]
    flops = sum(map(flops_of, calls))
    table.add("total", "", "", count_parameters(model), total, flops)
    return table


def _owner(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
