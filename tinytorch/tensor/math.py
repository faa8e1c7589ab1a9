"""The tensor's functions of each element, and softmax."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tinytorch import ops
from tinytorch.autograd import Function
from tinytorch.tensor.dtypes import Scalar, float32
from tinytorch.tensor.operators import Operators
from tinytorch.tensor.sizes import positive_dim


class Math(Operators):
    """The fourth part of `Tensor`. Integers become float32 where results are real."""

    __slots__ = ()

    def exp(self) -> Self:
        """Return e to the power of each element."""
        return floating(ops.Exp, self)

    def log(self) -> Self:
        """Return the natural logarithm: -inf of 0, nan of what is negative."""
        return floating(ops.Log, self)

    def sqrt(self) -> Self:
        """Return the square root: nan of what is negative."""
        return floating(ops.Sqrt, self)

    def sin(self) -> Self:
        """Return the sine of each angle in radians."""
        return floating(ops.Sin, self)

    def cos(self) -> Self:
        """Return the cosine of each angle in radians."""
        return floating(ops.Cos, self)

    def erf(self) -> Self:
        """Return 2/sqrt(pi) times the integral of exp(-t²) from 0 to each element."""
        return floating(ops.Erf, self)

    def tanh(self) -> Self:
        """Return the hyperbolic tangent, from -1 to 1."""
        return floating(ops.Tanh, self)

    def sigmoid(self) -> Self:
        """Return 1 / (1 + exp(-x)), from 0 to 1."""
        return floating(ops.Sigmoid, self)

    def relu(self) -> Self:
        """Return max(x, 0); slope 0 at 0."""
        return ops.ReLU.apply(self)

    def abs(self) -> Self:
        """Return each element without its sign; slope 0 at 0."""
        return ops.Abs.apply(self)

    def square(self) -> Self:
        """Return each element times itself."""
        return self * self

    def pow(self, exponent: Any) -> Self:
        """Return each element to a power: a number, or a tensor that broadcasts."""
        return self**exponent

    def clamp(self, min: Any = None, max: Any = None) -> Self:
        """Limit each element to [min, max]: numbers, of which one may be left out."""
        bounds = [bound for bound in (min, max) if bound is not None]
        if not bounds or not all(isinstance(bound, Scalar) for bound in bounds):
            raise TypeError(
                f"clamp() expects numbers as min, max or both, got {min} and {max}"
            )
        whole = self.dtype.kind == "f" or not any(isinstance(b, float) for b in bounds)
        return ops.Clamp.apply(self if whole else self.to(float32), low=min, high=max)

    def clip(self, min: Any = None, max: Any = None) -> Self:
        """As `clamp`."""
        return self.clamp(min, max)

    # Steps, which have no slope

    def floor(self) -> Self:
        """Return the largest integer that is not greater."""
        return self._stepped(np.floor)

    def ceil(self) -> Self:
        """Return the smallest integer that is not less."""
        return self._stepped(np.ceil)

    def round(self) -> Self:
        """Return the nearest integer, of two equally near the even one."""
        return self._stepped(np.rint)

    def sign(self) -> Self:
        """Return -1, 0 or 1."""
        return self._wrap(np.sign(self.data))

    def _stepped(self, function: np.ufunc) -> Self:
        """Return what a function makes of fractions; integers have none."""
        whole = self.dtype.kind != "f"
        return self._wrap(self.data.copy() if whole else function(self.data))

    def isnan(self) -> Self:
        """Return where an element is not a number (bool)."""
        return self._wrap(np.isnan(self.data))

    def isfinite(self) -> Self:
        """Return where an element is neither infinite nor nan (bool)."""
        return self._wrap(np.isfinite(self.data))

    # Softmax lives here because tensors have it in PyTorch too

    def softmax(self, dim: int) -> Self:
        """exp(x) over its sum along `dim`, without overflow."""
        return _on_last_axis(ops.Softmax, self, dim)

    def log_softmax(self, dim: int) -> Self:
        """Logarithm of softmax along `dim`, without overflow."""
        return _on_last_axis(ops.LogSoftmax, self, dim)


def floating(op: type[Function], x: Any, **options: Any) -> Any:
    """Apply an operation on real numbers: integers become float32 first."""
    return op.apply(x if x.dtype.kind == "f" else x.to(float32), **options)


def _on_last_axis(op: type[Function], x: Any, dim: int) -> Any:
    dim = positive_dim(x, dim)
    if dim == x.ndim - 1:
        return floating(op, x)
    return floating(op, x.transpose(dim, -1)).transpose(dim, -1)
