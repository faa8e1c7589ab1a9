"""What functions check before they compute, so that errors speak of the call."""

from collections.abc import Sequence

from tinytorch.backends.numpy import Pair, Window, output_size
from tinytorch.tensor import Tensor


def pair(value: int | Pair) -> Pair:
    """Return (value, value) for a number, and a pair as it is."""
    height, width = (value, value) if isinstance(value, int) else value
    return height, width


def window(
    name: str,
    input: Tensor,
    kernel: Sequence[int],
    stride: int | Pair,
    padding: int | Pair,
    dilation: int | Pair = 1,
) -> Window:
    """Return the pairs of a window that was checked to fit into (N, C, H, W)."""
    if input.ndim != 4:
        raise ValueError(f"{name} expects (N, C, H, W), got shape {input.shape}")
    rows, cols = kernel
    steps, border, gaps = pair(stride), pair(padding), pair(dilation)
    if min(rows, cols, *steps, *gaps) < 1 or min(border) < 0:
        raise ValueError(
            f"{name} expects kernel, stride and dilation of at least 1 and padding of "
            f"at least 0, got {(rows, cols)}, {steps}, {gaps} and {border}"
        )
    height, width = input.shape[2:]
    if min(output_size((height, width), (rows, cols), (steps, border, gaps))) < 1:
        raise ValueError(
            f"{name} expects a window that fits, got {(rows, cols)} with dilation "
            f"{gaps} for {(height, width)} pixels with padding {border}"
        )
    return steps, border, gaps


def expect_half_padding(name: str, kernel: Pair, padding: Pair) -> None:
    """A pooling window must meet at least one real pixel."""
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise ValueError(
            f"{name} expects padding of at most half the window {kernel}, got {padding}"
        )


def expect_dtype(name: str, input: Tensor, weight: Tensor) -> None:
    if input.dtype != weight.dtype:
        raise TypeError(
            f"{name} expects input of its weight's dtype {weight.dtype}, "
            f"got {input.dtype}"
        )


def expect_shape(name: str, tensor: Tensor | None, shape: tuple[int, ...]) -> None:
    """`name` says whose: "Linear's bias". An absent tensor fits."""
    if tensor is not None and tensor.shape != shape:
        raise ValueError(f"{name} expects shape {shape}, got {tensor.shape}")


def expect_probability(name: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"{name} expects a number from 0 to 1, got {p}")


def expect_ids(name: str, ids: Tensor, count: int) -> None:
    """`ids` must be integers from 0 to count - 1."""
    if ids.dtype.kind not in "iu":
        raise TypeError(f"{name} expects integers, got dtype {ids.dtype}")
    if ids.numel() and not (ids.data.min() >= 0 and ids.data.max() < count):
        raise IndexError(
            f"{name} expects integers from 0 to {count - 1}, "
            f"got {ids.data.min()} to {ids.data.max()}"
        )
