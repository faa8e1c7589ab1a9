"""Milestones, trained for real in a browser tab."""

import re

import pytest

from tinytorch.workshop import curriculum

#: What the last cell of a milestone prints, and the least that each number must be.
REACHED = {
    "perceptron": (r"(\d+\.\d) % of .* clouds · (\d) of 4 on XOR", (95, 3)),
    "xor": (r"XOR: (\d+) of 20 networks have all four right", (20,)),
    "lenet": (r"test accuracy: (\d+\.\d) % on 359 digits", (97,)),
}
RESULT = re.compile(
    r"^test accuracy: (\d+\.\d) % on 10,000 images · trained in (\d+) s$", re.MULTILINE
)


@pytest.mark.parametrize("name", REACHED)
def test_a_milestone_reaches_its_number(open_notebook, name):
    notebook = open_notebook(f"milestones/{name}.ipynb")
    outputs = notebook.run_all(timeout=300)
    needs = len(curriculum.milestone(name).needs)
    assert f"0 of {needs} parts that are yours" in outputs[1]
    pattern, least = REACHED[name]
    (found,) = re.finditer(pattern, outputs[-1])
    for number, at_least in zip(found.groups(), least, strict=True):
        assert float(number) >= at_least
    assert notebook.foreign == []


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
