"""The tensor: an array with PyTorch's methods that remembers how it was computed.

`base` says what it is, `shape` moves its elements, `operators` has `+` and its like,
`math` and `reduce` the functions, and `tensor` the gradient: each class of this chain
adds to the one before. `creation` and `functions` are what `tinytorch` offers beside.

In `tinytorch` the name `tensor` is PyTorch's function: `tinytorch.tensor([1.0])`. The
package is reached by import: `from tinytorch.tensor import Tensor`.
"""

from .tensor import Tensor, as_tensor
