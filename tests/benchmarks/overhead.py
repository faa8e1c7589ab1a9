"""What recording an operation costs, where the arithmetic itself is next to nothing.

One expression of 4×4 arrays, forward and backward, by tinytorch, by HIPS autograd, with
the derivative written by hand over numpy, and by an engine of scalars. Measured by
turns in one run, the quickest of many rounds: the microseconds an operation.

``make bench`` runs it in this Python and in the site's Pyodide under Node.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import autograd
import autograd.numpy as anp
import numpy as np

import tinytorch as tt

ROOT = Path(__file__).parent.parent.parent
STEPS = 10
#: Of one step, x * y + y - x * 0.5, then tanh; and of the sum at the end.
OPERATIONS = 5 * STEPS + 1
ROUNDS = 15
ROUND_SECONDS = 0.1
Run = Callable[[], np.ndarray]


def with_tinytorch(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    x0, y = (tt.tensor(v, requires_grad=True) for v in (a, b))
    x = x0
    for _ in range(STEPS):
        x = (x * y + y - x * 0.5).tanh()
    x.sum().backward()
    return x0.grad.numpy()


def with_autograd(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    def function(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        for _ in range(STEPS):
            x = anp.tanh(x * y + y - x * 0.5)
        return anp.sum(x)

    return autograd.grad(function, (0, 1))(a, b)[0]


def by_hand(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    inputs, outputs, x = [], [], a
    for _ in range(STEPS):
        inputs.append(x)
        x = np.tanh(x * b + b - x * 0.5)
        outputs.append(x)
    x.sum()
    dx, dy = np.ones_like(a), np.zeros_like(b)
    for before, out in zip(reversed(inputs), reversed(outputs), strict=True):
        inner = dx * (1 - out * out)
        dy += inner * before + inner
        dx = inner * b - inner * 0.5
    return dx


class Value:
    """A number that remembers what it was computed from, and with which slopes."""

    def __init__(self, data: float, sources: tuple = ()) -> None:
        self.data, self.sources, self.grad = data, sources, 0.0

    def __add__(self, other: Value) -> Value:
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other: Value) -> Value:
        return Value(self.data - other.data, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def tanh(self) -> Value:
        out = float(np.tanh(self.data))
        return Value(out, ((self, 1 - out * out),))

    def backward(self) -> None:
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            value, done = stack.pop()
            if done:
                order.append(value)
            elif value not in seen:
                seen.add(value)
                stack.append((value, True))
                stack += [(source, False) for source, _ in value.sources]
        self.grad = 1.0
        for value in reversed(order):
            for source, slope in value.sources:
                source.grad += slope * value.grad


def with_scalars(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compute one element: an operation here is one number's, not sixteen's."""
    x0, y = Value(float(a[0, 0])), Value(float(b[0, 0]))
    x = x0
    for _ in range(STEPS):
        x = (x * y + y - x * 0.5).tanh()
    x.backward()
    return np.array(x0.grad)


CONTENDERS = {
    "tinytorch": with_tinytorch,
    "HIPS autograd": with_autograd,
    "numpy by hand": by_hand,
    "scalars, one number": with_scalars,
}


def seconds(run: Run) -> float:
    """Return the time of one run, from as many as fit into a round."""
    done, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < ROUND_SECONDS:
        run()
        done += 1
    return spent / done


def measure() -> dict[str, float]:
    """Return microseconds an operation; all must agree on the gradient first."""
    rng = np.random.default_rng(0)
    a, b = rng.random((4, 4)), rng.random((4, 4))
    expected = by_hand(a, b)
    runs = {name: lambda f=f: f(a, b) for name, f in CONTENDERS.items()}
    for name, run in runs.items():
        got = run()
        wanted = expected if got.ndim else expected[0, 0]
        np.testing.assert_allclose(got, wanted, rtol=1e-9, err_msg=name)
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(ROUNDS):
        for name, run in runs.items():
            best[name] = min(best[name], seconds(run))
    return {name: best[name] / OPERATIONS * 1e6 for name in best}


def report() -> None:
    times = measure()
    where = "Pyodide" if sys.platform == "emscripten" else "CPython"
    print(f"{where} {sys.version.split()[0]}: µs an operation, forward and backward")
    for name, t in times.items():
        print(f"  {name:20} {t:7.2f}   {t / times['HIPS autograd']:5.2f} of autograd's")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--here", action="store_true", help="in this Python only")
    here = parser.parse_args().here
    report()
    if not here:
        command = [
            "node",
            "jupyterlite_site/run_in_pyodide.mjs",
            "jupyterlite_site/dist",
        ]
        packages = Path(autograd.__file__).parent.parent
        sys.stdout.flush()
        subprocess.run(
            [*command, "-m", "tests.benchmarks.overhead", "--here"],
            cwd=ROOT,
            env=os.environ | {"PYTHON_PACKAGES": str(packages)},
            check=True,
        )


if __name__ == "__main__":
    main()
