"""The kernels in C, compiled to WebAssembly SIMD: the default in a browser.

`simd.c` holds them; the site's build compiles it to `simd.wasm` and, for browsers that
can multiply and add in one instruction, to `simd_fused.wasm`. ctypes loads one of them
and lets it work on numpy's own memory. Every method here checks what it was given first
(`simd_arguments`), and leaves to numpy what C does not take.
"""

from pathlib import Path
from typing import Any

import numpy as np

from tinytorch.backends import simd_arguments as c
from tinytorch.backends.numpy import Arrays, NumpyBackend
from tinytorch.backends.window import Array, Shape, Window

MODULE = Path(__file__).with_name("simd.wasm")
FUSED_MODULE = MODULE.with_name("simd_fused.wasm")


def module_for_this_browser() -> Path:
    """Return the faster module if the browser takes it, else the one that all take."""
    from js import WebAssembly  # type: ignore[import-not-found]
    from pyodide.ffi import to_js  # type: ignore[import-not-found]

    if not FUSED_MODULE.exists():
        return MODULE
    taken = WebAssembly.validate(to_js(FUSED_MODULE.read_bytes()))
    return FUSED_MODULE if taken else MODULE


class SimdBackend(NumpyBackend):
    """float32 four at a time; everything else is numpy's.

    path: the compiled `simd.c`; without it, the module for this browser. Raises
    OSError if it cannot be loaded.
    """

    name = "simd"
    #: Up to so many rows, or below so many multiplications or elements, numpy is done
    #: before C has begun.
    small_rows = 1
    small_product = 2**16
    small_array = 2**13

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(module_for_this_browser() if path is None else path)
        self._functions = c.open_library(str(self.path))
        self._memory = np.empty(0, dtype=c.FLOAT)
        self._gemm_scratch = self._call("gemm_scratch")

    def describe(self) -> str:
        """Return in one line what does the work."""
        fused = ", multiplying and adding at once" if self.path == FUSED_MODULE else ""
        return f"C kernels on 128-bit SIMD for float32{fused}, numpy for the rest"

    def _call(self, name: str, *arguments: Any) -> Any:
        """Call a function of simd.c; arrays are passed as their addresses."""
        values = [c.address(v) if isinstance(v, np.ndarray) else v for v in arguments]
        return self._functions[name](*values)

    def _scratch(self, count: int) -> Array:
        """Return room for at least `count` floats; the next call reuses it."""
        if self._memory.size < count:
            self._memory = np.empty(count, dtype=c.FLOAT)
        return self._memory

    def _in_c(
        self, name: str, axes: str, arrays: Arrays, *options: float
    ) -> Arrays | None:
        """Return what a function of simd.c makes of arrays, None if it takes them not.

        axes: those of the arrays and of the results, as `simd_arguments.plan` reads
        them.
        """
        plan = c.plan(axes, *[x.shape for x in arrays]) if c.floats(*arrays) else None
        if plan is None:
            return None
        lengths, shapes = plan
        out = [np.empty(shape, dtype=c.FLOAT) for shape in shapes]
        self._call(name, *lengths, *c.contiguous(*arrays), *options, *out)
        return tuple(out)

    # Elementwise, and rows

    def relu(self, x: Array) -> Array:
        if x.size < self.small_array:
            return super().relu(x)
        made = self._in_c("relu", "* -> *", (x,))
        return made[0] if made else super().relu(x)

    def relu_grad(self, grad: Array, y: Array) -> Array:
        if grad.size < self.small_array:
            return super().relu_grad(grad, y)
        made = self._in_c("relu_grad", "* * -> *", (grad, y))
        return made[0] if made else super().relu_grad(grad, y)

    def gelu(self, x: Array) -> Array:
        made = self._in_c("gelu", "* -> *", (x,))
        return made[0] if made else super().gelu(x)

    def gelu_grad(self, grad: Array, x: Array) -> Array:
        made = self._in_c("gelu_grad", "* * -> *", (grad, x))
        return made[0] if made else super().gelu_grad(grad, x)

    def softmax(self, x: Array) -> Array:
        made = self._in_c("softmax", "*d -> *d", (x,))
        return made[0] if made else super().softmax(x)

    def softmax_grad(self, grad: Array, y: Array) -> Array:
        made = self._in_c("softmax_grad", "*d *d -> *d", (grad, y))
        return made[0] if made else super().softmax_grad(grad, y)

    def log_softmax(self, x: Array) -> Array:
        made = self._in_c("log_softmax", "*d -> *d", (x,))
        return made[0] if made else super().log_softmax(x)

    def log_softmax_grad(self, grad: Array, y: Array) -> Array:
        made = self._in_c("log_softmax_grad", "*d *d -> *d", (grad, y))
        return made[0] if made else super().log_softmax_grad(grad, y)

    def layer_norm(self, x: Array, weight: Array, bias: Array, eps: float) -> Arrays:
        made = self._in_c("layer_norm", "rd d d -> rd r r", (x, weight, bias), eps)
        return made if made else super().layer_norm(x, weight, bias, eps)

    def layer_norm_grad(
        self, grad: Array, x: Array, weight: Array, mean: Array, rstd: Array
    ) -> Arrays:
        made = self._in_c(
            "layer_norm_grad", "rd rd d r r -> rd d d", (grad, x, weight, mean, rstd)
        )
        return made if made else super().layer_norm_grad(grad, x, weight, mean, rstd)

    def batch_norm(self, x: Array, weight: Array, bias: Array, eps: float) -> Arrays:
        made = self._in_c("batch_norm", "ncl c c -> ncl c c", (x, weight, bias), eps)
        return made if made else super().batch_norm(x, weight, bias, eps)

    def batch_norm_grad(
        self, grad: Array, x: Array, weight: Array, mean: Array, rstd: Array
    ) -> Arrays:
        made = self._in_c(
            "batch_norm_grad", "ncl ncl c c c -> ncl c c", (grad, x, weight, mean, rstd)
        )
        return made if made else super().batch_norm_grad(grad, x, weight, mean, rstd)

    # Products

    def matmul(self, a: Array, b: Array) -> Array:
        if b.ndim == 2 < a.ndim and a.size and a.flags.c_contiguous:
            flat = self.matmul(a.reshape(-1, a.shape[-1]), b)
            return flat.reshape(*a.shape[:-1], b.shape[-1])
        if not (self._worthwhile(a, b) and c.strided(a) and c.strided(b)):
            return super().matmul(a, b)
        (rows, depth), cols = a.shape[-2:], b.shape[-1]
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a_at, b_at = c.starts(a, batch), c.starts(b, batch)
        shape = c.ints(a_at.size, rows, cols, depth, *c.scaled(a), *c.scaled(b))
        out = np.empty((*batch, rows, cols), dtype=c.FLOAT)
        scratch = self._scratch(self._gemm_scratch)
        self._call("gemm", shape, a, a_at, b, b_at, out, scratch)
        return out

    def _worthwhile(self, a: Array, b: Array) -> bool:
        """Whether a product exists, and C pays: few rows use each of b too little."""
        if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
            return False
        rows, depth = a.shape[-2:]
        work = rows * depth * b.shape[-1]
        return rows > self.small_rows and work >= self.small_product

    def matmul_int8(self, a: Array, b: Array) -> Array:
        fits = c.strided(a, c.INT8) and c.strided(b, c.INT8) and a.ndim == b.ndim == 2
        if not fits or a.shape[1] != b.shape[0]:
            return super().matmul_int8(a, b)
        (rows, depth), cols = a.shape, b.shape[1]
        shape = c.ints(rows, cols, depth, *c.scaled(a), *c.scaled(b))
        out = np.empty((rows, cols), dtype=np.int32)
        scratch = self._scratch(self._call("gemm_int8_scratch", shape))
        self._call("gemm_int8", shape, a, b, out, scratch)
        return out

    # Convolution and pooling

    def conv2d(
        self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int
    ) -> Array:
        given = (x, weight) if bias is None else (x, weight, bias)
        fits = c.floats(*given) and (bias is None or bias.shape == weight.shape[:1])
        shape = c.conv_shape(x.shape, weight.shape, window, groups) if fits else None
        if shape is None:
            return super().conv2d(x, weight, bias, window, groups)
        return self._conv(shape, *c.contiguous(*given))

    def conv2d_input_grad(
        self, grad: Array, weight: Array, shape: Shape, window: Window, groups: int
    ) -> Array:
        # A convolution too: of the gradient, its pixels spread by the stride, with the
        # weights mirrored and their channels and filters exchanged.
        fits = c.floats(grad, weight) and 0 not in shape
        how = (tuple(shape), weight.shape, window, groups)
        back = c.conv_back_shape(grad.shape, *how) if fits else None
        if back is None:
            return super().conv2d_input_grad(grad, weight, shape, window, groups)
        filters = weight.reshape(groups, -1, *weight.shape[1:])[..., ::-1, ::-1]
        return self._conv(back, *c.contiguous(grad, filters.swapaxes(1, 2)))

    def _conv(
        self, shape: Any, x: Array, weight: Array, bias: Array | None = None
    ) -> Array:
        y = np.empty(c.conv_output(shape), dtype=c.FLOAT)
        scratch = self._scratch(self._call("conv2d_scratch", shape))
        self._call("conv2d", shape, x, weight, bias, y, scratch)
        return y

    def conv2d_weight_grad(
        self, grad: Array, x: Array, window: Window, groups: int
    ) -> Array:
        fits = c.floats(grad, x)
        weight = (grad.shape[1], x.shape[1] // groups, *window.kernel)
        shape = c.conv_shape(x.shape, weight, window, groups) if fits else None
        if shape is None or grad.shape != c.conv_output(shape):
            return super().conv2d_weight_grad(grad, x, window, groups)
        dweight = np.empty(weight, dtype=c.FLOAT)
        scratch = self._scratch(self._call("conv2d_weight_grad_scratch", shape))
        given = c.contiguous(grad, x)
        self._call("conv2d_weight_grad", shape, *given, dweight, scratch)
        return dweight

    def max_pool2d(self, x: Array, window: Window) -> Arrays:
        shape = c.pool_shape(x.shape, window) if c.floats(x) else None
        if shape is None:
            return super().max_pool2d(x, window)
        y = np.empty((*x.shape[:2], *shape[3:5]), dtype=c.FLOAT)
        cell = np.empty(y.shape, dtype=c.CELL)
        self._call("max_pool2d", shape, *c.contiguous(x), y, cell)
        return y, cell

    def max_pool2d_grad(
        self, grad: Array, cell: Array, shape: Shape, window: Window
    ) -> Array:
        fits = c.floats(grad) and 0 not in shape and cell.shape == grad.shape
        how = c.pool_shape(tuple(shape), window) if fits else None
        if how is None or cell.dtype is not c.CELL or grad.shape[2:] != tuple(how[3:5]):
            return super().max_pool2d_grad(grad, cell, shape, window)
        dx = np.empty(shape, dtype=c.FLOAT)
        self._call("max_pool2d_grad", how, *c.contiguous(grad, cell), dx)
        return dx

    # In place: tables, and optimizer steps over all parameters at once

    def scatter_add(self, table: Array, ids: Array, rows: Array) -> None:
        if not c.scatterable(table, ids, rows):
            return super().scatter_add(table, ids, rows)
        given = (ids.astype(np.int32), *c.contiguous(rows))
        return self._call("scatter_add", *rows.shape, table, *given)

    def sgd_step(self, *arrays: Any, **options: Any) -> None:
        if not c.steppable(*arrays):
            return super().sgd_step(*arrays, **options)
        names = ("lr", "momentum", "dampening", "weight_decay", "nesterov")
        return self._step("sgd_step", [options[name] for name in names], arrays)

    def adam_step(self, *arrays: Any, **options: Any) -> None:
        if not c.steppable(*arrays):
            return super().adam_step(*arrays, **options)
        (beta1, beta2), t, lr = options["betas"], options["step"], options["lr"]
        decay, decoupled = options["weight_decay"], options["decoupled"]
        step, root = lr / (1 - beta1**t), (1 - beta2**t) ** 0.5
        shrink = (0, 1 - lr * decay) if decoupled else (decay, 1)
        settings = [step, root, 1 - beta1, 1 - beta2, options["eps"], *shrink]
        return self._step("adam_step", settings, arrays)

    def _step(self, name: str, settings: list[float], arrays: Any) -> None:
        sizes = c.ints(*[p.size for p in arrays[0]])
        values = np.array(settings, dtype=c.FLOAT)
        self._call(name, values, len(arrays[0]), sizes, *map(c.table, arrays))
