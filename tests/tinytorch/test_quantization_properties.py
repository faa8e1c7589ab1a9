"""Rounding to int8, with any shapes and values."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.quantization import quantize
from tinytorch.tensor import Tensor

floats = hnp.arrays(
    np.float32, hnp.array_shapes(max_dims=3), elements=st.floats(-1e6, 1e6, width=32)
)


@given(floats, st.booleans(), st.booleans())
def test_the_error_is_half_a_step(x, symmetric, by_channel):
    q = quantize(Tensor(x), symmetric=symmetric, axis=0 if by_channel else None)
    scale, _ = q.params.along(x)
    error = np.abs(q.dequantize().data - x)
    # The ends of an affine range may be off by one more half, as 0 is on an integer.
    assert (error <= scale * (0.501 if symmetric else 1.001)).all()
    zeros = quantize(Tensor(np.zeros_like(x)), q.params).dequantize()
    assert (zeros.data == 0).all()
