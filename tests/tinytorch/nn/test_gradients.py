"""Every function and loss against finite differences, on the awkward shapes."""

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn
from tinytorch.autograd import gradcheck
from tinytorch.nn import functional as F

IDS = tt.tensor([[0, 2, 2], [5, 0, 1]])
CLASSES = tt.tensor([1, 0, -100, 3])
PLACES = tt.tensor([[1, 0, 3], [2, 2, -100]])
CLASS_WEIGHT = tt.tensor([0.5, 1.0, 2.0, 0.1], dtype=tt.float64)
MASK = tt.tensor([[True, False, True], [True, True, True]])
STATISTICS = tt.tensor([0.3, 1.2, 0.5], dtype=tt.float64)


def case(name, function, *shapes):
    return pytest.param(function, shapes, id=name)


def draw(shapes):
    """Distinct values 0.1 or more apart and never 0: no ties, no kinks."""
    rng = np.random.default_rng(len(shapes))
    for shape in shapes:
        count = int(np.prod(shape))
        values = (rng.permutation(count) - count // 2 + 0.37) / max(1, count / 6)
        yield tt.Tensor(values.reshape(shape), requires_grad=True)


def positive_share(x):
    return F.softmax(x, 1)


ACTIVATIONS = [
    case(f"{name}-{'x'.join(map(str, shape)) or '0d'}", getattr(F, name), shape)
    for name in ("relu", "leaky_relu", "gelu", "silu", "sigmoid", "tanh", "softplus")
    for shape in ((), (3, 4), (2, 1, 3), (0, 3))
] + [
    case("logsigmoid", F.logsigmoid, (3, 4)),
    case("gelu-tanh", lambda x: F.gelu(x, "tanh"), (3, 4)),
    case("softmax-last", lambda x: F.softmax(x, -1), (2, 3)),
    case("softmax-middle", lambda x: F.softmax(x, 1), (2, 3, 2)),
    case("softmax-one", lambda x: F.softmax(x, 1), (3, 1)),
    case("log_softmax-first", lambda x: F.log_softmax(x, 0), (3, 3)),
    case("log_softmax-empty", lambda x: F.log_softmax(x, 1), (0, 3)),
]

LINEAR = [
    case("rotary", lambda x: F.rotary(x, 2), (2, 3, 4)),
    case("add_positions", lambda x, t: F.add_positions(x, t, 1), (2, 3, 4), (5, 4)),
    case("normalize", F.normalize, (3, 4)),
    case("normalize-1", lambda x: F.normalize(x, 1.0, 0), (3, 2)),
    case("cosine", F.cosine_similarity, (3, 4), (3, 4)),
    case("cosine-broadcast", lambda a, b: F.cosine_similarity(a, b, -1), (4,), (2, 4)),
    case("linear-vector", F.linear, (3,), (2, 3), (2,)),
    case("linear-matrix", F.linear, (4, 3), (3, 3)),
    case("linear-batched", F.linear, (2, 1, 3), (2, 3), (2,)),
    case("linear-empty", F.linear, (0, 3), (2, 3), (2,)),
    case("linear-transposed", lambda x, w: F.linear(x.T, w), (3, 4), (2, 3)),
    case("embedding", lambda w: F.embedding(IDS, w), (6, 2)),
    case("embedding-one", lambda w: F.embedding(IDS[0, 0], w), (6, 2)),
    case("dropout", lambda x: F.dropout(x, 0.4, generator=tt.Generator(3)), (3, 4)),
]

IMAGE = [
    case("conv2d", F.conv2d, (2, 3, 4, 5), (2, 3, 3, 2), (2,)),
    case("conv2d-no-bias", F.conv2d, (1, 1, 3, 3), (1, 1, 3, 3)),
    case("conv2d-1x1", F.conv2d, (2, 2, 3, 3), (3, 2, 1, 1), (3,)),
    case(
        "conv2d-stride-padding",
        lambda x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=(1, 2)),
        (1, 2, 5, 4),
        (2, 2, 3, 3),
        (2,),
    ),
    case(
        "conv2d-dilated",
        lambda x, w: F.conv2d(x, w, dilation=2, padding=1),
        (1, 1, 5, 5),
        (2, 1, 2, 3),
    ),
    case(
        "conv2d-grouped",
        lambda x, w, b: F.conv2d(x, w, b, groups=2),
        (2, 4, 3, 3),
        (6, 2, 2, 2),
        (6,),
    ),
    case(
        "conv2d-depthwise-strided",
        lambda x, w: F.conv2d(x, w, stride=2, padding=1, groups=3),
        (1, 3, 4, 4),
        (3, 1, 3, 3),
    ),
    case(
        "conv2d-not-contiguous",
        lambda x, w: F.conv2d(x.transpose(2, 3), w),
        (1, 2, 4, 3),
        (1, 2, 2, 2),
    ),
    case("max_pool2d", lambda x: F.max_pool2d(x, 2), (2, 2, 5, 4)),
    case(
        "max_pool2d-overlapping",
        lambda x: F.max_pool2d(x, 3, stride=1, padding=1),
        (1, 2, 4, 4),
    ),
    case(
        "max_pool2d-dilated",
        lambda x: F.max_pool2d(x, (2, 1), (1, 2), dilation=2),
        (1, 1, 5, 4),
    ),
    case("avg_pool2d", lambda x: F.avg_pool2d(x, (2, 3)), (2, 2, 5, 6)),
    case("avg_pool2d-overlapping", lambda x: F.avg_pool2d(x, 3, 2, 1), (1, 2, 5, 4)),
    case("adaptive-even", lambda x: F.adaptive_avg_pool2d(x, 2), (1, 2, 4, 6)),
    case("adaptive-uneven", lambda x: F.adaptive_avg_pool2d(x, (2, 3)), (1, 2, 5, 4)),
]


