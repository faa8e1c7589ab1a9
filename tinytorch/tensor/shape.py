"""The tensor's methods that move, pick, repeat or overwrite elements.

Reshapes, transposes and slices are views where numpy's are: they share memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Self

import numpy as np

from tinytorch import autograd, expect, ops
from tinytorch.autograd import Array
from tinytorch.tensor.base import TensorBase, raw_index
from tinytorch.tensor.dtypes import Scalar, as_array
from tinytorch.tensor.sizes import (
    broadcast_shape,
    infer_shape,
    positive_dim,
    positive_dims,
    sizes_of,
)

_dims = positive_dims  # its name in bodies that students saved earlier


class Shape(TensorBase):
    """The second part of `Tensor`: the same elements in another order."""

    __slots__ = ()

    def reshape(self, *shape: Any) -> Self:
        """Same elements in another shape; one length may be -1.

        Raises ValueError if the number of elements differs.
        """
        full = infer_shape(self.numel(), sizes_of(shape))
        return ops.Reshape.apply(self, shape=full)

    def view(self, *shape: Any) -> Self:
        """As `reshape`, which is a view where numpy's is."""
        return self.reshape(*shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Self:
        """Join the axes from start_dim to end_dim, both included, into one.

        Negative dims count from the end. No axes at all become one of length 1. Raises
        ValueError if start_dim comes after end_dim, IndexError if there is no such dim.
        """
        if not self.ndim:
            return self.reshape(1)
        start, end = positive_dim(self, start_dim), positive_dim(self, end_dim)
        if start > end:
            raise ValueError(f"expected start_dim <= end_dim, got {start} and {end}")
        joined = math.prod(self.shape[start : end + 1])
        return self.reshape(*self.shape[:start], joined, *self.shape[end + 1 :])

    def squeeze(self, dim: int | tuple[int, ...] | None = None) -> Self:
        """Drop axes of length 1: all, or only those of `dim` that are."""
        dims = range(self.ndim) if dim is None else _several(self, dim)
        shape = tuple(n for i, n in enumerate(self.shape) if n != 1 or i not in dims)
        return ops.Reshape.apply(self, shape=shape)

    def unsqueeze(self, dim: int) -> Self:
        """Insert an axis of length 1."""
        (dim,) = sizes_of((dim,))
        if not -self.ndim - 1 <= dim <= self.ndim:
            raise IndexError(f"unsqueeze: dim {dim} is out of range for {self.shape}")
        dim %= self.ndim + 1
        return ops.Reshape.apply(self, shape=(*self.shape[:dim], 1, *self.shape[dim:]))

    def permute(self, *dims: Any) -> Self:
        """Reorder the axes."""
        order = _several(self, dims)
        if sorted(order) != list(range(self.ndim)):
            raise ValueError(f"permute expects each of {self.ndim} dims, got {order}")
        return ops.Permute.apply(self, dims=order)

    def transpose(self, dim0: int, dim1: int) -> Self:
        """Swap two axes."""
        order = list(range(self.ndim))
        dim0, dim1 = positive_dim(self, dim0), positive_dim(self, dim1)
        order[dim0], order[dim1] = dim1, dim0
        return ops.Permute.apply(self, dims=tuple(order))

    def t(self) -> Self:
        """Transpose a matrix; a vector stays."""
        if self.ndim > 2:
            raise ValueError(f"t() expects at most two axes, got shape {self.shape}")
        return self.T

    @property
    def T(self) -> Self:  # noqa: N802 - PyTorch's name
        """All axes in reverse order."""
        return ops.Permute.apply(self, dims=tuple(range(self.ndim))[::-1])

    @property
    def mT(self) -> Self:  # noqa: N802 - PyTorch's name
        """The last two axes swapped."""
        return self.transpose(-1, -2)

    def expand(self, *shape: Any) -> Self:
        """Stretch axes of length 1 without copying; -1 keeps a length."""
        wanted = sizes_of(shape)
        if any(w == -1 for w in wanted[: max(0, len(wanted) - self.ndim)]):
            raise ValueError(f"expand: a new axis expects a length, got {wanted}")
        own = (1,) * (len(wanted) - self.ndim) + self.shape
        full = tuple(n if w == -1 else w for w, n in zip(wanted, own, strict=False))
        if len(own) != len(wanted) or broadcast_shape(own, full) != full:
            raise ValueError(f"expand: shape {self.shape} cannot stretch to {wanted}")
        return ops.Expand.apply(self, shape=full)

    def repeat(self, *sizes: Any) -> Self:
        """Lay copies side by side: `sizes` tells how many along each axis."""
        times = sizes_of(sizes)
        if len(times) < self.ndim:
            raise ValueError(f"repeat expects {self.ndim} numbers or more, got {times}")
        expect.at_least(0, fewest_copies=min(times, default=0))
        own = (1,) * (len(times) - self.ndim) + self.shape
        split = self.reshape(*(m for n in own for m in (1, n)))
        wide = split.expand(*(m for pair in zip(times, own, strict=True) for m in pair))
        return wide.reshape(*(r * n for r, n in zip(times, own, strict=True)))

    def repeat_interleave(self, repeats: int, dim: int | None = None) -> Self:
        """Repeat each element along `dim`; without it, of the flattened tensor."""
        if dim is None:
            return self.flatten().repeat_interleave(repeats, 0)
        (repeats,), dim = sizes_of((repeats,)), positive_dim(self, dim)
        expect.at_least(0, repeats=repeats)
        return self._along(dim, np.repeat(np.arange(self.shape[dim]), repeats))

    def flip(self, *dims: Any) -> Self:
        """Reverse the order along axes."""
        return ops.Flip.apply(self, dims=positive_dims(self, sizes_of(dims)))

    def split(self, split_size: int | Sequence[int], dim: int = 0) -> tuple[Self, ...]:
        """Cut along `dim` into pieces of a size (the last may be less) or of sizes."""
        dim = positive_dim(self, dim)
        length = self.shape[dim]
        if isinstance(split_size, Sequence):
            sizes = list(sizes_of((split_size,)))
        else:
            (split_size,) = sizes_of((split_size,))
            expect.at_least(1, split_size=split_size)
            starts = range(0, max(length, 1), split_size)
            sizes = [min(split_size, length - start) for start in starts]
        if sum(sizes) != length or min(sizes, default=0) < 0:
            raise ValueError(
                f"split expects sizes >= 0 that add up to {length}, got {sizes}"
            )
        ends = accumulate(sizes)
        return tuple(
            self._along(dim, slice(end - n, end))
            for n, end in zip(sizes, ends, strict=True)
        )

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Self, ...]:
        """Cut along `dim` into at most `chunks` pieces of equal size."""
        (chunks,) = sizes_of((chunks,))
        expect.at_least(1, chunks=chunks)
        length = self.shape[positive_dim(self, dim)]
        return self.split(max(1, -(-length // chunks)), dim)

    def unbind(self, dim: int = 0) -> tuple[Self, ...]:
        """Return the slices along `dim`, without that axis."""
        dim = positive_dim(self, dim)
        return tuple(self._along(dim, i) for i in range(self.shape[dim]))

    def gather(self, dim: int, index: Self) -> Self:
        """Pick along `dim`: out[i, j] = x[i, index[i, j]] for dim 1.

        index: integers, as many axes as the tensor. Raises IndexError out of range.
        """
        dim = positive_dim(self, dim)
        expect.tensors("gather", index=index)
        if index.ndim != self.ndim or index.dtype.kind not in "iu":
            got = f"{index.dtype} of shape {index.shape}"
            raise ValueError(f"gather expects {self.ndim} axes of integers, got {got}")
        others = list(self.shape)
        length, others[dim] = others[dim], index.shape[dim]
        if any(i > n for i, n in zip(index.shape, others, strict=True)):
            raise ValueError(f"gather: index {index.shape} exceeds {self.shape}")
        if index.numel() and not 0 <= index.data.min() <= index.data.max() < length:
            got = f"{index.data.min()} to {index.data.max()}"
            raise IndexError(f"gather expects 0 to {length - 1}, got {got}")
        return ops.Gather.apply(self, dim=dim, index=index.data)

    def masked_fill(self, mask: Self, value: float) -> Self:
        """Put `value` wherever the boolean mask, which is broadcast, is true."""
        expect.tensors("masked_fill", mask=mask)
        if mask.dtype.kind != "b":
            raise TypeError(f"masked_fill expects a boolean mask, got {mask.dtype}")
        broadcast_shape(self.shape, mask.shape)
        filled = self._wrap(as_array(value, self.dtype))
        return ops.Where.apply(filled, self, condition=mask.data)

    def tril(self, diagonal: int = 0) -> Self:
        """Zero what lies above the diagonal of the last two axes."""
        return self.masked_fill(self._wrap(~_below(self, diagonal)), 0)

    def triu(self, diagonal: int = 0) -> Self:
        """Zero what lies below the diagonal of the last two axes."""
        return self.masked_fill(self._wrap(_below(self, diagonal - 1)), 0)

    def _along(self, dim: int, index: Any) -> Self:
        """Return self[index] on the axis `dim`, all of the other axes."""
        return self[(slice(None),) * dim + (index,)]

    # Writing in place

    def __setitem__(self, index: Any, value: Any) -> None:
        """Overwrite what `index` picks with `value`, which is broadcast and cast."""
        target, source = self._write(value)
        index = raw_index(index)
        try:
            target[index] = source
        except ValueError:
            expected = f"expected a value that broadcasts to {target[index].shape}"
            raise ValueError(f"{expected}, got shape {source.shape}") from None
        autograd.mark_written(target)

    def copy_(self, src: Any) -> Self:
        """Overwrite the elements with those of `src`, which is broadcast and cast."""
        self[...] = src
        return self

    def fill_(self, value: Scalar) -> Self:
        """Overwrite every element with `value`."""
        return self.copy_(value)

    def zero_(self) -> Self:
        """Overwrite every element with 0."""
        return self.fill_(0)

    def _write(self, value: Any) -> tuple[Array, Array]:
        """Return this tensor's array and the value's. Raises if a gradient is lost."""
        recorded = self.requires_grad or getattr(value, "requires_grad", False)
        if autograd.is_grad_enabled() and recorded:
            raise RuntimeError(
                "writing in place is not recorded and expects tensors that do not "
                "require grad; use no_grad(), or compute a new tensor (where, cat)"
            )
        if not self.data.flags.writeable:
            raise RuntimeError(
                "writing in place expects memory of the tensor's own, got a view that "
                "expand() stretched, or a read-only array; write to a clone()"
            )
        return self.data, value.data if isinstance(value, TensorBase) else as_array(
            value
        )


def _several(x: TensorBase, dim: Any) -> tuple[int, ...]:
    """Return one dim or several as a tuple, counted from the front, each once."""
    dims = sizes_of(dim if isinstance(dim, tuple) else (dim,))
    found = positive_dims(x, dims)
    return found if isinstance(found, tuple) else ()


def _below(x: TensorBase, diagonal: int) -> Array:
    """Return bool: true on the diagonal of the last two axes, and below it."""
    if x.ndim < 2:
        raise ValueError(f"expected at least two axes, got shape {x.shape}")
    rows, columns = x.shape[-2:]
    return np.tri(rows, columns, diagonal, dtype=bool)
