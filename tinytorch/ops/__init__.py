"""One class an operation: its value and, right below, its derivative."""

from .conv import AvgPool2d, Conv2d, MaxPool2d
from .elementwise import (
    GELU,
    Abs,
    Add,
    Cast,
    Clamp,
    Cos,
    Div,
    Erf,
    Exp,
    LeakyReLU,
    Log,
    Maximum,
    Minimum,
    Mul,
    Neg,
    Pow,
    ReLU,
    Sigmoid,
    Sin,
    Softplus,
    Sqrt,
    Sub,
    Tanh,
    Where,
)
from .fused import BatchNorm, CrossEntropy, Embedding, LayerNorm, LogSoftmax, Softmax
from .matmul import Einsum, Linear, MatMul
from .reduce import Amax, Amin, CumSum, LogSumExp, Mean, Norm, Prod, Sum, log_sum_exp
from .shape import Cat, Expand, Flip, Gather, GetItem, Pad, Permute, Reshape, Stack
