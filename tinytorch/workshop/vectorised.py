"""A right body without the loop that its lesson is about, and how fast it is here."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from types import FunctionType
from typing import Any

_LOOPS = (ast.For, ast.While, ast.comprehension)
RUNS = 3


def has_loop(source: str) -> bool:
    """Return whether a body goes through anything itself, by its syntax tree."""
    return any(isinstance(node, _LOOPS) for node in ast.walk(ast.parse(source)))


def times_faster(
    quick: FunctionType, slow: FunctionType, args: Callable[[], tuple[Any, ...]]
) -> float:
    """Return how many times as fast `quick` runs as `slow`: now, here, in turns."""
    given = args()
    best = {quick: float("inf"), slow: float("inf")}
    for _ in range(RUNS):
        for body in best:
            started = time.perf_counter()
            body(*given)
            best[body] = min(best[body], time.perf_counter() - started)
    return best[slow] / max(best[quick], 1e-9)
