"""The tensor: an n-dimensional array that remembers how it was computed."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tinytorch import autograd
from tinytorch.tensor import dtypes
from tinytorch.tensor.dtypes import as_array
from tinytorch.tensor.reduce import Reduce


class Tensor(Reduce):
    """An array, and, where `requires_grad`, the gradient of a later result to it.

    `Tensor(array)` shares the array's memory; `tinytorch.tensor` copies. Python
    floats become float32 and integers int64; arrays keep their dtype.
    """

    __slots__ = ()

    grad: Tensor | None

    def __init__(
        self, data: Any, dtype: Any = None, *, requires_grad: bool = False
    ) -> None:
        self._array = as_array(data.data if isinstance(data, Tensor) else data, dtype)
        self.grad = None
        self.grad_fn = None
        self.requires_grad = False
        if requires_grad:
            self.requires_grad_()

    @staticmethod
    def _wrap(data: Any) -> Tensor:
        """Return a tensor around a result of an operation."""
        out = object.__new__(Tensor)
        out._array = data if type(data) is np.ndarray else np.asarray(data)
        out.grad = out.grad_fn = None
        out.requires_grad = False
        return out

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

    # Below these, `float`, `int` and `bool` are no longer Python's.

    def float(self) -> Self:
        """Return the tensor as float32."""
        return self.to(dtypes.float32)

    def double(self) -> Self:
        """Return the tensor as float64."""
        return self.to(dtypes.float64)

    def long(self) -> Self:
        """Return the tensor as int64, rounded towards 0."""
        return self.to(dtypes.int64)

    def int(self) -> Self:
        """Return the tensor as int32, rounded towards 0."""
        return self.to(dtypes.int32)

    def bool(self) -> Self:
        """Return where elements are not 0."""
        return self.to(dtypes.bool_)


def as_tensor(data: Any, dtype: Any = None) -> Tensor:
    """Return `data` itself if it is a tensor (of `dtype`), else a tensor of it."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    return Tensor(data, dtype)
