"""Layers: numbers to check by hand, equal forms, modes, starts, and bad use."""

import math

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.nn import init
from tinytorch.nn.utils import clip_grad_norm_, clip_grad_value_

IMAGE = tt.arange(16).float().reshape(1, 1, 4, 4)


def equal(actual, expected):
    np.testing.assert_allclose(actual.data, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (F.linear(tt.tensor([1.0, 2]), tt.tensor([[3.0, 4]]), tt.tensor([5.0])), [16]),
        (F.relu(tt.tensor([-1.0, 0, 2])), [0, 0, 2]),
        (F.leaky_relu(tt.tensor([-1.0, 2]), 0.1), [-0.1, 2]),
        (F.gelu(tt.tensor([0.0, 1])), [0, 0.8413447]),
        (F.gelu(tt.tensor([0.0, 1]), "tanh"), [0, 0.841192]),
        (F.silu(tt.tensor([0.0, 1])), [0, 0.7310586]),
        (F.logsigmoid(tt.tensor([0.0, -1000])), [-math.log(2), -1000]),
        (F.softplus(tt.tensor([0.0, 1000])), [math.log(2), 1000]),
        (F.softmax(tt.tensor([[0.0, math.log(3)]]), 1), [[0.25, 0.75]]),
        (F.max_pool2d(IMAGE, 2), [[[[5, 7], [13, 15]]]]),
        (F.max_pool2d(-IMAGE.long(), 3, padding=1, stride=3), [[[[0, -2], [-8, -10]]]]),
        (F.avg_pool2d(IMAGE, 2), [[[[2.5, 4.5], [10.5, 12.5]]]]),
        (F.avg_pool2d(IMAGE, 2, 4, 1), [[[[0, 0.75], [3, 3.75]]]]),
        (F.adaptive_avg_pool2d(IMAGE, 1), [[[[7.5]]]]),
        (F.adaptive_avg_pool2d(IMAGE, (1, 3)), [[[[6.5, 7.5, 8.5]]]]),
        (F.conv2d(IMAGE, tt.ones(1, 1, 4, 4), tt.ones(1)), [[[[121]]]]),
        (
            F.conv2d(IMAGE, tt.ones(1, 1, 2, 2), stride=3, padding=1),
            [[[[0, 5], [20, 50]]]],
        ),
        (F.conv2d(IMAGE, tt.ones(1, 1, 2, 2), dilation=3), [[[[30]]]]),
        (F.layer_norm(tt.tensor([[1.0, 3]]), 2, eps=0), [[-1, 1]]),
        (F.rms_norm(tt.tensor([[3.0, 4]]), 2, eps=0), [[3 / 12.5**0.5, 4 / 12.5**0.5]]),
        (F.group_norm(tt.tensor([[1.0, 3, 5, 9]]), 2, eps=0), [[-1, 1, -1, 1]]),
        (F.one_hot(tt.tensor([1, 0])), [[0, 1], [1, 0]]),
        (F.one_hot(tt.tensor([1, 0]).to(tt.uint8)), [[0, 1], [1, 0]]),
        (F.one_hot(tt.tensor([0])[:0]), np.zeros((0, 0))),
        (F.embedding(tt.tensor([1, 1]), tt.tensor([[1.0], [2]])), [[2], [2]]),
        (F.normalize(tt.tensor([[3.0, 4], [0, 0]])), [[0.6, 0.8], [0, 0]]),
        (F.normalize(tt.tensor([[1.0, 3], [2, 6]]), 1, 0), [[1 / 3] * 2, [2 / 3] * 2]),
        (F.cosine_similarity(tt.tensor([[1.0, 0]]), tt.tensor([[1.0, 1]])), [0.5**0.5]),
        (F.cosine_similarity(tt.zeros(2, 3), tt.ones(2, 3)), [0, 0]),
        (nn.Flatten()(tt.ones(2, 1, 2)), [[1, 1], [1, 1]]),
        (nn.Identity()(tt.ones(1)), [1]),
    ],
)
def test_by_hand(actual, expected):
    equal(actual, expected)


