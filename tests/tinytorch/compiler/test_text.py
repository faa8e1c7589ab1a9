"""The text that a kernel shows is what its bytes say: a public assembler agrees."""

from __future__ import annotations

import numpy as np
import pytest
import wasmtime

from tests.tinytorch.compiler.desktop import WasmtimeMachine
from tests.tinytorch.compiler.programs import Drawer, define
from tinytorch.compiler import Kernel


def sections(module: bytes) -> dict[int, bytes]:
    """Return a module's sections but those for tools (number 0)."""
    found, at = {}, 8
    while at < len(module):
        number, size, shift = module[at], 0, 0
        while True:
            at += 1
            size |= (module[at] & 0x7F) << shift
            shift += 7
            if module[at] < 0x80:
                break
        found[number] = module[at + 1 : at + 1 + size]
        at += 1 + size
    found.pop(0, None)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_the_text_assembles_to_the_same_bytes(seed):
    function = define(Drawer(np.random.default_rng(seed), 0.2).program())
    a = np.zeros((3, 9), np.float32)
    arguments = (a, a[0], a, 1, 2, 0.5)
    shown = Kernel(function, on=WasmtimeMachine())
    assembled = bytes(wasmtime.wat2wasm(shown.text(*arguments)))
    assert sections(assembled) == sections(shown.wasm(*arguments))