def bce_of_logits(x, target, reduction):
    """Targets are shares: an f in reach of 0 to 1 for finite differences too."""
    how = {"reduction": reduction}
    return F.binary_cross_entropy_with_logits(x, target.sigmoid(), **how)


def batch_norm(x, weight, bias):
    return F.batch_norm(x, None, None, weight, bias, training=True)


def batch_norm_eval(x, weight, bias):
    return F.batch_norm(x, STATISTICS, STATISTICS, weight, bias)


NORMALISATION = [
    case("batch_norm-2d", batch_norm, (4, 3), (3,), (3,)),
    case("batch_norm-4d", batch_norm, (2, 3, 2, 2), (3,), (3,)),
    case("batch_norm-one-image", batch_norm, (1, 3, 2, 2), (3,), (3,)),
    case("batch_norm-eval", batch_norm_eval, (2, 3, 2), (3,), (3,)),
    case("layer_norm", lambda x, w, b: F.layer_norm(x, 4, w, b), (3, 4), (4,), (4,)),
    case("layer_norm-plain", lambda x: F.layer_norm(x, 3), (3, 3)),
    case(
        "layer_norm-two-axes",
        lambda x, w, b: F.layer_norm(x, (2, 3), w, b),
        (2, 2, 3),
        (2, 3),
        (2, 3),
    ),
    case("layer_norm-vector", lambda x: F.layer_norm(x, 5), (5,)),
    case("layer_norm-empty", lambda x: F.layer_norm(x, 3), (0, 3)),
    case("rms_norm", lambda x, w: F.rms_norm(x, 4, w), (3, 4), (4,)),
    case("rms_norm-two-axes", lambda x: F.rms_norm(x, (2, 3)), (2, 2, 3)),
    case("group_norm", lambda x, w, b: F.group_norm(x, 2, w, b), (2, 4, 3), (4,), (4,)),
    case("group_norm-one-group", lambda x: F.group_norm(x, 1), (2, 2, 2, 2)),
]

LOSSES = (
    [
        case(
            f"{name}-{reduction}",
            lambda x, t, f=f, r=reduction: f(x, t, reduction=r),
            *s,
        )
        for name, f, s in [
            ("mse_loss", F.mse_loss, ((3, 4), (3, 4))),
            ("mse_loss-0d", F.mse_loss, ((), ())),
            ("l1_loss", F.l1_loss, ((2, 1, 3), (2, 1, 3))),
            ("huber_loss", F.huber_loss, ((3, 3), (3, 3))),
            ("bce", bce_of_logits, ((3, 2), (3, 2))),
        ]
        for reduction in ("mean", "sum", "none")
    ]
    + [
        case(name, lambda x, t=target, o=options: F.cross_entropy(x, t, **o), shape)
        for name, shape, target, options in [
            ("ce", (4, 4), CLASSES, {}),
            ("ce-sum", (4, 4), CLASSES, {"reduction": "sum"}),
            ("ce-none", (4, 4), CLASSES, {"reduction": "none"}),
            ("ce-weighted", (4, 4), CLASSES, {"weight": CLASS_WEIGHT}),
            ("ce-smooth", (4, 4), CLASSES, {"label_smoothing": 0.2}),
            (
                "ce-smooth-weighted",
                (4, 4),
                CLASSES,
                {"label_smoothing": 0.2, "weight": CLASS_WEIGHT},
            ),
            ("ce-places", (2, 4, 3), PLACES, {}),
            ("ce-one-class", (2, 1), tt.tensor([0, 0]), {}),
        ]
    ]
    + [
        case(
            "ce-soft",
            lambda x, t: F.cross_entropy(x, positive_share(t)),
            (3, 4),
            (3, 4),
        ),
        case("nll", lambda x: F.nll_loss(x, CLASSES, CLASS_WEIGHT), (4, 4)),
        case("nll-places", lambda x: F.nll_loss(x, PLACES), (2, 4, 3)),
        case("kl_div", lambda x, t: F.kl_div(x, positive_share(t)), (3, 4), (3, 4)),
        case(
            "kl_div-log",
            lambda x, t: F.kl_div(x, t, "batchmean", log_target=True),
            (3, 4),
            (3, 4),
        ),
    ]
)

