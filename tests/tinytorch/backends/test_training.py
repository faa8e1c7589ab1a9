"""The same network learns the same on every backend, and the same every time."""

import numpy as np
import pytest

import tinytorch
from tests.tinytorch.backends import draws
from tinytorch import backends, nn, optim
from tinytorch.compiler import Kernel
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


@pytest.mark.parametrize("name", ["loops", "compiled", "simd"])
def test_training_ends_where_it_does_with_numpy(every_backend, name):
    with backends.use("numpy"):
        expected = train()
    with backends.use(name):
        assert draws.difference(train(), expected) < 1e-5


@pytest.mark.parametrize("name", ["numpy", "compiled", "simd"])
def test_one_seed_gives_one_run(every_backend, name):
    with backends.use(name):
        once, again = train(), train()
    assert all(map(np.array_equal, once, again))


def losses(steps: int = 8) -> list[float]:
    """Return what a network of two layers and a GELU loses while it learns."""
    tinytorch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(12, 16), nn.GELU(approximate="tanh"), nn.Linear(16, 12)
    )
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    x, y = tinytorch.randn(24, 12), tinytorch.randint(0, 12, (24,))
    found = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def test_one_network_loses_the_same_on_four_backends(every_backend, monkeypatch):
    called = set()

    def noticed(kernel, *arguments):
        called.add(kernel.__name__)
        return run(kernel, *arguments)

    run = Kernel.__call__
    monkeypatch.setattr(Kernel, "__call__", noticed)
    monkeypatch.setattr(backends.get("compiled"), "least", 0)
    results = {}
    for name in ("loops", "numpy", "compiled", "simd"):
        with backends.use(name):
            results[name] = losses()
    for name, found in results.items():
        assert np.allclose(found, results["numpy"], rtol=0, atol=1e-4), name
    assert results["numpy"][-1] < results["numpy"][0] - 0.1
    assert {"pack", "product_by_panels", "bias_gelu"} <= called
