"""The seam between mathematics and machine: who computes the hot kernels.

`use("loops")` switches for good, `with use("loops"):` for a block. Only `ops` and
`optim` call kernels, through `backends.current`.
"""

import sys

from tinytorch.backends.loops import LoopsBackend
from tinytorch.backends.numpy import NumpyBackend


def _discover() -> tuple[list[NumpyBackend], str]:
    """Return this machine's backends, slowest first, and why the last is preferred."""
    found = [LoopsBackend(), NumpyBackend()]
    if sys.platform != "emscripten":
        return found, "the default outside a browser"
    from tinytorch.backends.simd import SimdBackend

    try:
        return [*found, SimdBackend()], "the default in a browser"
    except OSError as error:
        return found, f"the simd kernels cannot be loaded: {error}"


_found, _why = _discover()
_available: dict[str, NumpyBackend] = {backend.name: backend for backend in _found}
current: NumpyBackend = _found[-1]


def available() -> list[str]:
    """Return the names that `use` takes on this machine, slowest first."""
    return list(_available)


def report() -> str:
    """Return in one line which backend is active, what it is, and why."""
    reason = _why if current is _found[-1] else f"chosen out of {available()}"
    return f"{current.name}: {current.describe()} ({reason})"


def get(name: str) -> NumpyBackend:
    """Return a backend by name. Raises ValueError for one that is not here."""
    if name not in _available:
        raise ValueError(f"expected a backend out of {available()}, got {name!r}")
    return _available[name]


class use:  # noqa: N801 - reads as a verb: `with use("loops"):`
    """Make a backend the current one; as a context manager, only for the block."""

    def __init__(self, name: str) -> None:
        global current
        backend = get(name)
        self._previous = current
        current = backend

    def __enter__(self) -> NumpyBackend:
        return current

    def __exit__(self, *exc: object) -> None:
        global current
        current = self._previous

    def __repr__(self) -> str:
        return f"<backend {current.name!r} in use>"
