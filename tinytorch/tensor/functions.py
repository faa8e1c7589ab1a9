"""Functions of tensors that are no methods: joining, choosing, einsum."""

from collections.abc import Sequence
from functools import reduce
from itertools import chain
from typing import Any

import numpy as np

from tinytorch import expect, ops
from tinytorch.tensor.dtypes import result_dtype
from tinytorch.tensor.operators import promote
from tinytorch.tensor.sizes import broadcast_shape, positive_dim
from tinytorch.tensor.tensor import Tensor, as_tensor


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which all shapes stretch; ValueError if there is none."""
    return reduce(broadcast_shape, shapes, ())


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an axis; the other axes must be equal."""
    first = _first(tensors, "cat")
    dim = positive_dim(first, dim)
    others = first.shape[:dim] + first.shape[dim + 1 :]
    for t in tensors:
        if t.ndim != first.ndim or t.shape[:dim] + t.shape[dim + 1 :] != others:
            raise ValueError(f"cat expects shapes like {first.shape}, got {t.shape}")
    return ops.Cat.apply(*_one_dtype(tensors), dim=dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    first = _first(tensors, "stack")
    for t in tensors:
        if t.shape != first.shape:
            raise ValueError(f"stack expects shape {first.shape}, got {t.shape}")
    return ops.Stack.apply(
        *_one_dtype(tensors), dim=positive_dim(first.unsqueeze(dim), dim)
    )


def where(condition: Tensor, input: Any, other: Any) -> Tensor:
    """Take `input` where the condition is true, else `other`; all are broadcast."""
    expect.tensors("where", condition=condition)
    if condition.dtype.kind != "b":
        raise TypeError(f"where expects a boolean condition, got {condition.dtype}")
    if not isinstance(input, Tensor):
        other = as_tensor(other)
    both = _alike(input, other, condition.shape)
    return ops.Where.apply(*both, condition=condition.data)


def maximum(input: Tensor, other: Any) -> Tensor:
    """Elementwise larger; a tie sends half of the gradient to each."""
    expect.tensors("maximum", input=input)
    return ops.Maximum.apply(*_alike(input, other))


def minimum(input: Tensor, other: Any) -> Tensor:
    """Elementwise smaller; a tie sends half of the gradient to each."""
    expect.tensors("minimum", input=input)
    return ops.Minimum.apply(*_alike(input, other))


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Sum of products in Einstein's notation: `einsum("bij,bjk->bik", a, b)`.

    Letters only: no ellipsis, and no letter twice in one operand. Without `->` the
    letters that occur once, sorted, are the output.
    """
    if not isinstance(equation, str) or not operands:
        raise TypeError("einsum expects an equation such as 'ij,jk->ik', and tensors")
    expect_one_dtype("einsum", operands)
    left, arrow, output = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow:
        output = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    shapes = [x.shape for x in operands]
    if [len(term) for term in terms] != [len(shape) for shape in shapes] or not all(
        (term + "a").isalpha() and len(set(term)) == len(term) for term in terms
    ):
        raise ValueError(
            "einsum expects for each operand one distinct letter an axis, "
            f"got {equation!r} for shapes {shapes}"
        )
    lengths: dict[str, int] = {}
    for letter, n in zip("".join(terms), chain(*shapes), strict=True):
        if lengths.setdefault(letter, n) != n:
            got = f"{lengths[letter]} and {n}"
            raise ValueError(f"einsum expects one length for {letter!r}, got {got}")
    if len(set(output)) != len(output) or not lengths.keys() >= set(output):
        raise ValueError(
            f"einsum expects an output of distinct letters of {left!r}, got {output!r}"
        )
    return ops.Einsum.apply(*operands, equation=f"{left}->{output}")


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08
) -> bool:
    """Return whether |input - other| <= atol + rtol |other| everywhere."""
    expect.tensors("allclose", input=input, other=other)
    return bool(np.allclose(input.data, other.data, rtol, atol))


def _alike(input: Any, other: Any, *shapes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Return both as tensors of one dtype; ValueError unless all shapes broadcast."""
    a, b = promote(input, other)
    broadcast_shapes(*shapes, a.shape, b.shape)
    return a, b


def _one_dtype(tensors: Sequence[Tensor]) -> list[Tensor]:
    dtype = tensors[0].dtype
    for t in tensors:
        dtype = result_dtype(np.empty(1, dtype), np.empty(1, t.dtype))
    return [t.to(dtype) for t in tensors]


def expect_one_dtype(name: str, tensors: Sequence[Tensor]) -> None:
    """Raise TypeError for what is no tensor, or for tensors of several dtypes."""
    for t in tensors:
        expect.tensors(name, **{"each operand": t})
    dtypes = sorted({str(t.dtype) for t in tensors})
    if len(dtypes) > 1:
        raise TypeError(f"{name} expects one dtype, got {' and '.join(dtypes)}")


def _first(tensors: Sequence[Tensor], name: str) -> Tensor:
    """Return the first tensor of a list. Raises for what is no list of tensors."""
    if not isinstance(tensors, list | tuple):
        got = type(tensors).__name__
        raise TypeError(f"{name} expects a list of tensors, got {got}")
    for t in tensors:
        expect.tensors(name, **{"each element": t})
    if not tensors:
        raise ValueError(f"{name} expects at least one tensor, got none")
    return tensors[0]
