"""Every derivative against finite differences, in float64: a table.

A new operation adds lines: its method's or function's name before the first dash, what
is special about the case after it.
"""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import Tensor, ops
from tinytorch.autograd import Function, gradcheck, topological_order
from tinytorch.nn import functional as F


class Case(NamedTuple):
    name: str
    function: Callable[..., Tensor]
    inputs: Sequence[Any]  # a shape, or an array of values


def case(name: str, function: Callable[..., Tensor], *inputs: Any) -> Case:
    return Case(name, function, inputs)


def method(name: str, *shapes: Any, **options: Any) -> Case:
    """Return the case of a method with options; a dash starts a remark."""
    function = name.partition("-")[0]
    return case(name, lambda x: getattr(x, function)(**options), *shapes)


def ids(*values: Any) -> Tensor:
    return tt.tensor(values if len(values) > 1 else values[0], dtype=tt.int64)


def positive(*shape: int) -> np.ndarray:
    return np.asarray(1.5 + 0.7 * spaced(shape))


def spaced(shape: tuple[int, ...]) -> np.ndarray:
    """Return distinct values in (-1, 1), none near 0: away from every kink."""
    size = int(np.prod(shape))
    order = np.random.default_rng(size).permutation(size)
    return ((order + 0.3) / max(size, 1) * 2 - 1).reshape(shape)


MASK = tt.tensor([[True, False, True], [False, False, True]])
NO_SHAPE, ONE, EMPTY = (), (1,), (0,)

ELEMENTWISE = [
    *(
        case(f"{name}-{'x'.join(map(str, shape)) or '0d'}", function, shape)
        for shape in [NO_SHAPE, ONE, EMPTY, (2, 3)]
        for name, function in {
            "neg": lambda x: -x,
            "abs": lambda x: abs(x),
            "exp": Tensor.exp,
            "sin": Tensor.sin,
            "cos": Tensor.cos,
            "erf": Tensor.erf,
            "tanh": Tensor.tanh,
            "sigmoid": Tensor.sigmoid,
            "relu": Tensor.relu,
            "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
            "softplus": lambda x: F.softplus(x),
            "logsigmoid": lambda x: F.logsigmoid(x),
            "silu": F.silu,
            "gelu": F.gelu,
            "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
            "square": Tensor.square,
            "clone": Tensor.clone,
        }.items()
    ),
    method("abs", (3, 2)),
    method("log", positive(2, 3)),
    method("sqrt", positive(2, 3)),
    method("clamp-both", (3, 4), min=-0.4, max=0.5),
    method("clamp-low", (3, 4), min=-0.4),
    method("clip-high", (3, 4), max=0.5),
    method("pow-square", (2, 3), exponent=2),
    method("pow-cube", (2, 3), exponent=3),
    method("pow-none", (2, 3), exponent=0),
    method("pow-root", positive(2, 3), exponent=0.5),
    method("pow-negative", positive(2, 3), exponent=-1.5),
    case("pow-tensors", lambda a, b: a**b, positive(2, 3), (2, 3)),
    case("pow-of-number", lambda x: 2**x, (2, 3)),
    case("to-itself", lambda x: x.to(x.dtype) * 2, (2, 3)),
    case("contiguous", lambda x: x.T.contiguous(), (2, 3)),
]

