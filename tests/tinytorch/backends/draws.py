"""Random arguments for every kernel, friendly or hostile, and what must come out.

Used by the contract test, under AddressSanitizer and inside Pyodide: only numpy is
needed. `DRAWS[kernel](rng, array)` gives positional arguments and options; `array`
makes the arrays, so that a fuzz run can give them any memory layout.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np

from tinytorch.backends.numpy import NumpyBackend
from tinytorch.backends.window import Window, output_size

Rng = np.random.Generator
IN_PLACE = {"scatter_add", "sgd_step", "adam_step"}


def friendly(rng: Rng, shape, dtype=np.float32) -> np.ndarray:
    """Return ordinary numbers in C order."""
    if np.dtype(dtype).kind == "i":
        return rng.integers(-128, 128, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def hostile(rng: Rng, shape, dtype=np.float32) -> np.ndarray:
    """Return the same kind of numbers in a layout chosen to hurt."""
    x = friendly(rng, shape, dtype)
    return LAYOUTS[rng.integers(len(LAYOUTS))](rng, x)


def _embedded(rng: Rng, x: np.ndarray) -> np.ndarray:
    """A view into a larger array: odd offsets and a large step in every axis."""
    steps = [int(rng.integers(1, 4)) for _ in x.shape]
    host = np.full([n * s + 1 for n, s in zip(x.shape, steps, strict=True)], np.nan)
    host = (
        host.astype(x.dtype) if x.dtype.kind == "f" else np.zeros(host.shape, x.dtype)
    )
    view = host[tuple(slice(1, None, s) for s in steps)]
    view = view[tuple(slice(n) for n in x.shape)]
    view[...] = x
    return view


def _reversed(rng: Rng, x: np.ndarray) -> np.ndarray:
    back = tuple(slice(None, None, -1) for _ in x.shape)
    return np.ascontiguousarray(x[back])[back]


def _misaligned(rng: Rng, x: np.ndarray) -> np.ndarray:
    raw = np.zeros(x.nbytes + 1, dtype=np.uint8)[1:].view(x.dtype).reshape(x.shape)
    raw[...] = x
    return raw


def _read_only(rng: Rng, x: np.ndarray) -> np.ndarray:
    x.setflags(write=False)
    return x


def _odd_strides(rng: Rng, x: np.ndarray) -> np.ndarray:
    """An axis of length 1 may have any stride, even one that leads nowhere."""
    strides = [
        2**20 + 3 if n == 1 else s for n, s in zip(x.shape, x.strides, strict=True)
    ]
    return np.lib.stride_tricks.as_strided(x, x.shape, strides)


def _repeated(rng: Rng, x: np.ndarray) -> np.ndarray:
    """Broadcast along one axis: stride 0."""
    if not x.ndim or not x.size:
        return x
    axis = int(rng.integers(x.ndim))
    return np.broadcast_to(x.take([0], axis), x.shape)


LAYOUTS: list[Callable[[Rng, np.ndarray], np.ndarray]] = [
    lambda rng, x: x,
    lambda rng, x: np.asfortranarray(x),
    lambda rng, x: x.astype(np.float64) if x.dtype.kind == "f" else x,
    lambda rng, x: x.astype(x.dtype.newbyteorder()),
    _embedded,
    _reversed,
    _misaligned,
    _read_only,
    _odd_strides,
    _repeated,
]


def _size(rng: Rng, most: int = 40) -> int:
    """A length: often 1 or next to a multiple of the vector's four or eight."""
    usual = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, most]
    return min(most, usual[rng.integers(len(usual))])


def _matmul(rng, array):
    rows, depth, cols = _size(rng), _size(rng, 300), _size(rng)
    batch = [(), (), (2,), (3, 2)][rng.integers(4)]
    mine = tuple(n if rng.random() < 0.7 else 1 for n in batch)
    a, b = array(rng, (*mine, rows, depth)), array(rng, (*batch, depth, cols))
    if rng.random() < 0.3:
        a = array(rng, (*mine, depth, rows)).swapaxes(-1, -2)
    if rng.random() < 0.3:
        b = array(rng, (*batch, cols, depth)).swapaxes(-1, -2)
    return a, b


