"""What functions check before they compute, so that errors speak of the call."""

from collections.abc import Sequence

from tinytorch.backends.numpy import Pair
from tinytorch.tensor import Tensor

Size = int | Sequence[int]


def pair(value: Size) -> Pair:
    """Return (value, value) for a number, and a pair as it is."""
    height, width = (value, value) if isinstance(value, int) else value
    return height, width


def expect_dtype(name: str, input: Tensor, weight: Tensor) -> None:
    """The input must have its weight's dtype, else TypeError."""
    if input.dtype != weight.dtype:
        raise TypeError(f"{name} expects dtype {weight.dtype}, got {input.dtype}")


def expect_shape(name: str, tensor: Tensor | None, shape: tuple[int, ...]) -> None:
    """`name` says whose: "Linear's bias". An absent tensor fits."""
    if tensor is not None and tensor.shape != shape:
        raise ValueError(f"{name} expects shape {shape}, got {tensor.shape}")


def expect_ids(name: str, ids: Tensor, count: int) -> None:
    """`ids` must be integers, else TypeError, from 0 to count - 1, else IndexError."""
    if ids.dtype.kind not in "iu":
        raise TypeError(f"{name} expects integers, got dtype {ids.dtype}")
    wrong = ids.data[(ids.data < 0) | (ids.data >= count)]
    if wrong.size:
        raise IndexError(
            f"{name} expects integers from 0 to {count - 1}, got {wrong[0]}"
        )
