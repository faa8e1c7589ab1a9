"""Operations on each element, and their derivatives."""

from typing import Any

import numpy as np

from tinytorch import backends
from tinytorch.autograd import Array, Function
from tinytorch.ops.erf import erf


class Add(Function):
    """a + b."""

    @staticmethod
    def forward(ctx: Any, a: Array, b: Array) -> Array:
        return backends.current.add(a, b)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return grad, grad


class Sub(Function):
    """a - b."""

    @staticmethod
    def forward(ctx: Any, a: Array, b: Array) -> Array:
        return a - b

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return grad, -grad if ctx.needs_input_grad[1] else None


class Mul(Function):
    """a * b."""

    @staticmethod
    def forward(ctx: Any, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        """Return the gradients to a and b, None for one that needs none.

        grad: of the product's shape; so are the gradients returned.
        """
        a, b = ctx.saved
        need_a, need_b = ctx.needs_input_grad
        return grad * b if need_a else None, grad * a if need_b else None


class Div(Function):
    """a / b."""

    @staticmethod
    def forward(ctx: Any, a: Array, b: Array) -> Array:
        out = a / b
        ctx.save_for_backward(b, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        b, out = ctx.saved
        da = grad / b
        return da, -da * out if ctx.needs_input_grad[1] else None


class Pow(Function):
    """a to the power of b; slope 0 where b is a constant 0, also at a = 0."""

    @staticmethod
    def forward(ctx: Any, a: Array, b: Array) -> Array:
        out = a**b
        ctx.save_for_backward(a, b, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        a, b, out = ctx.saved
        need_a, need_b = ctx.needs_input_grad
        da = db = None
        none = grad.dtype.type(0)
        if need_a:  # a constant exponent of 0 has slope 0, also at a = 0
            with np.errstate(divide="ignore"):  # the slope of a**0.5 at 0 is infinite
                slope = b * a ** np.where(b == 0, 0, b - 1)
            da = np.where(b == 0, none, grad) * slope
        if need_b:  # 0**b is flat for b > 0, so log(0) must not be asked for
            log = np.log(np.where(a == 0, 1, a))
            db = np.where(a == 0, none, grad * out) * log
        return da, db


class Neg(Function):
    """-x."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        return -x

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return -grad


class Abs(Function):
    """Slope 0 at 0."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.abs(x)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        x = ctx.saved[0]
        return np.where(x == 0, grad.dtype.type(0), grad) * np.sign(x)


class Exp(Function):
    """e to the power of x."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        out = np.exp(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return grad * ctx.saved[0]


class Log(Function):
    """The natural logarithm."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        ctx.save_for_backward(x)
        with np.errstate(divide="ignore"):  # log(0) is -inf
            return np.log(x)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        with np.errstate(divide="ignore"):  # the slope at 0 is infinite
            return grad / ctx.saved[0]


class Sqrt(Function):
    """The square root."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        out = np.sqrt(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        with np.errstate(divide="ignore"):  # the slope at 0 is infinite
            return grad / (2 * ctx.saved[0])


class Sin(Function):
    """The sine."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.sin(x)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return grad * np.cos(ctx.saved[0])


class Cos(Function):
    """The cosine."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.cos(x)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return -grad * np.sin(ctx.saved[0])


class Erf(Function):
    """The error function."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        ctx.save_for_backward(x)
        return erf(x)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        x = ctx.saved[0]
        return grad * float(2 / np.sqrt(np.pi)) * np.exp(-x * x)


class Tanh(Function):
    """The hyperbolic tangent."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        """Return tanh of each element, and save that result in ctx, alone."""
        out = np.tanh(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        """Return grad times the slope of tanh, from the result that was saved."""
        (out,) = ctx.saved
        return grad * (1 - out * out)


class Sigmoid(Function):
    """1 / (1 + exp(-x))."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        """Return 1 / (1 + exp(-x)) of each element, and save that result in ctx.

        From exp(-|x|), which cannot overflow. x: floating, any shape; the result has
        its shape and dtype.
        """
        small = np.exp(-np.abs(x))
        out = np.where(x >= 0, 1, small) / (1 + small)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        """Return grad times the slope of sigmoid, from the result that was saved."""
        (out,) = ctx.saved
        return grad * out * (1 - out)


class Softplus(Function):
    """log(1 + exp(x)), without overflow."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.logaddexp(x, np.zeros_like(x))

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        """Return grad times sigmoid(x), exact also where that is tiny."""
        x = ctx.saved[0]
        small = np.exp(-np.abs(x))
        return grad * (np.where(x >= 0, 1, small) / (1 + small))


class ReLU(Function):
    """Slope 0 at 0."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        out = backends.current.relu(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        """Return `grad` where the saved output is positive, else 0."""
        return backends.current.relu_grad(grad, ctx.saved[0])


class LeakyReLU(Function):
    """x where positive, else negative_slope x."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, negative_slope: float) -> Array:
        ctx.save_for_backward(x > 0, negative_slope)
        return np.where(x > 0, x, negative_slope * x)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        positive, negative_slope = ctx.saved
        below = negative_slope * grad if negative_slope else np.zeros_like(grad)
        return np.where(positive, grad, below)


class GELU(Function):
    """The tanh form (Hendrycks and Gimpel, 2016)."""

    @staticmethod
    def forward(ctx: Any, x: Array) -> Array:
        ctx.save_for_backward(x)
        return backends.current.gelu(x)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return backends.current.gelu_grad(grad, ctx.saved[0])


class Maximum(Function):
    """A tie sends half of the gradient to each side."""

    choose: Any = np.maximum

    @staticmethod
    def forward(ctx: Any, a: Array, b: Array) -> Array:
        out = ctx.choose(a, b)
        ctx.save_for_backward(a, b, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        a, b, out = ctx.saved
        share = np.where(a == b, grad / 2, grad)
        # nan equals nothing: both sides get the gradient of a nan, as in PyTorch.
        lost_a, lost_b = (a != out) & (b == out), (b != out) & (a == out)
        none = grad.dtype.type(0)
        return np.where(lost_a, none, share), np.where(lost_b, none, share)


class Minimum(Maximum):
    """As Maximum, of the smaller."""

    choose = np.minimum


class Where(Function):
    """`condition` is an option: it has no gradient."""

    @staticmethod
    def forward(ctx: Any, a: Array, b: Array, *, condition: Array) -> Array:
        ctx.save_for_backward(condition)
        return np.where(condition, a, b)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        condition = ctx.saved[0]
        zero = np.zeros((), dtype=grad.dtype)
        return np.where(condition, grad, zero), np.where(condition, zero, grad)


class Clamp(Function):
    """Slope 1 from `low` to `high` inclusive, 0 outside."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, low: float | None, high: float | None) -> Array:
        out = np.clip(x, low, high)
        ctx.save_for_backward(out == x)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return np.where(ctx.saved[0], grad, grad.dtype.type(0))


class Cast(Function):
    """Convert to another dtype; the gradient is converted back."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, dtype: np.dtype) -> Array:
        ctx.save_for_backward(x.dtype)
        return x.astype(dtype, order="C")

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return grad.astype(ctx.saved[0])
