"""Toy classification problems in the plane.

Each function returns `(X, y)`: X float32 of shape (n, 2), y int64 of shape (n,).
Classes alternate, so that any slice is balanced. `noise` is the standard deviation of
the Gaussian added to every coordinate.
"""

import numpy as np

from tinytorch import expect, random
from tinytorch.random import Generator
from tinytorch.tensor import Tensor

Rng = Generator | None
Problem = tuple[Tensor, Tensor]


def make_xor(n: int = 4, noise: float = 0.0, *, generator: Rng = None) -> Problem:
    """Corners of the unit square; y is 1 where exactly one coordinate is 1."""
    corners = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    X = corners[_labels(n, 4)]
    return _problem(X, X[:, 0] ^ X[:, 1], noise, generator)


def make_blobs(
    n: int = 200, noise: float = 0.5, *, classes: int = 2, generator: Rng = None
) -> Problem:
    """Gaussian clouds around centres spread evenly on a circle of radius 2."""
    y = _labels(n, classes)
    return _problem(2 * _on_circle(2 * np.pi * y / classes), y, noise, generator)


def make_moons(n: int = 200, noise: float = 0.1, *, generator: Rng = None) -> Problem:
    """Two interleaved half circles of radius 1."""
    y = _labels(n, 2)
    upper = _on_circle(np.pi * _positions(n, 2))
    X = np.where(y[:, None] == 0, upper, [1.0, 0.5] - upper)
    return _problem(X, y, noise, generator)


def make_circles(
    n: int = 200, noise: float = 0.05, *, factor: float = 0.5, generator: Rng = None
) -> Problem:
    """A circle of radius 1 (class 0) around one of radius `factor` (class 1)."""
    expect.number(factor=factor)
    if not 0 < factor < 1:
        raise ValueError(f"make_circles expects a factor between 0 and 1, got {factor}")
    y = _labels(n, 2)
    radius = np.where(y == 0, 1.0, factor)[:, None]
    X = radius * _on_circle(2 * np.pi * _positions(n, 2, closed=True))
    return _problem(X, y, noise, generator)


def make_spirals(
    n: int = 200, noise: float = 0.05, *, classes: int = 2, generator: Rng = None
) -> Problem:
    """Interleaved spiral arms that wind once and end at radius 1."""
    y = _labels(n, classes)
    along = _positions(n, classes)
    X = along[:, None] * _on_circle(2 * np.pi * (along + y / classes))
    return _problem(X, y, noise, generator)


def _labels(n: int, classes: int) -> np.ndarray:
    n, classes = expect.count("n", n), expect.count("classes", classes)
    return np.arange(n) % classes


def _positions(n: int, classes: int, closed: bool = False) -> np.ndarray:
    """Evenly spaced places in 0..1 along each class's curve, shape (n,).

    A closed curve leaves out 1, which is its 0 again.
    """
    step = np.arange(n) // classes
    return step / max(-(-n // classes) - (not closed), 1)


def _on_circle(angle: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _problem(X: np.ndarray, y: np.ndarray, noise: float, generator: Rng) -> Problem:
    expect.at_least(0, noise=noise)
    expect.finite(noise=noise)
    random.expect_generator(generator)
    rng = (generator or random.default_generator).numpy
    X = X + noise * rng.standard_normal(X.shape)
    return Tensor(X.astype(np.float32)), Tensor(y.astype(np.int64))
