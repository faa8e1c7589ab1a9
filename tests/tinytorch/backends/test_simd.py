"""What the C kernels must not do: reach out of bounds, or take what does not fit."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.tinytorch.backends import native
from tinytorch.backends.numpy import NumpyBackend
from tinytorch.backends.simd import SimdBackend
from tinytorch.backends.simd_arguments import plan
from tinytorch.backends.window import Window

ROOT = Path(__file__).parents[3]

needs_gcc = pytest.mark.skipif(
    shutil.which("gcc") is None or sys.platform != "linux",
    reason="AddressSanitizer is used as gcc has it on Linux",
)


def run_sanitized(library: Path, rounds: int) -> subprocess.CompletedProcess:
    """Compare the kernels with numpy under AddressSanitizer and UBSan."""
    find = ["gcc", "-print-file-name=libasan.so"]
    runtime = subprocess.run(find, capture_output=True, text=True)
    sanitizer = {
        "LD_PRELOAD": runtime.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",  # of Python's own
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    }
    program = [sys.executable, "-m", "tests.tinytorch.backends.native"]
    return subprocess.run(
        [*program, str(library), str(rounds)],
        cwd=ROOT,
        env=os.environ | sanitizer,
        capture_output=True,
        text=True,
    )


@needs_gcc
def test_no_access_out_of_bounds(tmp_path):
    done = run_sanitized(native.compile_native(tmp_path, native.SANITIZED), 60)
    assert done.returncode == 0, done.stderr[-5000:]


@needs_gcc
def test_one_number_too_many_would_be_noticed(tmp_path):
    source = native.SOURCE.read_text()
    right = "for (int i = 0; i < count; i++) y[i] = x[i] < 0"
    assert source.count(right) == 1
    wrong = tmp_path / "wrong.c"
    wrong.write_text(source.replace(right, right.replace("<", "<=", 1)))
    done = run_sanitized(native.compile_native(tmp_path, native.SANITIZED, wrong), 5)
    assert "heap-buffer-overflow" in done.stderr


SGD = {"lr": 0.1, "momentum": 0.9, "dampening": 0.0, "weight_decay": 0.0}
FLOATS = np.arange(64, dtype=np.float32)


@pytest.mark.parametrize(
    "arrays",
    [
        ([FLOATS[:8]], [FLOATS[4:12]], [FLOATS[20:28]]),
        ([FLOATS[:8]], [FLOATS[40:48]], [FLOATS[7:15]]),
        ([FLOATS[:8]] * 2, [FLOATS[40:48]] * 2, [None, None]),
    ],
)
def test_a_step_over_overlapping_arrays_is_left_to_numpy(simd, arrays):
    simd.called.clear()
    simd.sgd_step(*arrays, **SGD, nesterov=False)
    assert simd.called == set()


@pytest.mark.parametrize(
    ("axes", "shapes", "expected"),
    [
        ("* * -> *", [(2, 3), (2, 3)], ([6], [(2, 3)])),
        ("* * -> *", [(2, 3), (3, 2)], None),
        ("*d -> *d", [(2, 3, 4)], ([6, 4], [(2, 3, 4)])),
        ("*d -> *d", [()], None),
        ("rd d -> rd r", [(2, 3), (3,)], ([2, 3], [(2, 3), (2,)])),
        ("rd d -> rd r", [(2, 3), (2,)], None),
        ("rd d -> rd r", [(2, 3, 1), (3,)], None),
    ],
)
def test_shapes_are_matched_to_axes(axes, shapes, expected):
    assert plan(axes, *shapes) == expected


def test_a_window_that_is_not_the_weights_is_left_to_numpy(simd):
    x, weight = np.ones((1, 1, 5, 5), np.float32), np.ones((1, 1, 3, 3), np.float32)
    simd.called.clear()
    with pytest.raises(ValueError, match="matmul"):
        simd.conv2d(x, weight, None, Window((2, 2)), 1)
    assert simd.called == set()


def test_scattering_a_table_into_itself_is_left_to_numpy(simd):
    simd.called.clear()
    simd.scatter_add(FLOATS[:32].reshape(8, 4), np.array([1]), FLOATS[30:34][None])
    assert simd.called == set()


def test_ids_outside_the_table_raise_as_in_numpy(simd):
    table, rows = np.zeros((3, 4), np.float32), np.ones((1, 4), np.float32)
    with pytest.raises(IndexError):
        simd.scatter_add(table, np.array([3]), rows)
    assert not table.any()


def test_what_numpy_would_read_only_is_not_written(simd):
    param = np.ones(4, np.float32)
    param.setflags(write=False)
    with pytest.raises(ValueError, match="read-only"):
        simd.sgd_step([param], [param.copy()], [None], **SGD, nesterov=False)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "gelu", "relu"])
def test_infinities_and_nan_come_out_as_in_numpy(simd, name):
    inf = np.inf
    x = [
        [-inf, -inf, -inf],
        [np.nan, 1, 2],
        [inf, 0, 1],
        [1e30, -1e30, 0],
        [-99, 0, 88],
    ]
    x = np.array(x, dtype=np.float32)
    with np.errstate(all="ignore"):
        expected = getattr(NumpyBackend(), name)(x)
    np.testing.assert_allclose(getattr(simd, name)(x), expected, rtol=1e-5, atol=1e-37)


def test_gelu_is_exact_to_a_millionth(simd):
    x = np.linspace(-12, 12, 100_001)
    error = simd.gelu(x.astype(np.float32)) - NumpyBackend().gelu(x)
    assert np.abs(error).max() < 1e-6


def test_a_library_that_is_not_there_raises_oserror(tmp_path):
    with pytest.raises(OSError, match=r"simd\.wasm"):
        SimdBackend(tmp_path / "simd.wasm")
