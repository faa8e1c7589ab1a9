"""The same network learns the same on every backend, and the same every time."""

import numpy as np
import pytest

import tinytorch
from tests.tinytorch.backends import draws
from tinytorch import backends, optim
from tinytorch.models.cnn import CNN
from tinytorch.nn import functional as F


def train() -> list[np.ndarray]:
    """Return the weights of a small network after three steps from one seed."""
    tinytorch.manual_seed(0)
    model = CNN(channels=(4, 8), size=8)
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    x, y = tinytorch.randn(6, 3, 8, 8), tinytorch.arange(6)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y, label_smoothing=0.1).backward()
        optimizer.step()
    return [np.array(p.data) for p in model.parameters()]


@pytest.fixture
def every_backend(simd, monkeypatch):
    """Make the C kernels one of the backends, also where they are not by default."""
    monkeypatch.setitem(backends._available, "simd", simd)


@pytest.mark.parametrize("name", ["loops", "simd"])
def test_training_ends_where_it_does_with_numpy(every_backend, name):
    with backends.use("numpy"):
        expected = train()
    with backends.use(name):
        assert draws.difference(train(), expected) < 1e-5


@pytest.mark.parametrize("name", ["numpy", "simd"])
def test_one_seed_gives_one_run(every_backend, name):
    with backends.use(name):
        once, again = train(), train()
    assert all(map(np.array_equal, once, again))
