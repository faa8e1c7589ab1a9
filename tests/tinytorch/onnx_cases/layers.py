"""ONNX's layers, losses and optimizers, by tinytorch's public functions."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tinytorch as tt
from tinytorch import Tensor, optim, quantization
from tinytorch.nn import functional as F


def gemm(
    a: Tensor,
    b: Tensor,
    c: Tensor | None = None,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,  # noqa: N803 - ONNX's names
    transB: int = 0,  # noqa: N803
) -> Tensor:
    out = alpha * ((a.T if transA else a) @ (b.T if transB else b))
    return out if c is None else out + beta * c


# Images


def same_pads(
    x: Tensor, kernel: Sequence[int], strides: Sequence[int], lower: bool
) -> list[int]:
    """Return top, left, bottom, right so that the output is input over stride."""
    totals = [
        max((-(-n // s) - 1) * s + k - n, 0)
        for n, k, s in zip(x.shape[2:], kernel, strides, strict=True)
    ]
    small, large = [t // 2 for t in totals], [t - t // 2 for t in totals]
    return [*large, *small] if lower else [*small, *large]


def window(
    x: Tensor,
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    pads: Sequence[int] | None,
    dilations: Sequence[int] | None,
    auto_pad: str,
) -> tuple[tuple[int, int], tuple[int, int], list[int]]:
    """Return strides, dilations and pads (top, left, bottom, right) of a 2-D window."""
    strides, dilations = tuple(strides or (1, 1)), tuple(dilations or (1, 1))
    if auto_pad.startswith("SAME"):
        wide = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
        pads = same_pads(x, wide, strides, auto_pad == "SAME_LOWER")
    return strides, dilations, list(pads or [0] * 4)


def conv(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    kernel_shape: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    group: int = 1,
    auto_pad: str = "NOTSET",
) -> Tensor:
    steps, apart, (top, left, bottom, right) = window(
        x, w.shape[2:], strides, pads, dilations, auto_pad
    )
    padded = F.pad(x, (left, right, top, bottom))
    return F.conv2d(padded, w, b, steps, 0, apart, group)


def max_pool(
    x: Tensor,
    kernel_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    auto_pad: str = "NOTSET",
) -> Tensor:
    steps, apart, (top, left, bottom, right) = window(
        x, kernel_shape, strides, pads, dilations, auto_pad
    )
    lowest = -float("inf") if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    padded = F.pad(x, (left, right, top, bottom), value=lowest)
    return F.max_pool2d(padded, tuple(kernel_shape), steps, 0, apart)


def average_pool(
    x: Tensor,
    kernel_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    auto_pad: str = "NOTSET",
    count_include_pad: int = 0,
) -> Tensor:
    steps, _, (top, left, bottom, right) = window(
        x, kernel_shape, strides, pads, None, auto_pad
    )
    kernel, border = tuple(kernel_shape), (left, right, top, bottom)
    out = F.avg_pool2d(F.pad(x, border), kernel, steps)
    if not count_include_pad:  # divide by the share that lay inside
        out = out / F.avg_pool2d(F.pad(tt.ones_like(x), border), kernel, steps)
    return out


# Normalisation


def standardised(
    x: Tensor, axes: tuple[int, ...], epsilon: float
) -> tuple[Tensor, ...]:
    mean = x.mean(axes, keepdim=True)
    inverse = 1 / ((x - mean).square().mean(axes, keepdim=True) + epsilon).sqrt()
    return (x - mean) * inverse, mean, inverse


def layer_norm(
    x: Tensor,
    scale: Tensor,
    bias: Tensor | None = None,
    axis: int = -1,
    epsilon: float = 1e-5,
    stash_type: int = 1,
) -> tuple[Tensor, ...]:
    shape = x.shape[axis:]
    out = F.layer_norm(x, shape, scale, bias, epsilon)
    _, mean, inverse = standardised(x, tuple(range(-len(shape), 0)), epsilon)
    return out, mean, inverse


def rms_norm(
    x: Tensor, scale: Tensor, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Tensor:
    return F.rms_norm(x, x.shape[axis:], scale, epsilon)


def group_norm(
    x: Tensor,
    scale: Tensor,
    bias: Tensor,
    num_groups: int,
    epsilon: float = 1e-5,
    stash_type: int = 1,
) -> Tensor:
    return F.group_norm(x, num_groups, scale, bias, epsilon)


def batch_norm(
    x: Tensor,
    scale: Tensor,
    bias: Tensor,
    mean: Tensor,
    var: Tensor,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> Any:
    if not training_mode:
        return F.batch_norm(x, mean, var, scale, bias, eps=epsilon)
    out = F.batch_norm(x, None, None, scale, bias, training=True, eps=epsilon)
    axes = tuple(d for d in range(x.ndim) if d != 1)
    # ONNX keeps the biased variance; ours, as PyTorch's, the unbiased.
    now = x.mean(axes), x.var(axes, correction=0)
    running = [
        momentum * old + (1 - momentum) * new
        for old, new in zip((mean, var), now, strict=True)
    ]
    return out, *running


def instance_norm(
    x: Tensor, scale: Tensor, bias: Tensor, epsilon: float = 1e-5
) -> Tensor:
    return F.group_norm(x, x.shape[1], scale, bias, epsilon)


def lp_norm(x: Tensor, axis: int = -1, p: int = 2) -> Tensor:
    size = x.norm(p, axis, keepdim=True)
    return tt.where(size == 0, 0.0, x / tt.where(size == 0, 1.0, size)).to(x.dtype)


# Losses


def nll_loss(
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    return F.nll_loss(x, target, weight, ignore_index, reduction)


def cross_entropy(
    scores: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> tuple[Tensor, Tensor]:
    loss = F.cross_entropy(scores, target, weight, ignore_index, reduction)
    return loss, F.log_softmax(scores, 1)


# Attention


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    past_key: Tensor | None = None,
    past_value: Tensor | None = None,
    q_num_heads: int = 0,
    kv_num_heads: int = 0,
    is_causal: int = 0,
    scale: float | None = None,
) -> Any:
    flat = q.ndim == 3
    if flat:
        q = F.split_heads(q, q_num_heads)
        k, v = (F.split_heads(x, kv_num_heads) for x in (k, v))
    if past_key is not None and past_value is not None:
        k, v = tt.cat([past_key, k], 2), tt.cat([past_value, v], 2)
    present, groups = (k, v), q.shape[1] // k.shape[1]
    if groups > 1:  # each key head serves several query heads
        k, v = (x.repeat_interleave(groups, dim=1) for x in (k, v))
    allowed = causal(q, k, past_key) if is_causal else None
    if mask is not None:
        short = k.shape[2] - mask.shape[-1]
        if short:
            nothing = False if mask.dtype == tt.bool_ else -float("inf")
            mask = F.pad(mask, (0, short), value=nothing)
        allowed = mask if allowed is None else both(allowed, mask)
    out = F.scaled_dot_product_attention(q, k, v, allowed, scale=scale)
    return F.join_heads(out) if flat else out, *present


def causal(q: Tensor, k: Tensor, past: Tensor | None) -> Tensor:
    """Return bool (L, S): a query sees the past and the keys up to its own place."""
    offset = 0 if past is None else past.shape[2]
    places = tt.arange(q.shape[2]).unsqueeze(1) + offset
    return places >= tt.arange(k.shape[2])


def both(allowed: Tensor, mask: Tensor) -> Tensor:
    if mask.dtype == tt.bool_:
        return allowed & mask
    return tt.where(allowed, mask, -float("inf"))


# Optimizers


def updated(
    optimizer: optim.Optimizer, params: list[Tensor], grads: list[Tensor], state: list
) -> None:
    """Give the optimizer each parameter's state, then let it step."""
    held = {i: s for i, s in enumerate(state) if s}
    optimizer.load_state_dict({**optimizer.state_dict(), "state": held})
    for p, g in zip(params, grads, strict=True):
        p.grad = g
    optimizer.step()


