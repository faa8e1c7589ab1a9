"""A desktop's WebAssembly, by the public `wasmtime`, for tests alone."""

from __future__ import annotations

import ctypes

import numpy as np
import wasmtime

from tinytorch.compiler.machine import Entry

PAGES = 64  # of 64 KiB


class WasmtimeMachine:
    """Runs modules on a memory of its own, in which `room` makes arrays."""

    def __init__(self) -> None:
        self._store = wasmtime.Store()
        limits = wasmtime.Limits(PAGES, PAGES)
        self._memory = wasmtime.Memory(self._store, wasmtime.MemoryType(limits))
        start = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        whole = (ctypes.c_ubyte * self._memory.data_len(self._store)).from_address(
            start
        )
        self.memory = np.frombuffer(whole, dtype=np.int32)
        self._start, self._used = start, 16

    def load(self, module: bytes) -> Entry:
        """Return the module's kernel; wasmtime verifies every module."""
        code = wasmtime.Module(self._store.engine, module)
        instance = wasmtime.Instance(self._store, code, [self._memory])
        entry = instance.exports(self._store)["kernel"]
        return lambda at: entry(self._store, at)

    def room(self, words: int) -> np.ndarray:
        """Return so many int32, 0 each; what was given out stays given out."""
        first, self._used = self._used, self._used + words
        assert self._used <= len(self.memory), "the test's memory is full"
        return self.memory[first : first + words]

    def address(self, array: np.ndarray) -> int:
        """Return an array's address in the memory of this machine."""
        return array.__array_interface__["data"][0] - self._start
