"""What cannot be compiled is an error at its line, and says what can."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tinytorch.compiler.programs import define
from tinytorch.compiler import CompileError, Kernel
from tinytorch.compiler.check import check_kernel
from tinytorch.compiler.names import Constants
from tinytorch.compiler.source import Source

#: (what is wrong, lines of the body of f(a, b, n, x), line of the error, message)
BODIES = [
    ("while", "while n > 0:\n    n = n - 1", 2, "made of x = ….*for … in range"),
    ("an unknown name", "y = z", 2, "z has no value here"),
    ("set in a loop only", "for i in range(3):\n    y = x\nx = y", 4, "y has no value"),
    ("set in an if only", "if n > 0:\n    y = x\nx = y", 4, "known there only"),
    (
        "an int sum",
        "s = 0\nfor i in range(n):\n    s += a[i, 0]",
        4,
        "or begin with s = 0.0",
    ),
    (
        "integer + float",
        "y = n + x",
        2,
        r"n is an integer and x is a float.*float\(n\)",
    ),
    ("float + four", "y = load4(b, 0) * x", 2, r"write splat\(x\)"),
    ("a new type", "y = x\ny = load4(b, 0)", 3, "y is a float since its first value"),
    ("an index too many", "b[0, 1] = x", 2, "b has one axis, so 1 index; got 2"),
    ("an index too few", "y = a[0]", 2, "a has two axes, so 2 indexes; got 1"),
    ("a float index", "y = b[x]", 2, "an index must be an integer, got a float: x"),
    ("a slice", "y = b[0:2]", 2, "a kernel computes with"),
    ("a whole array", "y = a + 1.0", 2, "a is an array: use one number of it"),
    ("integers divided", "y = n / 2", 2, "write // for a whole number, or float"),
    ("division by a variable", "y = 7 // n", 2, "divides by a known integer"),
    ("division by zero", "y = n % 0", 2, "known integer from 1 to"),
    ("a float remainder", "y = x % 2.0", 2, "% takes integers only, got a float"),
    ("a power", "y = x ** 2", 2, r"computes with \+ - \*"),
    ("a chain", "if 0 < n < 3:\n    x = 0.0", 2, "'0 <= i and i < n' for a chain"),
    ("a number as condition", "if n:\n    x = 0.0", 2, "must be a truth value, got"),
    ("a condition as number", "y = n < 3", 2, "a variable holds a number"),
    ("a bool", "y = True", 2, "compare numbers instead of True"),
    ("an unknown call", "y = round(x)", 2, r"a kernel calls min, max.*got round\(x\)"),
    ("numpy", "y = np.exp(x)", 2, "call a function by its name, not np.exp"),
    ("a keyword", "y = min(x, default=0)", 2, "arguments in order, plainly"),
    ("an attribute", "y = a.size", 2, "a kernel computes with"),
    ("an unknown size", "y = a.strides[0]", 2, "of an array, a kernel knows a.shape"),
    ("a third axis", "y = a.shape[2]", 2, "an axis goes from 0 to 1, got 2"),
    ("a zero step", "for i in range(0, n, 0):\n    x = 0.0", 2, "range counts up"),
    ("an open step", "for i in range(0, 9, n):\n    x = 0.0", 2, "must be known when"),
    ("a loop over an array", "for y in b:\n    x = y", 2, "a loop is for i in range"),
    ("a counter set", "for i in range(3):\n    i = 0", 3, "i counts its loop"),
    ("a counter twice", "for n in range(3):\n    x = 0.0", 2, "name the counter anew"),
    ("an open unroll", "for i in unroll(n):\n    x = 0.0", 2, "must be known when"),
    ("an open register", "r = registers(2)\nr[n] = splat(x)", 3, "must be known when"),
    ("a register too many", "r = registers(2)\ny = r[2]", 3, "from 0 to 1, got 2"),
    ("a register's name", "n = registers(2)", 2, "choose another name"),
    ("many registers", "r = registers(9, 9)", 2, "in one or two axes, 1 to 64"),
    ("too much written out", "for i in unroll(20000):\n    x = 0.0", 3, "use range"),
    ("a lane too many", "y = load4(b, 0)[4]", 2, "a lane goes from 0 to 3, got 4"),
    ("a result", "return x", 2, "made of"),
    ("an array renamed", "c = a", 2, "a is an array: use one number"),
    ("an array replaced", "a = 1.0", 2, "a is an array: set a number of it"),
    ("four into one", "b[0] = load4(b, 0)", 2, "a number of b must be a float"),
    ("one into four", "store4(b, 0, x)", 2, "what store4 writes must be four floats"),
    ("a call alone", "min(n, 2)", 2, "made of"),
    ("too large", f"y = {2**31}", 2, "integers reach to 2147483647"),
    ("too large a float", "y = 1e39", 2, "floats have 32 bits"),
    ("a text", "y = 'one'", 2, "a kernel computes with"),
    ("recursion", "y = again(x)", 2, "a function that calls itself might never end"),
    ("nothing returned", "y = silent(x)", 2, "ends with return"),
    ("other numbers", "y = again(x, x)", 2, "again takes 1 numbers"),
]
OUTSIDE = """
def again(x):
    return again(x - 1.0)
