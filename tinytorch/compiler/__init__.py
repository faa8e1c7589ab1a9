"""A compiler small enough to read: a subset of Python to WebAssembly with SIMD.

    from tinytorch.compiler import kernel

    @kernel
    def scale(x, factor):
        for i in range(len(x)):
            x[i] = x[i] * factor

`source` finds a function's text and its syntax tree; `check` turns that into a typed
tree (`tree`), or says what does not fit; `emit` makes instructions of it, and
`instructions` their bytes; `machine` loads these. `scale.text(x, 2.0)` shows them.
"""

from tinytorch.compiler.kernel import Kernel, kernel
from tinytorch.compiler.language import (
    exp,
    floor,
    load4,
    muladd,
    power2,
    registers,
    splat,
    sqrt,
    store4,
    unroll,
)
from tinytorch.compiler.source import CompileError