@pytest.mark.parametrize(
    ("module", "function"),
    [
        (nn.ReLU(), F.relu),
        (nn.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2)),
        (nn.GELU(), F.gelu),
        (nn.SiLU(), F.silu),
        (nn.Sigmoid(), F.sigmoid),
        (nn.Tanh(), F.tanh),
        (nn.Softmax(1), lambda x: F.softmax(x, 1)),
        (nn.LogSoftmax(1), lambda x: F.log_softmax(x, 1)),
        (nn.MaxPool2d(3, 2, 1), lambda x: F.max_pool2d(x, 3, 2, 1)),
        (nn.AvgPool2d(3, 2, 1), lambda x: F.avg_pool2d(x, 3, 2, 1)),
        (nn.AdaptiveAvgPool2d(2), lambda x: F.adaptive_avg_pool2d(x, 2)),
        (nn.LayerNorm((4, 5)), lambda x: F.layer_norm(x, (4, 5))),
        (nn.RMSNorm(5), lambda x: F.rms_norm(x, 5)),
        (nn.GroupNorm(3, 6), lambda x: F.group_norm(x, 3)),
        (nn.Dropout(0.0), lambda x: x),
    ],
    ids=lambda value: repr(value) if isinstance(value, nn.Module) else "",
)
def test_a_module_is_its_function(module, function):
    x = tt.randn(2, 6, 4, 5)
    np.testing.assert_array_equal(module(x).data, function(x).data)


@pytest.mark.parametrize(
    "function",
    [F.leaky_relu, F.gelu, lambda x: F.gelu(x, "tanh"), F.silu, F.softplus, F.sigmoid],
)
def test_activations_of_integers_are_float32(function):
    assert function(tt.arange(3)).dtype == tt.float32


def test_grouped_convolution_is_separate_convolutions():
    conv = nn.Conv2d(4, 6, 3, groups=2)
    x = tt.randn(2, 4, 5, 5)
    halves = [
        F.conv2d(x[:, 2 * g : 2 * g + 2], conv.weight[3 * g : 3 * g + 3])
        for g in range(2)
    ]
    whole = tt.cat(halves, dim=1) + conv.bias.reshape(1, 6, 1, 1)
    np.testing.assert_allclose(conv(x).data, whole.data, rtol=1e-4, atol=1e-5)


def test_batch_norm_moves_to_the_batch_and_then_stays():
    norm = nn.BatchNorm1d(1, momentum=0.5)
    x = tt.tensor([[1.0], [3.0]])
    equal(norm(x), [[-1 / (1 + 1e-5) ** 0.5], [1 / (1 + 1e-5) ** 0.5]])
    equal(norm.running_mean, [1.0])  # halfway from 0 to 2
    equal(norm.running_var, [1.5])  # halfway from 1 to 2, the unbiased variance
    norm.eval()
    equal(norm(tt.tensor([[1.0]])), [[0.0]])
    equal(norm.running_mean, [1.0])


def test_batch_norm_without_running_statistics_always_uses_the_batch():
    norm = nn.BatchNorm2d(2, track_running_stats=False).eval()
    assert not list(norm.named_buffers())
    out = norm(tt.randn(4, 2, 3, 3) * 5 + 2)
    np.testing.assert_allclose(out.data.mean(axis=(0, 2, 3)), 0, atol=1e-5)


def test_dropout():
    layer = nn.Dropout(0.25, generator=tt.Generator(0))
    out = layer(tt.ones(100, 100)).data
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / 0.75)}
    assert 0.2 < (out == 0).mean() < 0.3
    assert layer.eval()(tt.ones(3)).tolist() == [1, 1, 1]
    assert F.dropout(tt.ones(3), 1.0).tolist() == [0, 0, 0]
    same = [F.dropout(tt.ones(9), 0.5, generator=tt.Generator(7)) for _ in range(2)]
    assert same[0].tolist() == same[1].tolist()


