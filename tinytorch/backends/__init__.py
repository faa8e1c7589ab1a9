"""The seam between mathematics and machine: who computes the hot kernels.

`use("loops")` switches for good, `with use("loops"):` for a block. Only `ops` and
`optim` call kernels, through `backends.current`.
"""

import sys

from .compiled import CompiledBackend
from .loops import LoopsBackend
from .numpy import NumpyBackend
from .window import output_size, pad_image, unfold

current = _default = NumpyBackend()
_backends = (LoopsBackend(), current, CompiledBackend())
_available = {backend.name: backend for backend in _backends}
_why = "the default outside a browser"

if sys.platform == "emscripten":
    from .simd import SimdBackend

    try:
        current = _default = _available["simd"] = SimdBackend()
        _why = "the default in a browser"
    except OSError as error:
        _why = f"the simd kernels cannot be loaded: {error}"


def available() -> list[str]:
    """Return the names that `use` takes on this machine, slowest first."""
    return list(_available)


def report() -> str:
    """Return in one line which backend is active, what it is, and why."""
    reason = _why if current is _default else f"chosen out of {available()}"
    return f"{current.name}: {current.describe()} ({reason})"


def get(name: str) -> NumpyBackend:
    """Return a backend by name. Raises ValueError for one that is not here."""
    if name not in _available:
        raise ValueError(f"expected a backend out of {available()}, got {name!r}")
    return _available[name]


class use:  # noqa: N801 - reads as a verb: `with use("loops"):`
    """Make a backend the current one; as a context manager, only for the block.

    backend: a name out of `available()`, or a backend of one's own: an object of a
    class that inherits `NumpyBackend`.
    """

    def __init__(self, backend: str | NumpyBackend) -> None:
        global current
        if not isinstance(backend, NumpyBackend):
            backend = get(backend)
        self._previous = current
        current = backend

    def __enter__(self) -> NumpyBackend:
        return current

    def __exit__(self, *exc: object) -> None:
        global current
        current = self._previous

    def __repr__(self) -> str:
        return f"<backend {current.name!r} in use>"
