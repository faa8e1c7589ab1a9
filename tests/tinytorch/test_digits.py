"""The whole library on real digits: trained, then made smaller three ways."""

import subprocess
import sys
import time
from copy import deepcopy
from pathlib import Path

import pytest

import tinytorch
from tinytorch import nn, optim
from tinytorch.benchmark import count_flops, memory
from tinytorch.compression import (
    KeepPruned,
    distill,
    factorize,
    magnitude_masks,
    prune_channels,
    sparsity,
)
from tinytorch.models import LeNet
from tinytorch.quantization import quantize_dynamic, quantize_static
from tinytorch.training import evaluate, fit
from tinytorch.utils.data import DataLoader, Digits, transforms

ROOT = Path(__file__).parent.parent.parent
EPOCHS = 30


@pytest.fixture(scope="module")
def loaders():
    """Training and held-out digits; made by `make data` if they are not there."""
    root = None
    if sys.platform == "emscripten":  # which runs on a built site, so its data is there
        root = ROOT / "jupyterlite_site" / "dist" / "data"
    scale = transforms.Normalize([5 / 255], [6 / 255])
    try:
        train, test = (Digits(part, root, transform=scale) for part in (True, False))
    except FileNotFoundError:
        subprocess.run(["make", "--silent", "data"], cwd=ROOT, check=True)
        train, test = (Digits(part, root, transform=scale) for part in (True, False))
    return DataLoader(train, 64, shuffle=True), DataLoader(test, 360)


def learn(model, loader, epochs=EPOCHS, lr=0.1, train=fit, **options):
    optimizer = optim.SGD(
        model.parameters(), lr=lr, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, epochs * len(loader))
    options |= {"optimizer": optimizer, "epochs": epochs, "scheduler": scheduler}
    if train is fit:
        options["loss"] = nn.CrossEntropyLoss(label_smoothing=0.1)
    return train(model, loader=loader, **options)


@pytest.fixture(scope="module")
def trained(loaders):
    """A multilayer perceptron, and the seconds that its training took."""
    tinytorch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)
    )
    start = time.perf_counter()
    learn(model, loaders[0])
    return model, time.perf_counter() - start


def test_a_perceptron_reads_97_of_100_held_out_digits(trained, loaders):
    model, seconds = trained
    assert evaluate(model, loaders[1]) >= 0.97
    assert seconds < 10


@pytest.mark.parametrize("static", [False, True])
def test_int8_costs_at_most_one_digit_in_a_hundred(static, trained, loaders):
    model, _ = trained
    batches = list(loaders[0])[:4]
    small = quantize_static(model, batches) if static else quantize_dynamic(model)
    assert evaluate(small, loaders[1]) >= evaluate(model, loaders[1]) - 0.01
    assert memory(small)["buffers"] < 0.3 * memory(model)["parameters"]


def test_int8_convolutions_cost_at_most_one_digit_in_a_hundred(loaders):
    tinytorch.manual_seed(0)
    model = LeNet(size=8, kernel_size=3, padding=(1, 1))
    learn(model, loaders[0], epochs=15, lr=0.2)
    accuracy = evaluate(model, loaders[1])
    assert accuracy >= 0.95
    small = quantize_static(model, list(loaders[0])[:4])
    assert evaluate(small, loaders[1]) >= accuracy - 0.01


def test_four_of_five_weights_are_not_needed(trained, loaders):
    model, _ = trained
    tinytorch.manual_seed(0)
    pruned = deepcopy(model)
    masks = magnitude_masks(pruned, 0.8)
    learn(pruned, loaders[0], epochs=5, lr=0.02, callbacks=[KeepPruned(masks)])
    assert sparsity(pruned) == pytest.approx(0.8, abs=0.001)
    assert evaluate(pruned, loaders[1]) >= 0.96


def test_half_the_channels_are_a_smaller_faster_network(trained, loaders):
    model, _ = trained
    tinytorch.manual_seed(0)
    thin = prune_channels(model, 0.5)
    x = next(iter(loaders[1]))[0]
    assert count_flops(thin, x) == count_flops(model, x) / 2
    learn(thin, loaders[0], epochs=5, lr=0.02)
    assert evaluate(thin, loaders[1]) >= 0.96


def test_a_low_rank_needs_some_more_training(trained, loaders):
    model, _ = trained
    tinytorch.manual_seed(0)
    thin = factorize(model, 0.8)
    assert memory(thin)["parameters"] < 0.65 * memory(model)["parameters"]
    learn(thin, loaders[0], epochs=5, lr=0.05)
    assert evaluate(thin, loaders[1]) >= 0.96


def test_a_pupil_of_a_fifth_the_size_learns_from_the_teacher(trained, loaders):
    model, _ = trained
    tinytorch.manual_seed(0)
    pupil = nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))
    assert memory(pupil)["parameters"] < 0.2 * memory(model)["parameters"]
    learn(pupil, loaders[0], epochs=15, train=distill, teacher=model, alpha=0.9)
    assert evaluate(pupil, loaders[1]) >= 0.95