def _matmul_int8(rng, array):
    rows, depth, cols = _size(rng), _size(rng, 300), _size(rng)
    return array(rng, (rows, depth), np.int8), array(rng, (depth, cols), np.int8)


def _conv(rng, array):
    """Return x, weight, bias or None, window, groups."""
    groups, depth, each = (int(rng.integers(1, n)) for n in (4, 6, 10))
    kernel = tuple(int(k) for k in rng.integers(1, 5, 2))
    stride, padding, dilation = (
        tuple(int(v) for v in rng.integers(low, high, 2))
        for low, high in ((1, 4), (0, 4), (1, 3))
    )
    if rng.random() < 0.5:
        stride = dilation = (1, 1)
    least = [max(1, dilation[i] * (kernel[i] - 1) + 1 - 2 * padding[i]) for i in (0, 1)]
    h, w = (int(n + rng.integers(12)) for n in least)
    x = array(rng, (int(rng.integers(1, 5)), groups * depth, h, w))
    weight = array(rng, (groups * each, depth, *kernel))
    bias = array(rng, (groups * each,)) if rng.random() < 0.5 else None
    return x, weight, bias, Window(kernel, stride, padding, dilation), groups


def _conv_input_grad(rng, array):
    x, weight, _, window, groups = _conv(rng, array)
    out = output_size(x.shape[2:], window)
    grad = array(rng, (x.shape[0], weight.shape[0], *out))
    return grad, weight, x.shape, window, groups


def _conv_weight_grad(rng, array):
    x, weight, _, window, groups = _conv(rng, array)
    out = output_size(x.shape[2:], window)
    grad = array(rng, (x.shape[0], weight.shape[0], *out))
    return grad, x, window, groups


def _pool(rng, array):
    x, _, _, window, _ = _conv(rng, array)
    if rng.random() < 0.4 and min(x.shape[2:]) >= 2:  # the usual case
        window = Window((2, 2), stride=(2, 2))
    return np.round(x), window  # rounded: with ties


def _pool_grad(rng, array):
    x, window = _pool(rng, array)
    y, cell = NumpyBackend().max_pool2d(x, window)
    return array(rng, y.shape), cell, x.shape, window


def _avg_pool_grad(rng, array):
    x, window = _pool(rng, array)
    out = output_size(x.shape[2:], window)
    return array(rng, (*x.shape[:2], *out)), x.shape, window


def _any_shape(rng) -> tuple[int, ...]:
    return tuple(_size(rng, 33) for _ in range(int(rng.integers(1, 4))))


def _one(rng, array):
    return (array(rng, _any_shape(rng)),)


def _two(rng, array):
    shape = _any_shape(rng)
    return array(rng, shape), array(rng, shape)


def _layer_norm(rng, array):
    rows, size = _size(rng), _size(rng, 130)
    return (array(rng, (rows, size)), *(array(rng, (size,)) for _ in "wb"), 1e-2)


def _layer_norm_grad(rng, array):
    rows, size = _size(rng), _size(rng, 130)
    grad, x = (array(rng, (rows, size)) for _ in "gx")
    return grad, x, array(rng, (size,)), *(array(rng, (rows,)) for _ in "mr")


def _batch_norm(rng, array):
    n, channels, size = _size(rng, 5), _size(rng, 9), _size(rng, 70)
    x = array(rng, (n, channels, size))
    # Not smaller: a constant channel would only show the rounding of its mean.
    return x, array(rng, (channels,)), array(rng, (channels,)), 1e-2


def _batch_norm_grad(rng, array):
    n, channels, size = _size(rng, 5), _size(rng, 9), _size(rng, 70)
    grad, x = (array(rng, (n, channels, size)) for _ in "gx")
    return grad, x, *(array(rng, (channels,)) for _ in "wmr")


def _scatter_add(rng, array):
    entries, size, rows = _size(rng), _size(rng), _size(rng)
    ids = rng.integers(0, entries, rows)
    if rng.random() < 0.2:
        ids -= 1  # numpy counts -1 from the end
    return array(rng, (entries, size)), ids, array(rng, (rows, size))