def parts(tensors: tuple[Tensor, ...], count: int) -> list[list[Tensor]]:
    size = len(tensors) // count
    return [list(tensors[i * size : (i + 1) * size]) for i in range(count)]


def momentum(
    rate: Tensor,
    step: Tensor,
    *tensors: Tensor,
    alpha: float,
    beta: float,
    mode: str,
    norm_coefficient: float = 0.0,
) -> tuple[Tensor, ...]:
    params, grads, velocities = parts(tensors, 3)
    dampening = 1 - beta if step.item() > 0 else 0.0
    optimizer = optim.SGD(
        params,
        rate.item(),
        alpha,
        dampening,
        norm_coefficient,
        nesterov=mode == "nesterov",
    )
    state = [{"momentum_buffer": v.numpy()} for v in velocities]
    updated(optimizer, params, grads, state)
    buffers = [tt.from_numpy(optimizer.state[p]["momentum_buffer"]) for p in params]
    return *params, *buffers


def adagrad(
    rate: Tensor,
    step: Tensor,
    *tensors: Tensor,
    epsilon: float = 0.0,
    decay_factor: float = 0.0,
    norm_coefficient: float = 0.0,
) -> tuple[Tensor, ...]:
    params, grads, sums = parts(tensors, 3)
    optimizer = optim.Adagrad(
        params, rate.item(), decay_factor, norm_coefficient, eps=epsilon
    )
    state = [{"step": int(step), "sum": s.numpy()} for s in sums]
    updated(optimizer, params, grads, state)
    return *params, *(tt.from_numpy(optimizer.state[p]["sum"]) for p in params)


