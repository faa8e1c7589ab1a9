"""The tensor's mathematics as methods: elementwise functions and reductions.

`dim` is an axis, a tuple of axes, or None for all. With `keepdim` a reduced axis
stays, with length 1.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinytorch import expect, ops
from tinytorch.autograd import Function
from tinytorch.dtypes import Array, Scalar

Dim = int | tuple[int, ...] | None
Method = Callable[[Any], Any]


class ValuesAndIndices(NamedTuple):
    """What `max`, `min`, `sort` and `topk` along a dim return."""

    values: Any
    indices: Any


def _floating(op: type[Function], x: Any, **options: Any) -> Any:
    return op.apply(x if x.dtype.kind == "f" else x.float(), **options)


def _smooth(op: type[Function]) -> Method:
    """Return the method that applies `op`; integers become float32 first."""
    return lambda self: op.apply(self if self.data.dtype.kind == "f" else self.float())


def _stepwise(function: Callable[[Array], Any]) -> Method:
    """Return the method that applies numpy's function, which has no gradient."""
    return lambda self: self._wrap(function(self.data))


class MathMethods:
    """Part of `Tensor`."""

    __slots__ = ()

    exp, log, sqrt = _smooth(ops.Exp), _smooth(ops.Log), _smooth(ops.Sqrt)
    sin, cos, erf = _smooth(ops.Sin), _smooth(ops.Cos), _smooth(ops.Erf)
    tanh, sigmoid = _smooth(ops.Tanh), _smooth(ops.Sigmoid)
    floor, ceil = _stepwise(np.floor), _stepwise(np.ceil)
    round, sign = _stepwise(np.round), _stepwise(np.sign)
    isnan, isfinite = _stepwise(np.isnan), _stepwise(np.isfinite)

    def relu(self: Any) -> Any:
        return ops.ReLU.apply(self)

    def abs(self: Any) -> Any:
        return ops.Abs.apply(self)

    def square(self: Any) -> Any:
        return self * self

    def pow(self: Any, exponent: Any) -> Any:
        return self**exponent

    def clamp(self: Any, min: Any = None, max: Any = None) -> Any:
        """Limit each element to [min, max]: numbers, of which one may be left out."""
        bounds = [bound for bound in (min, max) if bound is not None]
        if not bounds or not all(isinstance(bound, Scalar) for bound in bounds):
            raise TypeError(
                f"clamp() expects numbers as min, max or both, got {min} and {max}"
            )
        whole = self.dtype.kind == "f" or not any(isinstance(b, float) for b in bounds)
        return ops.Clamp.apply(self if whole else self.float(), low=min, high=max)

    clip = clamp

    # Reductions

    def sum(self: Any, dim: Dim = None, keepdim: bool = False) -> Any:
        return ops.Sum.apply(self, dim=_dims(self, dim), keepdim=keepdim)

    def mean(self: Any, dim: Dim = None, keepdim: bool = False) -> Any:
        """Raises TypeError for integers, whose mean is no integer."""
        expect.floating("mean()", self)
        return ops.Mean.apply(self, dim=_dims(self, dim), keepdim=keepdim)

    def prod(self: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        return ops.Prod.apply(self, dim=_dims(self, dim), keepdim=keepdim)

    def var(
        self: Any, dim: Dim = None, *, correction: int = 1, keepdim: bool = False
    ) -> Any:
        """Mean squared deviation; the divisor is the count less `correction`.

        Raises ValueError unless more than `correction` elements go into each.
        """
        centred, freedom = _deviations(self, dim, correction)
        return (centred * centred).sum(dim, keepdim) / freedom

    def std(
        self: Any, dim: Dim = None, *, correction: int = 1, keepdim: bool = False
    ) -> Any:
        """Square root of var; slope 0 where all elements are equal."""
        centred, freedom = _deviations(self, dim, correction)
        return centred.norm(2, dim, keepdim) / freedom**0.5

    def norm(self: Any, p: float = 2, dim: Dim = None, keepdim: bool = False) -> Any:
        """(sum |x|^p)^(1/p); p may be infinite: the largest |x|."""
        if p == 2:
            return _floating(ops.Norm, self, dim=_dims(self, dim), keepdim=keepdim)
        if p == float("inf"):
            return self.abs().amax(dim, keepdim)
        if p <= 0:
            raise ValueError(f"norm() expects p > 0, got {p}")
        return (self.abs() ** p).sum(dim, keepdim) ** (1 / p)

    def logsumexp(self: Any, dim: Dim = None, keepdim: bool = False) -> Any:
        """log(sum(exp(x))) without overflow."""
        return _floating(ops.LogSumExp, self, dim=_dims(self, dim), keepdim=keepdim)

    def cumsum(self: Any, dim: int) -> Any:
        return ops.CumSum.apply(self, dim=_dims(self, dim))

    def amax(self: Any, dim: Dim = None, keepdim: bool = False) -> Any:
        """Largest element; ties share the gradient equally."""
        _expect_elements(self, "amax", dim)
        return ops.Amax.apply(self, dim=_dims(self, dim), keepdim=keepdim)

    def amin(self: Any, dim: Dim = None, keepdim: bool = False) -> Any:
        """Smallest element; ties share the gradient equally."""
        _expect_elements(self, "amin", dim)
        return ops.Amin.apply(self, dim=_dims(self, dim), keepdim=keepdim)

    def max(self: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        """Without `dim` as amax; with it, (values, indices) of the first largest."""
        if dim is None:
            return self.amax()
        return _pick(self, self.argmax(dim, keepdim=True), dim, keepdim)

    def min(self: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        """Without `dim` as amin; with it, (values, indices) of the first smallest."""
        if dim is None:
            return self.amin()
        return _pick(self, self.argmin(dim, keepdim=True), dim, keepdim)

    def argmax(self: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        """Index (int64) of the first largest; without `dim`, counted through all."""
        return _first(self, np.argmax, dim, keepdim)

    def argmin(self: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        """Index (int64) of the first smallest; without `dim`, counted through all."""
        return _first(self, np.argmin, dim, keepdim)

    def all(self: Any, dim: Dim = None, keepdim: bool = False) -> Any:
        return self._wrap(self.data.all(axis=_dims(self, dim), keepdims=keepdim))

    def any(self: Any, dim: Dim = None, keepdim: bool = False) -> Any:
        return self._wrap(self.data.any(axis=_dims(self, dim), keepdims=keepdim))

    # Order

    def argsort(self: Any, dim: int = -1, descending: bool = False) -> Any:
        """Indices (int64) that sort along `dim`; equal elements keep their order."""
        dim = _dims(self, dim)
        if not descending:
            order = self.data.argsort(axis=dim, kind="stable")
        else:  # of the flipped array, so that equal elements keep their order
            flipped = np.flip(self.data, dim).argsort(axis=dim, kind="stable")
            order = np.flip(self.data.shape[dim] - 1 - flipped, dim)
        return self._wrap(order.astype(np.int64))

    def sort(self: Any, dim: int = -1, descending: bool = False) -> Any:
        """Return (values, indices) in order along `dim`."""
        return _pick(self, self.argsort(dim, descending), dim, True)

    def topk(self: Any, k: int, dim: int | None = None, largest: bool = True) -> Any:
        """Return (values, indices) of the k largest along `dim`, largest first."""
        dim = _dims(self, -1 if dim is None else dim)
        if not 0 <= k <= self.shape[dim]:
            raise ValueError(f"topk() expects k from 0 to {self.shape[dim]}, got {k}")
        order = self.argsort(dim, descending=largest).data
        kept = order[(slice(None),) * dim + (slice(k),)]
        return _pick(self, self._wrap(kept), dim, True)

    # Softmax lives here because tensors have it in PyTorch too

    def softmax(self: Any, dim: int) -> Any:
        """exp(x) over its sum along `dim`, without overflow."""
        return _on_last_axis(ops.Softmax, self, dim)

    def log_softmax(self: Any, dim: int) -> Any:
        """Logarithm of softmax along `dim`, without overflow."""
        return _on_last_axis(ops.LogSoftmax, self, dim)


def _on_last_axis(op: type[Function], x: Any, dim: int) -> Any:
    dim = _dims(x, dim)
    if dim == x.ndim - 1:
        return _floating(op, x)
    return _floating(op, x.transpose(dim, -1)).transpose(dim, -1)


def _deviations(x: Any, dim: Dim, correction: int) -> tuple[Any, int]:
    """Return the elements less their mean along `dim`, and the divisor of variance."""
    means = x.mean(dim, keepdim=True)
    count = x.numel() // max(1, means.numel())
    if means.numel() and count <= correction:
        raise ValueError(f"var() expects more than {correction} elements, got {count}")
    return x - means, count - correction


def _first(x: Any, choice: Callable, dim: int | None, keepdim: bool) -> Any:
    _expect_elements(x, choice.__name__, dim)
    index = choice(x.data, axis=_dims(x, dim), keepdims=keepdim)
    return x._wrap(np.asarray(index, dtype=np.int64))


def _pick(x: Any, index: Any, dim: int, keepdim: bool) -> ValuesAndIndices:
    values = x.gather(dim, index)
    if keepdim:
        return ValuesAndIndices(values, index)
    return ValuesAndIndices(values.squeeze(dim), index.squeeze(dim))


def _dims(x: Any, dim: Any) -> Any:
    """Return dims as numpy takes them, counted from the front.

    Raises IndexError for one that x lacks, ValueError for one named twice.
    """
    if dim is None:
        return None
    if isinstance(dim, list | tuple):
        dims = tuple(_dims(x, d) for d in dim)
        if len(set(dims)) != len(dims):
            raise ValueError(f"expected each dim once, got {tuple(dim)}")
        return dims
    if not -x.ndim <= dim < x.ndim:
        raise IndexError(f"expected a dim of shape {x.shape}, got {dim}")
    return dim % x.ndim


def _expect_elements(x: Any, name: str, dim: Dim) -> None:
    dims = [dim] if isinstance(dim, int) else range(x.ndim) if dim is None else dim
    if any(x.shape[d] == 0 for d in _dims(x, tuple(dims))):
        raise ValueError(f"{name}() expects at least one element, got shape {x.shape}")
