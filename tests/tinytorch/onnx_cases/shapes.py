"""ONNX's operators that move, choose or add up elements, by our public functions."""

from collections.abc import Callable, Sequence
from typing import Any

import tinytorch as tt
from tinytorch import Tensor
from tinytorch.nn import functional as F

from .elementwise import dtype_of


def dims(x: Tensor, axes: Tensor | Sequence[int] | None) -> tuple[int, ...]:
    """Return the axes to reduce: those named, or all."""
    named = axes.tolist() if isinstance(axes, Tensor) else list(axes or ())
    return tuple(named) or tuple(range(x.ndim))


def reduction(
    function: Callable[..., Tensor], alone: Callable = lambda x: x
) -> Callable:
    """Return a Reduce* operator; `alone` is what it does to an element by itself."""

    def operator(
        x: Tensor,
        axes: Tensor | Sequence[int] | None = None,
        keepdims: int = 1,
        noop_with_empty_axes: int = 0,
    ) -> Tensor:
        named = axes.tolist() if isinstance(axes, Tensor) else axes
        if noop_with_empty_axes and not named:
            return alone(x)
        return function(x, dims(x, axes), bool(keepdims)).to(x.dtype)

    return operator


def prod(x: Tensor, axes: tuple[int, ...], keepdim: bool) -> Tensor:
    for axis in axes:
        x = x.prod(axis, keepdim=True)
    return x if keepdim else x.squeeze(axes)


def extreme(function: Callable, of: Callable) -> Callable:
    """Return ReduceMax or ReduceMin; of booleans it is any or all."""
    return lambda x, d, k: (of if x.dtype == tt.bool_ else function)(x, d, k)


def arg(method: Callable) -> Callable:
    def operator(
        x: Tensor, axis: int = 0, keepdims: int = 1, select_last_index: int = 0
    ) -> Tensor:
        if not select_last_index:
            return method(x, axis, keepdim=bool(keepdims))
        return x.shape[axis] - 1 - method(x.flip(axis), axis, keepdim=bool(keepdims))

    return operator


def topk(
    x: Tensor, k: Tensor, axis: int = -1, largest: int = 1, sorted: int = 1
) -> tuple[Tensor, Tensor]:
    return tuple(x.topk(int(k), axis, bool(largest)))


def gather(x: Tensor, index: Tensor, axis: int = 0) -> Tensor:
    return x[(slice(None),) * (axis % x.ndim) + (index,)]


def gather_elements(x: Tensor, index: Tensor, axis: int = 0) -> Tensor:
    return x.gather(axis, tt.where(index < 0, index + x.shape[axis], index))


def gather_nd(x: Tensor, index: Tensor, batch_dims: int = 0) -> Tensor:
    if batch_dims:
        rows = [gather_nd(*pair, batch_dims - 1) for pair in zip(x, index, strict=True)]
        return tt.stack(rows)
    return x[index.unbind(-1)]


def scatter(x: Tensor, index: Tensor, updates: Tensor, axis: int = 0) -> Tensor:
    places = [
        tt.arange(n).reshape(-1, *(1,) * (index.ndim - 1 - d)).expand(*index.shape)
        for d, n in enumerate(index.shape)
    ]
    places[axis] = index
    return scattered(x, tuple(places), updates)


def scatter_nd(x: Tensor, index: Tensor, updates: Tensor) -> Tensor:
    return scattered(x, index.unbind(-1), updates)


def scattered(x: Tensor, places: Any, updates: Tensor) -> Tensor:
    out = x.clone()
    out[places] = updates
    return out


def compress(x: Tensor, condition: Tensor, axis: int | None = None) -> Tensor:
    if axis is None:
        x, axis = x.flatten(), 0
    kept = [i for i, keep in enumerate(condition.tolist()) if keep]
    return gather(x, tt.tensor(kept), axis)


