"""TinyTorch: a deep-learning framework small enough to read in an evening."""

from . import backends, models, nn, optim, utils
from . import tensor_shape as shape
from .autograd import enable_grad, is_grad_enabled, no_grad
from .creation import (
    arange,
    bernoulli,
    empty,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    multinomial,
    ones,
    ones_like,
    rand,
    randint,
    randn,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from .dtypes import bool_, float32, float64, int8, int32, int64, uint8
from .functions import (
    allclose,
    broadcast_shapes,
    cat,
    einsum,
    maximum,
    minimum,
    split,
    stack,
    where,
)
from .graph_drawing import draw_graph
from .random import Generator, manual_seed
from .tensor import Tensor, as_tensor
from .tensor_operators import matmul

__version__ = "0.1.0"
