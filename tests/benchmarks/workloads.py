"""What the kernel benchmark measures; runs inside Pyodide, in a tab or under Node."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import tinytorch
from tinytorch import backends, optim
from tinytorch.models.cnn import CNN
from tinytorch.models.gpt import GPT
from tinytorch.nn import functional as F

SIZE = 512  # of the matrices
IMAGES = 128  # in a batch
TOKENS = 128  # in a sequence, the GPT's context
SEQUENCES = 8


def measure(row: str, who: str) -> float:
    """Return a rate: GFLOP/s (or GOP/s), images/s or tokens/s."""
    return WORK[row](who)


def rate(step: Callable[[], object], work: float, seconds: float = 0.6) -> float:
    """Return work per second of the fastest step, after one to warm up."""
    step()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or best == float("inf"):
        start = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - start)
    return work / best


def gemm(who: str) -> float:
    a, b = np.random.default_rng(0).standard_normal((2, SIZE, SIZE)).astype(np.float32)
    kernels = backends.get(who)
    return rate(lambda: kernels.matmul(a, b), 2e-9 * SIZE**3)


def gemm_int8(who: str) -> float:
    numbers = np.random.default_rng(0).integers(-128, 128, (2, SIZE, SIZE))
    kernels = backends.get("simd")
    product = kernels.matmul_int8 if who == "int8" else kernels.matmul
    a, b = numbers.astype(np.int8 if who == "int8" else np.float32)
    return rate(lambda: product(a, b), 2e-9 * SIZE**3)


def cnn(who: str) -> float:
    tinytorch.manual_seed(0)
    with backends.use(who):
        model = CNN()
        options = {"momentum": 0.9, "weight_decay": 5e-4, "nesterov": True}
        optimizer = optim.SGD(model.parameters(), lr=0.05, **options)
        x, y = tinytorch.randn(IMAGES, 3, 32, 32), tinytorch.randint(0, 10, (IMAGES,))

        def step() -> None:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y, label_smoothing=0.1).backward()
            optimizer.step()

        return rate(step, IMAGES, seconds=2)


def gpt(who: str) -> float:
    tinytorch.manual_seed(0)
    with backends.use(who):
        model = GPT(96, context=TOKENS, embed_dim=128, num_heads=4, num_layers=4)
        optimizer = optim.AdamW(model.parameters(), lr=1e-3)
        ids = tinytorch.randint(0, 96, (SEQUENCES, TOKENS + 1))
        x, y = ids[:, :-1], ids[:, 1:].reshape(-1)

        def step() -> None:
            optimizer.zero_grad()
            F.cross_entropy(model(x).reshape(len(y), -1), y).backward()
            optimizer.step()

        return rate(step, SEQUENCES * TOKENS, seconds=2)


WORK = {"gemm": gemm, "int8": gemm_int8, "cnn": cnn, "gpt": gpt}
