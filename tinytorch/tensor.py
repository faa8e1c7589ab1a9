"""The tensor: an n-dimensional array that remembers how it was computed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinytorch import autograd, ops
from tinytorch.autograd import Array, Function
from tinytorch.tensor_math import MathMethods
from tinytorch.tensor_shape import ShapeMethods, contiguous_strides

float32 = np.dtype("float32")
float64 = np.dtype("float64")
int8 = np.dtype("int8")
uint8 = np.dtype("uint8")
int32 = np.dtype("int32")
int64 = np.dtype("int64")
bool_ = np.dtype("bool")

Scalar = bool | int | float


def as_array(data: Any, dtype: Any = None) -> Array:
    """Return `data` as an array: Python floats as float32, integers as int64."""
    if isinstance(data, Tensor):
        data = data.data
    known = isinstance(data, np.ndarray | np.generic)
    array = np.asarray(data, dtype=dtype)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"expected numbers in a regular nested list, got {type(data).__name__} "
            f"of dtype {array.dtype}"
        )
    if known or dtype is not None:
        return array
    if array.dtype.kind == "f":
        return array.astype(float32)
    return array.astype(int64) if array.dtype.kind == "i" else array


class Tensor(MathMethods, ShapeMethods):
    """An array, and, where `requires_grad`, the gradient of a later result to it.

    `Tensor(array)` shares the array's memory; `tinytorch.tensor` copies. Python
    floats become float32 and integers int64; arrays keep their dtype.
    """

    __slots__ = ("__weakref__", "data", "grad", "grad_fn", "requires_grad")
    __array_priority__ = 1  # so that `ndarray * Tensor` asks the tensor

    data: Array
    grad: Tensor | None
    grad_fn: Function | None
    requires_grad: bool

    def __init__(
        self, data: Any, dtype: Any = None, *, requires_grad: bool = False
    ) -> None:
        self.data = as_array(data, dtype)
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
        return self.data.nbytes

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

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        text = np.array2string(self.data, separator=", ", prefix="tensor(")
        if self.dtype not in (float32, int64, bool_):
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
            raise RuntimeError(
                "numpy() expects a tensor without requires_grad, because changes to "
                "the array would not be recorded; use detach().numpy()"
            )
        return self.data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __bool__(self) -> bool:
        if self.data.size != 1:
            raise ValueError(
                f"the truth of a tensor of shape {self.shape} is ambiguous; "
                "use .any() or .all()"
            )
        return bool(self.data)

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
            raise RuntimeError(
                f"requires_grad expects a floating dtype, got {self.dtype}"
            )
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
        if self.grad is None:
            self.grad = self._wrap(grad)
        else:
            self.grad = self._wrap(self.grad.data + grad)

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
        if gradient is None:
            if self.data.size != 1:
                raise RuntimeError(
                    "backward() expects a single element, such as a loss, or a "
                    f"gradient; got shape {self.shape}"
                )
            grad = np.ones_like(self.data)
        else:
            grad = np.array(as_array(gradient), dtype=self.dtype)
            if grad.shape != self.shape:
                raise ValueError(
                    f"backward() expects a gradient of shape {self.shape}, "
                    f"got {grad.shape}"
                )
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
        return self.to(float64)

    def long(self) -> Tensor:
        return self.to(int64)

    def int(self) -> Tensor:
        return self.to(int32)

    def bool(self) -> Tensor:
        return self.to(bool_)

    def clone(self) -> Tensor:
        """Return a copy; gradients pass through."""
        return ops.Cast.apply(self, dtype=self.dtype)

    def contiguous(self) -> Tensor:
        """Return itself, or a row-after-row copy."""
        return self if self.is_contiguous() else self.clone()

    # Indexing and writing in place

    def __getitem__(self, index: Any) -> Tensor:
        """Any of numpy's indices, and tensors. Slices share memory, as in numpy."""
        return ops.GetItem.apply(self, index=_raw_index(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._write()[_raw_index(index)] = as_array(value)
        autograd.mark_written(self.data)

    def _write(self) -> Array:
        """Return the array for writing. Raises where a graph would go stale."""
        if self.requires_grad and autograd.is_grad_enabled():
            raise RuntimeError(
                "a tensor that requires grad cannot be changed in place; wrap the "
                "change in no_grad(), or compute a new tensor"
            )
        return self.data

    def copy_(self, other: Any) -> Tensor:
        """Overwrite the elements with `other`'s, which is broadcast."""
        np.copyto(self._write(), as_array(other), casting="same_kind")
        autograd.mark_written(self.data)
        return self

    def fill_(self, value: Scalar) -> Tensor:
        return self.copy_(np.asarray(value).astype(self.dtype))

    def zero_(self) -> Tensor:
        return self.fill_(0)

    def add_(self, other: Any) -> Tensor:
        return self.copy_((self.detach() + other).data)

    def sub_(self, other: Any) -> Tensor:
        return self.copy_((self.detach() - other).data)

    def mul_(self, other: Any) -> Tensor:
        return self.copy_((self.detach() * other).data)

    def div_(self, other: Any) -> Tensor:
        return self.copy_((self.detach() / other).data)

    # Arithmetic

    def __add__(self, other: Any) -> Tensor:
        return _binary(ops.Add, self, other)

    def __radd__(self, other: Any) -> Tensor:
        return _binary(ops.Add, other, self)

    def __sub__(self, other: Any) -> Tensor:
        return _binary(ops.Sub, self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return _binary(ops.Sub, other, self)

    def __mul__(self, other: Any) -> Tensor:
        return _binary(ops.Mul, self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return _binary(ops.Mul, other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return _binary(ops.Div, *_floating(self, other))

    def __rtruediv__(self, other: Any) -> Tensor:
        return _binary(ops.Div, *_floating(other, self))

    def __pow__(self, other: Any) -> Tensor:
        return _binary(ops.Pow, self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return _binary(ops.Pow, other, self)

    def __matmul__(self, other: Tensor) -> Tensor:
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return matmul(as_tensor(other), self)

    def __neg__(self) -> Tensor:
        return ops.Neg.apply(self)

    def __abs__(self) -> Tensor:
        return ops.Abs.apply(self)

    # Not differentiable: whole division, comparison, logic

    def __floordiv__(self, other: Any) -> Tensor:
        return _plain(np.floor_divide, self, other)

    def __mod__(self, other: Any) -> Tensor:
        return _plain(np.mod, self, other)

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return _plain(np.equal, self, other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return _plain(np.not_equal, self, other)

    def __lt__(self, other: Any) -> Tensor:
        return _plain(np.less, self, other)

    def __le__(self, other: Any) -> Tensor:
        return _plain(np.less_equal, self, other)

    def __gt__(self, other: Any) -> Tensor:
        return _plain(np.greater, self, other)

    def __ge__(self, other: Any) -> Tensor:
        return _plain(np.greater_equal, self, other)

    def __and__(self, other: Any) -> Tensor:
        return _plain(np.bitwise_and, self, other)

    def __or__(self, other: Any) -> Tensor:
        return _plain(np.bitwise_or, self, other)

    def __xor__(self, other: Any) -> Tensor:
        return _plain(np.bitwise_xor, self, other)

    def __invert__(self) -> Tensor:
        return self._wrap(np.invert(self.data))

    __hash__ = object.__hash__


def as_tensor(data: Any, dtype: Any = None) -> Tensor:
    """Return `data` itself if it is a tensor (of `dtype`), else a tensor of it."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    return Tensor(data, dtype)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Matrix product with PyTorch's rules from 1-D to batched N-D.

    (I, K) and (K, J) give (I, J); leading axes are batches and broadcast; a 1-D
    operand is a row on the left, a column on the right, and its axis vanishes.
    Raises ValueError for shapes that do not fit, TypeError for unequal dtypes.
    """
    a, b = as_tensor(a), as_tensor(b)
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[max(-2, -b.ndim)]:
        raise ValueError(
            "matmul expects the last axis of a to be as long as the last but one of "
            f"b, got {a.shape} and {b.shape}"
        )
    if a.dtype != b.dtype:
        raise TypeError(f"matmul expects one dtype, got {a.dtype} and {b.dtype}")
    if a.ndim == 1:
        return matmul(a.unsqueeze(0), b).squeeze(-1 if b.ndim == 1 else -2)
    if b.ndim == 1:
        return matmul(a, b.unsqueeze(1)).squeeze(-1)
    if b.ndim == 2 and a.ndim > 2:  # one tall product instead of many small ones
        rows = a.reshape(-1, a.shape[-1])
        return ops.MatMul.apply(rows, b).reshape(*a.shape[:-1], b.shape[-1])
    try:
        return ops.MatMul.apply(a, b)
    except ValueError:
        raise ValueError(
            f"matmul expects batches that broadcast, got {a.shape} and {b.shape}"
        ) from None


def promote(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Return two operands as tensors of one dtype, by PyTorch's rules.

    Floating wins over integer over boolean; within one of these a tensor with axes
    wins over one without, and any tensor over a Python number.
    """
    ranks = [_rank(a), _rank(b)]
    a, b = as_tensor(a), as_tensor(b)
    if ranks[0] == ranks[1]:
        dtype = np.result_type(a.dtype, b.dtype)
    else:
        dtype = (a if ranks[0] > ranks[1] else b).dtype
    return a.to(dtype), b.to(dtype)


def _rank(x: Any) -> tuple[int, int]:
    """Order operands by kind of number, then by how firmly their dtype is meant."""
    array = as_array(x)
    kind = {"b": 0, "u": 1, "i": 1, "f": 2}[array.dtype.kind]
    number = isinstance(x, bool | int | float)
    return kind, 0 if number else 1 + bool(array.ndim)


def _binary(op: type[Function], a: Any, b: Any) -> Tensor:
    if not (
        isinstance(a, Tensor) and isinstance(b, Tensor) and a.data.dtype is b.data.dtype
    ):
        a, b = promote(a, b)
    try:
        return op.apply(a, b)
    except ValueError:
        raise ValueError(
            f"{op.__name__} expects shapes that broadcast, got {a.shape} and {b.shape}"
        ) from None


def _floating(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    a, b = promote(a, b)
    return (a, b) if a.dtype.kind == "f" else (a.float(), b.float())


def _plain(function: Callable[..., Any], a: Any, b: Any) -> Tensor:
    a, b = promote(a, b)
    return Tensor._wrap(function(a.data, b.data))


def _raw_index(index: Any) -> Any:
    """Replace the tensors and lists in an index by arrays."""
    if isinstance(index, tuple):
        return tuple(_raw_index(i) for i in index)
    if isinstance(index, list):
        return np.asarray(index, dtype=None if index else np.int64)
    return index.data if isinstance(index, Tensor) else index
