"""What a function must leave as it found it: recording, backend, generators, limits."""

from __future__ import annotations

import random as python_random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from tinytorch import backends, random
from tinytorch.autograd import engine

_OTHER_DRAWS = (
    "it draws from a global generator of numpy or Python: a run with a generator of "
    "tinytorch cannot be repeated then"
)


@dataclass
class Surroundings:
    """The global state of the package, numpy and Python at one moment.

    draws: the global generators of numpy and Python; None where nobody asks for them,
    since reading them takes longer than many a call.
    """

    recording: bool
    backend: Any
    errors: Any
    generator: Any
    depth: int
    draws: tuple[Any, Any] | None

    @classmethod
    def now(cls, body: FunctionType) -> Surroundings:
        """Read what `body` could change."""
        drawing = _mentions(body.__code__, "random")
        return cls(
            engine._Mode.recording,
            vars(backends)["current"],  # put back as it is, never called
            np.geterr(),
            random.default_generator,
            sys.getrecursionlimit(),
            (np.random.get_state(), python_random.getstate()) if drawing else None,
        )

    def restore(self) -> None:
        """Put everything back."""
        engine._Mode.recording = self.recording
        vars(backends)["current"] = self.backend
        np.seterr(**self.errors)
        random.default_generator = self.generator
        sys.setrecursionlimit(self.depth)
        if self.draws is not None:
            np.random.set_state(self.draws[0])
            python_random.setstate(self.draws[1])

    def differences(self, later: Surroundings) -> list[str]:
        """Return what is another than before, in words."""
        return [words for words, same in self._compared(later) if not same]

    def _compared(self, later: Surroundings) -> list[tuple[str, bool]]:
        recording = "on" if later.recording else "off"
        backend = getattr(later.backend, "name", later.backend)
        return [
            (
                f"it leaves the recording of gradients {recording}",
                self.recording == later.recording,
            ),
            (
                f"it leaves the backend {backend!r} in use",
                self.backend is later.backend,
            ),
            (
                "it leaves numpy's handling of errors changed",
                self.errors == later.errors,
            ),
            (_OTHER_DRAWS, _same_draws(self.draws, later.draws)),
            ("it replaces the default generator", self.generator is later.generator),
            ("it leaves another limit of recursion", self.depth == later.depth),
        ]


def _same_draws(before: Any, later: Any) -> bool:
    if before is None or later is None:
        return True
    (_, keys, place, *rest), python = before
    (_, keys_now, place_now, *rest_now), python_now = later
    numpy = place == place_now and rest == rest_now and np.array_equal(keys, keys_now)
    return bool(numpy) and python == python_now


def _mentions(code: CodeType, name: str) -> bool:
    inside = (c for c in code.co_consts if isinstance(c, CodeType))
    return name in code.co_names or any(_mentions(c, name) for c in inside)


@contextmanager
def repeatable() -> Iterator[None]:
    """Run a block from seed 0, and go on with the draws from before afterwards."""
    generator = random.default_generator
    stream, state = generator.numpy, generator.get_state()
    random.manual_seed(0)
    try:
        yield
    finally:
        generator.numpy = stream
        generator.set_state(state)
