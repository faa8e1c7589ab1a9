"""PyTorch's functions that are methods too: `tinytorch.exp(x)` is `x.exp()`.

Each has the arguments of the method of its name, where its rules are described.
"""

from collections.abc import Sequence
from typing import Any

from tinytorch import expect
from tinytorch.tensor.reduce import ValuesAndIndices
from tinytorch.tensor.sizes import Dim
from tinytorch.tensor.tensor import Tensor


def _tensor(name: str, value: Tensor) -> Tensor:
    """Return `value`. Raises TypeError unless it is a tensor."""
    expect.tensors(name, input=value)
    return value


def abs(input: Tensor) -> Tensor:
    """Return each element without its sign; see `Tensor.abs`."""
    return _tensor("abs", input).abs()


def all(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return whether every element is not 0; see `Tensor.all`."""
    return _tensor("all", input).all(dim, keepdim)


def amax(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return the largest element; see `Tensor.amax`."""
    return _tensor("amax", input).amax(dim, keepdim)


def amin(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return the smallest element; see `Tensor.amin`."""
    return _tensor("amin", input).amin(dim, keepdim)


def any(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return whether some element is not 0; see `Tensor.any`."""
    return _tensor("any", input).any(dim, keepdim)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return where the largest element is; see `Tensor.argmax`."""
    return _tensor("argmax", input).argmax(dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return where the smallest element is; see `Tensor.argmin`."""
    return _tensor("argmin", input).argmin(dim, keepdim)


def argsort(input: Tensor, dim: int = -1, descending: bool = False) -> Tensor:
    """Return the indices that sort; see `Tensor.argsort`."""
    return _tensor("argsort", input).argsort(dim, descending)


def ceil(input: Tensor) -> Tensor:
    """Return each element rounded up; see `Tensor.ceil`."""
    return _tensor("ceil", input).ceil()


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut into pieces of equal size; see `Tensor.chunk`."""
    return _tensor("chunk", input).chunk(chunks, dim)


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Limit each element; see `Tensor.clamp`."""
    return _tensor("clamp", input).clamp(min, max)


def clip(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Limit each element; see `Tensor.clip`."""
    return _tensor("clip", input).clip(min, max)


def clone(input: Tensor) -> Tensor:
    """Return a copy; see `Tensor.clone`."""
    return _tensor("clone", input).clone()


def cos(input: Tensor) -> Tensor:
    """Return the cosine; see `Tensor.cos`."""
    return _tensor("cos", input).cos()


def cumsum(input: Tensor, dim: int) -> Tensor:
    """Return the sums up to each element; see `Tensor.cumsum`."""
    return _tensor("cumsum", input).cumsum(dim)


def erf(input: Tensor) -> Tensor:
    """Return the error function; see `Tensor.erf`."""
    return _tensor("erf", input).erf()


def exp(input: Tensor) -> Tensor:
    """Return e to the power of each element; see `Tensor.exp`."""
    return _tensor("exp", input).exp()


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Join axes; see `Tensor.flatten`."""
    return _tensor("flatten", input).flatten(start_dim, end_dim)


def flip(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Reverse the order along axes; see `Tensor.flip`."""
    return _tensor("flip", input).flip(dims)


def floor(input: Tensor) -> Tensor:
    """Return each element rounded down; see `Tensor.floor`."""
    return _tensor("floor", input).floor()


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Pick along one axis; see `Tensor.gather`."""
    return _tensor("gather", input).gather(dim, index)


def isfinite(input: Tensor) -> Tensor:
    """Return where elements are finite; see `Tensor.isfinite`."""
    return _tensor("isfinite", input).isfinite()


def isnan(input: Tensor) -> Tensor:
    """Return where elements are not a number; see `Tensor.isnan`."""
    return _tensor("isnan", input).isnan()


def log(input: Tensor) -> Tensor:
    """Return the natural logarithm; see `Tensor.log`."""
    return _tensor("log", input).log()


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """Return the logarithm of softmax; see `Tensor.log_softmax`."""
    return _tensor("log_softmax", input).log_softmax(dim)


def logsumexp(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return log(sum(exp(x))); see `Tensor.logsumexp`."""
    return _tensor("logsumexp", input).logsumexp(dim, keepdim)


def masked_fill(input: Tensor, mask: Tensor, value: float) -> Tensor:
    """Put a value where a mask is true; see `Tensor.masked_fill`."""
    return _tensor("masked_fill", input).masked_fill(mask, value)


def max(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the largest element; see `Tensor.max`."""
    return _tensor("max", input).max(dim, keepdim)


def mean(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return the mean; see `Tensor.mean`."""
    return _tensor("mean", input).mean(dim, keepdim)


def min(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the smallest element; see `Tensor.min`."""
    return _tensor("min", input).min(dim, keepdim)


def norm(input: Tensor, p: float = 2, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return a norm; see `Tensor.norm`."""
    return _tensor("norm", input).norm(p, dim, keepdim)


def numel(input: Tensor) -> int:
    """Return the number of elements; see `Tensor.numel`."""
    return _tensor("numel", input).numel()


def permute(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Reorder the axes; see `Tensor.permute`."""
    return _tensor("permute", input).permute(dims)


def pow(input: Tensor, exponent: Any) -> Tensor:
    """Return each element to a power; see `Tensor.pow`."""
    return _tensor("pow", input).pow(exponent)


def prod(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return the product; see `Tensor.prod`."""
    return _tensor("prod", input).prod(dim, keepdim)


def relu(input: Tensor) -> Tensor:
    """Return max(x, 0); see `Tensor.relu`."""
    return _tensor("relu", input).relu()


def repeat_interleave(input: Tensor, repeats: int, dim: int | None = None) -> Tensor:
    """Repeat each element; see `Tensor.repeat_interleave`."""
    return _tensor("repeat_interleave", input).repeat_interleave(repeats, dim)


def reshape(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Give the same elements another shape; see `Tensor.reshape`."""
    return _tensor("reshape", input).reshape(shape)


def round(input: Tensor) -> Tensor:
    """Return the nearest integers; see `Tensor.round`."""
    return _tensor("round", input).round()


def sigmoid(input: Tensor) -> Tensor:
    """Return 1 / (1 + exp(-x)); see `Tensor.sigmoid`."""
    return _tensor("sigmoid", input).sigmoid()


def sign(input: Tensor) -> Tensor:
    """Return -1, 0 or 1; see `Tensor.sign`."""
    return _tensor("sign", input).sign()


def sin(input: Tensor) -> Tensor:
    """Return the sine; see `Tensor.sin`."""
    return _tensor("sin", input).sin()


def softmax(input: Tensor, dim: int) -> Tensor:
    """Return exp(x) over its sum; see `Tensor.softmax`."""
    return _tensor("softmax", input).softmax(dim)


def sort(input: Tensor, dim: int = -1, descending: bool = False) -> ValuesAndIndices:
    """Return values and indices in order; see `Tensor.sort`."""
    return _tensor("sort", input).sort(dim, descending)


def split(
    tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Cut into pieces; see `Tensor.split`."""
    return _tensor("split", tensor).split(split_size_or_sections, dim)


def sqrt(input: Tensor) -> Tensor:
    """Return the square root; see `Tensor.sqrt`."""
    return _tensor("sqrt", input).sqrt()


def square(input: Tensor) -> Tensor:
    """Return each element times itself; see `Tensor.square`."""
    return _tensor("square", input).square()


def squeeze(input: Tensor, dim: int | tuple[int, ...] | None = None) -> Tensor:
    """Drop axes of length 1; see `Tensor.squeeze`."""
    return _tensor("squeeze", input).squeeze(dim)


def std(
    input: Tensor,
    dim: Dim = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: int = 1,
) -> Tensor:
    """Return the standard deviation; see `Tensor.std`."""
    return _tensor("std", input).std(dim, unbiased, keepdim, correction=correction)


def sum(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Return the sum; see `Tensor.sum`."""
    return _tensor("sum", input).sum(dim, keepdim)


def t(input: Tensor) -> Tensor:
    """Return the transpose of a matrix; see `Tensor.t`."""
    return _tensor("t", input).t()


def tanh(input: Tensor) -> Tensor:
    """Return the hyperbolic tangent; see `Tensor.tanh`."""
    return _tensor("tanh", input).tanh()


def topk(
    input: Tensor, k: int, dim: int | None = None, largest: bool = True
) -> ValuesAndIndices:
    """Return the largest values and their indices; see `Tensor.topk`."""
    return _tensor("topk", input).topk(k, dim, largest)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two axes; see `Tensor.transpose`."""
    return _tensor("transpose", input).transpose(dim0, dim1)


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """Zero what lies above the diagonal; see `Tensor.tril`."""
    return _tensor("tril", input).tril(diagonal)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Zero what lies below the diagonal; see `Tensor.triu`."""
    return _tensor("triu", input).triu(diagonal)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Return the slices along an axis; see `Tensor.unbind`."""
    return _tensor("unbind", input).unbind(dim)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Insert an axis of length 1; see `Tensor.unsqueeze`."""
    return _tensor("unsqueeze", input).unsqueeze(dim)


def var(
    input: Tensor,
    dim: Dim = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: int = 1,
) -> Tensor:
    """Return the variance; see `Tensor.var`."""
    return _tensor("var", input).var(dim, unbiased, keepdim, correction=correction)
