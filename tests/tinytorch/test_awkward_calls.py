"""Calls that are nearly right: the meant is done, and the rest is told."""

import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn, optim, quantization
from tinytorch.nn import functional as F
from tinytorch.nn.utils import clip_grad_norm_
from tinytorch.optim import lr_scheduler as schedules
from tinytorch.training import accuracy, evaluate, fit
from tinytorch.utils.data import default_collate

ARRAY = np.ones((2, 3), np.float32)
X, IMAGE = tt.ones(2, 3), tt.ones(1, 3, 4, 4)
NAN, INF = math.nan, math.inf


def parameters():
    return [tt.zeros(1).requires_grad_()]


def trained(model=None, optimizer=None, batch=None, **options):
    model = nn.Linear(3, 2) if model is None else model
    optimizer = optim.SGD(model.parameters(), lr=0.1) if optimizer is None else None
    optimizer = optimizer or optim.SGD(parameters(), lr=0.1)
    batch = (X, tt.tensor([0, 1])) if batch is None else batch
    return fit(model, [batch], F.cross_entropy, optimizer, **options)


def quantized(value):
    model = nn.Sequential(nn.Linear(3, 2))
    calibration = [tt.randn(4, 3)]
    return [
        quantization.quantize_static(model, calibration)(value),
        quantization.quantize_dynamic(model)(value),
    ]


MISUSED = [
    (lambda: accuracy(X, tt.tensor([[1, 0, 0], [0, 1, 0]])), "one-hot rows"),
    (lambda: accuracy(X, tt.tensor([[1.0, 0, 0], [0, 1, 0]])), "argmax"),
    (lambda: accuracy(tt.ones(2, 1), tt.tensor([0, 1])), "one output a sample"),
    (lambda: accuracy(tt.ones(2), tt.tensor([[0], [1]])), r"got \(2,\)"),
    (lambda: accuracy(X, tt.tensor([0, 3])), "from 0 to 2, got 3"),
    (lambda: accuracy(X, tt.tensor([0, -100])), "from 0 to 2, got -100"),
    (lambda: evaluate(nn.Identity(), [(X, tt.tensor([0, 3]))]), "got 3"),
    (lambda: quantized(tt.tensor([[NAN, 1, 1]])), "finite"),
    (lambda: quantized(tt.tensor([[INF, 1, 1]])), "finite"),
    (
        lambda: quantization.quantize_static(nn.Linear(3, 2), [X * NAN]),
        "finite numbers, got nan",
    ),
    (lambda: clip_grad_norm_(parameters(), -1.0), "max_norm of at least 0, got -1"),
    (lambda: trained(max_norm=-1.0), "max_norm of at least 0, got -1"),
    (lambda: trained(max_norm=NAN), "max_norm of at least 0, got nan"),
    (
        lambda: F.binary_cross_entropy_with_logits(X, X * 5),
        "targets from 0 to 1, got 5",
    ),
    (lambda: nn.BCEWithLogitsLoss()(X, X * NAN), "targets from 0 to 1, got nan"),
    (lambda: F.cross_entropy(X, X * 5), "targets from 0 to 1, got 5"),
    (lambda: trained(optimizer="other"), "optimizer of the model's parameters"),
    (lambda: trained(batch=(X[:0], tt.tensor([0])[:0])), "got an empty one"),
    (
        lambda: evaluate(nn.Linear(3, 2), [(X[:0], tt.tensor([0])[:0])]),
        "at least 1 sample, got 0",
    ),
]


@pytest.mark.parametrize(("misused", "message"), MISUSED)
def test_what_would_give_a_wrong_number_is_refused(misused, message):
    with pytest.raises(ValueError, match=message):
        misused()


SMALL = [
    ([1, 0.5, 2], [1, 0.5, 2], np.float32),
    ([True, 2], [1, 2], np.int64),
    ([True, 0.5], [1, 0.5], np.float32),
    ([np.int8(1), np.int8(2)], [1, 2], np.int8),
    ([(1, 2), (0.5, 3)], None, None),
]