def test_embedding_and_positions():
    table = nn.Embedding(5, 3, padding_idx=-1)
    assert table(tt.tensor([[0, 4]])).shape == (1, 2, 3)
    assert table.weight[4].tolist() == [0, 0, 0]
    learned = nn.LearnedPositions(4, 2)
    equal(learned(tt.zeros(1, 2, 2), start=2)[0], learned.weight.data[2:])
    fixed = nn.SinusoidalPositions(4, 2)
    assert not list(fixed.parameters())
    equal(
        fixed(tt.zeros(3, 2)),
        [[0, 1], [math.sin(1), math.cos(1)], [math.sin(2), math.cos(2)]],
    )
    slow = nn.sinusoidal_positions(3, 4)[:, 2]
    equal(slow, [0, math.sin(0.01), math.sin(0.02)])


@pytest.mark.parametrize(
    ("fill", "deviation"),
    [
        (lambda w: init.uniform_(w, -3, 3), 3 / 3**0.5),
        (lambda w: init.normal_(w, 1.0, 0.5), 0.5),
        (init.xavier_uniform_, (2 / 300) ** 0.5),
        (lambda w: init.xavier_normal_(w, gain=2), 2 * (2 / 300) ** 0.5),
        (lambda w: init.kaiming_uniform_(w, nonlinearity="relu"), (2 / 100) ** 0.5),
        (lambda w: init.kaiming_normal_(w, mode="fan_out"), (2 / 200) ** 0.5),
        (init.ones_, 0),
        (init.zeros_, 0),
    ],
)
def test_initialisers_reach_their_deviation(fill, deviation):
    weight = nn.Parameter(np.empty((200, 100), dtype=np.float32))
    assert fill(weight) is weight
    assert weight.data.std() == pytest.approx(deviation, rel=0.03)


def test_initialisation_repeats_with_its_seed():
    def weights():
        tt.manual_seed(5)
        return [
            p.data
            for p in nn.Sequential(nn.Linear(3, 4), nn.Conv2d(1, 2, 3)).parameters()
        ]

    for a, b in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_gain_and_fans():
    assert init.calculate_gain("relu") == 2**0.5
    assert init.calculate_gain("leaky_relu", 1) == 1
    assert init.fans(tt.empty(8, 3, 5, 5)) == (75, 200)


def test_clipping():
    p = nn.Parameter(np.zeros(2, dtype=np.float32))
    q = nn.Parameter(np.zeros(1, dtype=np.float32))
    p.grad, q.grad = tt.tensor([3.0, 0.0]), tt.tensor([4.0])
    assert clip_grad_norm_([p, q], 10).item() == 5
    equal(p.grad, [3, 0])
    assert clip_grad_norm_([p, q], 1).item() == 5
    equal(p.grad, [0.6, 0])
    clip_grad_value_([p, q], 0.5)
    equal(p.grad, [0.5, 0])
    equal(q.grad, [0.5])
    q.grad = tt.tensor([math.nan])
    with pytest.raises(RuntimeError, match="finite gradient norm, got nan"):
        clip_grad_norm_(q, 1, error_if_nonfinite=True)


