"""WebAssembly wherever the tests run: the tab's own, or wasmtime's on a desktop."""

from __future__ import annotations

import sys

import pytest

from tinytorch.compiler.machine import HERE


@pytest.fixture
def machine():
    """Return a machine whose `room` makes arrays that its kernels can reach."""
    if sys.platform == "emscripten":
        return HERE
    from tests.tinytorch.compiler.desktop import WasmtimeMachine

    return WasmtimeMachine()


@pytest.fixture(params=["compiled", "python"])
def on(request, machine):
    """Return what a kernel is to run on: a machine, or None for Python."""
    return machine if request.param == "compiled" else None
