"""The kernels of lesson 15 as a backend: plain loops, compiled to WebAssembly.

Where there is no WebAssembly they run as Python, so only small arrays are theirs.
"""

import math

import numpy as np

from tinytorch.backends import kernels
from tinytorch.backends.numpy import NumpyBackend
from tinytorch.backends.window import Array
from tinytorch.compiler import Kernel
from tinytorch.compiler.machine import HERE, Machine


class CompiledBackend(NumpyBackend):
    """float32 products, GELU and softmax by compiled kernels; numpy does the rest.

    A convolution is numpy's: it unfolds, and calls the product here.

    checked: whether every index is checked. on: what runs WebAssembly.
    """

    name = "compiled"
    #: Below so many multiplications or elements, numpy is done before a kernel begins.
    least = 2**13
    #: Above so many, Python is too slow; None where kernels are compiled.
    most: int | None = None

    def __init__(self, checked: bool = True, on: Machine | None = HERE) -> None:
        if on is None:
            self.least, self.most = 0, 2**13
        self._product = Kernel(kernels.product_by_fours, checked, on)
        self._pack = Kernel(kernels.pack, checked, on)
        self._panels = Kernel(kernels.product_by_panels, checked, on)
        self._bias_gelu = Kernel(kernels.bias_gelu, checked, on)
        self._softmax = Kernel(kernels.softmax, checked, on)

    def describe(self) -> str:
        """Return in one line what does the work."""
        if self.most is None:
            return "loops compiled to WebAssembly for float32, numpy for the rest"
        return f"compiled loops as Python, up to {self.most} steps; numpy for the rest"

    def _takes(self, work: int, *arrays: Array) -> bool:
        """Whether kernels can do it, and are worth their call."""
        return self.least <= work <= (self.most or work) and all(
            type(x) is np.ndarray and x.dtype == np.float32 and x.size for x in arrays
        )

    def matmul(self, a: Array, b: Array) -> Array:
        fits = a.ndim >= 2 and b.ndim >= 2 and a.shape[-1] == b.shape[-2]
        work = a.size * b.shape[-1]
        if not fits or not self._takes(work, a, b):
            return super().matmul(a, b)
        if b.ndim == 2 < a.ndim and a.flags.c_contiguous:
            flat = self.matmul(a.reshape(-1, a.shape[-1]), b)
            return flat.reshape(*a.shape[:-1], b.shape[-1])
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        out = np.empty((*batch, a.shape[-2], b.shape[-1]), dtype=np.float32)
        a = np.broadcast_to(a, (*batch, *a.shape[-2:]))
        b = np.broadcast_to(b, (*batch, *b.shape[-2:]))
        for n in np.ndindex(*batch):
            self._multiply(a[n], b[n], out[n])
        return out

    def _multiply(self, a: Array, b: Array, c: Array) -> None:
        (depth, columns), rows = b.shape, len(a)
        b = np.ascontiguousarray(b)
        if rows < kernels.ROWS or columns < kernels.COLUMNS:
            self._product(a, b, c)
            return
        count = math.ceil(columns / kernels.COLUMNS)
        panels = np.empty((count * depth, kernels.COLUMNS), dtype=np.float32)
        self._pack(b, panels)
        self._panels(a, panels, c)

    def gelu(self, x: Array) -> Array:
        """x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))"""
        if not (self._takes(x.size, x) and x.ndim):
            return super().gelu(x)
        rows = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
        y = np.empty_like(rows)
        self._bias_gelu(rows, np.zeros(x.shape[-1], dtype=np.float32), y)
        return y.reshape(x.shape)

    def softmax(self, x: Array) -> Array:
        """Softmax over the last axis, each row shifted so that exp cannot overflow."""
        if not (self._takes(x.size, x) and x.ndim):
            return super().softmax(x)
        rows = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
        y = np.empty_like(rows)
        self._softmax(rows, y)
        return y.reshape(x.shape)
