"""Typical uses of tensors, for a type checker; a comment after a line is its error."""

from typing import assert_type

import numpy as np

import tinytorch as tt
from tinytorch import nn, ops
from tinytorch.tensor import Tensor
from tinytorch.tensor.reduce import ValuesAndIndices

x = tt.tensor([[1.0, 2.0]], requires_grad=True)

assert_type(x + x, Tensor)
assert_type(2 * x, Tensor)
assert_type(x @ x.T, Tensor)
assert_type(-x, Tensor)
assert_type(x > 0, Tensor)
assert_type(x == x, Tensor)
assert_type(x[0], Tensor)
assert_type(x.exp(), Tensor)
assert_type(x.sum(0, keepdim=True), Tensor)
assert_type(x.reshape(2, 1).transpose(0, 1), Tensor)
assert_type(x.std(unbiased=False), Tensor)
assert_type(x.sort(), ValuesAndIndices)
assert_type(x.split(1), tuple[Tensor, ...])
assert_type(x.float(), Tensor)
assert_type(x.add_(1), Tensor)
assert_type(x.shape, tuple[int, ...])
assert_type(x.grad, Tensor | None)
assert_type(tt.exp(x), Tensor)
assert_type(tt.softmax(x, 1), Tensor)
assert_type(tt.cat([x, x]), Tensor)
assert_type(tt.where(x > 0, x, 0.0), Tensor)
assert_type(tt.matmul(x, x), Tensor)
assert_type(ops.Mul.apply(x, x), Tensor)
assert_type(nn.functional.relu(x), Tensor)
assert_type(nn.functional.linear(x, x), Tensor)

for row in x:
    assert_type(row, Tensor)

x.sum().no_such_method()  # "no_such_method"
(x + x).no_such_method()  # "no_such_method"
tt.exp(x).no_such_method()  # "no_such_method"
ops.Add.apply(x, x).no_such_method()  # "no_such_method"
x.transpose("rows", 1)  # "str"
x.exp(1)  # Too many arguments
x.shape = (2, 1)  # read-only
tt.exp(np.ones(2))  # expected "Tensor"
tt.zeros(2).grad.numpy()  # "None"
