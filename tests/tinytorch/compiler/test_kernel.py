"""Kernels by hand: what they compute, where they stop, and what they are made of."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tinytorch.compiler.programs import define, placed
from tinytorch.compiler import Kernel, exp, kernel, load4, registers, splat, unroll
from tinytorch.compiler.machine import HERE
from tinytorch.compiler.source import Source


def product(a, b, c):
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            total = 0.0
            for k in range(a.shape[1]):
                total += a[i, k] * b[k, j]
            c[i, j] = total


def exponentials(x, y):
    for i in range(len(x)):
        y[i] = exp(x[i])


def run(on, function, *arguments, checked=True):
    """Call a kernel on copies in the machine's memory, and return these."""
    given = [placed(on, a) if isinstance(a, np.ndarray) else a for a in arguments]
    Kernel(function, checked, on)(*given)
    return given


def floats(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize(
    "view",
    [
        lambda x: x,
        lambda x: x.T,
        lambda x: x[::-1, ::-1],
        lambda x: x[:, ::2],
        lambda x: np.broadcast_to(x[:1], x.shape),
        lambda x: x[:0],
        lambda x: x[:, :0],
    ],
)
def test_an_array_is_taken_by_its_shape_and_strides(on, view, checked):
    a = view(floats(6, 6))
    b = view(floats(6, 6, seed=1))
    depth = min(a.shape[1], b.shape[0])
    a, b = a[:, :depth], b[:depth]
    c = np.full((a.shape[0], b.shape[1]), 7, np.float32)
    got = run(on, product, a, b, c, checked=checked)[2]
    np.testing.assert_allclose(got, a @ b, rtol=1e-5, atol=1e-6)


def test_numbers_are_passed_and_rounded_to_32_bits(on):
    text = "def f(y, n, x):\n    y[n] = x"
    for number in (1 / 3, np.float64(0.1), np.float32(0.1)):
        (got, *_) = run(on, define(text), np.zeros(3, np.float32), np.int64(2), number)
        assert got.tolist() == [0, 0, np.float32(number)]


@pytest.mark.parametrize(
    ("start", "stop", "step"), [(0, 5, 1), (1, 8, 3), (3, 3, 1), (5, 2, 2), (-4, 3, 2)]
)
def test_range_counts_as_in_python(on, start, stop, step):
    text = f"""
def f(y, start, stop):
    for i in range(start, stop, {step}):
        y[0] = y[0] + 1.0
        y[1] = float(i)
"""
    y = run(on, define(text), np.zeros(2, np.float32), start, stop)[0]
    counted = list(range(start, stop, step))
    assert y.tolist() == [len(counted), counted[-1] if counted else 0]


def test_a_loop_to_the_largest_integer_ends(on):
    text = f"""
def f(y):
    for i in range({2**31 - 7}, {2**31 - 1}, 4):
        y[0] = y[0] + 1.0
"""
    assert run(on, define(text), np.zeros(1, np.float32))[0][0] == 2


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("n // 3", [-3, -1, 2]),
        ("n % 3", [2, 2, 1]),
        ("-n", [7, 1, -7]),
        ("max(n, -n)", [7, 1, 7]),
        ("min(n, 0, 2)", [-7, -1, 0]),
        ("n * 1073741824 * 4", [0, 0, 0]),
        ("n + 2147483647", [2147483640, 2147483646, -2147483642]),
    ],
)
def test_integers_round_down_and_wrap_around(on, expression, expected):
    text = f"def f(y, n):\n    y[0] = float(({expression}) // 16)\n"
    text += f"    y[1] = float(({expression}) % 16)"
    for n, want in zip((-7, -1, 7), expected, strict=True):
        y = run(on, define(text), np.zeros(2, np.float32), n)[0]
        assert y.tolist() == [np.float32(want // 16), want % 16]


@pytest.mark.parametrize("checked", [True, False])
def test_a_tile_in_registers(on, checked):
    text = """
def f(a, b, c):
    for j in range(0, c.shape[1], 4 * WIDTH):
        for i in range(0, c.shape[0], 2):
            tile = registers(2, WIDTH)
            for k in range(a.shape[1]):
                for r in unroll(2):
                    x = splat(a[i + r, k])
                    for q in unroll(WIDTH):
                        tile[r, q] += x * load4(b, k, j + 4 * q)
            for r in unroll(2):
                for q in unroll(WIDTH):
                    store4(c, i + r, j + 4 * q, tile[r, q])
"""
    a, b = floats(6, 5), floats(5, 16)
    c = np.zeros((6, 16), np.float32)
    got = run(on, define(text, WIDTH=2), a, b, c, checked=checked)[2]
    np.testing.assert_allclose(got, a @ b, rtol=1e-5, atol=1e-6)


def test_exp_is_exact_to_two_ten_millionths_and_has_the_right_ends(on):
    x = np.linspace(-87, 88.7, 2001, dtype=np.float32)
    y = run(on, exponentials, x, np.zeros_like(x))[1]
    assert np.abs(y / np.exp(x.astype(np.float64)) - 1).max() < 2e-7
    ends = np.array([0, -np.inf, np.inf, np.nan, -200, 200], np.float32)
    y = run(on, exponentials, ends, np.zeros_like(ends))[1]
    np.testing.assert_array_equal(y, [1, 0, np.inf, np.nan, 0, np.inf])


def test_a_word_means_in_python_what_it_means_compiled():
    tile = registers(2, 3)
    assert tile.shape == (2, 3, 4)
    assert list(unroll(3)) == [0, 1, 2]
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    assert load4(x, 1, 0).tolist() == [4, 5, 6, 7]
    assert splat(2.0).tolist() == [2, 2, 2, 2]
    assert abs(exp(1.0) - np.e) < 1e-6


def test_min_is_pythons_also_for_nan(on):
    text = "def f(y):\n    y[0] = min(y[0], 1.0)\n    y[1] = min(1.0, y[1])"
    text += "\n    store4(y, 2, min(load4(y, 2), splat(y[1])))"
    y = np.array([np.nan] * 4 + [3, -1], np.float32)
    got = run(on, define(text), y)[0]
    np.testing.assert_array_equal(got, [np.nan, 1, np.nan, np.nan, 1, -1])


def test_an_index_outside_is_an_error_at_the_line(on):
    text = "def f(a):\n    for i in range(9):\n        a[1, i] = 2.0"
    a = placed(on, np.zeros((2, 5), np.float32))
    message = r"line 3 of f: a\[1, i\] asks for index 5 on axis 1 of a.*\(2, 5\)"
    with pytest.raises(IndexError, match=message):
        Kernel(define(text), on=on)(a)
    assert a.tolist() == [[0] * 5, [2] * 5]


@pytest.mark.parametrize(("n", "bad"), [(4, 1), (3, 0), (8, 5), (8, -1), (2, 0)])
def test_four_numbers_must_all_be_inside(on, n, bad):
    text = "def f(a, i):\n    store4(a, i, splat(2.0))"
    a = placed(on, np.zeros(n, np.float32))
    with pytest.raises(IndexError, match=f"index {bad} and the three after it"):
        Kernel(define(text), on=on)(a, bad)
    assert not a.any()


def test_a_negative_index_does_not_count_from_the_end(on):
    with pytest.raises(IndexError, match="asks for index -1 on axis 0"):
        run(on, define("def f(a):\n    a[-1] = 2.0"), np.zeros(3, np.float32))


def test_unchecked_is_one_option_and_reaches_the_neighbour(machine):
    whole = placed(machine, np.zeros(8, np.float32))
    function = define("def f(a):\n    a[4] = 2.0")
    with pytest.raises(IndexError):
        Kernel(function, on=machine)(whole[:4])
    assert not whole.any()
    Kernel(function, checked=False, on=machine)(whole[:4])
    assert whole[4] == 2


def test_a_changed_constant_is_compiled_in_again(on):
    function = define(
        "def f(y):\n    y[0] = twice(N)\ndef twice(n):\n"
        "    return 2.0 * float(n)\nf = f",
        N=3,
    )
    function = function.__globals__["f"]
    compiled = Kernel(function, on=on)
    y = placed(on, np.zeros(1, np.float32))
    compiled(y)
    assert y[0] == 6
    function.__globals__["N"] = 5
    compiled(y)
    assert y[0] == 10
    function.__globals__["twice"] = define("def twice(n):\n    return 3.0 * float(n)")
    compiled(y)
    assert y[0] == 15


def test_a_changed_body_is_compiled_in_again(on):
    function = define("def f(y):\n    y[0] = 1.0")
    compiled, y = Kernel(function, on=on), placed(on, np.zeros(1, np.float32))
    compiled(y)
    function.__code__ = define("def f(y):\n    y[0] = 2.0").__code__
    compiled(y)
    assert y[0] == 2


def test_the_decorator_takes_its_option():
    def f(a):
        a[0] = 1.0

    assert repr(kernel(f)) == "<kernel f, checked>"
    assert repr(kernel(checked=False)(f)) == "<kernel f, unchecked>"
    x = np.zeros(2, np.float32)
    kernel(f)(x)
    assert x.tolist() == [1, 0]


def test_the_text_says_what_runs_below_the_students_lines():
    a, c = floats(2, 3), np.zeros((2, 2), np.float32)
    text = Kernel(product).text(a, a.T, c)
    first = Source(product).tree.lineno
    line = f";; {first + 5}: total += a[i, k] * b[k, j]"
    assert line in text
    after = text[text.index(line) :]
    for word in ("local.get $total", "f32.load align=4", "f32.mul", "f32.add"):
        assert word in after
    assert Kernel(product).wasm(a, a.T, c)[:4] == b"\0asm"


def test_a_desktop_runs_python_and_a_browser_webassembly():
    import sys

    assert (HERE is None) == (sys.platform != "emscripten")
