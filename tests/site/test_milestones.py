"""Milestones, trained for real in a browser tab."""

import re

import pytest

RESULT = re.compile(
    r"^test accuracy: (\d+\.\d) % on 10,000 images · trained in (\d+) s$", re.MULTILINE
)


@pytest.fixture
def cifar10(open_notebook):
    """Return the CIFAR-10 notebook, set to one epoch over one shard."""
    notebook = open_notebook("milestones/cifar10.ipynb")
    notebook.set_parameters(epochs=1, shards=1)
    return notebook


def test_cifar10_learns_in_one_epoch(cifar10):
    outputs = "\n".join(cifar10.run_all(timeout=600))
    assert "10,000 photographs to learn from, 10,000 to be tested on" in outputs
    assert "simd" in outputs.lower(), "the kernels of the browser were not used"
    ((accuracy, seconds),) = RESULT.findall(outputs)
    assert float(accuracy) >= 45
    assert int(seconds) > 0
    pictures = cifar10.page.locator(".jp-OutputArea-output img")
    assert pictures.count() >= 20 + 10 + 20
    curves = cifar10.page.locator(".jp-OutputArea-output svg polyline")
    assert curves.count() >= 2
    assert cifar10.foreign == []


def test_training_stops_cleanly_at_its_time_budget(open_notebook):
    notebook = open_notebook("milestones/cifar10.ipynb")
    notebook.set_parameters(epochs=50, shards=1, time_budget=5)
    outputs = "\n".join(notebook.run_all(timeout=600))
    assert "the time budget of 5 s is spent" in outputs
    ((_, seconds),) = RESULT.findall(outputs)
    assert 4 <= int(seconds) <= 10
