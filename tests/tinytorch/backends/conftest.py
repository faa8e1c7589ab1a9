"""The C kernels, wherever the tests run."""

import sys

import pytest

from tests.tinytorch.backends import native
from tinytorch.backends.simd import module_for_this_browser


@pytest.fixture(scope="module")
def simd(tmp_path_factory):
    """Return the backend: of the site's module in a browser, else compiled here."""
    if sys.platform == "emscripten":
        return native.Counting(module_for_this_browser())
    return native.Counting(native.compile_native(tmp_path_factory.mktemp("simd")))