@pytest.mark.parametrize(("samples", "values", "dtype"), SMALL)
def test_samples_of_mixed_numbers_are_collated_by_all_of_them(samples, values, dtype):
    if values is None:
        first, second = default_collate(samples)
        assert first.tolist() == [1, 0.5]
        assert second.dtype == np.int64
    else:
        batch = default_collate(samples)
        assert batch.tolist() == values
        assert batch.dtype == dtype


KINDS = [
    *((lambda k=kind: F.dropout(tt.ones(4).to(k))) for kind in (tt.int64, tt.uint8)),
    *((lambda k=kind: nn.Dropout()(tt.ones(4).to(k))) for kind in (tt.int64, tt.bool_)),
    lambda: nn.Linear(3, 2)(ARRAY),
    lambda: nn.Conv2d(3, 4, 1)(IMAGE.data),
    lambda: nn.ReLU()(ARRAY),
    lambda: nn.Sequential(nn.Flatten(), nn.Linear(3, 2))(ARRAY),
    lambda: nn.BatchNorm1d(3)(ARRAY),
    lambda: nn.LayerNorm(3)(ARRAY),
    lambda: nn.CrossEntropyLoss()(X, np.array([0, 1])),
    lambda: nn.MSELoss()(ARRAY, ARRAY),
    lambda: F.softmax([1.0, 2.0], 0),
    lambda: F.linear(X, ARRAY),
    lambda: nn.TransformerBlock(4, 2)(np.ones((1, 2, 4), np.float32)),
    lambda: nn.MaxPool2d(2)(IMAGE.data),
    lambda: nn.Embedding(3, 2)([0, 1]),
    lambda: optim.SGD(parameters(), "0.1"),
    lambda: optim.Adam(parameters(), betas=0.9),
    lambda: optim.SGD(0.1),
    lambda: optim.SGD(parameters(), lr=[0.1]),
    lambda: optim.SGD(parameters(), lr=0.1, nesterov="yes"),
    lambda: schedules.StepLR(optim.SGD(parameters(), 0.1), 2.5),
    lambda: trained(epochs=1.5),
    lambda: trained(epochs="2"),
    lambda: trained(accumulate=2.0),
    lambda: trained(batch=X),
    lambda: trained(callbacks=print),
    lambda: nn.Linear(3, 2.0),
    lambda: nn.Linear(3, True),
    lambda: nn.Linear(3, 2, "no"),
    lambda: nn.LayerNorm(3.0),
    lambda: nn.Embedding("words", 3),
    lambda: nn.Linear(3, 2).to({}),
    lambda: nn.Linear(3, 2).to("words"),
    lambda: nn.Linear(3, 2).load_state_dict([1]),
]


@pytest.mark.parametrize("call", KINDS)
def test_another_kind_of_thing_is_refused_at_the_entrance(call):
    with pytest.raises(TypeError, match="expect.* got "):
        call()


RANGES = [
    (lambda: nn.Conv2d(3, 4, 0), "sizes >= 1"),
    (lambda: nn.Conv2d(3, 4, 3, dilation=0), "sizes >= 1"),
    (lambda: nn.Conv2d(3, 4, 3, padding=-1), "padding >= 0"),
    (lambda: nn.MaxPool2d("float32"), "kernel_size as a whole number.*'float32'"),
    (lambda: nn.MaxPool2d(2, padding=2), "at most half the window"),
    (lambda: nn.AdaptiveAvgPool2d(0), "at least one pixel"),
    (lambda: nn.MSELoss(reduction=INF), "'sum'.*got inf"),
    (lambda: nn.KLDivLoss("batch"), "'batchmean'.*got 'batch'"),
    (lambda: nn.GELU("fast"), "'tanh'.*got 'fast'"),
    (lambda: nn.HuberLoss(delta=0), "delta above 0, got 0"),
    (lambda: optim.SGD(parameters(), lr=INF), "lr as a finite number, got inf"),
    (lambda: optim.SGD(parameters(), lr=NAN), "lr of at least 0, got nan"),
    (lambda: optim.Adam(parameters(), betas=(0.9, 1.0)), "betas from 0 to below 1"),
    (lambda: optim.Adam(parameters(), betas=(0.9,)), "two betas"),
    (
        lambda: optim.SGD([{"params": parameters(), "lr": -1.0}]),
        "lr of at least 0, got -1",
    ),
    (
        lambda: optim.SGD(parameters()).load_state_dict(nn.Linear(1, 1).state_dict()),
        "with 'state' and 'param_groups'",
    ),
    (
        lambda: schedules.StepLR(optim.SGD(parameters()), 2).load_state_dict({}),
        r"StepLR expects a state with \['last_epoch', 'base_lrs'\]",
    ),
    (
        lambda: schedules.SequentialLR(
            o := optim.SGD(parameters()), [schedules.ReduceLROnPlateau(o)], []
        ),
        "expects formulas, got ReduceLROnPlateau",
    ),
    (lambda: trained(epochs=0), "epochs of at least 1, got 0"),
    (lambda: trained(time_budget=NAN), "time_budget of at least 0, got nan"),
    (lambda: nn.BatchNorm1d(3, momentum=2.0), "momentum from 0 to 1, got 2"),
    (lambda: nn.LayerNorm(3, eps=-1.0), "eps of at least 0, got -1"),
    (lambda: nn.LayerNorm(0), "normalized_shape of at least 1, got 0"),
    (lambda: nn.GroupNorm(2, 4)(X), r"GroupNorm expects \(N, 4"),
    (lambda: nn.LearnedPositions(4, 3)(tt.ones(1, 2, 1)), r"\(..., T, 3\), got"),
    (lambda: quantization.quantize(tt.tensor([1e300, 0.0], dtype=tt.float64)), "range"),
]


