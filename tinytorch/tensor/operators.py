"""The tensor's operators: arithmetic, comparison, logic, and their in-place forms.

The other operand may be a tensor, an array, a nested list or a Python number; both
are brought to one dtype first.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Self, TypeVar

import numpy as np

from tinytorch import expect, ops
from tinytorch.autograd import Function, is_grad_enabled, mark_written
from tinytorch.tensor.base import TensorBase
from tinytorch.tensor.dtypes import as_array, float32, result_dtype
from tinytorch.tensor.shape import Shape

AnyTensor = TypeVar("AnyTensor", bound=TensorBase)
_NUMBERS = frozenset({float, int, bool})


class Operators(Shape):
    """The third part of `Tensor`: what `+`, `@`, `==` and their like mean."""

    __slots__ = ()
    __hash__ = object.__hash__

    # Recorded

    def __add__(self, other: Any) -> Self:
        """Return the sum, element by element; shapes broadcast."""
        return _recorded(ops.Add, self, other)

    def __radd__(self, other: Any) -> Self:
        """Return `other` + self."""
        return _recorded(ops.Add, other, self)

    def __sub__(self, other: Any) -> Self:
        """Return the difference, element by element; shapes broadcast."""
        return _recorded(ops.Sub, self, other)

    def __rsub__(self, other: Any) -> Self:
        """Return `other` - self."""
        return _recorded(ops.Sub, other, self)

    def __mul__(self, other: Any) -> Self:
        """Return the product, element by element; shapes broadcast."""
        return _recorded(ops.Mul, self, other)

    def __rmul__(self, other: Any) -> Self:
        """Return `other` * self."""
        return _recorded(ops.Mul, other, self)

    def __truediv__(self, other: Any) -> Self:
        """Return the quotient, element by element; integers become float32 first."""
        return _recorded(ops.Div, *_not_both_whole(self, other))

    def __rtruediv__(self, other: Any) -> Self:
        """Return `other` / self."""
        return _recorded(ops.Div, *_not_both_whole(other, self))

    def __pow__(self, other: Any) -> Self:
        """Return the power, element by element; shapes broadcast."""
        return _recorded(ops.Pow, self, other)

    def __rpow__(self, other: Any) -> Self:
        """Return `other` to the power of self."""
        return _recorded(ops.Pow, other, self)

    def __matmul__(self, other: Any) -> Self:
        """Return the matrix product; see `matmul`."""
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Self:
        """Return the matrix product `other` @ self."""
        return matmul(self._wrap(as_array(other)), self)

    def __neg__(self) -> Self:
        """Return each element with the other sign."""
        return ops.Neg.apply(self)

    def __abs__(self) -> Self:
        """Return each element without its sign; slope 0 at 0."""
        return ops.Abs.apply(self)

    # Without a derivative

    def __floordiv__(self, other: Any) -> Self:
        """Return the quotient, rounded down. Integers raise ZeroDivisionError by 0."""
        return _plain(np.floor_divide, self, other)

    def __rfloordiv__(self, other: Any) -> Self:
        """Return `other` // self."""
        return _plain(np.floor_divide, other, self)

    def __mod__(self, other: Any) -> Self:
        """Return the remainder, of the divisor's sign, as Python's `%`."""
        return _plain(np.mod, self, other)

    def __rmod__(self, other: Any) -> Self:
        """Return `other` % self."""
        return _plain(np.mod, other, self)

    def __and__(self, other: Any) -> Self:
        """Return the logical and of booleans, the bitwise one of integers."""
        return _plain(np.bitwise_and, self, other)

    def __rand__(self, other: Any) -> Self:
        """Return `other` & self."""
        return _plain(np.bitwise_and, other, self)

    def __or__(self, other: Any) -> Self:
        """Return the logical or of booleans, the bitwise one of integers."""
        return _plain(np.bitwise_or, self, other)

    def __ror__(self, other: Any) -> Self:
        """Return `other` | self."""
        return _plain(np.bitwise_or, other, self)

    def __xor__(self, other: Any) -> Self:
        """Return the exclusive or: of booleans, or of the bits of integers."""
        return _plain(np.bitwise_xor, self, other)

    def __rxor__(self, other: Any) -> Self:
        """Return `other` ^ self."""
        return _plain(np.bitwise_xor, other, self)

    def __invert__(self) -> Self:
        """Return the logical not of booleans, the bitwise one of integers."""
        if self.dtype.kind == "f":
            raise TypeError(f"invert expects integers or booleans, got {self.dtype}")
        return self._wrap(np.invert(self.data))

    # Comparisons. Python turns `other < x` into `x > other` by itself.

    def __eq__(self, other: Any) -> Self:  # type: ignore[override]
        """Return where both are equal (bool)."""
        return _compared(np.equal, self, other)

    def __ne__(self, other: Any) -> Self:  # type: ignore[override]
        """Return where both differ (bool)."""
        return _compared(np.not_equal, self, other)

    def __lt__(self, other: Any) -> Self:
        """Return where self is less (bool)."""
        return _compared(np.less, self, other)

    def __le__(self, other: Any) -> Self:
        """Return where self is less or equal (bool)."""
        return _compared(np.less_equal, self, other)

    def __gt__(self, other: Any) -> Self:
        """Return where self is greater (bool)."""
        return _compared(np.greater, self, other)

    def __ge__(self, other: Any) -> Self:
        """Return where self is greater or equal (bool)."""
        return _compared(np.greater_equal, self, other)

    def __contains__(self, value: Any) -> bool:
        """Return whether an element equals `value`."""
        return bool((self == value).data.any())

    # In place

    def add_(self, other: Any) -> Self:
        """Add in place. Raises TypeError if the dtype cannot store the result."""
        return self._overwrite(self.detach().__add__(other), other)

    def sub_(self, other: Any) -> Self:
        """Subtract in place. Raises TypeError if the dtype cannot store the result."""
        return self._overwrite(self.detach().__sub__(other), other)

    def mul_(self, other: Any) -> Self:
        """Multiply in place. Raises TypeError if the dtype cannot store the result."""
        return self._overwrite(self.detach().__mul__(other), other)

    def div_(self, other: Any) -> Self:
        """Divide in place. Raises TypeError if the dtype cannot store the result."""
        return self._overwrite(self.detach().__truediv__(other), other)

    def __iadd__(self, other: Any) -> Self:
        """Add in place, or return a new tensor where the sum is recorded."""
        return self + other if self._records(other) else self.add_(other)

    def __isub__(self, other: Any) -> Self:
        """Subtract in place, or return a new tensor where that is recorded."""
        return self - other if self._records(other) else self.sub_(other)

    def __imul__(self, other: Any) -> Self:
        """Multiply in place, or return a new tensor where that is recorded."""
        return self * other if self._records(other) else self.mul_(other)

    def __itruediv__(self, other: Any) -> Self:
        """Divide in place, or return a new tensor where that is recorded."""
        return self / other if self._records(other) else self.div_(other)

    def __ipow__(self, other: Any) -> Self:
        """Raise to a power in place, or return a new tensor where that is recorded."""
        if self._records(other):
            return self**other
        return self._overwrite(self.detach().__pow__(other), other)

    def __ifloordiv__(self, other: Any) -> Self:
        """Divide and round down, in place."""
        return self._overwrite(self.detach().__floordiv__(other), other)

    def __imod__(self, other: Any) -> Self:
        """Replace each element by its remainder, in place."""
        return self._overwrite(self.detach().__mod__(other), other)

    def __iand__(self, other: Any) -> Self:
        """Replace each element by the logical (or bitwise) and, in place."""
        return self._overwrite(self.__and__(other), other)

    def __ior__(self, other: Any) -> Self:
        """Replace each element by the logical (or bitwise) or, in place."""
        return self._overwrite(self.__or__(other), other)

    def __ixor__(self, other: Any) -> Self:
        """Replace each element by the exclusive or, in place."""
        return self._overwrite(self.__xor__(other), other)

    def _records(self, other: Any) -> bool:
        """Whether a result is to be recorded, and self may give way to a new tensor.

        A leaf that requires grad may not: what was written would be lost.
        """
        grows = self.requires_grad or getattr(other, "requires_grad", False)
        is_weight = self.requires_grad and self.is_leaf
        return grows and is_grad_enabled() and not is_weight

    def _overwrite(self, result: Any, other: Any) -> Self:
        """Write what an operator gave for `other`; TypeError if it does not fit."""
        if result is NotImplemented:
            got = type(other).__name__
            raise TypeError(f"expected a tensor or a number, got {got}")
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            expected = f"expected a result that a tensor of {self.dtype} can store"
            raise TypeError(f"{expected}, got {result.dtype}")
        return self.copy_(result)

    # Beside arrays

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        """Let numpy's functions take tensors as arrays.

        `array -= tensor` writes into the array; `array - tensor` is a tensor, as
        `tensor - array` is. Raises RuntimeError for a tensor that requires grad.
        """
        if out is None and method == "__call__" and ufunc in _SYMBOLS:
            left, right = inputs
            if isinstance(left, TensorBase):
                return _SYMBOLS[ufunc](left, right)
            return _SYMBOLS[ufunc](self._wrap(as_array(left)), right)
        arrays = [x.numpy() if isinstance(x, TensorBase) else x for x in inputs]
        if out is None:
            return getattr(ufunc, method)(*arrays, **options)
        targets = tuple(x.numpy() if isinstance(x, TensorBase) else x for x in out)
        result = getattr(ufunc, method)(*arrays, out=targets, **options)
        for target in targets:
            mark_written(target)
        return result


