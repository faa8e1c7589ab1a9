"""Padding: more elements around a tensor."""

from collections.abc import Sequence
from typing import Literal

from tinytorch import ops
from tinytorch.tensor import Tensor


def pad(
    input: Tensor,
    pad: Sequence[int],
    mode: Literal["constant"] = "constant",
    value: float | None = None,
) -> Tensor:
    """Put `value`, or zeros, around the last axes.

    pad: how many before and after the last axis, then the last but one, and so on, as
    in PyTorch: (left, right, top, bottom) for images.
    """
    if mode != "constant":
        raise ValueError(f"pad expects mode 'constant', got {mode!r}")
    if len(pad) % 2 or len(pad) > 2 * input.ndim or min(pad, default=0) < 0:
        raise ValueError(
            f"pad expects numbers >= 0, two for each of at most {input.ndim} axes, "
            f"got {tuple(pad)}"
        )
    widths = [
        (before, after) for before, after in zip(pad[::2], pad[1::2], strict=True)
    ]
    untouched = [(0, 0)] * (input.ndim - len(widths))
    full = (*untouched, *reversed(widths))
    return ops.Pad.apply(input, widths=full, value=value or 0.0)
