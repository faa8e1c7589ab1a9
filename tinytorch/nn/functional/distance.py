"""Lengths and angles: vectors brought to length 1, and how alike two of them are."""

from tinytorch import expect
from tinytorch.tensor import Tensor


def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12
) -> Tensor:
    """Divide by the p-norm along `dim`, so that it becomes 1; the shape stays.

    A norm below `eps` counts as eps: a vector of zeros stays one.
    """
    expect.tensors("normalize", input=input)
    expect.floating("normalize", input)
    expect.positive(p=p, eps=eps)
    return input / input.norm(p, dim, keepdim=True).clamp(min=eps)


def cosine_similarity(
    x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8
) -> Tensor:
    """Cosine of the angle between vectors along `dim`, which goes: from -1 to 1.

    x1 and x2 broadcast. A norm below `eps` counts as eps: zeros are like nothing.
    """
    expect.tensors("cosine_similarity", x1=x1, x2=x2)
    unit1, unit2 = normalize(x1, 2.0, dim, eps), normalize(x2, 2.0, dim, eps)
    return (unit1 * unit2).sum(dim)
