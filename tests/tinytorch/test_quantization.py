"""Int8: the map, the integer products, the observers and the conversion."""

import numpy as np
import pytest

import tinytorch
from tinytorch import backends, nn, no_grad, saving
from tinytorch.backends.window import Window
from tinytorch.nn import functional as F
from tinytorch.ops.quantized import conv2d_int8, linear_int8
from tinytorch.quantization import (
    MinMaxObserver,
    Observer,
    PercentileObserver,
    QuantizedConv2d,
    QuantizedLinear,
    choose_qparams,
    quantize,
    quantize_dynamic,
    quantize_static,
)
from tinytorch.tensor import Tensor

RNG = np.random.default_rng(0)


def normal(*shape):
    return Tensor(RNG.normal(size=shape).astype(np.float32))


@pytest.mark.parametrize(
    ("low", "high", "symmetric", "scale", "zero_point"),
    [
        (-1.0, 1.55, False, 0.01, -28),
        (0.0, 2.55, False, 0.01, -128),
        (0.51, 2.55, False, 0.01, -128),  # 0 joins the range
        (-2.55, -1.0, False, 0.01, 127),
        (-1.27, 0.3, True, 0.01, 0),
        (-0.3, 2.54, True, 0.02, 0),
        (0.0, 0.0, False, 1.0, -128),
        (0.0, 0.0, True, 1.0, 0),
    ],
)
def test_a_range_becomes_scale_and_zero_point(low, high, symmetric, scale, zero_point):
    params = choose_qparams(low, high, symmetric)
    assert params.scale == pytest.approx(scale)
    assert params.zero_point == zero_point


def test_rounding_by_hand():
    x = Tensor(np.array([-1.0, 0.0, 0.004, 0.006, 1.55, 9.0], np.float32))
    q = quantize(x, choose_qparams(-1.0, 1.55))
    assert q.values.tolist() == [-128, -28, -28, -27, 127, 127]
    np.testing.assert_allclose(
        q.dequantize().data, [-1, 0, 0, 0.01, 1.55, 1.55], atol=1e-6
    )


def test_a_channel_of_its_own_scale_is_finer():
    x = Tensor(np.array([[100.0, -50.0], [0.01, 0.02]], np.float32))
    whole, by_row = quantize(x), quantize(x, axis=0)
    assert np.abs(whole.dequantize().data - x.data)[1].max() > 0.009
    assert np.abs(by_row.dequantize().data - x.data)[1].max() < 1e-4
    assert quantize(x, axis=-1).params.scale.shape == (2,)


def test_bytes_are_those_of_the_arrays():
    q = quantize(normal(64, 100), symmetric=True, axis=0)
    assert q.values.data.dtype == np.int8
    assert q.nbytes == 6400 + 64 * 4 + 64 * 4


INT8 = {"low": -128, "high": 128, "dtype": np.int8}


@pytest.mark.parametrize("backend", backends.available())
def test_integer_products_are_exact(backend):
    x, w = RNG.integers(size=(5, 7), **INT8), RNG.integers(size=(3, 7), **INT8)
    with backends.use(backend):
        found = linear_int8(x, w, -100)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, (x.astype(int) + 100) @ w.T.astype(int))


@pytest.mark.parametrize(
    ("groups", "window"),
    [
        (1, Window((3, 2))),
        (1, Window((3, 2), stride=(2, 1), padding=(1, 2))),
        (2, Window((3, 2), padding=(1, 1), dilation=(2, 1))),
    ],
)
def test_integer_convolutions_are_exact(groups, window):
    x = RNG.integers(size=(2, 4, 6, 7), **INT8)
    w = RNG.integers(size=(6, 4 // groups, *window.kernel), **INT8)
    found = conv2d_int8(x, w, window, groups, 55)
    exact = F.conv2d(
        Tensor(x.astype(np.float64) - 55), Tensor(w.astype(np.float64)), None,
        *window[1:], groups,
    )  # fmt: skip
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, exact.data)


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("shape", [(8,), (5, 8), (2, 3, 8)])
def test_a_linear_layer_is_close_to_its_float_self(shape, static):
    layer, x = nn.Linear(8, 4), normal(*shape)
    params = choose_qparams(x.data.min(), x.data.max()) if static else None
    y = QuantizedLinear(layer, params)(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, layer(x).data, atol=0.05)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": 1, "stride": 2},
        {"groups": 2, "bias": False},
        {"dilation": (2, 1)},
    ],
)
def test_a_convolution_is_close_to_its_float_self(options):
    layer, x = nn.Conv2d(4, 6, 3, **options), normal(2, 4, 8, 8)
    y = QuantizedConv2d(layer, choose_qparams(x.data.min(), x.data.max()))(x)
    np.testing.assert_allclose(y.data, layer(x).data, atol=0.08)


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(4 * 36, 10))

    def forward(self, x):
        return self.head(self.features(x))


def test_dynamic_quantization_converts_a_copy():
    model = Convolutional()
    found = quantize_dynamic(model)
    kinds = [type(m).__name__ for m in found.modules()]
    assert kinds.count("QuantizedLinear") == 1
    assert "Linear" not in kinds
    assert "Conv2d" in kinds
    assert isinstance(model.head[1], nn.Linear)
    assert all(p.requires_grad for p in model.parameters())
    x = normal(3, 1, 8, 8)
    with no_grad():
        np.testing.assert_allclose(found(x).data, model.eval()(x).data, atol=0.1)
    assert not found(x).requires_grad


