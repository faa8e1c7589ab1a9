"""What a tensor is: its dtype, its memory, its indices, and how it prints."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import Tensor

# The number types, by the letters of the tables below.
DTYPES = {
    "b": tt.bool_,
    "u": tt.uint8,
    "c": tt.int8,
    "i": tt.int32,
    "l": tt.int64,
    "f": tt.float32,
    "d": tt.float64,
}


# Dtypes


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1, "l"),
        (True, "b"),
        (1.5, "f"),
        ([1, 2], "l"),
        ([1, 2.0], "f"),
        ([True, False], "b"),
        ([], "f"),
        ([[1.0], [2.0]], "f"),
        (np.ones(2), "d"),
        (np.ones(2, np.float32), "f"),
        (np.ones(2, np.int32), "i"),
        (np.float64(1), "d"),
        (np.int8(1), "c"),
        (2**40, "l"),
        (range(3), "l"),
        ((1, 2), "l"),
    ],
)
def test_dtype_of_data(data: Any, dtype: str) -> None:
    assert tt.tensor(data).dtype == DTYPES[dtype]


# For each left dtype the result's beside bool, uint8, ... float64: PyTorch's table.
# ("s" is int16, which uint8 and int8 meet in.)
PROMOTION = {
    "b": "bucilfd",
    "u": "uusilfd",
    "c": "cscilfd",
    "i": "iiiilfd",
    "l": "lllllfd",
    "f": "ffffffd",
    "d": "ddddddd",
}


@pytest.mark.parametrize("left", PROMOTION)
def test_promotion_of_tensors(left: str) -> None:
    got = ""
    for right in PROMOTION:
        a, b = tt.ones(2, dtype=DTYPES[left]), tt.ones(2, dtype=DTYPES[right])
        dtype = tt.maximum(a, b).dtype
        assert tt.maximum(b, a).dtype == dtype
        got += next((k for k, v in DTYPES.items() if v == dtype), "s")
    assert got == PROMOTION[left]


@pytest.mark.parametrize(
    ("left", "number", "result"),
    [
        ("b", True, "b"),
        ("b", 1, "l"),
        ("b", 1.5, "f"),
        ("u", True, "u"),
        ("u", 1, "u"),
        ("u", 1.5, "f"),
        ("i", 1, "i"),
        ("i", 1.5, "f"),
        ("l", 1, "l"),
        ("l", 1.5, "f"),
        ("f", True, "f"),
        ("f", 1, "f"),
        ("f", 1.5, "f"),
        ("d", 1, "d"),
        ("d", 1.5, "d"),
        ("d", np.float32(1.5), "d"),
        ("f", np.float64(1.5), "f"),
    ],
)
def test_promotion_beside_numbers(left: str, number: Any, result: str) -> None:
    x = tt.ones(2, dtype=DTYPES[left])
    for op in (operator.add, operator.mul):
        assert op(x, number).dtype == DTYPES[result]
        assert op(number, x).dtype == DTYPES[result]


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        ("f", "d", "f"),
        ("l", "d", "d"),
        ("i", "l", "i"),
        ("b", "l", "l"),
        ("d", "f", "d"),
    ],
)
def test_a_0d_tensor_bends_to_one_with_axes(left: str, right: str, result: str) -> None:
    a, b = tt.ones(2, dtype=DTYPES[left]), tt.ones((), dtype=DTYPES[right])
    assert (a * b).dtype == (b * a).dtype == DTYPES[result]


@pytest.mark.parametrize(
    ("expression", "dtype"),
    [
        (lambda x: x / 2, "f"),
        (lambda x: x / x, "f"),
        (lambda x: 1 / x, "f"),
        (lambda x: x // 2, "l"),
        (lambda x: 7 // x, "l"),
        (lambda x: x % 2, "l"),
        (lambda x: 7 % x, "l"),
        (lambda x: x**2, "l"),
        (lambda x: x**0.5, "f"),
        (lambda x: -x, "l"),
        (lambda x: x.sum(), "l"),
        (lambda x: x.prod(), "l"),
        (lambda x: x.cumsum(0), "l"),
        (lambda x: x.argmax(), "l"),
        (lambda x: x.argmin(0), "l"),
        (lambda x: x.argsort(), "l"),
        (lambda x: x.max(0).indices, "l"),
        (lambda x: x.topk(1).indices, "l"),
        (lambda x: x.max(), "l"),
        (lambda x: x.exp(), "f"),
        (lambda x: x.sqrt(), "f"),
        (lambda x: x.norm(), "f"),
        (lambda x: x.softmax(0), "f"),
        (lambda x: x.logsumexp(0), "f"),
        (lambda x: x.clamp(min=1), "l"),
        (lambda x: x.clamp(min=1.5), "f"),
        (lambda x: x > 1, "b"),
        (lambda x: x == x, "b"),
        (lambda x: (x > 1).sum(), "l"),
        (lambda x: x.to(tt.uint8).sum(), "l"),
        (lambda x: x.to(tt.int32).sum(), "l"),
        (lambda x: x.any(), "b"),
        (lambda x: x.float(), "f"),
        (lambda x: x.double(), "d"),
        (lambda x: x.int(), "i"),
        (lambda x: x.bool(), "b"),
        (lambda x: x.double().long(), "l"),
        (lambda x: tt.cat([x, x.float()]), "f"),
        (lambda x: tt.stack([x.to(tt.uint8), x]), "l"),
        (lambda x: tt.where(x > 1, x, 0), "l"),
        (lambda x: tt.where(x > 1, 1.0, 0.0), "f"),
        (lambda x: x @ x, "l"),
        (lambda x: x.masked_fill(x > 1, 0), "l"),
        (lambda x: x.float().mean(), "f"),
    ],
)
def test_dtype_of_results(expression: Callable, dtype: str) -> None:
    assert expression(tt.tensor([1, 2, 3])).dtype == DTYPES[dtype]


def test_whole_division_rounds_down() -> None:
    x = tt.tensor([-7, 7])
    assert (x // 2).tolist() == [-4, 3]
    assert (x % 3).tolist() == [2, 1]


def test_gradients_pass_a_change_of_dtype() -> None:
    x = tt.ones(2, requires_grad=True)
    (x.double() * 3).sum().backward()
    assert x.grad.dtype == tt.float32
    assert x.grad.tolist() == [3.0, 3.0]
    assert not x.long().requires_grad


# Memory

VIEWS: dict[str, Callable[[Tensor], Tensor]] = {
    "slice": lambda x: x[1:],
    "step": lambda x: x[:, ::2],
    "row": lambda x: x[0],
    "one element": lambda x: x[1, 2],
    "new axis": lambda x: x[None],
    "ellipsis": lambda x: x[..., 0],
    "reshape": lambda x: x.reshape(6),
    "view": lambda x: x.view(3, 2),
    "flatten": lambda x: x.flatten(),
    "transpose": lambda x: x.transpose(0, 1),
    "T": lambda x: x.T,
    "permute": lambda x: x.permute(1, 0),
    "squeeze": lambda x: x[:1].squeeze(0),
    "unsqueeze": lambda x: x.unsqueeze(0),
    "expand": lambda x: x.unsqueeze(0).expand(2, 2, 3),
    "split": lambda x: x.split(1)[1],
    "chunk": lambda x: x.chunk(2, 1)[0],
    "unbind": lambda x: x.unbind()[1],
    "detach": lambda x: x.detach(),
    "numpy": lambda x: Tensor(x.numpy()),
    "Tensor": lambda x: Tensor(x),
    "as_tensor": lambda x: tt.as_tensor(x),
    "from_numpy": lambda x: tt.from_numpy(x.numpy()),
    "to its own dtype": lambda x: x.to(x.dtype),
    "contiguous already": lambda x: x.contiguous(),
}
COPIES: dict[str, Callable[[Tensor], Tensor]] = {
    "clone": lambda x: x.clone(),
    "tensor": lambda x: tt.tensor(x),
    "fancy": lambda x: x[[0, 1]],
    "boolean": lambda x: x[x > -1],
    "transposed reshape": lambda x: x.T.reshape(6),
    "contiguous": lambda x: x.T.contiguous(),
    "other dtype": lambda x: x.double(),
    "flip": lambda x: x.flip(0) + 0,
    "repeat": lambda x: x.repeat(1, 2),
    "gather": lambda x: x.gather(0, tt.zeros(1, 3, dtype=tt.int64)),
    "cat": lambda x: tt.cat([x]),
    "sum": lambda x: x.sum(0),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_views_share_memory(view: Callable) -> None:
    x = tt.arange(6).reshape(2, 3).float()
    assert np.shares_memory(view(x).numpy(), x.numpy())


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_copies_do_not(copy: Callable) -> None:
    x = tt.arange(6).reshape(2, 3).float()
    assert not np.shares_memory(copy(x).numpy(), x.numpy())


def test_strides_and_contiguity() -> None:
    x = tt.zeros(2, 3, 4)
    assert x.stride() == (12, 4, 1)
    assert x.is_contiguous()
    turned = x.transpose(0, 2)
    assert turned.stride() == (1, 4, 12)
    assert not turned.is_contiguous()
    assert turned.contiguous().stride() == (6, 2, 1)


def test_size_and_bytes() -> None:
    x = tt.zeros(2, 3, dtype=tt.float64)
    assert (x.shape, x.size(), x.size(-1), x.ndim, x.dim()) == ((2, 3), (2, 3), 3, 2, 2)
    assert (x.numel(), x.nbytes, len(x)) == (6, 48, 2)


# Indexing: what numpy gives, and a view or a copy as numpy's

CUBE = np.arange(24).reshape(2, 3, 4)
INDICES: list[Any] = [
    0,
    -1,
    slice(None),
    slice(1, None),
    slice(None, None, -1),
    (slice(None), slice(2, 0, -1)),
    (1, 2, 3),
    (1, 2),
    None,
    (None, 0, None),
    ...,
    (..., 2),
    (0, ..., 1),
    (slice(0, 0),),
    [1, 0],
    [1, 1, 0, 1],
    [],
    ([0, 1], [2, 2]),
    (slice(None), [0, 2], 1),
    ([0, 1], slice(None), [3, 3]),
    [[0, 1], [1, 0]],
    ([[0], [1]], [1, 2]),
    CUBE > 10,
    np.array([False, True]),
    (np.array([True, True]), 0),
    (slice(None), np.array([True, False, True]), -1),
    np.int64(1),
    np.array(1),
    np.array([0, 1], dtype=np.uint8),
    True,
    (),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indexing_agrees_with_numpy(index: Any) -> None:
    out = Tensor(CUBE.copy())[index]
    np.testing.assert_array_equal(out.numpy(), CUBE[index])
    assert isinstance(out, Tensor)


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_assignment_agrees_with_numpy(index: Any) -> None:
    ours, theirs = Tensor(CUBE.copy()), CUBE.copy()
    ours[index] = -7
    theirs[index] = -7
    np.testing.assert_array_equal(ours.numpy(), theirs)


def test_tensors_as_indices() -> None:
    x = Tensor(CUBE)
    rows, columns = tt.tensor([0, 1, 1]), tt.tensor([2, 0, 0])
    assert x[rows, columns].shape == (3, 4)
    assert x[x > 20].tolist() == [21, 22, 23]
    assert x[tt.tensor(1), rows[0]].tolist() == [12, 13, 14, 15]
    assert x[:, columns, rows[1]].tolist() == CUBE[:, [2, 0, 0], 1].tolist()


def test_assignment_of_a_broadcast_value() -> None:
    x = tt.zeros(2, 3)
    x[:, 1:] = tt.tensor([1.0, 2.0])
    x[0] = [7, 8, 9]
    assert x.tolist() == [[7.0, 8.0, 9.0], [0.0, 1.0, 2.0]]
    x[x > 6] = 0
    assert x.sum().item() == 3.0


def test_assignment_between_overlapping_views() -> None:
    x = tt.arange(5)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3]


def test_iteration_and_membership() -> None:
    x = tt.tensor([[1, 2], [3, 4]])
    assert [row.tolist() for row in x] == [[1, 2], [3, 4]]
    assert 3 in x
    assert 9 not in x


# Out of the framework


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (tt.tensor(1.5), "tensor(1.5)"),
        (tt.tensor([1, 2]), "tensor([1, 2])"),
        (tt.tensor([True]), "tensor([ True])"),
        (tt.tensor([1.0, 2.0]), "tensor([1., 2.])"),
        (tt.zeros(2, dtype=tt.float64), "tensor([0., 0.], dtype=float64)"),
        (tt.zeros(1, dtype=tt.int8), "tensor([0], dtype=int8)"),
        (tt.zeros(0), "tensor([])"),
        (tt.zeros(0, 3), "tensor([], size=(0, 3))"),
        (tt.ones(1, requires_grad=True), "tensor([1.], requires_grad=True)"),
        (tt.ones(1, requires_grad=True) * 2, "tensor([2.], grad_fn=<Mul>)"),
        (tt.tensor([[1, 2], [3, 4]]), "tensor([[1, 2],\n        [3, 4]])"),
    ],
)
def test_repr(x: Tensor, text: str) -> None:
    assert repr(x) == text
    assert str(x) == text


def test_a_long_tensor_prints_shortened() -> None:
    assert len(repr(tt.zeros(1000, 1000))) < 500


def test_numbers_and_arrays() -> None:
    x = tt.tensor([[1.5]])
    assert (x.item(), float(x), int(x), bool(x), f"{x:.2f}") == (
        1.5,
        1.5,
        1,
        True,
        "1.50",
    )
    assert [10, 20, 30][tt.tensor(1)] == 20
    assert np.asarray(x).dtype == np.float32
    assert np.array(x, dtype=np.float64).tolist() == [[1.5]]
    assert f"{tt.tensor([1, 2])}" == "tensor([1, 2])"


def test_arrays_and_lists_as_the_other_operand() -> None:
    x = tt.tensor([1.0, 2.0])
    assert isinstance(np.ones(2, np.float32) + x, Tensor)
    assert (np.ones(2, np.float32) @ x).item() == 3.0
    assert (x * [2, 3]).tolist() == [2.0, 6.0]
    assert ([2, 3] - x).tolist() == [1.0, 1.0]


def test_comparison_with_what_is_no_number() -> None:
    x = tt.ones(2)
    assert (x == None) is False  # noqa: E711
    assert (x != "a") is True


def test_tensors_are_keys() -> None:
    a, b = tt.ones(1), tt.ones(1)
    assert len({a, b}) == 2
    assert {a: 1}[a] == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x: x.add_(1), [2.0, 3.0]),
        (lambda x: x.sub_(tt.tensor([1, 2])), [0.0, 0.0]),
        (lambda x: x.mul_(3), [3.0, 6.0]),
        (lambda x: x.div_(2), [0.5, 1.0]),
        (lambda x: x.fill_(4), [4.0, 4.0]),
        (lambda x: x.zero_(), [0.0, 0.0]),
        (lambda x: x.copy_(tt.tensor([9, 8])), [9.0, 8.0]),
        (lambda x: operator.iadd(x, 1), [2.0, 3.0]),
        (lambda x: operator.isub(x, 1), [0.0, 1.0]),
        (lambda x: operator.imul(x, x), [1.0, 4.0]),
        (lambda x: operator.itruediv(x, 2), [0.5, 1.0]),
    ],
)
def test_in_place(change: Callable, expected: list[float]) -> None:
    x = tt.tensor([1.0, 2.0])
    memory = x.numpy()
    assert change(x) is x
    assert x.numpy() is memory
    assert x.tolist() == expected


# Logic


def test_logic() -> None:
    a, b = tt.tensor([True, True, False]), tt.tensor([True, False, False])
    assert (a & b).tolist() == [True, False, False]
    assert (a | b).tolist() == [True, True, False]
    assert (a ^ b).tolist() == [False, True, False]
    assert (~a).tolist() == [False, False, True]
    assert (True ^ a).tolist() == [False, False, True]
    assert (tt.tensor([6, 3]) & 2).tolist() == [2, 2]
    assert (~tt.tensor([0, 5])).tolist() == [-1, -6]


# Bad use: each says what it expected and what it got

BAD_USE: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    (
        "add-shapes",
        lambda: tt.ones(2) + tt.ones(3),
        ValueError,
        r"Add expects shapes that broadcast, got \(2,\) and \(3,\)",
    ),
    (
        "compare-shapes",
        lambda: tt.ones(2) < tt.ones(3),
        ValueError,
        r"less expects shapes that broadcast, got \(2,\) and \(3,\)",
    ),
    ("add-none", lambda: tt.ones(2) + None, TypeError, "unsupported operand"),
    ("mul-object", lambda: {} * tt.ones(2), TypeError, "'dict' and 'Tensor'"),
    ("compare-text", lambda: tt.ones(2) < "a", TypeError, "'<' not supported"),
    ("text", lambda: tt.tensor("abc"), TypeError, "expected numbers, got str"),
    ("none", lambda: tt.tensor(None), TypeError, "expected numbers, got NoneType"),
    ("ragged", lambda: tt.tensor([[1], [1, 2]]), TypeError, "got a ragged one"),
    ("complex", lambda: tt.tensor(1j), TypeError, "of dtype complex128"),
    (
        "and-floats",
        lambda: tt.ones(2) & tt.ones(2),
        TypeError,
        "bitwise_and expects integers or booleans, got float32",
    ),
    ("invert-floats", lambda: ~tt.ones(2), TypeError, "integers or booleans"),
    (
        "integer-power",
        lambda: tt.tensor([2]) ** -1,
        ValueError,
        "[Ii]ntegers to negative integer powers",
    ),
    (
        "matmul-shapes",
        lambda: tt.ones(2, 3) @ tt.ones(2, 3),
        ValueError,
        r"matmul expects.*got \(2, 3\) and \(2, 3\)",
    ),
    ("matmul-0d", lambda: tt.ones(()) @ tt.ones(2), ValueError, r"got \(\) and \(2,\)"),
    (
        "matmul-batches",
        lambda: tt.ones(2, 3, 3) @ tt.ones(4, 3, 3),
        ValueError,
        r"MatMul expects.*broadcast, got \(2, 3, 3\) and \(4, 3, 3\)",
    ),
    (
        "matmul-dtypes",
        lambda: tt.ones(2, 2) @ tt.ones(2, 2, dtype=tt.float64),
        TypeError,
        "one dtype, got float32 and float64",
    ),
    ("dim", lambda: tt.ones(2, 3).sum(2), IndexError, r"shape \(2, 3\), got 2"),
    ("dim-twice", lambda: tt.ones(2, 3).sum((0, -2)), ValueError, "each dim once"),
    ("mean-integers", lambda: tt.arange(3).mean(), TypeError, "floating.*int64"),
    ("var-of-one", lambda: tt.ones(1).var(), ValueError, "more than 1.*got 1"),
    ("norm-0", lambda: tt.ones(1).norm(0), ValueError, "p > 0, got 0"),
    ("amax-empty", lambda: tt.ones(0).amax(), ValueError, r"at least one.*\(0,\)"),
    ("argmax-empty", lambda: tt.ones(2, 0).argmax(1), ValueError, r"\(2, 0\)"),
    ("topk", lambda: tt.ones(3).topk(4), ValueError, "k from 0 to 3, got 4"),
    ("clamp", lambda: tt.ones(3).clamp(), TypeError, "got None and None"),
    ("item", lambda: tt.ones(2).item(), ValueError, r"one element, got shape \(2,\)"),
    ("bool", lambda: bool(tt.ones(2)), ValueError, r"\(2,\) is ambiguous"),
    ("index", lambda: [1, 2][tt.ones(())], TypeError, "integer tensor, got float32"),
    ("len", lambda: len(tt.ones(())), TypeError, "0-d tensor has no length"),
    (
        "numpy",
        lambda: tt.ones(1, requires_grad=True).numpy(),
        RuntimeError,
        r"detach\(\)",
    ),
    (
        "asarray",
        lambda: np.asarray(tt.ones(1, requires_grad=True)),
        RuntimeError,
        r"detach\(\)",
    ),
    ("from_numpy", lambda: tt.from_numpy([1]), TypeError, "ndarray, got list"),
    ("reshape", lambda: tt.ones(6).reshape(4), ValueError, r"6 elements.*\(4,\)"),
    ("reshape-two", lambda: tt.ones(6).reshape(-1, -1), ValueError, r"\(-1, -1\)"),
    ("reshape-rest", lambda: tt.ones(6).reshape(4, -1), ValueError, r"\(4, -1\)"),
    ("reshape-part", lambda: tt.ones(2).reshape(2.5), TypeError, "'float'.*integer"),
    ("size-part", lambda: tt.zeros(2.5), TypeError, "'float'.*integer"),
    ("expand", lambda: tt.ones(2, 3).expand(2, 4), ValueError, r"\(2, 3\).*\(2, 4\)"),
    ("expand-less", lambda: tt.ones(2, 3).expand(3), ValueError, r"\(2, 3\).*\(3,\)"),
    ("expand-new", lambda: tt.ones(2).expand(-1, 2), ValueError, r"\(-1, 2\)"),
    ("permute", lambda: tt.ones(2, 3).permute(0), ValueError, "each of 2 dims"),
    ("permute-twice", lambda: tt.ones(2, 3).permute(0, 0), ValueError, "once"),
    ("unsqueeze", lambda: tt.ones(2).unsqueeze(3), IndexError, "dim 3"),
    ("t", lambda: tt.ones(1, 2, 3).t(), ValueError, r"two axes, got.*\(1, 2, 3\)"),
    ("tril", lambda: tt.ones(3).tril(), ValueError, r"two axes, got shape \(3,\)"),
    ("flatten", lambda: tt.ones(1, 2).flatten(1, 0), ValueError, "got 1 and 0"),
    ("repeat", lambda: tt.ones(1, 2).repeat(2), ValueError, r"2 numbers or more, got"),
    ("split", lambda: tt.ones(3).split(0), ValueError, "at least 1, got 0"),
    ("split-sizes", lambda: tt.ones(3).split([1, 1]), ValueError, r"3.*\[1, 1\]"),
    ("split-negative", lambda: tt.ones(3).split([-1, 4]), ValueError, r"got \[-1, 4\]"),
    ("chunk", lambda: tt.ones(3).chunk(0), ValueError, "chunks of at least 1, got 0"),
    (
        "gather-axes",
        lambda: tt.ones(2, 3).gather(1, tt.tensor([0])),
        ValueError,
        r"2 axes of integers, got int64 of shape \(1,\)",
    ),
    (
        "gather-range",
        lambda: tt.ones(2, 3).gather(1, tt.tensor([[3]])),
        IndexError,
        "expects 0 to 2, got 3 to 3",
    ),
    (
        "gather-wide",
        lambda: tt.ones(2, 3).gather(1, tt.zeros(3, 1, dtype=tt.int64)),
        ValueError,
        r"\(3, 1\) exceeds \(2, 3\)",
    ),
    (
        "masked_fill",
        lambda: tt.ones(2).masked_fill(tt.ones(2), 0),
        TypeError,
        "boolean mask, got float32",
    ),
    (
        "where",
        lambda: tt.where(tt.ones(2), 1, 0),
        TypeError,
        "boolean condition, got float32",
    ),
    (
        "where-shapes",
        lambda: tt.where(tt.ones(2).bool(), tt.ones(3), 0),
        ValueError,
        r"broadcast.*\(2,\).*\(3,\)",
    ),
    (
        "maximum-shapes",
        lambda: tt.maximum(tt.ones(2), tt.ones(3)),
        ValueError,
        r"expected shapes that broadcast, got \(2,\) and \(3,\)",
    ),
    (
        "masked_fill-range",
        lambda: tt.ones(1, dtype=tt.uint8).masked_fill(tt.ones(1).bool(), -1),
        OverflowError,
        "-1 out of bounds for uint8",
    ),
    (
        "masked_fill-infinity",
        lambda: tt.arange(1).masked_fill(tt.ones(1).bool(), float("-inf")),
        OverflowError,
        "infinity to integer",
    ),
    (
        "masked_fill-shapes",
        lambda: tt.ones(2).masked_fill(tt.ones(3).bool(), 0),
        ValueError,
        r"expected shapes that broadcast, got \(2,\) and \(3,\)",
    ),
    ("cat-none", lambda: tt.cat([]), ValueError, "at least one tensor, got none"),
    (
        "cat-shapes",
        lambda: tt.cat([tt.ones(2, 3), tt.ones(2, 2)]),
        ValueError,
        r"\(2, 3\), got \(2, 2\)",
    ),
    (
        "stack-shapes",
        lambda: tt.stack([tt.ones(2), tt.ones(3)]),
        ValueError,
        r"\(2,\), got \(3,\)",
    ),
    (
        "einsum-axes",
        lambda: tt.einsum("ij->i", tt.ones(2)),
        ValueError,
        r"'ij->i' for shapes \[\(2,\)\]",
    ),
    (
        "einsum-lengths",
        lambda: tt.einsum("ij,jk->ik", tt.ones(2, 3), tt.ones(2, 3)),
        ValueError,
        "one length for 'j', got 3 and 2",
    ),
    (
        "einsum-output",
        lambda: tt.einsum("ij->ix", tt.ones(2, 3)),
        ValueError,
        "output.*'ix'",
    ),
    (
        "setitem-shape",
        lambda: tt.ones(2, 3).__setitem__(0, tt.ones(2)),
        ValueError,
        r"broadcasts to \(3,\), got shape \(2,\)",
    ),
    (
        "copy_-shape",
        lambda: tt.ones(2).copy_(tt.ones(3)),
        ValueError,
        r"broadcasts to \(2,\), got shape \(3,\)",
    ),
    (
        "setitem-stretched",
        lambda: tt.ones(1).expand(3).__setitem__(0, 1),
        RuntimeError,
        r"memory of the tensor's own, got a view that expand\(\)",
    ),
    ("add_-stretched", lambda: tt.ones(1).expand(3).add_(1), RuntimeError, "clone"),
    ("add_-dtype", lambda: tt.tensor([1]).add_(1.5), TypeError, "int64.*float32"),
    ("add_-text", lambda: tt.ones(1).add_("a"), TypeError, "number, got str"),
    ("index-range", lambda: tt.ones(2)[2], IndexError, "index 2.*size 2"),
    ("index-kind", lambda: tt.ones(2)[0.5], IndexError, "integers"),
    ("index-floats", lambda: tt.ones(2)[tt.ones(2)], IndexError, "integer"),
    ("arange-step", lambda: tt.arange(0, 3, 0), ValueError, "step other than 0"),
    (
        "multinomial",
        lambda: tt.multinomial(tt.tensor([0.0, 0.0]), 1),
        ValueError,
        "positive sum",
    ),
    (
        "multinomial-many",
        lambda: tt.multinomial(tt.tensor([1.0, 0.0]), 2),
        ValueError,
        "at most 1.*got 2",
    ),
    (
        "multinomial-axes",
        lambda: tt.multinomial(tt.ones(1, 2, 3), 1),
        ValueError,
        r"\(R, V\) or \(V,\), got \(1, 2, 3\)",
    ),
    ("bernoulli", lambda: tt.bernoulli(tt.ones(1) * 2), ValueError, "to 1, got 2"),
    ("randint", lambda: tt.randint(3, 3, (2,)), ValueError, "low < high, got 3 and 3"),
    ("randperm", lambda: tt.randperm(-1), ValueError, "at least 0, got -1"),
    (
        "broadcast_shapes",
        lambda: tt.broadcast_shapes((2,), (3,)),
        ValueError,
        r"\(2,\) and \(3,\)",
    ),
]


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [entry[1:] for entry in BAD_USE],
    ids=[entry[0] for entry in BAD_USE],
)
def test_bad_use(use: Callable, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()
