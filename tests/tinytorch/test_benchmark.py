"""Timing against a clock of our own; counts against numbers derived by hand."""

import gc
import re
import time

import numpy as np
import pytest

from tinytorch import models, nn, no_grad, optim
from tinytorch.benchmark import (
    Table,
    Timer,
    activation_bytes,
    count_flops,
    count_parameters,
    memory,
    peak_memory,
    profile,
    summary,
)
from tinytorch.benchmark.timer import Comparison, Timing, clock_step, duration, seconds
from tinytorch.nn import functional as F
from tinytorch.quantization import quantize_dynamic
from tinytorch.tensor import Tensor
from tinytorch.utils.plot import bar_plot


def zeros(*shape, dtype=np.float32):
    return Tensor(np.zeros(shape, dtype))


class World:
    """A clock that stands still but for the work that is done in it."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def clock(self):
        return self.now

    def work(self, name, seconds):
        times = iter(seconds) if isinstance(seconds, list) else None

        def function():
            assert not gc.isenabled()
            self.calls.append(name)
            self.now += next(times) if times else seconds

        return function


def timer(world, **options):
    options = {"repeats": 5, "warmup": 2, "min_sample": 0.0, **options}
    return Timer(clock=world.clock, **options)


def test_a_sample_is_a_call_after_warming_up():
    world = World()
    # Two calls to warm up, one to see how long a loop must be, then five samples.
    found = timer(world).measure(world.work("f", [9] * 6 + [1, 2, 3, 4, 50]))
    assert found.samples.tolist() == [1, 2, 3, 4, 50]
    assert found.loops == 1
    assert found.median == 3
    assert found.percentile(25) == 2
    assert gc.isenabled()


def test_short_calls_are_sampled_in_loops():
    world = World()
    found = timer(world, min_sample=1.0).measure(world.work("f", 0.25))
    assert found.loops == 4
    assert found.samples.tolist() == [0.25] * 5


def test_an_interruption_does_not_make_one_call_enough():
    world = World()
    times = [10.0] + [0.25] * 100
    found = timer(world, warmup=0, min_sample=1.0).measure(world.work("f", times))
    assert found.loops == 4
    assert found.samples.tolist() == [0.25] * 5


def test_a_clock_step_is_the_smallest_that_was_seen():
    readings = iter([0.0, 0.0, 3.0, 3.0, 3.0, 3.5, 3.5, 5.5])
    assert clock_step(lambda: next(readings), rounds=3) == 0.5
    assert 0 < clock_step() < 0.1


def test_a_quick_timing_takes_as_many_calls_as_it_needs():
    calls = []

    def nap():
        calls.append(0)
        time.sleep(0.004)

    assert seconds(nap, at_least=0.01) >= 0.004
    assert len(calls) in (2, 6, 14)  # twice one, two, four; a busy moment ends it


def test_a_quick_timing_is_not_misled_by_an_interruption(monkeypatch):
    world = World()
    clocked = Timer(clock=world.clock)
    monkeypatch.setattr("tinytorch.benchmark.timer.Timer", lambda: clocked)
    monkeypatch.setattr(gc, "isenabled", lambda: False)  # as the world's work expects
    assert seconds(world.work("f", [10.0] + [0.25] * 100), at_least=1.0) == 0.25


def test_a_comparison_takes_turns():
    world = World()
    found = timer(world, warmup=0).compare(world.work("a", 3.0), world.work("b", 1.5))
    assert "".join(world.calls) == "aabb" + "abbaabbaab"
    assert found.ratio == 2
    assert found.interval() == (2, 2)
    assert repr(found) == "3 s against 1.5 s: 2.00 times (95 %: 2.00 to 2.00)"


def test_the_time_budget_leaves_five_samples():
    world = World()
    found = timer(world, repeats=50, time_budget=7.5).measure(world.work("f", 1.0))
    assert len(found.samples) == 8
    found = timer(world, repeats=50, time_budget=0.0).measure(world.work("f", 1.0))
    assert len(found.samples) == 5


def test_an_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        low, high = Timing(rng.exponential(size=30), 1).interval(0.9)
        hits += low <= np.log(2) <= high
    assert 0.83 <= hits / 200 <= 0.97


def test_a_difference_that_is_not_shown_is_told():
    rng = np.random.default_rng(0)
    a, b = (Timing(rng.normal(1, 0.1, 20), 1) for _ in range(2))
    assert "no difference is shown" in repr(Comparison(a, b))
    slow = Timing(a.samples * 3, 1)
    low, high = Comparison(slow, a).interval()
    assert low == pytest.approx(3)
    assert high == pytest.approx(3)


def test_noise_that_hits_both_cancels():
    rng = np.random.default_rng(0)
    noise = rng.exponential(size=30) + 1
    pair = Comparison(Timing(2 * noise, 1), Timing(noise, 1))
    assert pair.interval() == pytest.approx((2, 2))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.5, "2.5 s"),
        (0.0123, "12.3 ms"),
        (4e-6, "4 µs"),
        (5e-9, "5 ns"),
        (0.9996, "1 s"),
        (0.0009997, "1 ms"),
    ],
)
def test_durations_have_a_unit(seconds, text):
    assert duration(seconds) == text
    timing = Timing(np.full(5, seconds), 3)
    assert repr(timing) == f"{text} (95 %: {text} to {text}; 5 samples of 3 calls)"


# LeNet-5 on 28 x 28: convolutions 28² 6 (25), 10² 16 (6 25), then 400-120-84-10.
LENET = 2 * (784 * 6 * 25 + 100 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10)
# Three blocks of 3x3 filters on 32², 16², 8² pixels, and 1024-10.
CNN = 2 * (1024 * 16 * 27 + 256 * 32 * 144 + 64 * 64 * 288 + 1024 * 10)


def gpt_flops(B, T, C, V, layers):
    """Four projections, an MLP four times as wide, scores and sums; then the head."""
    block = 2 * B * T * C * (4 * C) + 2 * B * T * C * (8 * C) + 2 * 2 * B * T * T * C
    return layers * block + 2 * B * T * C * V


KNOWN = [
    (models.LeNet(), zeros(1, 1, 28, 28), 61_706, LENET),
    (models.CNN(), zeros(1, 3, 32, 32), 33_946, CNN),
    (
        models.GPT(50, context=16, embed_dim=32, num_heads=4, num_layers=2),
        zeros(3, 10, dtype=np.int64),
        # Tables, then per block 4 projections, 2 norms and an MLP; the last norm.
        (50 + 16) * 32 + 2 * (4 * (32 * 32 + 32) + 4 * 32 + 8 * 32 * 32 + 160) + 64,
        gpt_flops(B=3, T=10, C=32, V=50, layers=2),
    ),
    (
        nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, groups=2, bias=False),
        zeros(2, 4, 7, 7),
        6 * 2 * 6,
        2 * (2 * 6 * 4 * 4) * (2 * 3 * 2),
    ),
]


@pytest.mark.parametrize(("model", "x", "parameters", "flops"), KNOWN)
def test_counts_are_those_derived_by_hand(model, x, parameters, flops):
    assert count_parameters(model) == parameters
    assert count_flops(model, x) == flops
    total = summary(model, x).rows[-1]
    assert total[0] == "total"
    assert total[3] == parameters
    assert total[5] == flops
    assert all(module._after == () for module in model.modules())


def test_hooks_are_gone_after_a_forward_that_fails():
    model = models.LeNet()
    with pytest.raises(ValueError, match="expects .* got"):
        count_flops(model, zeros(1, 2, 28, 28))
    assert all(module._after == () for module in model.modules())


def test_the_cifar_network_takes_what_its_recipe_says():
    assert pytest.approx(5.6e6, rel=0.01) == CNN


def test_attention_counts_its_keys():
    layer = nn.MultiheadAttention(8, 2)
    query, key = zeros(1, 3, 8), zeros(1, 5, 8)
    own = 4 * 3 * 5 * 8
    projections = 2 * 8 * 8 * (3 + 5 + 5 + 3)
    assert count_flops(layer, query, key) == own + projections


def test_int8_does_as_many_operations_on_fewer_bytes():
    model = nn.Sequential(nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))
    small, x = quantize_dynamic(model), zeros(4, 100)
    assert count_flops(small, x) == count_flops(model, x) == 2 * 4 * (5000 + 500)
    floats, integers = memory(model), memory(small)
    assert floats["parameters"] == 4 * (5000 + 50 + 500 + 10)
    # Weights, a scale for each output, and the biases in float.
    assert integers["buffers"] == 5500 + 4 * 60 + 4 * 60
    assert integers["parameters"] == 0


def test_memory_grows_with_gradients_and_state():
    model = nn.Linear(10, 5)
    optimizer = optim.Adam(model.parameters())
    assert memory(model, optimizer) == {
        **{"parameters": 220, "gradients": 0, "buffers": 0, "optimizer": 0}
    }
    F.cross_entropy(model(zeros(2, 10)), zeros(2, dtype=np.int64)).backward()
    optimizer.step()
    assert memory(model, optimizer)["gradients"] == 220
    assert memory(model, optimizer)["optimizer"] == 2 * 220
    assert memory(nn.BatchNorm2d(3))["buffers"] == 2 * 3 * 4


def test_activations_are_what_the_graph_keeps():
    x = zeros(4, 10)
    layer = nn.Linear(10, 5)
    assert activation_bytes(layer(x), layer) == x.nbytes
    assert activation_bytes(layer(x)) == x.nbytes + layer.weight.nbytes
    two = nn.Sequential(nn.Linear(10, 5), nn.Sigmoid(), nn.Linear(5, 5))
    # The input, and the sigmoid's output, kept once for itself and the layer behind.
    assert activation_bytes(two(x), two) == x.nbytes + 4 * 5 * 4
    with no_grad():
        assert activation_bytes(two(x)) == 0


def test_peak_memory_sees_what_is_freed_again():
    def work():
        big = np.ones(1_000_000, np.uint8)
        del big
        return np.ones(1000, np.uint8)

    assert 1_000_000 <= peak_memory(work) < 1_100_000


def test_a_summary_has_a_line_for_each_layer():
    text = repr(summary(models.LeNet(), zeros(2, 1, 28, 28)))
    lines = text.splitlines()
    assert len(lines) == 1 + 12 + 1
    assert lines[0].split() == [
        "layer",
        "kind",
        "output",
        "parameters",
        "bytes",
        "FLOP",
    ]
    assert lines[1].split() == [
        *("features.0", "Conv2d", "2×6×28×28", "156", "624", f"{2 * 235_200:,}")
    ]


def test_a_summary_adds_up():
    rows = summary(models.CNN(), zeros(2, 3, 32, 32)).rows
    for column in (3, 4, 5):
        assert sum(row[column] for row in rows[:-1]) == rows[-1][column]


def test_a_profile_times_layers_and_leaves_the_model_alone():
    model = nn.Sequential(
        nn.Linear(64, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, 10)
    )
    x = Tensor(np.random.default_rng(0).normal(size=(32, 64)).astype(np.float32))
    quick = Timer(repeats=5, warmup=1, min_sample=0.001, time_budget=0.05)
    found = profile(model, x, timer=quick)
    assert [layer.kind for layer in found.layers] == [
        *("Linear", "BatchNorm1d", "ReLU", "Linear")
    ]
    assert [layer.flops for layer in found.layers] == [
        *(2 * 32 * 64 * 256, 0, 0, 2 * 32 * 256 * 10)
    ]
    for layer in (*found.layers, found.whole):
        assert layer.forward.median > 0
        assert layer.backward.median > 0
    shares = sum(layer.seconds for layer in found.layers) + found.rest
    assert shares == pytest.approx(found.whole.seconds)
    assert all(p.grad is None for p in model.parameters())
    assert (model[1].running_mean.data == 0).all()
    assert repr(found).splitlines()[-1].startswith("(rest)")
    assert found._repr_html_().startswith("<table>")
    assert found.plot().html.count("<rect") == 8


def test_a_profile_without_gradients_has_no_backward():
    quick = Timer(repeats=5, warmup=0, min_sample=0.0, time_budget=0.01)
    with no_grad():
        found = profile(nn.Sequential(nn.Linear(2, 2)), zeros(1, 2), timer=quick)
    assert found.layers[0].backward is None
    assert found.whole.seconds == found.whole.forward.median


def test_a_table_aligns_numbers_and_escapes_text():
    table = Table("name", "n")
    assert repr(table) == "name  n"
    table.add("a<b", 1234)
    table.add("c", None)
    assert repr(table) == "name      n\na<b   1,234\nc"
    assert '<tr><td style="text-align: left">a&lt;b</td>' in table._repr_html_()
    assert '<td style="text-align: right">1,234</td></tr>' in table._repr_html_()
    numbers = Table("x")
    numbers.add(0.123456)
    numbers.add(12345.6)
    assert repr(numbers).split() == ["x", "0.123", "12,346"]


@pytest.mark.parametrize("unit", ["ms", "ms a step"])
def test_a_bars_total_fits_beside_it(unit):
    drawn = bar_plot(["x", "y"], {"a": [1234.5, 3.0]}, unit).html
    totals = re.findall(rf'<text x="([\d.]+)"[^>]*>([\d,.]+ {unit})<', drawn)
    assert [text for _, text in totals] == [f"1,234 {unit}", f"3 {unit}"]
    assert all(float(x) + 6 * len(text) <= 480 for x, text in totals)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: Timer(repeats=4), "repeats of at least 5, got 4"),
        (lambda: Timer(warmup=-1), "warmup of at least 0, got -1"),
        (lambda: Timing(np.ones(5), 1).interval(1.0), "between 0 and 1, got 1.0"),
        (lambda: Table("a", "b").add(1), r"expected cells for \['a', 'b'\], got 1"),
        (lambda: bar_plot([], {"a": []}, "s"), "a value for each, got 0 and 0"),
        (lambda: bar_plot(["x"], {"a": [1, 2]}, "s"), "a value for each, got 1 and 2"),
    ],
)
def test_bad_use_is_told(action, message):
    with pytest.raises(ValueError, match=message):
        action()