def _states(rng, array, how_many):
    shapes = [_any_shape(rng) for _ in range(int(rng.integers(1, 4)))]
    return [[array(rng, shape) for shape in shapes] for _ in range(how_many)]


def _sgd(rng, array):
    params, grads, buffers = _states(rng, array, 3)
    if rng.random() < 0.3:
        buffers[0] = None
    options = {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.01}
    return params, grads, buffers, options | {"nesterov": bool(rng.integers(2))}


def _adam(rng, array):
    params, grads, firsts = _states(rng, array, 3)
    seconds = [np.abs(m) for m in firsts]
    options = {"lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}
    options |= {"decoupled": bool(rng.integers(2)), "step": int(rng.integers(1, 99))}
    return params, grads, firsts, seconds, options


def _sum(rng, array):
    (x,) = _one(rng, array)
    return x, [None, 0, -1][rng.integers(3)], bool(rng.integers(2))


DRAWS = {
    "add": _two,
    "sum": _sum,
    "matmul": _matmul,
    "matmul_int8": _matmul_int8,
    "conv2d": _conv,
    "conv2d_input_grad": _conv_input_grad,
    "conv2d_weight_grad": _conv_weight_grad,
    "max_pool2d": _pool,
    "max_pool2d_grad": _pool_grad,
    "avg_pool2d": _pool,
    "avg_pool2d_grad": _avg_pool_grad,
    "relu": _one,
    "relu_grad": _two,
    "gelu": _one,
    "gelu_grad": _two,
    "softmax": _one,
    "softmax_grad": _two,
    "log_softmax": _one,
    "log_softmax_grad": _two,
    "layer_norm": _layer_norm,
    "layer_norm_grad": _layer_norm_grad,
    "batch_norm": _batch_norm,
    "batch_norm_grad": _batch_norm_grad,
    "scatter_add": _scatter_add,
    "sgd_step": _sgd,
    "adam_step": _adam,
}


def outcome(backend: NumpyBackend, kernel: str, arguments: tuple) -> list:
    """Return the arrays that a kernel makes or writes, or the type of its error."""
    *given, last = arguments
    options = last if isinstance(last, dict) else {}
    given = given if options else list(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = getattr(backend, kernel)(*given, **options)
    except (ValueError, IndexError, TypeError) as error:
        return [type(error)]
    return list(_arrays(given if kernel in IN_PLACE else result))


def _arrays(value) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray | np.generic):
        yield np.asarray(value)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _arrays(item)


def difference(got: list, expected: list) -> float:
    """Return the largest error relative to the largest expected number; inf if unlike.

    Of all arrays that the kernel returns: where one is the small remainder of large
    terms, its rounding errors are theirs. nan must stand where nan stands, integers
    must be equal.
    """
    if len(got) != len(expected) or any(map(_unlike, got, expected)):
        return np.inf
    scale, error = 1e-6, 0.0
    for a, b in zip(got, expected, strict=True):
        if isinstance(b, np.ndarray) and b.dtype.kind == "f":
            a, b = a[np.isfinite(b)], b[np.isfinite(b)]
            scale = max(scale, float(np.abs(b).max(initial=0)))
            error = max(error, float(np.abs(a - b).max(initial=0)))
    return error / scale


def _unlike(a, b) -> bool:
    if isinstance(a, type) or isinstance(b, type):
        return a is not b
    if a.shape != b.shape or a.dtype != b.dtype:
        return True
    if a.dtype.kind != "f":
        return not np.array_equal(a, b)
    return not np.array_equal(np.isfinite(a), np.isfinite(b))


def compare(
    backend: NumpyBackend, kernel: str, rounds: int, array=hostile, seed: int = 0
) -> Iterator[tuple[int, float]]:
    """Yield each round's number and how far the backend is from numpy."""
    for number in range(rounds):
        # Drawn twice: a kernel that writes in place changes what it was given.
        got, expected = (
            outcome(who, kernel, DRAWS[kernel](np.random.default_rng(key), array))
            for key in [[seed, number]]
            for who in (backend, NumpyBackend())
        )
        yield number, difference(got, expected)