@pytest.mark.parametrize(("call", "message"), RANGES)
def test_a_value_out_of_range_is_refused_at_the_line_that_gave_it(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_layer_of_no_inputs_gives_its_bias():
    out = F.linear(tt.zeros(2, 0), tt.zeros(3, 0), tt.arange(3).float())
    assert out.tolist() == [[0, 1, 2], [0, 1, 2]]


INT = np.int64
SIZES = [
    (lambda: nn.Linear(INT(3), INT(2))(X), (2, 2)),
    (lambda: nn.Conv2d(INT(3), INT(2), INT(2), INT(1), INT(1))(IMAGE), (1, 2, 5, 5)),
    (lambda: nn.MaxPool2d(INT(2))(IMAGE), (1, 3, 2, 2)),
    (lambda: nn.MaxPool2d((INT(2), np.int32(4)))(IMAGE), (1, 3, 2, 1)),
    (lambda: nn.AdaptiveAvgPool2d(INT(2))(IMAGE), (1, 3, 2, 2)),
    (lambda: nn.Embedding(INT(3), INT(2))(tt.tensor([0])), (1, 2)),
    (lambda: nn.LayerNorm(INT(3))(X), (2, 3)),
    (lambda: nn.LayerNorm((INT(2), INT(3)))(X), (2, 3)),
    (lambda: nn.GroupNorm(INT(3), INT(3))(X), (2, 3)),
    (lambda: F.one_hot(tt.tensor([0, 1]), INT(3)), (2, 3)),
    (lambda: nn.Flatten(INT(0))(X), (6,)),
    (lambda: nn.MultiheadAttention(INT(4), INT(2))(tt.ones(1, 2, 4)), (1, 2, 4)),
]


@pytest.mark.parametrize(("call", "shape"), SIZES)
def test_numpys_integers_are_sizes(call, shape):
    assert call().shape == shape


INTERNAL = ("Window(", "_Norm", "_BatchNorm", "_Pool", "_Positions", "Affine", "numpy.")


@pytest.mark.parametrize(
    "call",
    [
        lambda: nn.Conv2d(3, 4, 9)(IMAGE),
        lambda: nn.MaxPool2d(9)(IMAGE),
        lambda: nn.BatchNorm2d(2)(IMAGE),
        lambda: nn.Linear(4, 2)(X),
        lambda: F.pad(X, (1, -1)),
    ],
)
def test_messages_speak_of_what_the_user_knows(call):
    with pytest.raises(ValueError, match="expects") as told:
        call()
    assert not [word for word in INTERNAL if word in str(told.value)]


@pytest.mark.parametrize(
    "layer", [nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d, nn.MaxPool2d, nn.LayerNorm]
)
def test_help_points_to_no_hidden_class(layer):
    assert "see _" not in layer.__doc__
    assert not [base for base in layer.__mro__ if base.__name__.startswith("_")]
