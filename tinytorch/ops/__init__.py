"""One class an operation: its value and, right below, its derivative."""

from tinytorch.ops.conv import AvgPool2d, Conv2d, MaxPool2d
from tinytorch.ops.elementwise import (
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
from tinytorch.ops.fused import (
    BatchNorm,
    CrossEntropy,
    Embedding,
    LayerNorm,
    LogSoftmax,
    Softmax,
)
from tinytorch.ops.matmul import Einsum, Linear, MatMul
from tinytorch.ops.reduce import Amax, CumSum, LogSumExp, Mean, Norm, Prod, Sum
from tinytorch.ops.shape import (
    Cat,
    Expand,
    Flip,
    Gather,
    GetItem,
    Pad,
    Permute,
    Reshape,
    Stack,
)