SDPA = F.scaled_dot_product_attention
ATTENTION = [
    case("attention", SDPA, (2, 2, 3), (2, 4, 3), (2, 4, 2)),
    case("attention-heads", SDPA, (1, 2, 2, 3), (1, 2, 2, 3), (1, 2, 2, 3)),
    case("attention-one", SDPA, (1, 2), (1, 2), (1, 2)),
    case(
        "attention-causal",
        lambda q, k, v: SDPA(q, k, v, is_causal=True),
        (3, 3),
        (3, 3),
        (3, 3),
    ),
    case(
        "attention-masked",
        lambda q, k, v: SDPA(q, k, v, MASK, scale=0.7),
        (2, 3),
        (3, 3),
        (3, 2),
    ),
    case("attention-added", SDPA, (2, 3), (3, 3), (3, 2), (2, 3)),
    case("split-join", lambda x: F.join_heads(F.split_heads(x, 2)), (2, 3, 4)),
]


@pytest.mark.parametrize(
    ("function", "shapes"),
    ACTIVATIONS + LINEAR + IMAGE + NORMALISATION + LOSSES + ATTENTION,
)
def test_gradient_of_function(function, shapes):
    assert gradcheck(function, list(draw(shapes)), atol=1e-6, rtol=1e-5)


IMAGES, FEATURES, SEQUENCE = (1, 2, 4, 4), (3, 4), (1, 3, 4)
TARGET = tt.full((3, 4), 0.25, dtype=tt.float64)
MODULES = [  # and what it is given: a shape, or a tensor
    (nn.Linear(4, 2), FEATURES),
    (nn.Conv2d(2, 2, 3, 2, 1, groups=2), IMAGES),
    (nn.MaxPool2d(2), IMAGES),
    (nn.AvgPool2d(2), IMAGES),
    (nn.AdaptiveAvgPool2d(3), IMAGES),
    (nn.BatchNorm1d(4), FEATURES),
    (nn.BatchNorm2d(2), IMAGES),
    (nn.LayerNorm(4), FEATURES),
    (nn.RMSNorm(4), FEATURES),
    (nn.GroupNorm(2, 4), FEATURES),
    (nn.Embedding(6, 2), IDS),
    (nn.LearnedPositions(4, 4), SEQUENCE),
    (nn.SinusoidalPositions(4, 4), SEQUENCE),
    (nn.MultiheadAttention(4, 2), SEQUENCE),
    (nn.MLP(4, 3), SEQUENCE),
    (nn.TransformerBlock(4, 2), SEQUENCE),
    (nn.Flatten(), IMAGES),
    (nn.Dropout().eval(), FEATURES),  # in training, see the function's case
    (nn.Identity(), FEATURES),
    *((layer(), FEATURES) for layer in (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU)),
    *((layer(), FEATURES) for layer in (nn.Sigmoid, nn.Tanh)),
    *((layer(1), FEATURES) for layer in (nn.Softmax, nn.LogSoftmax)),
    *((loss(), FEATURES, TARGET) for loss in (nn.MSELoss, nn.L1Loss, nn.HuberLoss)),
    *((loss(), FEATURES, TARGET) for loss in (nn.BCEWithLogitsLoss, nn.KLDivLoss)),
    *((loss(), (4, 4), CLASSES) for loss in (nn.CrossEntropyLoss, nn.NLLLoss)),
]


@pytest.mark.parametrize(
    ("module", "inputs"),
    [pytest.param(m, inputs, id=type(m).__name__) for m, *inputs in MODULES],
)
def test_gradient_of_module(module, inputs):
    """To the input and to every parameter, with the parameters as inputs."""
    module.double()
    given = [x if isinstance(x, tt.Tensor) else next(draw([x])) for x in inputs]

    def run(*tensors):
        return module(*tensors[: len(given)])

    tensors = [*given, *module.parameters()]
    assert gradcheck(run, tensors, atol=1e-6, rtol=1e-4)


def test_every_module_has_a_case():
    layers = {c for c in vars(nn).values() if isinstance(c, type)}
    layers = {c for c in layers if issubclass(c, nn.Module)}
    containers = {nn.Module, nn.ModuleList, nn.Sequential}
    assert layers - containers == {type(module) for module, *_ in MODULES}


def test_padding_row_gets_no_gradient():
    table = tt.ones(6, 2, requires_grad=True)
    F.embedding(IDS, table, padding_idx=2).sum().backward()
    assert table.grad.tolist() == [[2, 2], [1, 1], [0, 0], [0, 0], [0, 0], [1, 1]]
