"""The C kernels compiled for this machine, so that they can be tested outside a tab.

`python -m tests.tinytorch.backends.native LIBRARY ROUNDS` compares every kernel with
numpy on hostile arguments: the program that runs under AddressSanitizer.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.tinytorch.backends import draws
from tinytorch.backends.simd import SimdBackend

SOURCE = Path(__file__).parents[3] / "tinytorch" / "backends" / "simd.c"
#: The compiler that makes the WebAssembly module; it needs nothing else installed.
ZIG = (sys.executable, "-m", "ziglang", "cc", "-nostdlib", "-O3", "-fno-math-errno")
SANITIZED = ("gcc", "-O1", "-g", "-fsanitize=address,undefined")
TOLERANCE = 1e-5


class EveryCall(SimdBackend):
    """Leaves nothing to numpy for being small, and has no byte of scratch to spare."""

    small_rows = small_product = small_array = 0

    def _scratch(self, count: int) -> np.ndarray:
        self._memory = np.empty(count, dtype=np.float32)
        return self._memory


class Counting(EveryCall):
    """Notes which functions of simd.c were called."""

    def __init__(self, path: str | Path) -> None:
        self.called: set[str] = set()
        super().__init__(path)

    def _call(self, name, *arguments):
        self.called.add(name)
        return super()._call(name, *arguments)


def compile_native(
    folder: Path, compiler: tuple[str, ...] = ZIG, source: Path = SOURCE
) -> Path:
    """Compile simd.c to a shared library in `folder` and return its path."""
    library = folder / "simd.so"
    options = ("-shared", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off")
    strict = ("-Wall", "-Wextra", "-Werror")
    command = [*compiler, *options, *strict, "-o", str(library), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return library


def main(library: str, rounds: int) -> None:
    """Exit with the kernels that differ, if any."""
    backend = EveryCall(library)
    worst = {
        kernel: max(error for _, error in draws.compare(backend, kernel, rounds))
        for kernel in draws.DRAWS
    }
    wrong = {kernel: error for kernel, error in worst.items() if error > TOLERANCE}
    sys.exit(f"differ from numpy: {wrong}" if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
