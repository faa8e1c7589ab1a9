"""The layers give the same values and gradients on loops as on numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch as tt
from tinytorch import backends
from tinytorch.nn import functional as F

few = st.integers(1, 3)
quick = settings(deadline=None, max_examples=20)


def agree(function, *shapes):
    """Run on both backends; compare the result and the gradient to each input."""
    results = []
    for name in ("loops", "numpy"):
        generator = tt.Generator(sum(map(sum, shapes)))
        inputs = [tt.randn(*s, generator=generator, requires_grad=True) for s in shapes]
        with backends.use(name):
            out = function(*inputs)
            (out * out).sum().backward()
        results.append([out, *(x.grad for x in inputs)])
    for loops, vectorised in zip(*results, strict=True):
        np.testing.assert_allclose(loops.data, vectorised.data, rtol=1e-3, atol=1e-4)


@quick
@given(few, few, few)
def test_linear(n, i, o):
    agree(F.linear, (n, i), (o, i), (o,))


@quick
@given(
    few,
    st.tuples(few, few, few),
    st.tuples(few, few),
    st.tuples(few, few),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
)
def test_conv2d(n, channels, kernel, stride, padding, dilation):
    groups, inner, outer = channels
    agree(
        lambda x, w, b: F.conv2d(x, w, b, stride, padding, dilation, groups),
        (n, groups * inner, 5, 6),
        (groups * outer, inner, *kernel),
        (groups * outer,),
    )


@quick
@given(few, few, st.integers(2, 3), few, st.integers(0, 1))
def test_max_pool2d(n, c, kernel, stride, padding):
    agree(lambda x: F.max_pool2d(x, kernel, stride, padding), (n, c, 5, 4))


@quick
@given(few, st.integers(2, 5))
def test_normalisation(n, d):
    agree(lambda x, w, b: F.layer_norm(x, d, w, b), (n, d), (d,), (d,))
    agree(
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        (n, 2, d),
        (2,),
        (2,),
    )


@quick
@given(few, st.integers(1, 4), st.integers(1, 4))
def test_attention(batch, length, width):
    shape = (batch, length, width)
    agree(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        shape,
        shape,
        shape,
    )


@pytest.mark.parametrize("activation", [F.relu, lambda x: F.gelu(x, "tanh")])
def test_activation(activation):
    agree(activation, (3, 4))


@quick
@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_embedding_and_cross_entropy(ids):
    ids = tt.tensor(ids)
    agree(lambda table: F.embedding(ids, table), (5, 3))
    agree(lambda logits: F.cross_entropy(logits, ids), (len(ids), 5))
