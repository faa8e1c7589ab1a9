"""What is computed in one step is what its parts compute: value and gradients."""

import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import Tensor
from tinytorch.nn import functional as F

IDS = tt.tensor([2, 0, 2])


def softmax(x):
    e = (x - x.detach().amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)


def log_sum_exp(x):
    top = x.detach().amax(-1, keepdim=True)
    return (x - top).exp().sum(-1, keepdim=True).log() + top


def normalised(x, dims):
    centred = x - x.mean(dims, keepdim=True)
    return centred / ((centred * centred).mean(dims, keepdim=True) + 1e-5).sqrt()


def gelu(x):
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    return 0.5 * x * (1 + inner.tanh())


def convolution(x, w):
    """Every cell of the kernel by itself."""
    return sum(
        tt.einsum("nchw,oc->nohw", x[:, :, i : i + 3, j : j + 3], w[:, :, i, j])
        for i in range(2)
        for j in range(2)
    )


def attention(q, k, v):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return softmax(scores.masked_fill(~F.causal_mask(3, 3), -1e9)) @ v


PAIRS = {
    "softmax": (lambda x: x.softmax(-1), softmax, (3, 4)),
    "log_softmax": (lambda x: x.log_softmax(-1), lambda x: softmax(x).log(), (3, 4)),
    "logsumexp": (lambda x: x.logsumexp(-1, keepdim=True), log_sum_exp, (3, 4)),
    "cross_entropy": (
        lambda x: F.cross_entropy(x, IDS),
        lambda x: (log_sum_exp(x).squeeze(-1) - x[tt.arange(3), IDS]).mean(),
        (3, 4),
    ),
    "linear": (F.linear, lambda x, w, b: x @ w.T + b, (2, 3, 4), (5, 4), (5,)),
    "layer_norm": (
        lambda x, w, b: F.layer_norm(x, 4, w, b),
        lambda x, w, b: normalised(x, -1) * w + b,
        *((3, 4), (4,), (4,)),
    ),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: normalised(x, (0, 2)) * w.unsqueeze(1) + b.unsqueeze(1),
        *((3, 4, 5), (4,), (4,)),
    ),
    "embedding": (
        lambda table: F.embedding(IDS, table),
        lambda table: F.one_hot(IDS, 4).float() @ table,
        (4, 3),
    ),
    "gelu": (lambda x: F.gelu(x, "tanh"), gelu, (3, 4)),
    "sigmoid": (Tensor.sigmoid, lambda x: 1 / (1 + (-x).exp()), (3, 4)),
    "tanh": (Tensor.tanh, lambda x: 2 * (2 * x).sigmoid() - 1, (3, 4)),
    "softplus": (F.softplus, lambda x: (1 + x.exp()).log(), (3, 4)),
    "mean": (lambda x: x.mean(1), lambda x: x.sum(1) / 4, (3, 4)),
    "norm": (lambda x: x.norm(2, 1), lambda x: (x * x).sum(1).sqrt(), (3, 4)),
    "conv2d": (F.conv2d, convolution, (2, 3, 4, 4), (5, 3, 2, 2)),
    "attention": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        attention,
        *((2, 3, 4), (2, 3, 4), (2, 3, 4)),
    ),
}


def results(function, shapes):
    """Return the value and the gradient of its square to each input."""
    generator = tt.Generator(0)
    inputs = [tt.randn(*s, generator=generator, requires_grad=True) for s in shapes]
    out = function(*inputs)
    (out * out).sum().backward()
    return [out, *(x.grad for x in inputs)]


@pytest.mark.parametrize(
    ("fused", "composed", "shapes"),
    [
        pytest.param(fused, composed, shapes, id=name)
        for name, (fused, composed, *shapes) in PAIRS.items()
    ],
)
def test_fused_is_composed(fused, composed, shapes):
    for one, other in zip(
        results(fused, shapes), results(composed, shapes), strict=True
    ):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-4, atol=1e-5)