def silent(x):
    y = x
"""


def function_of(body: str):
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    first = define(OUTSIDE)
    return define(f"def f(a, b, n, x):\n{lines}", **first.__globals__, np=np)


def arguments():
    a, b = np.ones((3, 4), np.float32), np.ones(8, np.float32)
    return a, b, 2, 0.5


@pytest.mark.parametrize(
    ("body", "line", "message"), [b[1:] for b in BODIES], ids=[b[0] for b in BODIES]
)
def test_it_is_refused_at_its_line_in_words(body, line, message, on):
    function, given = function_of(body), arguments()
    before = [x.copy() for x in given[:2]]
    with pytest.raises(CompileError, match=message) as caught:
        Kernel(function, on=on)(*given)
    own = caught.value.filename == function.__code__.co_filename
    assert not own or caught.value.lineno == line
    assert all(map(np.array_equal, given, before))


def test_an_error_carries_file_line_and_text():
    function = function_of("y = x\ny = nothing")
    with pytest.raises(CompileError) as caught:
        Kernel(function, on=None)(*arguments())
    error = caught.value
    assert error.filename == function.__code__.co_filename
    assert (error.lineno, error.offset, error.text) == (3, 9, "    y = nothing")
    assert "(line 3: y = nothing)" in str(error)


def test_a_function_made_from_a_string_has_no_text():
    names: dict = {}
    exec("def f(a):\n    a[0] = 1.0", names)
    with pytest.raises(CompileError, match="the text of f cannot be read"):
        Kernel(names["f"], on=None)(np.ones(1, np.float32))


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.ones(3), TypeError, "expected a as a float32 array.*got float64"),
        (np.ones((1, 1, 1), np.float32), TypeError, r"1 or 2 axes.*\(1, 1, 1\)"),
        ([1.0, 2.0], TypeError, "expected a as a numpy array or a number, got list"),
        (True, TypeError, "got bool"),
        (2**31, ValueError, "expected a in 32 bits, got 2147483648"),
    ],
)
def test_other_arguments_are_refused(bad, error, message):
    with pytest.raises(error, match=message):
        Kernel(define("def f(a):\n    pass"), on=None)(bad)


def test_the_number_of_arguments_is_part_of_the_error():
    with pytest.raises(TypeError, match="f expects 2 arguments, got 1"):
        Kernel(define("def f(a, b):\n    pass"), on=None)(1)


def test_defaults_and_stars_are_refused():
    for head in ("def f(a=1):", "def f(a, *b):", "def f(a, *, b=2):"):
        with pytest.raises(CompileError, match="plain arguments"):
            Kernel(define(f"{head}\n    pass"), on=None)(1)


def test_what_is_written_must_be_writeable(on):
    x = np.ones(3, np.float32)
    x.setflags(write=False)
    with pytest.raises(ValueError, match="f writes to a, which is read-only"):
        Kernel(define("def f(a):\n    a[0] = 2.0"), on=on)(x)
    assert x[0] == 1


def test_four_numbers_must_lie_side_by_side(on):
    x = np.ones((4, 8), np.float32)[:, ::2]
    function = define("def f(a):\n    store4(a, 0, 0, load4(a, 1, 0))")
    with pytest.raises(CompileError, match=r"pass numpy.ascontiguousarray\(a\)"):
        Kernel(function, on=on)(x)


def test_checking_alone_needs_no_machine():
    source = Source(define("def f():\n    y = 1"))
    assert check_kernel(source, [], Constants()).kernel.name == "f"
