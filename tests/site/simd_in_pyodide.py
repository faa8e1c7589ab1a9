"""Runs inside Pyodide: the kernels against numpy, and a training run made twice."""

import numpy as np

import tinytorch
from tests.tinytorch.backends import draws
from tinytorch import backends, optim
from tinytorch.backends.simd import SimdBackend
from tinytorch.models.cnn import CNN
from tinytorch.nn import functional as F


class EveryCall(SimdBackend):
    """Leaves nothing to numpy for being small."""

    small_product = small_array = 0


def train(backend: str) -> list[np.ndarray]:
    """Return the weights of a small network after three steps from one seed."""
    with backends.use(backend):
        tinytorch.manual_seed(0)
        model = CNN(channels=(4, 8), size=8)
        steps = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
        x, y = tinytorch.randn(6, 3, 8, 8), tinytorch.arange(6)
        for _ in range(3):
            steps.zero_grad()
            F.cross_entropy(model(x), y, label_smoothing=0.1).backward()
            steps.step()
        return [np.array(p.data) for p in model.parameters()]


print(backends.report())
for array in (draws.friendly, draws.hostile):
    for kernel in draws.DRAWS:
        error = max(e for _, e in draws.compare(EveryCall(), kernel, 20, array))
        assert error <= 1e-5, (kernel, array.__name__, error)
print(f"{len(draws.DRAWS)} kernels agree with numpy")

once, again = train("simd"), train("simd")
assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
for name in ("loops", "numpy"):
    error = draws.difference(once, train(name))
    assert error <= 1e-4, (name, error)
print("the same training run twice, and on every backend")
