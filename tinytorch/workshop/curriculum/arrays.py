"""Numbers for the cases: drawn the same way every time, or written out."""

from typing import Any

import numpy as np

from tinytorch import Tensor


def array(*shape: int, seed: int = 0, dtype: Any = np.float32) -> np.ndarray:
    """Return draws from a normal distribution around 0; the seed decides."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def f32(*numbers: Any) -> np.ndarray:
    """Return these numbers, or rows of numbers, as float32."""
    return np.array(numbers, dtype=np.float32)


def tensor(*shape: int, seed: int = 0, dtype: Any = np.float32) -> Tensor:
    """Return a tensor of draws, as `array` makes them."""
    return Tensor(array(*shape, seed=seed, dtype=dtype))