_SYMBOLS: dict[np.ufunc, Callable[[Any, Any], Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.power: operator.pow,
    np.matmul: operator.matmul,
    np.floor_divide: operator.floordiv,
    np.remainder: operator.mod,
    np.bitwise_and: operator.and_,
    np.bitwise_or: operator.or_,
    np.bitwise_xor: operator.xor,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
}


def promote(a: Any, b: Any) -> tuple[Any, Any]:
    """Return two operands, at least one of them a tensor, as tensors of one dtype.

    See `dtypes.result_dtype`. Raises TypeError for an operand that is no number,
    OverflowError for a number that the other's integers cannot hold.
    """
    if isinstance(a, TensorBase):
        if isinstance(b, TensorBase) and a._array.dtype is b._array.dtype:
            return a, b
        if type(b) in _NUMBERS and a._array.dtype.kind == "f":
            return a, a._wrap(np.array(b, a._array.dtype))
        x = a
    else:
        if type(a) in _NUMBERS and b._array.dtype.kind == "f":
            return b._wrap(np.array(a, b._array.dtype)), b
        x = b
    raw = [y.data if isinstance(y, TensorBase) else y for y in (a, b)]
    dtype = result_dtype(*raw)
    first, second = (_as_operand(x, y, dtype) for y in (a, b))
    return first, second


def _as_operand(x: TensorBase, operand: Any, dtype: np.dtype) -> Any:
    """Return an operand as a tensor like `x`; a lone number must fit the dtype."""
    array = operand.data if isinstance(operand, TensorBase) else as_array(operand)
    if array.ndim == 0 and dtype.kind in "iu" and array.dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not limits.min <= array <= limits.max:
            raise OverflowError(f"expected a number that {dtype} can hold, got {array}")
    if isinstance(operand, TensorBase):
        return operand.to(dtype)
    return x._wrap(array.astype(dtype, copy=False))


def matmul(input: AnyTensor, other: Any) -> AnyTensor:
    """Matrix product with PyTorch's rules from 1-D to batched N-D.

    (I, K) and (K, J) give (I, J); leading axes are batches and broadcast; a 1-D
    operand is a row on the left, a column on the right, and its axis vanishes.
    Raises ValueError for shapes that do not fit, TypeError for unequal dtypes.
    """
    expect.tensors("matmul", input=input)
    a: Any = input
    b: Any = other if isinstance(other, TensorBase) else a._wrap(as_array(other))
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
        rows = a.reshape(math.prod(a.shape[:-1]), a.shape[-1])
        return ops.MatMul.apply(rows, b).reshape(*a.shape[:-1], b.shape[-1])
    return _recorded(ops.MatMul, a, b)


def _recorded(op: type[Function], a: Any, b: Any) -> Any:
    """Apply an operation to two operands, brought to one dtype."""
    try:
        a, b = promote(a, b)
    except TypeError:
        return NotImplemented
    try:
        return op.apply(a, b)
    except (TypeError, ValueError) as error:
        raise _explained(error, op.__name__, a, b) from None


def _plain(function: np.ufunc, a: Any, b: Any) -> Any:
    """Apply what has no derivative to two operands, brought to one dtype."""
    try:
        a, b = promote(a, b)
    except TypeError:
        return NotImplemented
    name = function.__name__
    if name in ("floor_divide", "remainder") and a.dtype.kind != "f" and 0 in b.data:
        raise ZeroDivisionError(f"{name} expects integers other than 0, got 0")
    try:
        return a._wrap(function(a.data, b.data))
    except (TypeError, ValueError) as error:
        raise _explained(error, name, a, b) from None


def _compared(function: np.ufunc, a: Any, b: Any) -> Any:
    """Compare two operands; integers by their value, whatever their dtypes."""
    raw = b.data if isinstance(b, TensorBase) else b
    whole = isinstance(raw, int) or getattr(raw, "dtype", float32).kind in "iu"
    if not (whole and a.dtype.kind in "iu"):
        return _plain(function, a, b)
    try:
        return a._wrap(function(a.data, raw))
    except ValueError as error:
        raise _explained(error, function.__name__, a, a._wrap(raw)) from None


def _not_both_whole(a: Any, b: Any) -> tuple[Any, Any]:
    """Return two operands; if both are whole, as float32: their quotient is not."""
    if _kind(a) != "f" and _kind(b) != "f":
        return _as_float32(a), _as_float32(b)
    return a, b


def _kind(x: Any) -> str:
    return x.dtype.kind if hasattr(x, "dtype") else "f" if type(x) is float else "i"


def _as_float32(x: Any) -> Any:
    return x.to(float32) if isinstance(x, TensorBase) else as_array(x, float32)


def _explained(error: Exception, name: str, a: Any, b: Any) -> Exception:
    """Return numpy's error in terms of tensors, where it is about their shapes."""
    if "broadcast" in str(error):
        shapes = f"{a.shape} and {b.shape}"
        return ValueError(f"{name} expects shapes that broadcast, got {shapes}")
    if "ufunc" in str(error):
        return TypeError(f"{name} expects integers or booleans, got {a.dtype}")
    return error
