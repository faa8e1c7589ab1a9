"""What watches a run."""

import io
import math
import sys

import numpy as np
import pytest

from tinytorch import nn, optim
from tinytorch.random import Generator, manual_seed
from tinytorch.training import BestWeights, Callback, EarlyStopping, Progress, fit
from tinytorch.training.callbacks import clock, time_left
from tinytorch.utils.data import DataLoader, TensorDataset, make_moons
from tinytorch.utils.plot import line_plot


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Script(Callback):
    """Puts values of our choice where the held-out loss would be."""

    def __init__(self, values):
        self.values = iter(values)

    def on_epoch(self, run):
        run.history.epochs.setdefault("val_loss", []).append(next(self.values))


def run(callbacks, epochs=5, **options):
    manual_seed(0)
    model = nn.Linear(2, 2)
    data = TensorDataset(*make_moons(20, generator=Generator(0)))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    loader = options.pop("loader", None) or DataLoader(data, 10)
    loss = nn.CrossEntropyLoss()
    return model, fit(
        model, loader, loss, optimizer, epochs, callbacks=callbacks, **options
    )


@pytest.mark.parametrize(
    ("losses", "options", "epochs"),
    [
        ([5, 4, 3, 2, 1], {"patience": 1}, 5),
        ([5, 4, 4, 4, 1], {"patience": 2}, 4),
        ([5, 4.95, 4.9, 4.85, 4.8], {"patience": 2, "min_delta": 0.2}, 3),
        ([1, 3, 1, 2, 4], {"patience": 2, "mode": "max"}, 4),
        ([5, math.nan, 4, 4, 4], {"patience": 1}, 2),
    ],
)
def test_it_stops_after_patience_is_spent(losses, options, epochs):
    _, history = run([Script(losses), EarlyStopping(**options)])
    assert len(history.epochs["loss"]) == epochs
    if epochs < 5:
        assert "val_loss has not improved for" in history.stopped


def test_the_best_weights_come_back():
    seen = []

    class Copy(Callback):
        def on_epoch(self, run):
            seen.append(run.model.weight.data.copy())

    model, _ = run([Script([3, 1, 2, 1, 4]), Copy(), BestWeights()])
    np.testing.assert_array_equal(model.weight.data, seen[1])
    assert not np.array_equal(model.weight.data, seen[-1])


def test_what_to_watch_must_be_measured():
    with pytest.raises(KeyError, match=r"out of \['loss', .*got 'val_loss'"):
        run([EarlyStopping()])
    with pytest.raises(ValueError, match="out of .'min', 'max'., got 'least'"):
        BestWeights(mode="least")
    with pytest.raises(ValueError, match="patience of at least 1, got 0"):
        EarlyStopping(patience=0)


def test_progress_is_a_line_an_epoch(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    run([Progress("points")], epochs=2, time_budget=100)
    lines = sys.stderr.getvalue().split("\n")
    shown = [line.split("\r\033[K") for line in lines]
    assert shown[0][1].startswith("epoch 1/2, step 1/2, loss 0.")
    assert "points/s" in shown[0][1]
    assert shown[0][1].endswith(" left")
    assert shown[1][-1].startswith("epoch 2/2, loss 0.")
    assert "accuracy" in shown[1][-1]
    assert shown[2] == [""]


def test_progress_says_why_it_ended(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    run([Progress()], time_budget=0)
    end = sys.stderr.getvalue().splitlines()[-1]
    assert "stopped at step 1: the time budget of 0 s is spent" in end


def test_the_time_left_is_what_was_needed_so_far():
    estimates = []

    class Slow(Callback):
        def on_step(self, run):
            run.started = run.started - 1.0  # each step seems to take a second
            estimates.append(time_left(run))

    run([Slow()], epochs=2)
    assert estimates == pytest.approx([3, 2, 1, 0], abs=0.2)
    estimates.clear()
    run([Slow()], epochs=9, time_budget=10)
    assert estimates[0] == pytest.approx(9, abs=0.2)
    estimates.clear()
    data = list(DataLoader(TensorDataset(*make_moons(20)), 10))
    run([Slow()], epochs=1, loader=Endless(data))
    assert math.isnan(estimates[0])


class Endless:
    """A loader that does not know its length."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (math.nan, "?:??"),
        (0.04, "0.0 s"),
        (9.9, "9.9 s"),
        (75, "1:15"),
        (3600, "60:00"),
    ],
)
def test_durations_are_short(seconds, text):
    assert clock(seconds) == text


def test_a_history_draws_itself():
    _, history = run([], val_loader=DataLoader(TensorDataset(*make_moons(20)), 10))
    svg = history.plot("accuracy")._repr_html_()
    assert svg.count("<polyline") == 2
    assert ">val_accuracy</text>" in svg
    with pytest.raises(KeyError, match="expected one of .*'loss'.* got 'speed'"):
        history.plot("speed")


def test_a_plot_spans_its_points():
    plot = line_plot({"a": ([0, 10], [1.0, 3.0]), "b": ([5], [math.nan])}, "x", "y<")
    assert 'points="56.0,200.0 468.0,28.0"' in plot.html
    assert "y&lt;" in plot.html
    assert "currentColor" in plot.html
    for mark in (0, 2, 4, 6, 8, 10, 1.5, 2.5):
        assert f">{mark:.4g}</text>" in plot.html


def test_a_long_run_is_a_small_picture():
    n = 100_000
    plot = line_plot({"loss": (range(n), [1.0] * n)})
    assert len(plot.html) < 10_000
    with pytest.raises(ValueError, match="at least one finite point"):
        line_plot({"loss": ([], [])})


@pytest.mark.parametrize("kind", [EarlyStopping, BestWeights])
def test_a_callback_is_equal_to_itself_alone(kind):
    assert len({kind(), kind()}) == 2