def test_static_quantization_fixes_what_calibration_shows():
    model, x = Convolutional(), normal(16, 1, 8, 8)
    found = quantize_static(model, [x[:8], (x[8:], None)])
    low, high = x.data.min(), x.data.max()
    expected = choose_qparams(low, high)
    assert found.features[0].input_scale.item() == pytest.approx(expected.scale)
    assert found.features[0].input_zero_point.item() == expected.zero_point
    with no_grad():
        np.testing.assert_allclose(found(x).data, model.eval()(x).data, atol=0.2)
    assert model.features[0]._after == ()


@pytest.mark.parametrize("inputs", [65_536, 65_537, 150_528])
def test_sums_that_leave_32_bits_are_exact(inputs):
    """The inputs of 224 x 224 colour pixels; all weights are the largest there are."""
    layer = nn.Linear(inputs, 2, bias=False)
    layer.weight.detach().fill_(1.0)
    layer.weight.detach()[1] = -1.0
    x = Tensor(np.full((1, inputs), 1.0, np.float32))
    found = QuantizedLinear(layer)(x).data
    np.testing.assert_allclose(found, [[inputs, -inputs]], rtol=1e-3)


def test_a_layer_alone_is_a_model_too():
    assert isinstance(quantize_dynamic(nn.Linear(2, 2)), QuantizedLinear)


def test_int8_weights_go_through_a_file(tmp_path):
    model, x = Convolutional(), normal(4, 1, 8, 8)
    found = quantize_static(model, [x])
    saving.save_file(found.state_dict(), tmp_path / "int8.safetensors")
    saving.save_file(model.state_dict(), tmp_path / "float.safetensors")
    other = quantize_static(Convolutional(), [x * 3])
    other.load_state_dict(saving.load_file(tmp_path / "int8.safetensors"))
    np.testing.assert_array_equal(other(x).data, found(x).data)
    small, large = (
        sum(t.nbytes for t in saving.load_file(tmp_path / name).values())
        for name in ("int8.safetensors", "float.safetensors")
    )
    assert small < 0.3 * large


@pytest.mark.parametrize(
    ("observer", "expected"),
    [(MinMaxObserver(), (-4.0, 100.0)), (PercentileObserver(75), (-1.25, 25.75))],
)
def test_observers_join_ranges(observer, expected):
    observer.observe(Tensor(np.array([-1.0, 0.0, 0.0, 0.0, 2.0])))
    observer.observe(Tensor(np.array([-4.0, -2.5, 0.0, 51.5, 100.0])))
    assert (observer.low, observer.high) == expected
    assert observer.qparams().scale == pytest.approx(np.ptp(expected) / 255)


def test_an_outlier_costs_precision_and_a_percentile_saves_it():
    x = Tensor(np.append(RNG.normal(size=9999), 1000.0).astype(np.float32))
    plain, robust = MinMaxObserver(), PercentileObserver(99.9)
    for observer in (plain, robust):
        observer.observe(x)
    assert plain.qparams().scale > 3
    assert robust.qparams().scale < 0.05


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda: choose_qparams(1.0, 0.0), ValueError, "low <= high, got 1.0 to 0.0"),
        (lambda: choose_qparams(0.0, np.inf), ValueError, "finite ranges"),
        (
            lambda: quantize(normal(0)),
            ValueError,
            r"at least one value, got shape \(0,\)",
        ),
        (lambda: quantize(Tensor([np.nan])), ValueError, "finite ranges.* got nan"),
        (
            lambda: quantize(normal(2, 3), axis=2),
            IndexError,
            r"dim of shape \(2, 3\), got 2",
        ),
        (lambda: MinMaxObserver().qparams(), RuntimeError, "at least one batch"),
        (lambda: PercentileObserver(20), ValueError, "in 50..100, got 20"),
        (
            lambda: quantize_dynamic(nn.ReLU()),
            ValueError,
            "expected Linear .* layers, got ReLU",
        ),
        (lambda: quantize_static(nn.ReLU(), []), ValueError, "or, static, Conv2d"),
        (lambda: quantize_static(nn.Linear(2, 2), []), ValueError, "no input to .''"),
        (
            lambda: quantize_dynamic(nn.Linear(2, 2))(normal(3, 4)),
            ValueError,
            r"expects \(\.\.\., 2\), got \(3, 4\)",
        ),
        (
            lambda: QuantizedConv2d(nn.Conv2d(2, 2, 1))(normal(1, 3, 4, 4)),
            ValueError,
            r"expects \(N, 2, H, W\), got \(1, 3, 4, 4\)",
        ),
    ],
)
def test_bad_use_is_told(action, error, message):
    with pytest.raises(error, match=message):
        action()


def test_an_observer_must_say_how_ranges_join():
    observer = Observer()
    observer.observe(tinytorch.ones(2))
    with pytest.raises(NotImplementedError, match="expects a join method"):
        observer.observe(tinytorch.ones(2))
