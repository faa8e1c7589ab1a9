"""Two thin matrices in place of one."""

from copy import deepcopy

import numpy as np

from tinytorch import expect
from tinytorch.nn import Linear, Module, Sequential
from tinytorch.nn.module import Parameter
from tinytorch.nn.utils import replace_module, shared_weights


def low_rank(layer: Linear, rank: int) -> Sequential:
    """Return two Linear layers with `rank` features between, close to `layer`.

    The truncated singular value decomposition: no other matrix of that rank is closer
    (Eckart and Young, 1936). Raises ValueError for a rank that the weight cannot have.
    """
    expect.instance(Linear, layer=layer)
    rank = expect.count("rank", rank)
    expect.between(1, min(layer.weight.shape), rank=rank)
    u, s, v = np.linalg.svd(layer.weight.data, full_matrices=False)
    root = np.sqrt(s[:rank])
    first = Linear(layer.in_features, rank, bias=False)
    second = Linear(rank, layer.out_features, bias=layer.bias is not None)
    first.weight = Parameter(root[:, None] * v[:rank])
    second.weight = Parameter(u[:, :rank] * root)
    if layer.bias is not None:
        second.bias = Parameter(layer.bias.data.copy())
    return Sequential(first, second)


def rank_for_energy(layer: Linear, energy: float) -> int:
    """Return the smallest rank that keeps the share `energy` of the squared weight."""
    expect.instance(Linear, layer=layer)
    expect.number(energy=energy)
    if not 0 < energy <= 1:
        raise ValueError(f"expected an energy above 0 and at most 1, got {energy}")
    s = np.linalg.svd(layer.weight.data.astype(np.float64), compute_uv=False)
    kept = np.cumsum(s**2) / max((s**2).sum(), np.finfo(np.float64).tiny)
    below = int(np.searchsorted(kept, energy * (1 - 1e-12)))
    return min(below + 1, len(s))


def factorize(model: Module, energy: float = 0.9) -> Module:
    """Return a copy with each Linear layer at the rank that keeps `energy`.

    Layers that would not get smaller, or whose weight another shares, stay as they are.
    """
    expect.instance(Module, model=model)
    copy = deepcopy(model)
    found = [(n, m) for n, m in copy.named_modules() if isinstance(m, Linear)]
    shared = shared_weights(copy)
    for name, layer in found:
        if id(layer.weight) in shared:
            continue
        rank = rank_for_energy(layer, energy)
        if rank * (layer.in_features + layer.out_features) < layer.weight.numel():
            copy = replace_module(copy, name, low_rank(layer, rank))
    return copy
