"""The tensor's operators: arithmetic, comparison, logic, and their in-place forms.

The other operand may be a tensor, an array, a nested list or a Python number; both
are brought to one dtype first.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch import ops
from tinytorch.autograd import Function, is_grad_enabled
from tinytorch.dtypes import Array, as_array, float32, result_dtype

_NUMBERS = frozenset({float, int, bool})
Method = Callable[[Any, Any], Any]


def _both_ways(name: str, compute: Method) -> tuple[Method, Method]:
    """Return the methods `x op other` and `other op x`, on operands of one dtype."""

    def method(a: Any, b: Any) -> Any:
        try:
            a, b = promote(a, b)
        except TypeError:
            return NotImplemented
        try:
            return compute(a, b)
        except (TypeError, ValueError) as error:
            raise _explained(error, name, a, b) from None

    return method, lambda self, other: method(other, self)


def _recorded(op: type[Function]) -> tuple[Method, Method]:
    return _both_ways(op.__name__, op.apply)


def _plain(function: Callable[..., Any]) -> tuple[Method, Method]:
    """Return both methods for what has no derivative."""
    name = function.__name__
    return _both_ways(name, lambda a, b: a._wrap(function(a.data, b.data)))


def _divide(a: Any, b: Any) -> Any:
    if a.data.dtype.kind != "f":
        a, b = a.to(float32), b.to(float32)
    return ops.Div.apply(a, b)


def _in_place(compute: Method) -> tuple[Method, Method]:
    """Return the methods `x op= other` and `x.op_(other)`.

    The first makes a new tensor where the result is to be recorded.
    """

    def write(self: Any, other: Any) -> Any:
        result = compute(self.detach(), other)
        if result is NotImplemented:
            got = type(other).__name__
            raise TypeError(f"expected a tensor or a number, got {got}")
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            expected = f"expected a result that a tensor of {self.dtype} can store"
            raise TypeError(f"{expected}, got {result.dtype}")
        return self.copy_(result)

    def augment(self: Any, other: Any) -> Any:
        grows = self.requires_grad or getattr(other, "requires_grad", False)
        if grows and is_grad_enabled() and not (self.requires_grad and self.is_leaf):
            return compute(self, other)
        return write(self, other)

    return augment, write


class OperatorMethods:
    """Part of `Tensor`."""

    __slots__ = ()
    __array_priority__ = 1  # so that `ndarray * Tensor` asks the tensor
    __hash__ = object.__hash__

    data: Array
    to: Any
    _wrap: Any

    __add__, __radd__ = _recorded(ops.Add)
    __sub__, __rsub__ = _recorded(ops.Sub)
    __mul__, __rmul__ = _recorded(ops.Mul)
    __truediv__, __rtruediv__ = _both_ways("Div", _divide)
    __pow__, __rpow__ = _recorded(ops.Pow)

    __iadd__, add_ = _in_place(__add__)
    __isub__, sub_ = _in_place(__sub__)
    __imul__, mul_ = _in_place(__mul__)
    __itruediv__, div_ = _in_place(__truediv__)

    __floordiv__, __rfloordiv__ = _plain(np.floor_divide)
    __mod__, __rmod__ = _plain(np.mod)
    __and__, __rand__ = _plain(np.bitwise_and)
    __or__, __ror__ = _plain(np.bitwise_or)
    __xor__, __rxor__ = _plain(np.bitwise_xor)

    # Python turns `other < x` into `x > other` by itself.
    __eq__, __ne__ = _plain(np.equal)[0], _plain(np.not_equal)[0]
    __lt__, __le__ = _plain(np.less)[0], _plain(np.less_equal)[0]
    __gt__, __ge__ = _plain(np.greater)[0], _plain(np.greater_equal)[0]

    def __matmul__(self: Any, other: Any) -> Any:
        return matmul(self, other)

    def __rmatmul__(self: Any, other: Any) -> Any:
        return matmul(self._wrap(as_array(other)), self)

    def __neg__(self: Any) -> Any:
        return ops.Neg.apply(self)

    def __abs__(self: Any) -> Any:
        return ops.Abs.apply(self)

    def __invert__(self: Any) -> Any:
        if self.dtype.kind == "f":
            raise TypeError(f"invert expects integers or booleans, got {self.dtype}")
        return self._wrap(np.invert(self.data))


def promote(a: Any, b: Any) -> tuple[Any, Any]:
    """Return two operands, at least one of them a tensor, as tensors of one dtype.

    See `dtypes.result_dtype`. Raises TypeError for an operand that is no number.
    """
    if isinstance(a, OperatorMethods):
        if isinstance(b, OperatorMethods) and a.data.dtype is b.data.dtype:
            return a, b
        if type(b) in _NUMBERS and a.data.dtype.kind == "f":
            return a, a._wrap(np.array(b, a.data.dtype))
        x = a
    else:
        if type(a) in _NUMBERS and b.data.dtype.kind == "f":
            return b._wrap(np.array(a, b.data.dtype)), b
        x = b
    raw = [y.data if isinstance(y, OperatorMethods) else y for y in (a, b)]
    dtype = result_dtype(*raw)
    return tuple(
        y.to(dtype) if isinstance(y, OperatorMethods) else x._wrap(as_array(y, dtype))
        for y in (a, b)
    )


def matmul(input: Any, other: Any) -> Any:
    """Matrix product with PyTorch's rules from 1-D to batched N-D.

    (I, K) and (K, J) give (I, J); leading axes are batches and broadcast; a 1-D
    operand is a row on the left, a column on the right, and its axis vanishes.
    Raises ValueError for shapes that do not fit, TypeError for unequal dtypes.
    """
    a, b = input, other
    if not isinstance(b, OperatorMethods):
        b = a._wrap(as_array(b))
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
        rows = a.reshape(a.numel() // max(1, a.shape[-1]), a.shape[-1])
        return ops.MatMul.apply(rows, b).reshape(*a.shape[:-1], b.shape[-1])
    return _batched(a, b)


_batched, _ = _recorded(ops.MatMul)


def _explained(error: Exception, name: str, a: Any, b: Any) -> Exception:
    """Return numpy's error in terms of tensors, where it is about their shapes."""
    if "broadcast" in str(error):
        shapes = f"{a.shape} and {b.shape}"
        return ValueError(f"{name} expects shapes that broadcast, got {shapes}")
    if "ufunc" in str(error):
        return TypeError(f"{name} expects integers or booleans, got {a.dtype}")
    return error
