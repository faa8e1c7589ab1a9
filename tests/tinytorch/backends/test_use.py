"""Which backend computes: one by name, or one of a reader's own."""

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import backends
from tinytorch.backends.numpy import NumpyBackend


class Counting(NumpyBackend):
    """Counts its sums of two arrays."""

    name = "counting"
    calls = 0

    def add(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        self.calls += 1
        return super().add(a, b)


def test_a_backend_of_ones_own_computes_inside_the_block_only() -> None:
    mine, before = Counting(), backends.current
    with backends.use(mine) as active:
        assert active is mine
        assert backends.report().startswith("counting: ")
        assert (tt.ones(2) + 1).tolist() == [2.0, 2.0]
    assert mine.calls == 1
    assert backends.current is before
    assert (tt.ones(2) + 1).tolist() == [2.0, 2.0]
    assert mine.calls == 1


def test_a_backend_of_ones_own_stays_until_another_is_used() -> None:
    mine, before = Counting(), backends.current
    try:
        backends.use(mine)
        assert backends.current is mine
    finally:
        backends.use(before)
    assert backends.current is before


@pytest.mark.parametrize("wrong", ["no-such", Counting, None, 3])
def test_what_is_no_backend_is_refused(wrong: object) -> None:
    before = backends.current
    with pytest.raises(ValueError, match="expected a backend out of"):
        backends.use(wrong)  # type: ignore[arg-type]
    assert backends.current is before