PICTURE = tt.ones(1, 3, 4, 4)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (
            lambda: nn.Linear(3, 2)(tt.ones(2, 4)),
            ValueError,
            r"dimension 3, got .*\(2, 4\)",
        ),
        (lambda: nn.Linear(3, 2)(tt.tensor(1.0)), ValueError, r"got shape \(\)"),
        (
            lambda: nn.Linear(3, 2)(tt.ones(3).double()),
            TypeError,
            "float32, got float64",
        ),
        (lambda: nn.Linear(3, 2)(tt.tensor([1, 2, 3])), TypeError, "got int64"),
        (
            lambda: F.linear(tt.ones(3), tt.ones(2, 3), tt.ones(3)),
            ValueError,
            r"Linear's bias expects shape \(2,\), got \(3,\)",
        ),
        (lambda: nn.Conv2d(3, 4, 3)(tt.ones(3, 4, 4)), ValueError, r"got \(3, 4, 4\)"),
        (lambda: nn.Conv2d(1, 4, 3)(PICTURE), ValueError, r"\(N, 1, H, W\)"),
        (lambda: nn.Conv2d(3, 4, 5)(PICTURE), ValueError, "a window that fits"),
        (lambda: nn.Conv2d(3, 4, 3, stride=0)(PICTURE), ValueError, "sizes >= 1"),
        (lambda: nn.Conv2d(3, 4, 3, padding=-1)(PICTURE), ValueError, "padding >= 0"),
        (
            lambda: nn.Conv2d(3, 4, 3, groups=2),
            ValueError,
            "in_channels divisible by 2, got 3",
        ),
        (lambda: nn.Conv2d(3, 4, 3)(PICTURE.double()), TypeError, "got float64"),
        (
            lambda: F.conv2d(PICTURE, tt.ones(4, 3, 3)),
            ValueError,
            r"weight expects 4 axes, got shape \(4, 3, 3\)",
        ),
        (
            lambda: F.conv2d(PICTURE, tt.ones(4, 3, 3, 3), tt.ones(3)),
            ValueError,
            r"Conv2d's bias expects shape \(4,\), got \(3,\)",
        ),
        (lambda: F.linear(tt.ones(3), tt.ones(3)), ValueError, r"2 axes.*\(3,\)"),
        (
            lambda: nn.Conv2d(3, 4, 3, padding="same")(PICTURE),
            ValueError,
            "whole number or a pair of them, got 'same'",
        ),
        (lambda: nn.Linear(0, 3), ValueError, "in_features of at least 1, got 0"),
        (lambda: nn.Conv2d(3, 0, 3), ValueError, "out_channels of at least 1, got 0"),
        (lambda: nn.Conv2d(3, 4, (3, 3, 3)), ValueError, r"a pair.*\(3, 3, 3\)"),
        (lambda: F.avg_pool2d(PICTURE, 1.5), ValueError, "a pair of them, got 1.5"),
        (lambda: nn.MaxPool2d(2)(tt.ones(2, 2)), ValueError, r"\(N, C, H, W\)"),
        (lambda: nn.MaxPool2d(5)(PICTURE), ValueError, "a window that fits"),
        (lambda: nn.MaxPool2d(2, padding=2)(PICTURE), ValueError, "half the window"),
        (lambda: nn.AvgPool2d(2, padding=2)(PICTURE), ValueError, "half the window"),
        (
            lambda: F.pad(PICTURE, (1, -1)),
            ValueError,
            r"pad expects >= 0.*got \(1, -1\)",
        ),
        (
            lambda: F.pad(PICTURE, (1, 1, 1)),
            ValueError,
            r"two an axis of .*\(1, 1, 1\)",
        ),
        (lambda: F.pad(PICTURE, (1,) * 10), ValueError, "two an axis of"),
        (lambda: F.pad(PICTURE, (1, 1), "wrap"), ValueError, "got 'wrap'"),
        (lambda: nn.AvgPool2d(2)(PICTURE.long()), TypeError, "floating.*got int64"),
        (lambda: nn.AdaptiveAvgPool2d(3)(PICTURE.long()), TypeError, "got int64"),
        (lambda: nn.AdaptiveAvgPool2d(0)(PICTURE), ValueError, "at least one pixel"),
        (lambda: nn.Dropout(1.5), ValueError, "from 0 to 1, got 1.5"),
        (lambda: F.dropout(PICTURE, -1), ValueError, "from 0 to 1, got -1"),
        (
            lambda: nn.BatchNorm2d(2)(PICTURE),
            ValueError,
            r"BatchNorm2d expects 2 channels, .* got shape",
        ),
        (
            lambda: nn.BatchNorm1d(3)(PICTURE),
            ValueError,
            r"axes in \(2, 3\), got shape",
        ),
        (lambda: nn.BatchNorm1d(3)(tt.ones(1, 3)), ValueError, "2 or more values"),
        (lambda: F.batch_norm(PICTURE, None, None), ValueError, "running statistics"),
        (lambda: F.batch_norm(tt.ones(3), None, None), ValueError, r"\(N, C, \.\.\.\)"),
        (lambda: nn.BatchNorm2d(3)(PICTURE.double()), TypeError, "32, got float64"),
        (lambda: nn.LayerNorm(4)(PICTURE.long()), TypeError, "floating.*got int64"),
        (lambda: F.layer_norm(PICTURE.long(), 4), TypeError, "floating.*got int64"),
        (lambda: nn.RMSNorm(4)(PICTURE.long()), TypeError, "floating.*got int64"),
        (lambda: nn.LayerNorm(3)(PICTURE), ValueError, r"last axes \(3,\), got"),
        (lambda: F.layer_norm(PICTURE, ()), ValueError, r"last axes \(\)"),
        (
            lambda: F.layer_norm(PICTURE, 4, tt.ones(3)),
            ValueError,
            r"LayerNorm's weight expects shape \(4,\), got \(3,\)",
        ),
        (
            lambda: F.layer_norm(PICTURE, 4, tt.ones(4), tt.ones(3)),
            ValueError,
            r"LayerNorm's bias expects shape \(4,\), got \(3,\)",
        ),
        (lambda: F.rms_norm(PICTURE, 4, tt.ones(3)), ValueError, "RMSNorm's weight"),
        (lambda: nn.RMSNorm(3)(PICTURE), ValueError, r"RMSNorm expects last axes"),
        (lambda: nn.GroupNorm(2, 3), ValueError, "divisible by 2, got 3"),
        (lambda: F.group_norm(PICTURE, 2), ValueError, "divisible by 2, got 3"),
        (lambda: F.gelu(PICTURE, "fast"), ValueError, "'tanh'\\), got 'fast'"),
        (lambda: F.softmax(PICTURE, 4), IndexError, "dim"),
        (lambda: nn.Embedding(3, 2)(tt.tensor([3])), IndexError, "from 0 to 2, got 3"),
        (lambda: nn.Embedding(3, 2)(tt.tensor([-1])), IndexError, "got -1"),
        (lambda: nn.Embedding(3, 2)(tt.ones(2)), TypeError, "integers, got dtype flo"),
        (
            lambda: F.embedding(tt.tensor([0]), tt.ones(3)),
            ValueError,
            r"weight expects 2 axes, got shape \(3,\)",
        ),
        (lambda: nn.Embedding(3, 2, 3), ValueError, "from -3 to 2, got 3"),
        (
            lambda: nn.LearnedPositions(4, 2)(tt.zeros(1, 3, 2), start=2),
            ValueError,
            "positions from 0 to 3, got 2 to 4",
        ),
        (
            lambda: nn.sinusoidal_positions(3, 5),
            ValueError,
            "dim divisible by 2, got 5",
        ),
        (lambda: init.xavier_uniform_(tt.ones(3)), ValueError, r"got shape \(3,\)"),
        (lambda: init.uniform_(tt.ones(2), 2, 1), ValueError, "b of at least 2, got 1"),
        (lambda: init.normal_(tt.ones(2), std=-1), ValueError, "at least 0, got -1"),
        (lambda: clip_grad_value_([], -1), ValueError, "at least 0, got -1"),
        (lambda: init.calculate_gain("step"), ValueError, "got 'step'"),
        (
            lambda: init.kaiming_normal_(tt.ones(2, 2), mode="fan"),
            ValueError,
            r"out of \('fan_in', 'fan_out'\), got 'fan'",
        ),
    ],
)
def test_bad_use(bad, error, message):
    with pytest.raises(error, match=message):
        bad()
