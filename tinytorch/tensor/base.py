"""What a tensor is: its array, its place in a graph, and its ways out."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from tinytorch import ops
from tinytorch.autograd import Array, Function
from tinytorch.tensor import dtypes
from tinytorch.tensor.dtypes import as_array, bytes_of, float32
from tinytorch.tensor.sizes import contiguous_strides, positive_dim


class TensorBase:
    """The first part of `Tensor`: an array, and where it stands in a graph."""

    __slots__ = ("__weakref__", "_array", "grad", "grad_fn", "requires_grad")
    __hash__ = object.__hash__

    grad: Any
    grad_fn: Function | None
    requires_grad: bool

    @staticmethod
    def _wrap(data: Any) -> Any:
        """Return a plain tensor around a result of an operation."""
        raise NotImplementedError("Tensor defines it, the last class of the chain")

    # What it is

    @property
    def data(self) -> Array:
        """The numbers themselves: a numpy array, whose changes nothing records.

        It may be replaced by another array, or by a tensor, whose array it becomes.
        """
        return self._array

    @data.setter
    def data(self, value: Any) -> None:
        array = value.data if isinstance(value, TensorBase) else value
        if not isinstance(array, np.ndarray | np.generic):
            got = type(value).__name__
            raise TypeError(f"data expects an array or a tensor, got {got}")
        self._array = as_array(np.asarray(array))

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype:
        """The type of the elements, such as float32."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return bytes_of(self.shape, self.dtype)

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        return self.grad_fn is None

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or its length along `dim`."""
        return self.shape if dim is None else self.shape[positive_dim(self, dim)]

    def dim(self) -> int:
        """Return the number of axes."""
        return self._array.ndim

    def numel(self) -> int:
        """Return the number of elements."""
        return self._array.size

    def stride(self) -> tuple[int, ...]:
        """Return the step along each axis, in elements (numpy counts bytes)."""
        return tuple(step // self._array.itemsize for step in self._array.strides)

    def is_contiguous(self) -> bool:
        """Return whether its elements lie row after row without gaps."""
        if 0 in self.shape:
            return True
        gapless = contiguous_strides(self.shape)
        steps = zip(self.shape, self.stride(), gapless, strict=True)
        return all(own == wanted for n, own, wanted in steps if n != 1)

    def __len__(self) -> int:
        """Return the length of the first axis. Raises TypeError without axes."""
        if not self.ndim:
            raise TypeError("a 0-d tensor has no length")
        return len(self._array)

    def __iter__(self) -> Iterator[Self]:
        """Yield what lies along the first axis, part by part."""
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Self:
        """Any of numpy's indices, and tensors. Slices share memory, as in numpy."""
        return ops.GetItem.apply(self, index=raw_index(index))

    def __repr__(self) -> str:
        """Return the elements; dtype and history where they are not the usual ones."""
        text = np.array2string(self._array, separator=", ", prefix="tensor(")
        if not self.numel() and self.ndim > 1:
            text += f", size={self.shape}"
        if self.dtype not in (float32, dtypes.int64, dtypes.bool_):
            text += f", dtype={self.dtype}"
        if self.grad_fn is not None:
            text += f", grad_fn=<{type(self.grad_fn).__name__}>"
        elif self.requires_grad:
            text += ", requires_grad=True"
        return f"tensor({text})"

    # Out of the framework

    def item(self) -> Any:
        """Return the only element as a Python number."""
        if self._array.size != 1:
            raise ValueError(f"item() expects one element, got shape {self.shape}")
        return self._array.item()

    def tolist(self) -> Any:
        """Return the elements as Python numbers, in nested lists."""
        return self._array.tolist()

    def numpy(self) -> Array:
        """Return the array, sharing memory; `detach()` first if it requires grad."""
        if self.requires_grad:
            raise RuntimeError("numpy() expects no requires_grad; use detach().numpy()")
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return the array, as numpy asks for it."""
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __bool__(self) -> bool:
        """Return whether the only element is not 0. Raises ValueError for several."""
        if self._array.size != 1:
            got = f"the truth of shape {self.shape} is ambiguous"
            raise ValueError(f"{got}; use .any() or .all()")
        return bool(self._array)

    def __format__(self, spec: str) -> str:
        """A single element takes a number's format: `f"{loss:.4f}"`."""
        return format(self.item(), spec) if spec else repr(self)

    def __float__(self) -> float:
        """Return the only element as a Python float."""
        return float(self.item())

    def __int__(self) -> int:
        """Return the only element as a Python integer."""
        return int(self.item())

    def __index__(self) -> int:
        """Return the only element of an integer tensor, for `range` and indices."""
        if self.dtype.kind not in "iu":
            raise TypeError(f"an index expects an integer tensor, got {self.dtype}")
        return int(self.item())

    # Its place in a graph

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for a gradient (in place). Raises RuntimeError unless floating."""
        if requires_grad and self.dtype.kind != "f":
            raise RuntimeError(f"expected a floating dtype, got {self.dtype}")
        if not requires_grad and self.grad_fn is not None:
            raise RuntimeError("a result cannot stop requiring grad; use detach()")
        self.requires_grad = requires_grad
        return self

    def detach(self) -> Self:
        """Return the same memory without a history."""
        return self._wrap(self._array)

    def retain_grad(self) -> None:
        """Keep `.grad` of this intermediate result when `backward` passes it."""
        if not self.requires_grad:
            raise RuntimeError("retain_grad() expects a tensor that requires grad")
        if self.grad_fn is not None:
            self.grad_fn.watcher = weakref.ref(self)

    def accumulate_grad(self, grad: Array) -> None:
        """Add an array to `.grad`; the engine calls this."""
        self.grad = self._wrap(grad if self.grad is None else self.grad.data + grad)

    # Dtypes and copies

    def to(self, dtype: Any) -> Self:
        """Return the tensor as another dtype (itself, if that is its own).

        Raises TypeError for what names no dtype, ValueError for numbers that it cannot
        hold at all: nan and infinity as integers.
        """
        wanted = dtypes.as_dtype(dtype)
        if wanted == self.dtype:
            return self
        if wanted.kind != "f":
            return self._wrap(dtypes.cast(self._array, wanted))
        return ops.Cast.apply(self, dtype=wanted)

    def clone(self) -> Self:
        """Return a copy; gradients pass through."""
        return ops.Cast.apply(self, dtype=self.dtype)

    def contiguous(self) -> Self:
        """Return itself, or a row-after-row copy."""
        return self if self._array.flags.c_contiguous else self.clone()


def raw_index(index: Any) -> Any:
    """Replace the tensors and lists in an index by arrays."""
    if isinstance(index, tuple):
        return tuple(raw_index(i) for i in index)
    if isinstance(index, list):
        return np.asarray(index, dtype=None if index else np.int64)
    return index.data if isinstance(index, TensorBase) else index
