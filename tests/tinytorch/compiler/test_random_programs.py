"""Programs drawn at random: compiled and in Python they agree, and stay inside."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tinytorch.compiler.programs import Drawer, define, placed
from tinytorch.compiler import Kernel

PROGRAMS = 80
GUARD = 64  # numbers on either side of every array
CANARY = np.float32(12345.678)


def guarded(machine, rng, shape):
    """Return (everything, the array inside it): all around are canaries."""
    whole = placed(machine, np.full(2 * GUARD + 8 * 12 + 99, CANARY, np.float32))
    count = int(np.prod(shape))
    array = whole[GUARD : GUARD + count].reshape(shape)
    array[...] = rng.standard_normal(shape)
    if len(shape) == 2 and rng.random() < 0.3:
        array = array[::2]
    return whole, array


def outcome(kernel, arrays, numbers):
    """Return what a kernel wrote, or what it complained about."""
    try:
        kernel(*arrays, *numbers)
    except IndexError as error:
        return str(error)
    return arrays[2].copy()


def same(got, expected) -> bool:
    """Whether equal bit for bit, but for the bits of a nan."""
    if isinstance(got, str) or isinstance(expected, str):
        return got == expected
    return np.array_equal(got, expected, equal_nan=True) and np.array_equal(
        np.signbit(got[~np.isnan(got)]), np.signbit(expected[~np.isnan(expected)])
    )


@pytest.mark.parametrize("wild", [0.0, 0.2])
def test_compiled_and_interpreted_agree_and_nothing_else_is_touched(machine, wild):
    complaints = 0
    for number in range(PROGRAMS):
        rng = np.random.default_rng([number, int(10 * wild)])
        shape = (int(rng.integers(1, 8)), int(rng.integers(4, 12)))
        function = define(Drawer(rng, wild).program())
        numbers = (int(rng.integers(-9, 9)), int(rng.integers(9)), float(rng.normal()))
        results = []
        for on in (machine, None):
            draw = np.random.default_rng(number)
            made = [guarded(on, draw, s) for s in (shape, (7,), shape)]
            arrays = [array for _, array in made]
            before = [(whole.copy(), array.copy()) for whole, array in made]
            results.append(outcome(Kernel(function, on=on), arrays, numbers))
            for (whole, array), (all_before, inside) in zip(made, before, strict=True):
                array[...] = inside
                assert whole.tobytes() == all_before.tobytes(), number
        assert same(*results), (number, results)
        complaints += isinstance(results[0], str)
    assert 0 < complaints < PROGRAMS
