"""The tensor's methods that make one number of many, and those that order them.

`dim` is an axis, a tuple of axes, or None for all. With `keepdim` a reduced axis
stays, with length 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np

from tinytorch import expect, ops
from tinytorch.tensor.math import Math, floating
from tinytorch.tensor.sizes import Dim, positive_dim, positive_dims, sizes_of


class ValuesAndIndices(NamedTuple):
    """What `max`, `min`, `sort` and `topk` along a dim return."""

    values: Any
    indices: Any


class Reduce(Math):
    """The fifth part of `Tensor`: sums, extremes, order."""

    __slots__ = ()

    def sum(self, dim: Dim = None, keepdim: bool = False) -> Self:
        """Return the sum; of integers and booleans in int64."""
        return ops.Sum.apply(self, dim=positive_dims(self, dim), keepdim=keepdim)

    def mean(self, dim: Dim = None, keepdim: bool = False) -> Self:
        """Return the mean. Raises TypeError for integers, whose mean is no integer."""
        expect.floating("mean()", self)
        return ops.Mean.apply(self, dim=positive_dims(self, dim), keepdim=keepdim)

    def prod(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Return the product, along one dim or of all; of integers in int64."""
        axis = None if dim is None else positive_dim(self, dim)
        return ops.Prod.apply(self, dim=axis, keepdim=keepdim)

    def var(
        self,
        dim: Dim = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: int = 1,
    ) -> Self:
        """Mean squared deviation; the divisor is the count less `correction`.

        unbiased=False is another name for correction=0, True for 1. Raises ValueError
        unless more than `correction` elements go into each.
        """
        dim, correction = _spread(dim, unbiased, correction)
        centred, freedom = _deviations(self, dim, correction)
        return (centred * centred).sum(dim, keepdim) / freedom

    def std(
        self,
        dim: Dim = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: int = 1,
    ) -> Self:
        """Square root of `var`; slope 0 where all elements are equal."""
        dim, correction = _spread(dim, unbiased, correction)
        centred, freedom = _deviations(self, dim, correction)
        return centred.norm(2, dim, keepdim) / freedom**0.5

    def norm(self, p: float = 2, dim: Dim = None, keepdim: bool = False) -> Self:
        """(sum |x|^p)^(1/p); p may be infinite: the largest |x|. Slope 0 at 0."""
        if p == float("inf"):
            return self.abs().amax(dim, keepdim)
        if not p > 0:
            raise ValueError(f"norm() expects p > 0, got {p}")
        dims = positive_dims(self, dim)
        return floating(ops.Norm, self, p=p, dim=dims, keepdim=keepdim)

    def logsumexp(self, dim: Dim = None, keepdim: bool = False) -> Self:
        """log(sum(exp(x))) without overflow."""
        dims = positive_dims(self, dim)
        return floating(ops.LogSumExp, self, dim=dims, keepdim=keepdim)

    def cumsum(self, dim: int) -> Self:
        """Return the sums of all up to each element along `dim`; integers in int64."""
        return ops.CumSum.apply(self, dim=positive_dim(self, dim))

    def amax(self, dim: Dim = None, keepdim: bool = False) -> Self:
        """Largest element; ties share the gradient equally."""
        _expect_elements(self, "amax", dim)
        return ops.Amax.apply(self, dim=positive_dims(self, dim), keepdim=keepdim)

    def amin(self, dim: Dim = None, keepdim: bool = False) -> Self:
        """Smallest element; ties share the gradient equally."""
        _expect_elements(self, "amin", dim)
        return ops.Amin.apply(self, dim=positive_dims(self, dim), keepdim=keepdim)

    def max(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """Without `dim` as amax; with it, (values, indices) of the first largest."""
        if dim is None:
            return self.amax()
        return _pick(self, self.argmax(dim, keepdim=True), dim, keepdim)

    def min(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """Without `dim` as amin; with it, (values, indices) of the first smallest."""
        if dim is None:
            return self.amin()
        return _pick(self, self.argmin(dim, keepdim=True), dim, keepdim)

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Index (int64) of the first largest; without `dim`, counted through all."""
        return _first(self, np.argmax, dim, keepdim)

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Index (int64) of the first smallest; without `dim`, counted through all."""
        return _first(self, np.argmin, dim, keepdim)

    def all(self, dim: Dim = None, keepdim: bool = False) -> Self:
        """Return whether every element is not 0 (bool)."""
        axes = positive_dims(self, dim)
        out = self.data.all(axis=axes, keepdims=True)
        return self._wrap(out if keepdim else np.squeeze(out, axes))

    def any(self, dim: Dim = None, keepdim: bool = False) -> Self:
        """Return whether some element is not 0 (bool)."""
        axes = positive_dims(self, dim)
        out = self.data.any(axis=axes, keepdims=True)
        return self._wrap(out if keepdim else np.squeeze(out, axes))

    # Order

    def argsort(self, dim: int = -1, descending: bool = False) -> Self:
        """Indices (int64) that sort along `dim`; equal elements keep their order."""
        dim = positive_dim(self, dim)
        if not descending:
            order = self.data.argsort(axis=dim, kind="stable")
        else:  # of the flipped array, so that equal elements keep their order
            flipped = np.flip(self.data, dim).argsort(axis=dim, kind="stable")
            order = np.flip(self.data.shape[dim] - 1 - flipped, dim)
        return self._wrap(order.astype(np.int64))

    def sort(self, dim: int = -1, descending: bool = False) -> ValuesAndIndices:
        """Return (values, indices) in order along `dim`."""
        return _pick(self, self.argsort(dim, descending), dim, True)

    def topk(
        self, k: int, dim: int | None = None, largest: bool = True
    ) -> ValuesAndIndices:
        """Return (values, indices) of the k largest along `dim`, largest first."""
        dim = positive_dim(self, -1 if dim is None else dim)
        (k,) = sizes_of((k,))
        if not 0 <= k <= self.shape[dim]:
            raise ValueError(f"topk() expects k from 0 to {self.shape[dim]}, got {k}")
        order = self.argsort(dim, descending=largest).data
        kept = order[(slice(None),) * dim + (slice(k),)]
        return _pick(self, self._wrap(kept), dim, True)


def _spread(dim: Any, unbiased: bool | None, correction: int) -> tuple[Any, int]:
    """Return dim and correction; PyTorch also takes `x.var(False)`, of all dims."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return dim, correction if unbiased is None else int(unbiased)


def _deviations(x: Any, dim: Dim, correction: int) -> tuple[Any, int]:
    """Return the elements less their mean along `dim`, and the divisor of variance."""
    means = x.mean(dim, keepdim=True)
    count = x.numel() // max(1, means.numel())
    if means.numel() and count <= correction:
        raise ValueError(f"var() expects more than {correction} elements, got {count}")
    return x - means, max(count - correction, 1)


def _first(x: Any, choice: Callable, dim: int | None, keepdim: bool) -> Any:
    _expect_elements(x, choice.__name__, dim)
    index = choice(x.data, axis=positive_dims(x, dim), keepdims=keepdim)
    return x._wrap(np.asarray(index, dtype=np.int64))


def _pick(x: Any, index: Any, dim: int, keepdim: bool) -> ValuesAndIndices:
    values = x.gather(dim, index)
    if keepdim:
        return ValuesAndIndices(values, index)
    return ValuesAndIndices(values.squeeze(dim), index.squeeze(dim))


def _expect_elements(x: Any, name: str, dim: Dim) -> None:
    dims = positive_dims(x, dim)
    reduced = (
        range(x.ndim) if dims is None else [dims] if isinstance(dims, int) else dims
    )
    if any(x.shape[d] == 0 for d in reduced):
        raise ValueError(f"{name}() expects at least one element, got shape {x.shape}")
