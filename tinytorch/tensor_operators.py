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


class OperatorMethods:
    """Part of `Tensor`."""

    __slots__ = ()
    __array_priority__ = 1  # so that `ndarray * Tensor` asks the tensor
    __hash__ = object.__hash__

    data: Array
    to: Any
    _wrap: Any

    # Arithmetic

    def __add__(self: Any, other: Any) -> Any:
        return _binary(ops.Add, self, other)

    def __radd__(self: Any, other: Any) -> Any:
        return _binary(ops.Add, other, self)

    def __sub__(self: Any, other: Any) -> Any:
        return _binary(ops.Sub, self, other)

    def __rsub__(self: Any, other: Any) -> Any:
        return _binary(ops.Sub, other, self)

    def __mul__(self: Any, other: Any) -> Any:
        return _binary(ops.Mul, self, other)

    def __rmul__(self: Any, other: Any) -> Any:
        return _binary(ops.Mul, other, self)

    def __truediv__(self: Any, other: Any) -> Any:
        return _binary(ops.Div, self, other)

    def __rtruediv__(self: Any, other: Any) -> Any:
        return _binary(ops.Div, other, self)

    def __pow__(self: Any, other: Any) -> Any:
        return _binary(ops.Pow, self, other)

    def __rpow__(self: Any, other: Any) -> Any:
        return _binary(ops.Pow, other, self)

    def __matmul__(self: Any, other: Any) -> Any:
        return matmul(self, other)

    def __rmatmul__(self: Any, other: Any) -> Any:
        return matmul(self._wrap(as_array(other)), self)

    def __neg__(self: Any) -> Any:
        return ops.Neg.apply(self)

    def __abs__(self: Any) -> Any:
        return ops.Abs.apply(self)

    # In place where nothing is recorded; a recorded result is a new tensor

    def __iadd__(self: Any, other: Any) -> Any:
        return _augmented(ops.Add, self, other)

    def __isub__(self: Any, other: Any) -> Any:
        return _augmented(ops.Sub, self, other)

    def __imul__(self: Any, other: Any) -> Any:
        return _augmented(ops.Mul, self, other)

    def __itruediv__(self: Any, other: Any) -> Any:
        return _augmented(ops.Div, self, other)

    def add_(self: Any, other: Any) -> Any:
        return _in_place(ops.Add, self, other)

    def sub_(self: Any, other: Any) -> Any:
        return _in_place(ops.Sub, self, other)

    def mul_(self: Any, value: Any) -> Any:
        return _in_place(ops.Mul, self, value)

    def div_(self: Any, value: Any) -> Any:
        return _in_place(ops.Div, self, value)

    # Not differentiable: whole division, comparison, logic

    def __floordiv__(self: Any, other: Any) -> Any:
        return _plain(np.floor_divide, self, other)

    def __rfloordiv__(self: Any, other: Any) -> Any:
        return _plain(np.floor_divide, other, self)

    def __mod__(self: Any, other: Any) -> Any:
        return _plain(np.mod, self, other)

    def __rmod__(self: Any, other: Any) -> Any:
        return _plain(np.mod, other, self)

    def __eq__(self: Any, other: object) -> Any:
        return _plain(np.equal, self, other)

    def __ne__(self: Any, other: object) -> Any:
        return _plain(np.not_equal, self, other)

    def __lt__(self: Any, other: Any) -> Any:
        return _plain(np.less, self, other)

    def __le__(self: Any, other: Any) -> Any:
        return _plain(np.less_equal, self, other)

    def __gt__(self: Any, other: Any) -> Any:
        return _plain(np.greater, self, other)

    def __ge__(self: Any, other: Any) -> Any:
        return _plain(np.greater_equal, self, other)

    def __and__(self: Any, other: Any) -> Any:
        return _plain(np.bitwise_and, self, other)

    def __or__(self: Any, other: Any) -> Any:
        return _plain(np.bitwise_or, self, other)

    def __xor__(self: Any, other: Any) -> Any:
        return _plain(np.bitwise_xor, self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

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
    return _apply(ops.MatMul, a, b)


def _apply(op: type[Function], a: Any, b: Any) -> Any:
    try:
        return op.apply(a, b)
    except ValueError as error:
        raise _explained(error, op.__name__, a, b) from None


def _binary(op: type[Function], a: Any, b: Any) -> Any:
    try:
        a, b = promote(a, b)
    except TypeError:
        return NotImplemented
    if op is ops.Div and a.data.dtype.kind != "f":
        a, b = a.to(float32), b.to(float32)
    return _apply(op, a, b)


def _augmented(op: type[Function], x: Any, other: Any) -> Any:
    grows = x.requires_grad or getattr(other, "requires_grad", False)
    if grows and is_grad_enabled() and not (x.requires_grad and x.is_leaf):
        return _binary(op, x, other)
    return _in_place(op, x, other)


def _in_place(op: type[Function], x: Any, other: Any) -> Any:
    result = _binary(op, x.detach(), other)
    if result is NotImplemented:
        raise TypeError(f"expected a tensor or a number, got {type(other).__name__}")
    if not np.can_cast(result.dtype, x.dtype, "same_kind"):
        raise TypeError(
            f"the result has dtype {result.dtype} and cannot be stored in a tensor of "
            f"{x.dtype}"
        )
    return x.copy_(result)


def _plain(function: Callable[..., Any], a: Any, b: Any) -> Any:
    try:
        a, b = promote(a, b)
    except TypeError:
        return NotImplemented
    try:
        return a._wrap(function(a.data, b.data))
    except (TypeError, ValueError) as error:
        raise _explained(error, function.__name__, a, b) from None


def _explained(error: Exception, name: str, a: Any, b: Any) -> Exception:
    """Return numpy's error in terms of tensors, where it is about their shapes."""
    if "broadcast" in str(error):
        return ValueError(
            f"{name} expects shapes that broadcast, got {a.shape} and {b.shape}"
        )
    if isinstance(error, TypeError):
        return TypeError(f"{name} expects integers or booleans, got {a.dtype}")
    return error
