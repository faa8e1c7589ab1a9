"""Every kernel of every backend, the C ones included, does what numpy's does."""

import inspect

import pytest

from tests.tinytorch.backends import draws, native
from tinytorch import backends
from tinytorch.backends.numpy import NumpyBackend
from tinytorch.backends.simd_arguments import SIGNATURES


def test_a_backend_that_is_not_here_is_refused_and_nothing_changes():
    before = backends.current
    with pytest.raises(ValueError, match=r"a backend out of \[.*'numpy'.*got 'cuda'"):
        backends.use("cuda")
    assert backends.current is before


def test_every_kernel_has_a_test():
    methods = {name for name, _ in inspect.getmembers(NumpyBackend, inspect.isfunction)}
    assert methods - {"describe"} == set(draws.DRAWS)


@pytest.mark.parametrize(
    ("backend", "kernel"),
    [
        (name, kernel)
        for name in backends.available()
        for kernel in draws.DRAWS
        if kernel in vars(type(backends.get(name))) and name != "numpy"
    ],
)
def test_available_backend_agrees_with_numpy(backend, kernel):
    for number, error in draws.compare(
        backends.get(backend), kernel, 5, draws.friendly
    ):
        assert error <= native.TOLERANCE, f"round {number}"


@pytest.mark.parametrize("kernel", draws.DRAWS)
@pytest.mark.parametrize("array", [draws.friendly, draws.hostile])
def test_c_kernel_agrees_with_numpy_or_leaves_it_the_work(simd, kernel, array):
    for number, error in draws.compare(simd, kernel, 100, array):
        assert error <= native.TOLERANCE, f"round {number}"


@pytest.mark.parametrize("kernel", draws.DRAWS)
def test_empty_arrays_are_numpys(simd, kernel):
    def empty(rng, shape, dtype="float32"):
        axes = shape[:1] if len(shape) == 4 else shape  # of images, only their number
        cut = [0 if rng.random() < 0.3 else n for n in axes]
        cut += shape[len(cut) :]
        return draws.friendly(rng, cut, dtype)

    for number, error in draws.compare(simd, kernel, 30, empty):
        assert error <= native.TOLERANCE, f"round {number}"


def test_each_c_function_was_called_by_its_kernel(simd):
    missing = set(SIGNATURES) - simd.called
    for kernel in draws.DRAWS:
        for _ in draws.compare(simd, kernel, 5, draws.friendly):
            missing -= simd.called
    assert not missing