# Integers


def params_of(
    scale: Tensor, zero_point: Tensor | None, axis: int, ndim: int
) -> quantization.QuantParams:
    zero = tt.zeros_like(scale) if zero_point is None else zero_point
    if scale.numel() == 1:
        scale, zero = scale.reshape(()), zero.reshape(())
    return quantization.QuantParams(
        scale.numpy(), zero.int().numpy(), axis % ndim if scale.ndim else None
    )


def quantize(x: Tensor, scale: Tensor, zero_point: Tensor, axis: int = 1) -> Tensor:
    params = params_of(scale, zero_point, axis, x.ndim)
    return quantization.quantize(x, params).values


def dequantize(
    q: Tensor, scale: Tensor, zero_point: Tensor | None = None, axis: int = 1
) -> Tensor:
    return quantization.dequantize(q, params_of(scale, zero_point, axis, q.ndim))


def less_zero(x: Tensor, zero_point: Tensor | None) -> Tensor:
    return x.int() if zero_point is None else x.int() - zero_point.int()


def matmul_integer(
    a: Tensor, b: Tensor, za: Tensor | None = None, zb: Tensor | None = None
) -> Tensor:
    return less_zero(a, za) @ less_zero(b, zb)


def qlinear_matmul(
    a: Tensor,
    a_scale: Tensor,
    a_zero: Tensor,
    b: Tensor,
    b_scale: Tensor,
    b_zero: Tensor,
    y_scale: Tensor,
    y_zero: Tensor,
) -> Tensor:
    product = matmul_integer(a, b, a_zero, b_zero).float()
    return quantize(product * (a_scale * b_scale), y_scale, y_zero)


def conv_integer(
    x: Tensor, w: Tensor, zx: Tensor | None = None, zw: Tensor | None = None, **how: Any
) -> Tensor:
    if zw is not None and zw.ndim:  # one for each output channel
        zw = zw.reshape(-1, 1, 1, 1)
    return conv(less_zero(x, zx), less_zero(w, zw), **how)


OPERATORS: dict[str, Callable[..., Any]] = {
    "Adagrad": adagrad,
    "Attention": attention,
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Conv": conv,
    "ConvInteger": conv_integer,
    "DequantizeLinear": dequantize,
    "Gemm": gemm,
    "GlobalAveragePool": lambda x: x.mean(tuple(range(2, x.ndim)), keepdim=True),
    "GlobalMaxPool": lambda x: x.amax(tuple(range(2, x.ndim)), keepdim=True),
    "GroupNormalization": group_norm,
    "InstanceNormalization": instance_norm,
    "LayerNormalization": layer_norm,
    "LogSoftmax": lambda x, axis=-1: F.log_softmax(x, axis),
    "LpNormalization": lp_norm,
    "MatMul": lambda a, b: a @ b,
    "MatMulInteger": matmul_integer,
    "MaxPool": max_pool,
    "MeanVarianceNormalization": lambda x, axes=(0, 2, 3): standardised(
        x, tuple(axes), 1e-9
    )[0],
    "Momentum": momentum,
    "NegativeLogLikelihoodLoss": nll_loss,
    "QLinearMatMul": qlinear_matmul,
    "QuantizeLinear": quantize,
    "RMSNormalization": rms_norm,
    "Softmax": lambda x, axis=-1: F.softmax(x, axis),
    "SoftmaxCrossEntropyLoss": cross_entropy,
}
