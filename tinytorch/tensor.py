"""The tensor: an n-dimensional array that remembers how it was computed."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinytorch import autograd, dtypes, ops
from tinytorch.autograd import Array, Function
from tinytorch.dtypes import Scalar, as_array, bytes_of, float32
from tinytorch.tensor_math import MathMethods
from tinytorch.tensor_operators import OperatorMethods
from tinytorch.tensor_shape import ShapeMethods, contiguous_strides


class Tensor(OperatorMethods, MathMethods, ShapeMethods):
    """An array, and, where `requires_grad`, the gradient of a later result to it.

    `Tensor(array)` shares the array's memory; `tinytorch.tensor` copies. Python
    floats become float32 and integers int64; arrays keep their dtype.
    """

    __slots__ = ("__weakref__", "data", "grad", "grad_fn", "requires_grad")

    data: Array
    grad: Tensor | None
    grad_fn: Function | None
    requires_grad: bool

    def __init__(
        self, data: Any, dtype: Any = None, *, requires_grad: bool = False
    ) -> None:
        self.data = as_array(data.data if isinstance(data, Tensor) else data, dtype)
        self.grad = None
        self.grad_fn = None
        self.requires_grad = False
        if requires_grad:
            self.requires_grad_()

    @staticmethod
    def _wrap(data: Any) -> Tensor:
        """Return a tensor around a result of an operation."""
        out = object.__new__(Tensor)
        out.data = data if type(data) is np.ndarray else np.asarray(data)
        out.grad = out.grad_fn = None
        out.requires_grad = False
        return out

    # What it is

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype

    @property
    def ndim(self) -> int:
        return self.data.ndim

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
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        return self.data.ndim

    def numel(self) -> int:
        """Return the number of elements."""
        return self.data.size

    def stride(self) -> tuple[int, ...]:
        """Return the step along each axis, in elements (numpy counts bytes)."""
        return tuple(step // self.data.itemsize for step in self.data.strides)

    def is_contiguous(self) -> bool:
        """Return whether its elements lie row after row without gaps."""
        if 0 in self.shape:
            return True
        gapless = contiguous_strides(self.shape)
        steps = zip(self.shape, self.stride(), gapless, strict=True)
        return all(own == wanted for n, own, wanted in steps if n != 1)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a 0-d tensor has no length")
        return len(self.data)

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        text = np.array2string(self.data, separator=", ", prefix="tensor(")
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
        if self.data.size != 1:
            raise ValueError(f"item() expects one element, got shape {self.shape}")
        return self.data.item()

    def tolist(self) -> Any:
        return self.data.tolist()

    def numpy(self) -> Array:
        """Return the array, sharing memory; `detach()` first if it requires grad."""
        if self.requires_grad:
            raise RuntimeError("numpy() expects no requires_grad; use detach().numpy()")
        return self.data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __bool__(self) -> bool:
        if self.data.size != 1:
            got = f"the truth of shape {self.shape} is ambiguous"
            raise ValueError(f"{got}; use .any() or .all()")
        return bool(self.data)

    def __format__(self, spec: str) -> str:
        """A single element takes a number's format: `f"{loss:.4f}"`."""
        return format(self.item(), spec) if spec else repr(self)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise TypeError(f"an index expects an integer tensor, got {self.dtype}")
        return int(self.item())

    # Gradients

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient (in place). Raises RuntimeError unless floating."""
        if requires_grad and self.dtype.kind != "f":
            raise RuntimeError(f"expected a floating dtype, got {self.dtype}")
        if not requires_grad and self.grad_fn is not None:
            raise RuntimeError("a result cannot stop requiring grad; use detach()")
        self.requires_grad = requires_grad
        return self

    def detach(self) -> Tensor:
        """Return the same memory without a history."""
        return self._wrap(self.data)

    def retain_grad(self) -> None:
        """Keep `.grad` of this intermediate result when `backward` passes it."""
        if not self.requires_grad:
            raise RuntimeError("retain_grad() expects a tensor that requires grad")
        if self.grad_fn is not None:
            self.grad_fn.watcher = weakref.ref(self)

    def accumulate_grad(self, grad: Array) -> None:
        """Add an array to `.grad`; the engine calls this."""
        self.grad = self._wrap(grad if self.grad is None else self.grad.data + grad)

    def backward(
        self, gradient: Tensor | None = None, retain_graph: bool = False
    ) -> None:
        """Add to `.grad` of every leaf the derivative of this tensor to it.

        gradient: this tensor's shape; may be left out for a single element (then 1).
        Raises RuntimeError without a graph, or after it was released.
        """
        if not self.requires_grad:
            raise RuntimeError(
                "backward() expects a tensor that requires grad: none of the tensors "
                "that it was computed from has requires_grad=True"
            )
        if gradient is not None:
            grad = np.array(as_tensor(gradient).data, dtype=self.dtype)
        elif self.data.size == 1:
            grad = np.ones_like(self.data)
        else:
            raise RuntimeError(
                "backward() expects a single element, such as a loss, or a gradient; "
                f"got shape {self.shape}"
            )
        if grad.shape != self.shape:
            shape = self.shape
            raise ValueError(f"expected a gradient of shape {shape}, got {grad.shape}")
        if self.grad_fn is None:
            self.accumulate_grad(grad)
        else:
            autograd.backward(self.grad_fn, grad, retain_graph)

    # Dtypes and copies

    def to(self, dtype: Any) -> Tensor:
        """Return the tensor as another dtype (itself, if that is its own)."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        if dtype.kind != "f":
            return self._wrap(self.data.astype(dtype))
        return ops.Cast.apply(self, dtype=dtype)

    def float(self) -> Tensor:
        return self.to(float32)

    def double(self) -> Tensor:
        return self.to(dtypes.float64)

    def long(self) -> Tensor:
        return self.to(dtypes.int64)

    def int(self) -> Tensor:
        return self.to(dtypes.int32)

    def bool(self) -> Tensor:
        return self.to(dtypes.bool_)

    def clone(self) -> Tensor:
        """Return a copy; gradients pass through."""
        return ops.Cast.apply(self, dtype=self.dtype)

    def contiguous(self) -> Tensor:
        """Return itself, or a row-after-row copy."""
        return self if self.data.flags.c_contiguous else self.clone()

    # Indexing and writing in place

    def __getitem__(self, index: Any) -> Tensor:
        """Any of numpy's indices, and tensors. Slices share memory, as in numpy."""
        return ops.GetItem.apply(self, index=_raw_index(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        target, source = self._write(value)
        index = _raw_index(index)
        try:
            target[index] = source
        except ValueError:
            expected = f"expected a value that broadcasts to {target[index].shape}"
            raise ValueError(f"{expected}, got shape {source.shape}") from None
        autograd.mark_written(target)

    def copy_(self, src: Any) -> Tensor:
        """Overwrite the elements with those of `src`, which is broadcast and cast."""
        self[...] = src
        return self

    def _write(self, value: Any) -> tuple[Array, Array]:
        """Return this tensor's array and the value's. Raises if a gradient is lost."""
        value = as_tensor(value)
        if autograd.is_grad_enabled() and (self.requires_grad or value.requires_grad):
            raise RuntimeError(
                "writing in place is not recorded and expects tensors that do not "
                "require grad; use no_grad(), or compute a new tensor (where, cat)"
            )
        if not self.data.flags.writeable:
            raise RuntimeError(
                "writing in place expects memory of the tensor's own, got a view that "
                "expand() stretched, or a read-only array; write to a clone()"
            )
        return self.data, value.data

    def fill_(self, value: Scalar) -> Tensor:
        return self.copy_(value)

    def zero_(self) -> Tensor:
        return self.fill_(0)


def as_tensor(data: Any, dtype: Any = None) -> Tensor:
    """Return `data` itself if it is a tensor (of `dtype`), else a tensor of it."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    return Tensor(data, dtype)


def _raw_index(index: Any) -> Any:
    """Replace the tensors and lists in an index by arrays."""
    if isinstance(index, tuple):
        return tuple(_raw_index(i) for i in index)
    if isinstance(index, list):
        return np.asarray(index, dtype=None if index else np.int64)
    return index.data if isinstance(index, Tensor) else index