# Either side stretched, both, a missing axis, a size of 1 on both sides, an empty one.
BROADCASTS = [
    ((2, 3), (2, 3)),
    ((2, 1, 3), (4, 1)),
    ((3,), (2, 3)),
    ((2, 3), (3,)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((), ()),
    ((1, 1), (1,)),
    ((2, 1), (1, 3)),
    ((3, 3), (3, 1)),
    ((0, 3), (1, 3)),
    ((1,), (0,)),
]
BINARY = [
    *(
        case(f"{name}-{left}{right}".replace(" ", ""), function, left, far(right))
        for left, right in BROADCASTS
        for name, function, far in [
            ("add", lambda a, b: a + b, lambda s: s),
            ("sub", lambda a, b: a - b, lambda s: s),
            ("mul", lambda a, b: a * b, lambda s: s),
            ("div", lambda a, b: a / b, lambda s: positive(*s)),
            ("maximum", tt.maximum, lambda s: np.asarray(0.01 + spaced(s))),
            ("minimum", tt.minimum, lambda s: np.asarray(0.01 + spaced(s))),
            ("where", lambda a, b: tt.where(a > 0, a, b), lambda s: s),
        ]
    ),
    case("add-number-left", lambda x: 2 + x, (2, 3)),
    case("add-number-right", lambda x: x + 2.5, (2, 3)),
    case("sub-number-left", lambda x: 2 - x, (2, 3)),
    case("sub-number-right", lambda x: x - True, (2, 3)),
    case("mul-number-left", lambda x: 3 * x, (2, 3)),
    case("div-number-left", lambda x: 1 / x, positive(2, 3)),
    case("div-number-right", lambda x: x / 4, (2, 3)),
    case("mul-shared", lambda x: x * x, (2, 3)),
    case("mul-shared-thrice", lambda x: x * x * x + x, (2, 3)),
    case("add-itself-transposed", lambda x: x + x.T, (3, 3)),
    case("mul-own-row", lambda x: x * x[0], (3, 3)),
    case("mul-own-sum", lambda x: x * x.sum(1, keepdim=True), (3, 3)),
    *(
        case(f"{f.__name__}-of-a-result", lambda a, b, f=f: f(a * 1, b), (2, 3), (3,))
        for f in (operator.iadd, operator.isub, operator.imul)
    ),
    case("itruediv-of-a-result", lambda a: operator.itruediv(a * 1, 4), (2, 3)),
]

# Square shapes hide a wrong axis from shape checks, so that they are the common case.
REDUCTIONS = [
    *(
        method(f"{name}-{dim}-{keepdim}".replace(" ", ""), x, dim=dim, keepdim=keepdim)
        for name, x in {
            "sum": (3, 3),
            "mean": (3, 3),
            "amax": (3, 3),
            "amin": (3, 3),
            "logsumexp": (3, 3),
            "norm": (3, 3),
        }.items()
        for dim in (None, 0, 1, -1, (0, 1), (1,))
        for keepdim in (False, True)
    ),
    *(
        method(f"{name}-{dim}-{keepdim}", x, dim=dim, keepdim=keepdim)
        for name, x in {"prod": (3, 3), "var": (3, 3), "std": (3, 3)}.items()
        for dim in (None, 0, -1)
        for keepdim in (False, True)
    ),
    *(method(f"sum-{d}", (2, 3, 2, 2), dim=d) for d in ((0, 2), (-1, 1), (3, 0, 1))),
    *(method(f"{name}-0d", ()) for name in ("sum", "mean", "prod", "amax", "norm")),
    *(method(f"{name}-size-1", (3, 1), dim=1) for name in ("sum", "mean", "amax")),
    *(method(f"{name}-size-0", (2, 0), dim=1) for name in ("sum", "mean", "prod")),
    *(method(f"{name}-no-rows", (0, 3), dim=1) for name in ("sum", "mean", "amax")),
    method("logsumexp-size-1", (3, 1), dim=1),
    method("logsumexp-large", 1000 + 100 * spaced((2, 3)), dim=1),
    method("prod-one-zero", np.array([[2.0, 0.0, 3.0], [1.0, 2.0, 3.0]]), dim=1),
    method("prod-two-zeros", np.array([[2.0, 0.0, 0.0], [1.0, 2.0, 3.0]]), dim=1),
    method("prod-all", np.array([[2.0, 0.0, 3.0], [1.0, 2.0, 3.0]])),
    method("var-biased", (2, 3), dim=1, correction=0),
    method("var-two-axes", (2, 3, 2), dim=(0, 2)),
    method("std-biased", (2, 3), dim=0, correction=0),
    method("norm-1", (2, 3), p=1, dim=1),
    method("norm-3", (2, 3), p=3, dim=0),
    method("norm-inf", (2, 3), p=float("inf"), dim=1, keepdim=True),
    method("max-all", (3, 3)),
    method("min-all", (3, 3)),
    case("max-values", lambda x: x.max(dim=0).values, (3, 3)),
    case("max-values-kept", lambda x: x.max(1, keepdim=True).values, (3, 3)),
    case("min-values", lambda x: x.min(dim=-1).values, (3, 3)),
    method("cumsum-0", (3, 3), dim=0),
    method("cumsum-1", (3, 3), dim=-1),
    method("cumsum-empty", (2, 0), dim=1),
    case("sort-values", lambda x: x.sort(dim=0).values, (3, 3)),
    case("sort-falling", lambda x: x.sort(dim=1, descending=True).values, (3, 3)),
    case("topk-values", lambda x: x.topk(2, dim=0).values, (3, 3)),
    case("topk-least", lambda x: x.topk(2, largest=False).values, (3, 3)),
    method("softmax-0", (3, 3), dim=0),
    method("softmax-1", (3, 3), dim=1),
    method("softmax-middle", (2, 3, 2), dim=1),
    method("softmax-size-1", (3, 1), dim=1),
    method("log_softmax-0", (3, 3), dim=0),
    method("log_softmax-1", (3, 3), dim=-1),
    method("log_softmax-large", 500 * spaced((2, 3)), dim=1),
]

SHAPES = [
    case("reshape", lambda x: x.reshape(3, -1), (2, 3)),
    case("reshape-to-0d", lambda x: x.reshape(()), (1, 1)),
    case("reshape-empty", lambda x: x.reshape(0, 5), (2, 0)),
    case("view", lambda x: x.view(6), (2, 3)),
    case("flatten", lambda x: x.flatten(1), (2, 3, 2)),
    case("flatten-0d", lambda x: x.flatten(), ()),
    case("squeeze", lambda x: x.squeeze(), (1, 3, 1)),
    case("squeeze-one", lambda x: x.squeeze(-1), (1, 3, 1)),
    case("unsqueeze", lambda x: x.unsqueeze(1), (2, 3)),
    case("permute", lambda x: x.permute(2, 0, 1), (2, 3, 4)),
    case("permute-negative", lambda x: x.permute(-1, 0, -2), (2, 3, 4)),
    case("transpose", lambda x: x.transpose(0, 2), (2, 3, 2)),
    case("t", lambda x: x.t() * x, (3, 3)),
    case("T", lambda x: x.T * x, (3, 3)),
    case("mT", lambda x: x.mT * x, (2, 3, 3)),
    case("expand", lambda x: x.expand(4, -1, 3), (2, 1)),
    case("expand-0d", lambda x: x.expand(2, 3), ()),
    case("repeat", lambda x: x.repeat(2, 1, 3), (2, 3)),
    case("repeat_interleave", lambda x: x.repeat_interleave(2, dim=1), (3, 3)),
    case("repeat_interleave-flat", lambda x: x.repeat_interleave(3), (2, 2)),
    case("flip", lambda x: x.flip(0) * x, (3, 3)),
    case("flip-two", lambda x: x.flip(0, -1) * x, (3, 3)),
    case("split-unequal", lambda x: x.split([1, 2], dim=1)[1], (3, 3)),
    case("split-rest", lambda x: x.split(2)[1] * x.split(2)[0][0], (3, 3)),
    case("chunk", lambda x: x.chunk(2, dim=1)[0], (2, 3)),
    case("unbind", lambda x: x.unbind(1)[2] * x.unbind(0)[1], (3, 3)),
    case("tril", lambda x: x.tril(), (3, 3)),
    case("tril-above", lambda x: x.tril(1), (2, 3, 4)),
    case("triu", lambda x: x.triu(-1), (3, 3)),
    case("masked_fill", lambda x: x.masked_fill(MASK, 7.0), (2, 3)),
    case("masked_fill-row", lambda x: x.masked_fill(MASK[0], -2.0), (2, 3)),
    case("gather", lambda x: x.gather(1, ids([0, 2], [1, 1])), (2, 3)),
    case("gather-repeats", lambda x: x.gather(0, ids([0, 0, 0], [0, 2, 0])), (3, 3)),
    case("cat", lambda a, b: tt.cat([a, b], dim=1), (2, 3), (2, 1)),
    case("cat-itself", lambda a, b: tt.cat([a, b, a]), (2, 3), (1, 3)),
    case("cat-empty", lambda a, b: tt.cat([a, b]), (0, 3), (2, 3)),
    case("stack", lambda a, b: tt.stack([a, b], dim=-1), (2, 2), (2, 2)),
    case("stack-0d", lambda a, b: tt.stack([a, b, a]), (), ()),
    case("pad", lambda x: F.pad(x, (1, 2), value=3.0), (3, 3)),
    case("pad-two-axes", lambda x: F.pad(x, (1, 0, 0, 2)), (1, 3, 3)),
]

INDICES = {
    "integer": 1,
    "last": -1,
    "slice": slice(1, 3),
    "step": slice(None, None, 2),
    "backwards": slice(None, None, -2),
    "nothing": slice(2, 2),
    "new-axis": (None, slice(None), None, 0),
    "ellipsis": (..., 1),
    "one-element": (2, 1, 0),
    "boolean-rows": np.array([True, False, True]),
    "boolean": np.arange(18).reshape(3, 3, 2) % 3 == 0,
    "fancy": [2, 0],
    "fancy-repeats": [1, 1, 2, 1],
    "fancy-2d": [[0, 1], [1, 1]],
    "tensor": ids(0, 0, 2),
    "tensor-0d": tt.tensor(1),
    "negative-repeats": [-1, 2, -1],
    "pairs": ([0, 0, 1], [1, 1, 2]),
    "mixed": (slice(None), [1, 1], 0),
    "mixed-apart": ([0, 2], slice(None), [1, 1]),
    "mixed-tensor": (ids(0, 2), None, slice(0, 2)),
    "boolean-and-integer": (np.array([True, False, True]), 1),
    "empty-list": [],
}
INDEXING = [
    case(f"getitem-{name}", lambda x, index=index: x[index], (3, 3, 2))
    for name, index in INDICES.items()
]

PRODUCTS = [
    *(
        case(f"matmul-{a}{b}".replace(" ", ""), tt.matmul, a, b)
        for a, b in [
            ((3,), (3,)),
            ((3,), (3, 2)),
            ((2, 3), (3,)),
            ((3, 3), (3, 3)),
            ((2, 3), (3, 4)),
            ((2, 2, 3), (3, 2)),
            ((2, 3), (2, 3, 2)),
            ((2, 2, 3), (2, 3, 2)),
            ((2, 1, 2, 3), (3, 3, 2)),
            ((3,), (2, 3, 2)),
            ((2, 2, 3), (3,)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 3)),
            ((1, 1), (1, 1)),
            ((0, 2, 3), (3, 2)),
        ]
    ),
    case("matmul-itself", lambda x: x @ x, (3, 3)),
    case("matmul-own-transpose", lambda x: x @ x.T, (3, 3)),
    *(
        case(f"einsum-{equation}", lambda *x, e=equation: tt.einsum(e, *x), *shapes)
        for equation, *shapes in [
            ("ij,jk->ik", (2, 3), (3, 2)),
            ("ij,jk", (3, 3), (3, 3)),
            ("bij,bkj->bik", (2, 2, 3), (2, 2, 3)),
            ("ij->ji", (3, 3)),
            ("ij->", (3, 3)),
            ("ij->i", (3, 3)),
            ("i,j->ij", (2,), (3,)),
            ("ij,j->", (2, 3), (3,)),
            ("ij,kl->il", (2, 3), (2, 2)),
            ("i,ij,j->", (2,), (2, 3), (3,)),
            ("bhqd,bhkd->bhqk", (1, 2, 2, 3), (1, 2, 2, 3)),
        ]
    ),
    *(
        case(f"linear-{x}-{len(rest)}", F.linear, x, (2, 3), *rest)
        for x in [(3,), (4, 3), (2, 2, 3), (0, 3)]
        for rest in ([], [(2,)])
    ),
]