def one_hot(ids: Tensor, depth: Tensor, values: Tensor, axis: int = -1) -> Tensor:
    count = int(depth.reshape(()))
    ids = ids.long()
    inside = (ids >= -count) & (ids < count)
    hot = F.one_hot(tt.where(inside, ids % count, 0), count).bool()
    out = tt.where(hot & inside.unsqueeze(-1), values[1], values[0])
    order = list(range(out.ndim - 1))
    order.insert(axis % out.ndim, out.ndim - 1)
    return out.permute(*order)


def split(
    x: Tensor,
    split: Tensor | Sequence[int] | None = None,
    axis: int = 0,
    num_outputs: int | None = None,
    outputs: int = 1,
) -> tuple[Tensor, ...]:
    if split is not None:
        sizes = split.tolist() if isinstance(split, Tensor) else list(split)
        return x.split(sizes, axis)
    return x.split(-(-x.shape[axis] // (num_outputs or outputs)), axis)


def cut(
    x: Tensor,
    starts: Tensor,
    ends: Tensor,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    axes_ = range(len(starts)) if axes is None else axes.tolist()
    steps_ = [1] * len(starts) if steps is None else steps.tolist()
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(
        axes_, starts.tolist(), ends.tolist(), steps_, strict=True
    ):
        n = x.shape[axis]
        if step < 0 and end < -n:
            end = None  # down to the first element
        index[axis] = slice(start, end, step)
    return x[tuple(index)]


def pad(
    x: Tensor,
    pads: Tensor,
    value: Tensor | None = None,
    axes: Tensor | None = None,
    mode: str = "constant",
) -> Tensor:
    named = list(range(x.ndim)) if axes is None else [a % x.ndim for a in axes.tolist()]
    amounts = pads.tolist()
    widths = [[0, 0] for _ in range(x.ndim)]
    for i, axis in enumerate(named):
        widths[axis] = [amounts[i], amounts[i + len(named)]]
    flat = [n for pair in reversed(widths) for n in pair]
    return F.pad(x, flat, mode, 0.0 if value is None else value.item())


def reshape(x: Tensor, shape: Tensor, allowzero: int = 0) -> Tensor:
    wanted = [
        x.shape[i] if n == 0 and not allowzero else n
        for i, n in enumerate(shape.tolist())
    ]
    return x.reshape(*wanted)


def squeeze(x: Tensor, axes: Tensor | None = None) -> Tensor:
    return x.squeeze(None if axes is None else tuple(axes.tolist()))


def unsqueeze(x: Tensor, axes: Tensor) -> Tensor:
    ndim = x.ndim + len(axes)
    for axis in sorted(a % ndim for a in axes.tolist()):
        x = x.unsqueeze(axis)
    return x


def expand(x: Tensor, shape: Tensor) -> Tensor:
    return x.expand(*tt.broadcast_shapes(x.shape, tuple(shape.tolist())))


def flatten(x: Tensor, axis: int = 1) -> Tensor:
    rows = 1
    for n in x.shape[: axis if axis >= 0 else x.ndim + axis]:
        rows *= n
    return x.reshape(rows, x.numel() // rows)


def cumsum(x: Tensor, axis: Tensor, exclusive: int = 0, reverse: int = 0) -> Tensor:
    dim = int(axis)
    out = x.flip(dim).cumsum(dim) if reverse else x.cumsum(dim)
    if exclusive:
        out = out - (x.flip(dim) if reverse else x)
    return (out.flip(dim) if reverse else out).to(x.dtype)


def trilu(x: Tensor, k: Tensor | None = None, upper: int = 1) -> Tensor:
    diagonal = 0 if k is None else int(k)
    return x.triu(diagonal) if upper else x.tril(diagonal)


def eye_like(x: Tensor, dtype: int | None = None, k: int = 0) -> Tensor:
    rows, columns = x.shape
    hit = tt.arange(rows).unsqueeze(1) + k == tt.arange(columns)
    return hit.to(x.dtype if dtype is None else dtype_of(dtype))


def arange(start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
    return tt.arange(*(t.item() for t in (start, limit, delta)), dtype=start.dtype)


def constant(value: Any = None, **typed: Any) -> Tensor:
    (data,) = [value] if value is not None else typed.values()
    return tt.as_tensor(data)


def constant_of_shape(shape: Tensor, value: Tensor | None = None) -> Tensor:
    fill = tt.zeros(1) if value is None else value
    return tt.full(shape.tolist(), fill.item(), dtype=fill.dtype)


def shape_of(x: Tensor, start: int = 0, end: int | None = None) -> Tensor:
    return tt.tensor(x.shape[start:end], dtype=tt.int64)


def depth_to_space(x: Tensor, blocksize: int, mode: str = "DCR") -> Tensor:
    n, c, h, w = x.shape
    b = blocksize
    if mode == "DCR":
        x = x.reshape(n, b, b, c // b**2, h, w).permute(0, 3, 4, 1, 5, 2)
    else:
        x = x.reshape(n, c // b**2, b, b, h, w).permute(0, 1, 4, 2, 5, 3)
    return x.reshape(n, c // b**2, h * b, w * b)


def space_to_depth(x: Tensor, blocksize: int, mode: str = "DCR") -> Tensor:
    n, c, h, w = x.shape
    b = blocksize
    x = x.reshape(n, c, h // b, b, w // b, b)
    x = x.permute(0, 3, 5, 1, 2, 4) if mode == "DCR" else x.permute(0, 1, 3, 5, 2, 4)
    return x.reshape(n, c * b * b, h // b, w // b)


OPERATORS: dict[str, Callable[..., Any]] = {
    "ArgMax": arg(Tensor.argmax),
    "ArgMin": arg(Tensor.argmin),
    "Compress": compress,
    "Concat": lambda *xs, axis: tt.cat(xs, axis),
    "Constant": constant,
    "ConstantOfShape": constant_of_shape,
    "CumSum": cumsum,
    "DepthToSpace": depth_to_space,
    "Einsum": lambda *xs, equation: tt.einsum(equation, *xs),
    "Expand": expand,
    "EyeLike": eye_like,
    "Flatten": flatten,
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "Hardmax": lambda x, axis=-1: one_hot(
        x.argmax(axis), tt.tensor(x.shape[axis]), tt.tensor([0.0, 1.0]), axis
    ),
    "OneHot": one_hot,
    "Pad": pad,
    "Range": arange,
    "ReduceL1": reduction(lambda x, d, k: x.norm(1, d, k), Tensor.abs),
    "ReduceL2": reduction(lambda x, d, k: x.norm(2, d, k), Tensor.abs),
    "ReduceLogSum": reduction(lambda x, d, k: x.sum(d, k).log(), Tensor.log),
    "ReduceLogSumExp": reduction(Tensor.logsumexp),
    "ReduceMax": reduction(extreme(Tensor.amax, Tensor.any)),
    "ReduceMean": reduction(Tensor.mean),
    "ReduceMin": reduction(extreme(Tensor.amin, Tensor.all)),
    "ReduceProd": reduction(prod),
    "ReduceSum": reduction(Tensor.sum),
    "ReduceSumSquare": reduction(lambda x, d, k: x.square().sum(d, k), Tensor.square),
    "Reshape": reshape,
    "Scatter": scatter,
    "ScatterElements": scatter,
    "ScatterND": scatter_nd,
    "Shape": shape_of,
    "Size": lambda x: tt.tensor(x.numel()),
    "Slice": cut,
    "SpaceToDepth": space_to_depth,
    "Split": split,
    "Squeeze": squeeze,
    "Tile": lambda x, repeats: x.repeat(*repeats.tolist()),
    "TopK": topk,
    "Transpose": lambda x, perm=None: x.T if perm is None else x.permute(*perm),
    "Trilu": trilu,
    "Unsqueeze": unsqueeze,
}
