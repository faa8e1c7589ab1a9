"""Gradients compared with finite differences."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinytorch.autograd.engine import Array, no_grad


def numeric_jacobian(
    function: Callable[..., Any], inputs: Sequence[Any], number: int, eps: float = 1e-6
) -> Array:
    """Return the slope of every output to every element of `inputs[number]`.

    (outputs, elements), by central differences: each element in turn is moved by
    eps up and down, in place, and put back.
    """
    x = inputs[number].data
    with no_grad():
        jacobian = np.empty((function(*inputs).data.size, x.size))
        for k, index in enumerate(np.ndindex(x.shape)):
            middle = x[index]
            x[index] = middle + eps
            above = function(*inputs).data.flatten()
            x[index] = middle - eps
            below = function(*inputs).data.flatten()
            x[index] = middle
            jacobian[:, k] = (above - below) / (2 * eps)
    return jacobian


def analytic_jacobian(
    function: Callable[..., Any], inputs: Sequence[Any], number: int
) -> Array:
    """Return what `numeric_jacobian` approximates, by one backward for each output."""
    x = inputs[number]
    out, before = function(*inputs), x.grad
    jacobian = np.zeros((out.data.size, x.data.size))
    for k in range(out.data.size):
        x.grad = None
        one = np.zeros_like(out.data, order="C")
        one.flat[k] = 1
        if out.requires_grad:
            out.backward(out._wrap(one), retain_graph=True)
        if x.grad is not None:
            jacobian[k] = x.grad.data.ravel()
    x.grad = before
    return jacobian


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-8,
    rtol: float = 1e-6,
) -> bool:
    """Compare the gradients of `func(*inputs)` with finite differences.

    inputs: a tensor or several; those that require grad are checked and must be
    float64. Returns True; raises RuntimeError with the first slope that is off by
    more than atol + rtol |slope|.
    """
    inputs = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
    checked = [i for i, x in enumerate(inputs) if getattr(x, "requires_grad", False)]
    if not checked:
        raise ValueError("gradcheck expects an input that requires grad, got none")
    for number in checked:
        if inputs[number].data.dtype != np.float64:
            raise TypeError(
                f"gradcheck expects float64, got {inputs[number].data.dtype}: "
                "differences this small drown in float32's rounding"
            )
        expected = numeric_jacobian(func, inputs, number, eps)
        got = analytic_jacobian(func, inputs, number)
        wrong = ~np.isclose(got, expected, rtol, atol)
        if wrong.any():
            output, element = np.argwhere(wrong)[0]
            raise RuntimeError(
                f"gradcheck: the slope of output {output} to element {element} of "
                f"input {number} is {got[output, element]:.9g}, expected "
                f"{expected[output, element]:.9g} from finite differences "
                f"({wrong.sum()} of {wrong.size} slopes differ)"
            )
    return True
