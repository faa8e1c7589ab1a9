"""The tensor's methods that move, pick or repeat elements.

Reshapes, transposes and slices are views where numpy's are: they share memory.
"""

import math
import operator
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from tinytorch import expect, ops
from tinytorch.tensor_math import _dims


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the step along each axis, in elements, of a gapless row-by-row array.

    The last axis has step 1; each other one steps over all that lies to its right.
    (2, 3, 4) gives (12, 4, 1).
    """
    strides = []
    step = 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def infer_shape(count: int, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Return `wanted`, its -1, if any, replaced so that `count` elements fit.

    Raises ValueError if no shape like it has `count` elements, or for a second -1.
    """
    known = math.prod(n for n in wanted if n != -1)
    holes = wanted.count(-1)
    if holes == 1 and known > 0 and count % known == 0:
        return tuple(count // known if n == -1 else n for n in wanted)
    if holes == 0 and known == count:
        return wanted
    raise ValueError(f"expected a shape for {count} elements, got {wanted}")


def broadcast_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which two shapes stretch.

    Axes are matched from the right; a missing axis counts as 1, and an axis of
    length 1 stretches to the other's length. Raises ValueError where both differ.
    """
    ndim = max(len(a), len(b))
    left = (1,) * (ndim - len(a)) + a
    right = (1,) * (ndim - len(b)) + b
    for m, n in zip(left, right, strict=True):
        if m != n and 1 not in (m, n):
            raise ValueError(f"expected shapes that broadcast, got {a} and {b}")
    return tuple(n if m == 1 else m for m, n in zip(left, right, strict=True))


class ShapeMethods:
    """Part of `Tensor`."""

    __slots__ = ()

    def reshape(self: Any, *shape: Any) -> Any:
        """Same elements in another shape; one length may be -1.

        Raises ValueError if the number of elements differs.
        """
        full = infer_shape(self.numel(), _ints(shape))
        return ops.Reshape.apply(self, shape=full)

    view = reshape

    def flatten(self: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
        """Join the axes from start_dim to end_dim, both included, into one.

        Negative dims count from the end. No axes at all become one of length 1. Raises
        ValueError if start_dim comes after end_dim, IndexError if there is no such dim.
        """
        if not self.ndim:
            return self.reshape(1)
        start, end = _dims(self, start_dim), _dims(self, end_dim)
        if start > end:
            raise ValueError(f"expected start_dim <= end_dim, got {start} and {end}")
        joined = math.prod(self.shape[start : end + 1])
        return self.reshape(*self.shape[:start], joined, *self.shape[end + 1 :])

    def squeeze(self: Any, dim: int | tuple[int, ...] | None = None) -> Any:
        """Drop axes of length 1: all, or only those of `dim` that are."""
        dims = (dim,) if isinstance(dim, int) else dim
        drop = range(self.ndim) if dims is None else _dims(self, dims)
        shape = tuple(n for i, n in enumerate(self.shape) if n != 1 or i not in drop)
        return ops.Reshape.apply(self, shape=shape)

    def unsqueeze(self: Any, dim: int) -> Any:
        """Insert an axis of length 1."""
        if not -self.ndim - 1 <= dim <= self.ndim:
            raise IndexError(f"unsqueeze: dim {dim} is out of range for {self.shape}")
        dim %= self.ndim + 1
        return ops.Reshape.apply(self, shape=(*self.shape[:dim], 1, *self.shape[dim:]))

    def permute(self: Any, *dims: Any) -> Any:
        """Reorder the axes."""
        order = _ints(dims)
        if sorted(_dims(self, order)) != list(range(self.ndim)):
            raise ValueError(f"permute expects each of {self.ndim} dims, got {order}")
        return ops.Permute.apply(self, dims=order)

    def transpose(self: Any, dim0: int, dim1: int) -> Any:
        """Swap two axes."""
        order = list(range(self.ndim))
        dim0, dim1 = _dims(self, dim0), _dims(self, dim1)
        order[dim0], order[dim1] = dim1, dim0
        return ops.Permute.apply(self, dims=tuple(order))

    def t(self: Any) -> Any:
        """Transpose a matrix; a vector stays."""
        if self.ndim > 2:
            raise ValueError(f"t() expects at most two axes, got shape {self.shape}")
        return self.T

    @property
    def T(self: Any) -> Any:  # noqa: N802 - PyTorch's name
        """All axes in reverse order."""
        return ops.Permute.apply(self, dims=tuple(range(self.ndim))[::-1])

    @property
    def mT(self: Any) -> Any:  # noqa: N802 - PyTorch's name
        """The last two axes swapped."""
        return self.transpose(-1, -2)

    def expand(self: Any, *shape: Any) -> Any:
        """Stretch axes of length 1 without copying; -1 keeps a length."""
        wanted = _ints(shape)
        if any(w == -1 for w in wanted[: max(0, len(wanted) - self.ndim)]):
            raise ValueError(f"expand: a new axis expects a length, got {wanted}")
        own = (1,) * (len(wanted) - self.ndim) + self.shape
        full = tuple(n if w == -1 else w for w, n in zip(wanted, own, strict=False))
        if len(own) != len(wanted) or broadcast_shape(own, full) != full:
            raise ValueError(f"expand: shape {self.shape} cannot stretch to {wanted}")
        return ops.Expand.apply(self, shape=full)

    def repeat(self: Any, *sizes: Any) -> Any:
        """Lay copies side by side: `sizes` tells how many along each axis."""
        times = _ints(sizes)
        if len(times) < self.ndim:
            raise ValueError(f"repeat expects {self.ndim} numbers or more, got {times}")
        own = (1,) * (len(times) - self.ndim) + self.shape
        split = self.reshape(*(m for n in own for m in (1, n)))
        wide = split.expand(*(m for pair in zip(times, own, strict=True) for m in pair))
        return wide.reshape(*(r * n for r, n in zip(times, own, strict=True)))

    def repeat_interleave(self: Any, repeats: int, dim: int | None = None) -> Any:
        """Repeat each element along `dim`; without it, of the flattened tensor."""
        if dim is None:
            return self.flatten().repeat_interleave(repeats, 0)
        dim = _dims(self, dim)
        return _along(self, dim, np.repeat(range(self.shape[dim]), repeats))

    def flip(self: Any, *dims: Any) -> Any:
        """Reverse the order along axes."""
        return ops.Flip.apply(self, dims=_dims(self, _ints(dims)))

    def split(self: Any, split_size: int | Sequence[int], dim: int = 0) -> Any:
        """Cut along `dim` into pieces of a size (the last may be less) or of sizes."""
        dim = _dims(self, dim)
        length = self.shape[dim]
        if isinstance(split_size, int):
            expect.at_least(1, split_size=split_size)
            starts = range(0, max(length, 1), split_size)
            sizes = [min(split_size, length - start) for start in starts]
        else:
            sizes = list(split_size)
        if sum(sizes) != length or min(sizes, default=0) < 0:
            raise ValueError(
                f"split expects sizes >= 0 that add up to {length}, got {sizes}"
            )
        ends = accumulate(sizes)
        return tuple(
            _along(self, dim, slice(end - n, end))
            for n, end in zip(sizes, ends, strict=True)
        )

    def chunk(self: Any, chunks: int, dim: int = 0) -> Any:
        """Cut along `dim` into at most `chunks` pieces of equal size."""
        expect.at_least(1, chunks=chunks)
        return self.split(max(1, -(-self.shape[_dims(self, dim)] // chunks)), dim)

    def unbind(self: Any, dim: int = 0) -> Any:
        """Return the slices along `dim`, without that axis."""
        dim = _dims(self, dim)
        return tuple(_along(self, dim, i) for i in range(self.shape[dim]))

    def gather(self: Any, dim: int, index: Any) -> Any:
        """Pick along `dim`: out[i, j] = x[i, index[i, j]] for dim 1.

        index: integers, as many axes as the tensor. Raises IndexError out of range.
        """
        dim = _dims(self, dim)
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

    def masked_fill(self: Any, mask: Any, value: float) -> Any:
        """Put `value` wherever the boolean mask, which is broadcast, is true."""
        if mask.dtype.kind != "b":
            raise TypeError(f"masked_fill expects a boolean mask, got {mask.dtype}")
        broadcast_shape(self.shape, mask.shape)
        filled = self._wrap(np.array(value, self.dtype))
        return ops.Where.apply(filled, self, condition=mask.data)

    def tril(self: Any, diagonal: int = 0) -> Any:
        """Zero what lies above the diagonal of the last two axes."""
        return self.masked_fill(self._wrap(~_below(self, diagonal)), 0)

    def triu(self: Any, diagonal: int = 0) -> Any:
        """Zero what lies below the diagonal of the last two axes."""
        return self.masked_fill(self._wrap(_below(self, diagonal - 1)), 0)


def _along(x: Any, dim: int, index: Any) -> Any:
    """Return x[index] on the axis `dim`, all of the other axes."""
    return x[(slice(None),) * dim + (index,)]


def _below(x: Any, diagonal: int) -> np.ndarray:
    """Return bool: true on the diagonal of the last two axes, and below it."""
    if x.ndim < 2:
        raise ValueError(f"expected at least two axes, got shape {x.shape}")
    rows, columns = x.shape[-2:]
    return np.tri(rows, columns, diagonal, dtype=bool)


def _ints(values: tuple[Any, ...]) -> tuple[int, ...]:
    """Accept both f(2, 3) and f((2, 3))."""
    if len(values) == 1 and isinstance(values[0], Sequence):
        values = tuple(values[0])
    return tuple(operator.index(v) for v in values)
