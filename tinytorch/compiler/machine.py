"""Where a module runs: on Pyodide's own memory, in which numpy's arrays lie too."""

from __future__ import annotations

import ctypes
import hashlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

#: Takes the address of a kernel's block, returns 0 or the number of a place.
Entry = Callable[[int], int]


class Machine(Protocol):
    """Something that runs WebAssembly on a memory in which arrays lie."""

    def load(self, module: bytes) -> Entry:
        """Return the function that a module exports as `kernel`."""

    def room(self, words: int) -> np.ndarray:
        """Return so many int32 in the memory."""

    def address(self, array: np.ndarray) -> int:
        """Return where an array's first element lies in the memory."""


class PyodideMachine:
    """Loads a module as ctypes loads a library: into the memory of Python itself."""

    def load(self, module: bytes) -> Entry:
        """Return the module's kernel; the same bytes are loaded once."""
        path = Path(tempfile.gettempdir(), f"{hashlib.sha256(module).hexdigest()}.so")
        if not path.exists():
            path.write_bytes(module)
        entry = ctypes.CDLL(str(path)).kernel
        entry.argtypes, entry.restype = [ctypes.c_int], ctypes.c_int
        return entry

    def room(self, words: int) -> np.ndarray:
        """Return an array of numpy's own."""
        return np.zeros(words, dtype=np.int32)

    def address(self, array: np.ndarray) -> int:
        """Return an array's address; quicker than `array.ctypes.data`."""
        address: int = array.__array_interface__["data"][0]
        return address


#: What runs WebAssembly here: None on a desktop.
HERE: Machine | None = PyodideMachine() if sys.platform == "emscripten" else None
