"""The kernels of lesson 15, one by one: compiled, and as Python."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tinytorch.compiler.conftest import machine, on  # noqa: F401 - fixtures
from tests.tinytorch.compiler.programs import placed
from tinytorch.backends import kernels
from tinytorch.backends.compiled import CompiledBackend
from tinytorch.backends.numpy import NumpyBackend
from tinytorch.compiler import Kernel

SHAPES = [(1, 1, 1), (2, 3, 5), (4, 1, 12), (5, 7, 13), (9, 4, 24), (7, 9, 31)]
TILED = [shape for shape in SHAPES if shape[0] >= 4 and shape[2] >= 12]
PLAIN = [kernels.product, kernels.product_by_rows, kernels.product_by_fours]


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def panels_of(b, where):
    count = -(-b.shape[1] // kernels.COLUMNS)
    panels = placed(where, np.zeros((count * len(b), kernels.COLUMNS), np.float32))
    Kernel(kernels.pack, on=where)(b, panels)
    return panels


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("function", PLAIN)
def test_a_product_of_any_shape(on, function, shape):  # noqa: F811
    rows, depth, columns = shape
    a, b = draw(rows, depth), draw(depth, columns, seed=1)
    given = [placed(on, x) for x in (a, b, np.full((rows, columns), 7, np.float32))]
    Kernel(function, on=on)(*given)
    np.testing.assert_allclose(given[2], a @ b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", TILED)
def test_a_product_of_at_least_a_tile(on, shape):  # noqa: F811
    rows, depth, columns = shape
    given = draw(rows, depth), draw(depth, columns), draw(rows, columns)
    a, b, c = (placed(on, x) for x in given)
    Kernel(kernels.product_by_tiles, on=on)(a, b, c)
    np.testing.assert_allclose(c, a @ b, rtol=1e-5, atol=1e-5)
    c[...] = 0
    Kernel(kernels.product_by_panels, on=on)(a, panels_of(b, on), c)
    np.testing.assert_allclose(c, a @ b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("function", [kernels.product_by_tiles, kernels.pack])
def test_less_than_a_tile_is_an_error_and_no_number(on, function):  # noqa: F811
    small = [placed(on, draw(2, 5)) for _ in range(function.__code__.co_argcount)]
    with pytest.raises(IndexError, match="index -"):
        Kernel(function, on=on)(*small)


def test_accesses_per_multiplication_fall_with_every_step():
    a, b, c = draw(8, 24), draw(24, 24), np.zeros((8, 24), np.float32)
    panels = panels_of(b, None)
    counts = [Kernel(f).accesses(a, b, c) for f in PLAIN]
    counts.append(Kernel(kernels.product_by_tiles).accesses(a, b, c))
    multiplications = 8 * 24 * 24
    assert counts[0] == 2 * multiplications + 8 * 24
    assert counts[2] < counts[1]
    tile = kernels.ROWS + kernels.FOURS
    assert counts[3] <= multiplications * tile / (kernels.ROWS * kernels.COLUMNS) + 48
    assert Kernel(kernels.product_by_panels).accesses(a, panels, c) == counts[3]


@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (2, 11)])
def test_bias_gelu_and_softmax(on, shape):  # noqa: F811
    x, bias = 3 * draw(*shape), draw(shape[1], seed=1)
    given = [placed(on, v) for v in (x, bias, np.empty_like(x))]
    Kernel(kernels.bias_gelu, on=on)(*given)
    numpys = NumpyBackend()
    np.testing.assert_allclose(given[2], numpys.gelu(x + bias), rtol=1e-5, atol=1e-6)
    Kernel(kernels.softmax, on=on)(given[0], given[2])
    np.testing.assert_allclose(given[2], numpys.softmax(x), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["softmax", "gelu"])
def test_infinities_and_nan_come_out_as_in_numpy(name):
    inf, nan = np.inf, np.nan
    x = [[-inf, -inf, -inf], [nan, 1, 2], [inf, 0, 1], [1e30, -1e30, 0], [-99, 0, 88]]
    x = np.array(x, dtype=np.float32)
    backend = CompiledBackend()
    backend.least = 0
    with np.errstate(all="ignore"):
        expected = getattr(NumpyBackend(), name)(x)
    np.testing.assert_allclose(
        getattr(backend, name)(x), expected, rtol=1e-5, atol=1e-37
    )


@pytest.mark.parametrize(
    "arrays",
    [
        (draw(3), draw(3)),
        (draw(2, 0), draw(0, 2)),
        (draw(4, 4).astype(np.float64), draw(4, 4)),
    ],
)
def test_what_does_not_fit_is_numpys(monkeypatch, arrays):
    monkeypatch.setattr(Kernel, "__call__", None)
    backend = CompiledBackend()
    backend.least = 0
    assert np.array_equal(backend.matmul(*arrays), np.matmul(*arrays))


def test_shapes_that_do_not_fit_are_numpys_error():
    with pytest.raises(ValueError, match="matmul"):
        CompiledBackend().matmul(draw(2, 3), draw(2, 3))


def test_it_says_what_it_is():
    assert "WebAssembly" in CompiledBackend(on=object()).describe()
    assert "as Python, up to 8192" in CompiledBackend(on=None).describe()