def conv(name: str, x: Any, weight: Any, *bias: Any, **options: Any) -> Case:
    def function(x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
        return F.conv2d(x, w, b, **options)

    return case(f"conv2d-{name}", function, x, weight, *bias)


IMAGES = [
    conv("plain", (2, 2, 4, 4), (2, 2, 3, 3), (2,)),
    conv("no-bias", (1, 2, 4, 4), (3, 2, 2, 2)),
    conv("1x1", (1, 3, 2, 2), (2, 3, 1, 1), (2,)),
    conv("strided", (1, 2, 5, 5), (2, 2, 3, 3), stride=2),
    conv("stride-leaves-rest", (1, 1, 6, 6), (1, 1, 3, 3), stride=2),
    conv("stride-over-kernel", (1, 1, 7, 7), (1, 1, 2, 2), stride=3),
    conv("uneven", (1, 1, 5, 4), (1, 1, 3, 2), stride=(2, 1), padding=(1, 0)),
    conv("padded", (1, 2, 3, 3), (2, 2, 3, 3), padding=1),
    conv("padded-wide", (1, 1, 2, 2), (1, 1, 3, 3), padding=2),
    conv("dilated", (1, 1, 5, 5), (1, 1, 2, 2), dilation=2),
    conv("dilated-all", (1, 2, 6, 6), (2, 2, 2, 3), stride=2, padding=1, dilation=2),
    conv("grouped", (1, 4, 3, 3), (4, 2, 2, 2), (4,), groups=2),
    conv("depthwise", (2, 3, 3, 3), (3, 1, 2, 2), groups=3, padding=1),
    conv("depthwise-wider", (1, 2, 3, 3), (4, 1, 2, 2), groups=2),
    conv("empty-batch", (0, 2, 3, 3), (2, 2, 2, 2), (2,)),
    case("max_pool2d", lambda x: F.max_pool2d(x, 2), (2, 2, 4, 4)),
    case("max_pool2d-overlap", lambda x: F.max_pool2d(x, 3, 1), (1, 2, 4, 4)),
    case("max_pool2d-padded", lambda x: F.max_pool2d(x, 3, 2, 1), (1, 2, 5, 5)),
    case("max_pool2d-dilated", lambda x: F.max_pool2d(x, 2, 1, 1, 2), (1, 1, 4, 4)),
    case("max_pool2d-uneven", lambda x: F.max_pool2d(x, (2, 3), (2, 1)), (1, 1, 5, 4)),
    case("avg_pool2d", lambda x: F.avg_pool2d(x, 2), (2, 2, 4, 4)),
    case("avg_pool2d-overlap", lambda x: F.avg_pool2d(x, 3, 1), (1, 2, 4, 4)),
    case("avg_pool2d-padded", lambda x: F.avg_pool2d(x, 3, 2, 1), (1, 2, 5, 5)),
    case("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, 2), (1, 2, 4, 4)),
    case(
        "adaptive_avg_pool2d-uneven",
        lambda x: F.adaptive_avg_pool2d(x, (2, 3)),
        (1, 1, 5, 4),
    ),
]


def batch_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, weight, bias, training=True)


def batch_norm_eval(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    mean, var = (tt.tensor([v, 2 * v], dtype=x.dtype) for v in (0.3, 1.1))
    return F.batch_norm(x, mean, var, weight, bias)


LAYERS = [
    case("batch_norm-rows", batch_norm, (4, 2), (2,), (2,)),
    case("batch_norm-images", batch_norm, (2, 2, 2, 3), (2,), (2,)),
    case("batch_norm-eval", batch_norm_eval, (3, 2, 2, 2), (2,), (2,)),
    case("layer_norm", lambda x, w, b: F.layer_norm(x, 3, w, b), (3, 3), (3,), (3,)),
    case(
        "layer_norm-two-axes",
        lambda x, w, b: F.layer_norm(x, (2, 3), w, b),
        (3, 2, 3),
        (2, 3),
        (2, 3),
    ),
    case("layer_norm-plain", lambda x: F.layer_norm(x, (3,)), (2, 2, 3)),
    case("group_norm", lambda x, w, b: F.group_norm(x, 2, w, b), (2, 4, 3), (4,), (4,)),
    case("rms_norm", lambda x, w: F.rms_norm(x, (3,), w), (3, 3), (3,)),
    case("embedding", lambda t: F.embedding(ids([0, 2], [1, 1]), t), (3, 3)),
    case("embedding-none", lambda t: F.embedding(tt.zeros(0, dtype=int), t), (3, 2)),
    case("mse_loss", F.mse_loss, (2, 3), (2, 3)),
    case("l1_loss", F.l1_loss, (2, 3), 0.01 + spaced((2, 3))),
    case("huber_loss", lambda a, b: F.huber_loss(a, b, delta=0.5), (2, 3), (2, 3)),
    case(
        "binary_cross_entropy_with_logits",
        lambda x, t: F.binary_cross_entropy_with_logits(x, t.sigmoid()),
        20 * spaced((2, 3)),
        (2, 3),
    ),
    case("nll_loss", lambda x: F.nll_loss(x, ids(2, 0)), (2, 3)),
    case("cross_entropy", lambda x: F.cross_entropy(x, ids(2, 0, 2)), (3, 3)),
    case(
        "cross_entropy-everything",
        lambda x: F.cross_entropy(
            x,
            ids([2, 0], [-1, 2], [1, 1]),
            weight=tt.tensor([0.5, 2.0, 1.0], dtype=x.dtype),
            ignore_index=-1,
            label_smoothing=0.2,
        ),
        (3, 3, 2),
    ),
    case(
        "cross_entropy-soft",
        lambda x, t: F.cross_entropy(x, t.softmax(1), reduction="sum"),
        (2, 3),
        positive(2, 3),
    ),
    case("kl_div", lambda x, t: F.kl_div(x, t), (2, 3), positive(2, 3)),
    case("kl_div-log", lambda x, t: F.kl_div(x, t, log_target=True), (2, 3), (2, 3)),
    case(
        "scaled_dot_product_attention",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        (1, 2, 3, 2),
        (1, 2, 3, 2),
        (1, 2, 3, 2),
    ),
]

CASES = [
    *ELEMENTWISE,
    *BINARY,
    *REDUCTIONS,
    *SHAPES,
    *INDEXING,
    *PRODUCTS,
    *IMAGES,
    *LAYERS,
]

# How an input may lie in memory: row by row, axes reversed, backwards, with gaps.
LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rows": lambda a: a.copy(),
    "columns": lambda a: a.T.copy().T,
    "backwards": lambda a: np.flip(np.flip(a).copy()),
    "gaps": lambda a: np.stack([a, a], axis=-1)[..., 0],
}


def tensors(c: Case, dtype: str = "float64", layout: str = "rows") -> list[Tensor]:
    arrays = [a if isinstance(a, np.ndarray) else spaced(a) for a in c.inputs]
    lay = LAYOUTS[layout]
    return [Tensor(lay(a.astype(dtype)), requires_grad=True) for a in arrays]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("c", CASES, ids=[c.name for c in CASES])
def test_gradient(c: Case, layout: str) -> None:
    assert gradcheck(c.function, tensors(c, layout=layout))


@pytest.mark.parametrize("c", CASES, ids=[c.name for c in CASES])
def test_float32_stays_float32(c: Case) -> None:
    inputs = tensors(c, "float32")
    out = c.function(*inputs)
    out.backward(tt.ones_like(out))
    assert {x.dtype for x in [out, *(x.grad for x in inputs)]} == {tt.float32}


@pytest.mark.parametrize("c", CASES, ids=[c.name for c in CASES])
def test_gradients_share_no_memory(c: Case) -> None:
    inputs = tensors(c)
    out = c.function(*inputs)
    out.backward(tt.ones_like(out))
    arrays = [x.data for x in inputs] + [x.grad.data for x in inputs] + [out.data]
    for i, a in enumerate(arrays[len(inputs) : -1], start=len(inputs)):
        assert a.flags.writeable
        assert not any(np.shares_memory(a, b) for b in arrays[:i] + arrays[i + 1 :])


def test_every_operation_has_a_case() -> None:
    seen: set[type[Function]] = set()
    for c in CASES:
        out = c.function(*tensors(c))
        seen |= {type(node) for node in topological_order(out.grad_fn)}
    listed = {op for op in vars(ops).values() if isinstance(op, type)}
    missing = sorted(op.__name__ for op in listed - seen if issubclass(op, Function))
    assert not missing, f"add a case to the tables of {__file__}"


# Methods that return no tensor, or nothing that depends smoothly on their input.
WITHOUT_DERIVATIVE = """
    accumulate_grad add_ all any argmax argmin argsort backward bool ceil copy_ data
    detach dim div_ dtype fill_ float double floor grad grad_fn int is_contiguous
    is_leaf isfinite isnan item long mul_ nbytes ndim numel numpy requires_grad
    requires_grad_ retain_grad round shape sign size stride sub_ tolist zero_
"""


def test_every_method_has_a_case_or_no_derivative() -> None:
    cases = {c.name.partition("-")[0] for c in CASES}
    methods = {name for name in dir(Tensor) if name[0] != "_"}
    assert sorted(methods - cases - set(WITHOUT_DERIVATIVE.split())) == []


class Slope(NamedTuple):
    """A gradient by convention, where a function has a kink or an equal choice."""

    name: str
    function: Callable[..., Tensor]
    inputs: Sequence[Any]
    gradients: Sequence[Any]


SLOPES = [
    Slope("relu-at-0", Tensor.relu, [[-1.0, 0.0, 2.0]], [[0, 0, 1]]),
    Slope("abs-at-0", abs, [[-1.0, 0.0, 2.0]], [[-1, 0, 1]]),
    Slope(
        "clamp-ends", lambda x: x.clamp(0, 1), [[-1.0, 0.0, 1.0, 2.0]], [[0, 1, 1, 0]]
    ),
    Slope("sqrt-at-1/4", Tensor.sqrt, [[0.25]], [[1.0]]),
    Slope("norm-of-0", Tensor.norm, [[0.0, 0.0]], [[0, 0]]),
    Slope("std-of-equals", Tensor.std, [[2.0, 2.0, 2.0]], [[0, 0, 0]]),
    Slope("pow-0-of-0", lambda x: x**0, [[0.0, 2.0]], [[0, 0]]),
    Slope("pow-1-of-0", lambda x: x**1, [[0.0, 2.0]], [[1, 1]]),
    Slope("pow-exponent-of-0", lambda a, b: a**b, [[0.0], [2.0]], [[0], [0]]),
    Slope("amax-ties", Tensor.amax, [[3.0, 1.0, 3.0]], [[0.5, 0, 0.5]]),
    Slope("amin-ties", Tensor.amin, [[1.0, 1.0, 1.0, 2.0]], [[1 / 3] * 3 + [0]]),
    Slope(
        "amax-ties-in-rows",
        lambda x: x.amax(dim=1),
        [[[2.0, 2.0], [0.0, 1.0]]],
        [[[0.5, 0.5], [0, 1]]],
    ),
    Slope("max-ties-all", Tensor.max, [[3.0, 1.0, 3.0]], [[0.5, 0, 0.5]]),
    Slope("max-ties-along", lambda x: x.max(0).values, [[3.0, 1.0, 3.0]], [[1, 0, 0]]),
    Slope("min-ties-along", lambda x: x.min(0).values, [[2.0, 1.0, 1.0]], [[0, 1, 0]]),
    Slope("maximum-tie", tt.maximum, [[1.0, 2.0], [1.0, 0.0]], [[0.5, 1], [0.5, 0]]),
    Slope("minimum-tie", tt.minimum, [[1.0, 2.0], [1.0, 0.0]], [[0.5, 0], [0.5, 1]]),
    Slope(
        "topk-ties", lambda x: x.topk(2).values, [[5.0, 5.0, 1.0, 5.0]], [[1, 1, 0, 0]]
    ),
    Slope(
        "max_pool2d-ties",
        lambda x: F.max_pool2d(x, 2, 1),
        [[[[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]]]],
        [[[[[1, 1, 0], [0, 0, 0]]]]],
    ),
    Slope(
        "embedding-padding",
        lambda t: F.embedding(ids(0, 1, 1), t, padding_idx=0),
        [[[1.0], [2.0]]],
        [[[0], [2]]],
    ),
    Slope("sort-ties", lambda x: x.sort().values[:1], [[2.0, 2.0]], [[1, 0]]),
]


@pytest.mark.parametrize("slope", SLOPES, ids=[s.name for s in SLOPES])
def test_slope_at_a_kink(slope: Slope) -> None:
    inputs = [tt.tensor(x, dtype=tt.float64, requires_grad=True) for x in slope.inputs]
    out = slope.function(*inputs)
    out.backward(tt.ones_like(out))
    for x, expected in zip(inputs, slope.gradients, strict=True):
        np.testing.assert_allclose(x.grad.numpy(), expected)


@pytest.mark.parametrize(("dtype", "error"), [(tt.float64, 1e-15), (tt.float32, 4e-7)])
def test_erf_is_as_exact_as_it_says(dtype: Any, error: float) -> None:
    x = tt.linspace(-7, 7, 2001, dtype=dtype)
    expected = [math.erf(v) for v in x.tolist()]
    np.testing.assert_allclose(x.erf().numpy(), expected, rtol=0, atol=error)
