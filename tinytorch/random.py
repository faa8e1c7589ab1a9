"""Every random number comes from a `Generator`, so every run can be repeated."""

from __future__ import annotations

from typing import Any

import numpy as np


class Generator:
    """A seeded source of random numbers (PCG64).

    `numpy` is the underlying `numpy.random.Generator`. `get_state` and `set_state`
    save and restore the exact position in the stream, as JSON-able values.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.numpy = np.random.default_rng(seed)

    def manual_seed(self, seed: int) -> Generator:
        """Start again from `seed`; returns the generator."""
        self.numpy = np.random.default_rng(seed)
        return self

    def get_state(self) -> dict[str, Any]:
        """Return the position in the stream."""
        return dict(self.numpy.bit_generator.state)

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to a position that `get_state` returned."""
        self.numpy.bit_generator.state = state


default_generator = Generator(0)


def expect_generator(generator: Any) -> None:
    """Raise TypeError for what is neither a Generator nor None, the default one."""
    if generator is not None and not isinstance(generator, Generator):
        got = type(generator).__name__
        raise TypeError(f"expected a tinytorch.Generator or None, got {got}")


def manual_seed(seed: int) -> Generator:
    """Seed the default generator: initialisation, dropout, shuffling, sampling."""
    return default_generator.manual_seed(seed)
