"""Compile the library's C kernels to WebAssembly: ``python -m jupyterlite_site.simd``.

Clang and the linker come in the pinned ``ziglang`` wheel. The results lie beside their
source, outside git, and go into the wheel; equal sources give equal bytes. One module
runs in every browser, the other where products and sums can be fused.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BACKENDS = Path(__file__).parents[1] / "tinytorch" / "backends"
SOURCE = BACKENDS / "simd.c"
MODULE = BACKENDS / "simd.wasm"
FUSED_MODULE = BACKENDS / "simd_fused.wasm"

ZIG = (sys.executable, "-m", "ziglang")
#: No library of C is there: nothing may be turned into a call of memset or memcpy.
COMPILE = (
    *("cc", "--target=wasm32-freestanding", "-c", "-O3", "-g0", "-msimd128"),
    *("-mbulk-memory", "-fPIC", "-fvisibility=hidden", "-fno-builtin"),
    *("-fno-math-errno", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"),
)
#: Relaxed SIMD: whether a product is rounded before it is added depends on the machine.
FUSED = ("-mrelaxed-simd",)
#: A side module: it is linked into the running Pyodide when it is loaded.
LINK = ("wasm-ld", "-shared", "--experimental-pic", "--no-entry", "--strip-debug")


def build() -> None:
    """Write both modules of compiled kernels, unless they are there already."""
    source = SOURCE.read_bytes()
    _write(MODULE, compile_module(source))
    _write(FUSED_MODULE, compile_module(source, FUSED))


def _write(module: Path, compiled: bytes) -> None:
    if not module.exists() or module.read_bytes() != compiled:
        module.write_bytes(compiled)


def compile_module(source: bytes, options: tuple[str, ...] = ()) -> bytes:
    """Return C source as a WebAssembly side module. Exits with what Clang says."""
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "simd.c").write_bytes(source)
        _run([*ZIG, *COMPILE, *options, "-o", "simd.o", "simd.c"], scratch)
        _run([*ZIG, *LINK, "-o", "simd.wasm", "simd.o"], scratch)
        return Path(scratch, "simd.wasm").read_bytes()


def _run(command: list[str], cwd: str) -> None:
    caches = {"ZIG_GLOBAL_CACHE_DIR": cwd, "ZIG_LOCAL_CACHE_DIR": cwd}
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | caches,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nmake site: {' '.join(command[1:4])} failed")


if __name__ == "__main__":
    build()
