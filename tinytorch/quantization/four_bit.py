"""Four bits a weight, in groups that share a scale: an eighth of the bytes, about.

For models whose time goes into fetching weights, such as a language model that writes
token by token. The weights are stored small and brought back to float32 for each
product; inputs and sums stay float32.
"""

from copy import deepcopy
from typing import Any

import numpy as np

from tinytorch import expect
from tinytorch.nn import Embedding, Linear, Module
from tinytorch.nn import functional as F
from tinytorch.nn.utils import replace_module
from tinytorch.tensor import Tensor

Array = np.ndarray
LOWEST, HIGHEST = -8, 7  # of four bits
GROUP = 32  # weights that share a scale


def pack_groups(weight: Array, group: int = GROUP) -> tuple[Array, Array]:
    """Return weights (O, I) as bytes, uint8 (O, I / 2), and scales (O, I / group).

    A scale, float16, is such that the group's weight farthest from 0 becomes -8, the
    one level that has no opposite. Two weights share a byte, the first in its lower
    half. Raises ValueError for rows that groups of an even size do not fill, and for
    weights that are not finite or leave float16.
    """
    expect.array("weight", weight)
    expect.axes("pack_groups' weight (O, I)", weight, 2)
    expect.divisible(2, group=group)
    expect.divisible(group, inputs=weight.shape[1])
    groups = weight.reshape(len(weight), -1, group)
    place = np.abs(groups).argmax(axis=2, keepdims=True)
    farthest = np.take_along_axis(groups, place, axis=2)  # (O, I / group, 1)
    with np.errstate(over="ignore"):
        scale = (farthest / LOWEST).astype(np.float16)
    if not np.isfinite(scale).all():
        raise ValueError("pack_groups expects finite weights that float16 can scale")
    step = np.where(scale == 0, 1, scale).astype(np.float32)
    levels = np.clip(np.rint(groups / step), LOWEST, HIGHEST) - LOWEST  # 0 to 15
    levels = levels.astype(np.uint8).reshape(weight.shape)
    return levels[:, 0::2] | (levels[:, 1::2] << 4), scale[:, :, 0]


def unpack_groups(packed: Array, scale: Array) -> Array:
    """Return the weights (O, I), float32, that bytes and scales stand for."""
    expect.array("packed", packed)
    expect.array("scale", scale)
    if packed.dtype != np.uint8:
        raise TypeError(f"unpack_groups expects bytes, uint8, got {packed.dtype}")
    levels = np.empty((len(packed), 2 * packed.shape[1]), np.float32)
    levels[:, 0::2] = packed & 15
    levels[:, 1::2] = packed >> 4
    levels += LOWEST
    groups = levels.reshape(*scale.shape, -1)
    groups *= scale.astype(np.float32)[:, :, None]
    return levels


class FourBit(Module):
    """A weight (O, I) in four bits: `packed`, uint8, and `scale`, float16; see above.

    shared: another layer of the same weight, whose memory this one then shows.
    """

    packed: Tensor
    scale: Tensor

    def __init__(
        self, weight: Tensor, group: int = GROUP, shared: "FourBit | None" = None
    ) -> None:
        super().__init__()
        expect.tensors("four bits", weight=weight)
        expect.instance(FourBit | None, shared=shared)
        if shared is None:
            packed, scale = map(Tensor, pack_groups(weight.data, group))
        else:
            packed, scale = shared.packed, shared.scale
        self.register_buffer("packed", packed)
        self.register_buffer("scale", scale)

    def dequantized(self) -> Tensor:
        """Return the weight (O, I) as float32."""
        return Tensor(unpack_groups(self.packed.data, self.scale.data))

    @property
    def nbytes(self) -> int:
        """Bytes of the weight as it is stored, scales included."""
        return self.packed.nbytes + self.scale.nbytes

    def extra_repr(self) -> str:
        """Return the weight's shape, and how many weights share a scale."""
        rows, columns = self.packed.shape
        group = 2 * columns // self.scale.shape[1]
        return f"weight={(rows, 2 * columns)}, group={group}"


class FourBitLinear(FourBit):
    """`Linear` with a weight of four bits: x (..., I) gives (..., O), in float32."""

    bias: Tensor | None

    def __init__(
        self, layer: Linear, group: int = GROUP, shared: FourBit | None = None
    ) -> None:
        expect.instance(Linear, layer=layer)
        super().__init__(layer.weight, group, shared)
        bias = None if layer.bias is None else layer.bias.detach()
        self.register_buffer("bias", bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return x W^T + b, for x (..., I)."""
        return F.linear(input, self.dequantized(), self.bias)


class FourBitEmbedding(FourBit):
    """`Embedding` with a table of four bits: ids (...) give rows (..., I)."""

    def __init__(
        self, layer: Embedding, group: int = GROUP, shared: FourBit | None = None
    ) -> None:
        expect.instance(Embedding, layer=layer)
        super().__init__(layer.weight, group, shared)
        self.num_embeddings = layer.num_embeddings
        self.embedding_dim = layer.embedding_dim

    def forward(self, input: Tensor) -> Tensor:
        """Return the rows of ids (...), of which alone the bytes are unpacked."""
        expect.tensors("FourBitEmbedding", input=input)
        expect.ids("FourBitEmbedding", input.data, self.num_embeddings)
        ids = input.data.reshape(-1)
        rows = unpack_groups(self.packed.data[ids], self.scale.data[ids])
        return Tensor(rows.reshape(*input.shape, self.embedding_dim))


def quantize_four_bit(model: Module, group: int = GROUP) -> Module:
    """Return a frozen copy, in evaluation mode, with four-bit Linears and Embeddings.

    Layers that shared a weight share its bytes. Biases, norms and all else stay as they
    are. Raises ValueError if there is no such layer, or if `group` does not divide the
    inputs of one.
    """
    expect.instance(Module, model=model)
    copy: Any = deepcopy(model).requires_grad_(False)
    kinds = Linear | Embedding
    found = [(n, m) for n, m in copy.named_modules() if isinstance(m, kinds)]
    if not found:
        raise ValueError(f"expected Linear or Embedding layers, got {model}")
    done: dict[int, FourBit] = {}
    for name, layer in found:
        shared = done.get(id(layer.weight))
        kind: Any = FourBitLinear if isinstance(layer, Linear) else FourBitEmbedding
        new = kind(layer, group, shared)
        done[id(layer.weight)] = shared or new
        copy = replace_module(copy, name, new)
    return copy.eval()
