"""ONNX's operators on each element, by tinytorch's public functions."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

import tinytorch as tt
from tinytorch import Tensor
from tinytorch.nn import functional as F


def div(a: Tensor, b: Tensor) -> Tensor:
    if a.dtype.kind == "f":
        return a / b
    return (a.abs() // b.abs()) * a.sign() * b.sign()  # towards zero


def mod(a: Tensor, b: Tensor, fmod: int = 0) -> Tensor:
    return (a.abs() % b.abs()) * a.sign() if fmod else a % b


def mean(*xs: Tensor) -> Tensor:
    return reduce(Tensor.__add__, xs) / len(xs)


def clip(x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    x = x if low is None else tt.maximum(x, low)
    return x if high is None else tt.minimum(x, high)


def isinf(x: Tensor, detect_negative: int = 1, detect_positive: int = 1) -> Tensor:
    above, below = x == float("inf"), x == -float("inf")
    return (above & bool(detect_positive)) | (below & bool(detect_negative))


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    return tt.where(x > 0, x, alpha * (x.clamp(max=0).exp() - 1))


def selu(
    x: Tensor, alpha: float = 1.6732632423543772, gamma: float = 1.0507009873554805
) -> Tensor:
    return gamma * elu(x, alpha)


def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    return x.relu() + (alpha * ((x / alpha).exp() - 1)).clamp(max=0)


def hard_sigmoid(x: Tensor, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    return (alpha * x + beta).clamp(0, 1)


def hard_swish(x: Tensor) -> Tensor:
    return x * hard_sigmoid(x, 1 / 6, 0.5)


def shrink(x: Tensor, bias: float = 0.0, lambd: float = 0.5) -> Tensor:
    out = tt.where(x < -lambd, x + bias, tt.where(x > lambd, x - bias, 0.0))
    return out.to(x.dtype)


def cast(x: Tensor, to: int, **rounding: Any) -> Tensor:
    return x.to(dtype_of(to))


def dropout(
    x: Tensor,
    ratio: Tensor | float | None = None,
    training: Tensor | None = None,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    p = 0.5 if ratio is None else float(ratio)
    out = F.dropout(x, p, training=training is not None and bool(training))
    return out, tt.ones(x.shape, dtype=tt.bool_)


def dtype_of(code: int) -> np.dtype:
    """Return numpy's dtype for ONNX's number of it."""
    from onnx.helper import tensor_dtype_to_np_dtype

    return np.dtype(tensor_dtype_to_np_dtype(code))


OPERATORS: dict[str, Callable[..., Any]] = {
    "Abs": lambda x: x.abs(),
    "Add": lambda a, b: a + b,
    "And": lambda a, b: a & b,
    "BitwiseAnd": lambda a, b: a & b,
    "BitwiseNot": lambda x: ~x,
    "BitwiseOr": lambda a, b: a | b,
    "BitwiseXor": lambda a, b: a ^ b,
    "Cast": cast,
    "CastLike": lambda x, like, **rounding: x.to(like.dtype),
    "Ceil": lambda x: x.ceil(),
    "Celu": celu,
    "Clip": clip,
    "Cos": lambda x: x.cos(),
    "Cosh": lambda x: (x.exp() + (-x).exp()) / 2,
    "Div": div,
    "Dropout": dropout,
    "Elu": elu,
    "Equal": lambda a, b: a == b,
    "Erf": lambda x: x.erf(),
    "Exp": lambda x: x.exp(),
    "Floor": lambda x: x.floor(),
    "Gelu": lambda x, approximate="none": F.gelu(x, approximate=approximate),
    "Greater": lambda a, b: a > b,
    "GreaterOrEqual": lambda a, b: a >= b,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": hard_swish,
    "Identity": lambda x: x,
    "IsInf": isinf,
    "IsNaN": lambda x: x.isnan(),
    "LeakyRelu": lambda x, alpha=0.01: F.leaky_relu(x, alpha),
    "Less": lambda a, b: a < b,
    "LessOrEqual": lambda a, b: a <= b,
    "Log": lambda x: x.log(),
    "Max": lambda *xs: reduce(tt.maximum, xs),
    "Mean": mean,
    "Min": lambda *xs: reduce(tt.minimum, xs),
    "Mish": lambda x: x * F.softplus(x).tanh(),
    "Mod": mod,
    "Mul": lambda a, b: a * b,
    "Neg": lambda x: -x,
    "Not": lambda x: ~x,
    "Or": lambda a, b: a | b,
    "PRelu": lambda x, slope: tt.where(x < 0, slope * x, x),
    "Pow": lambda a, b: (a.to(tt.maximum(a, b).dtype) ** b).to(a.dtype),
    "Reciprocal": lambda x: 1 / x,
    "Relu": lambda x: x.relu(),
    "Round": lambda x: x.round(),
    "Selu": selu,
    "Shrink": shrink,
    "Sigmoid": lambda x: x.sigmoid(),
    "Sign": lambda x: x.sign(),
    "Sin": lambda x: x.sin(),
    "Sinh": lambda x: (x.exp() - (-x).exp()) / 2,
    "Softplus": lambda x: F.softplus(x),
    "Softsign": lambda x: x / (1 + x.abs()),
    "Sqrt": lambda x: x.sqrt(),
    "Sub": lambda a, b: a - b,
    "Sum": lambda *xs: reduce(Tensor.__add__, xs),
    "Swish": lambda x, alpha=1.0: x * (alpha * x).sigmoid(),
    "Tan": lambda x: x.sin() / x.cos(),
    "Tanh": lambda x: x.tanh(),
    "ThresholdedRelu": lambda x, alpha=1.0: tt.where(x > alpha, x, 0.0).to(x.dtype),
    "Where": lambda condition, a, b: tt.where(condition, a, b),
    "Xor": lambda a, b: a ^ b,
}
