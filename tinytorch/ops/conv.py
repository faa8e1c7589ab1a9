"""Convolution and pooling, and their derivatives; the kernels are the backend's."""

from typing import Any

from tinytorch import backends
from tinytorch.autograd import Array, Function
from tinytorch.backends.window import Window


class Conv2d(Function):
    """x (N, C, H, W), weight (O, C/G, KH, KW) and, optionally, bias (O,)."""

    @staticmethod
    def forward(
        ctx: Any, x: Array, weight: Array, *bias: Array, window: Window, groups: int
    ) -> Array:
        ctx.save_for_backward(x, weight, window, groups)
        shift = bias[0] if bias else None
        return backends.current.conv2d(x, weight, shift, window, groups)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        x, weight, *how = ctx.saved
        need_x, need_weight, *need_bias = ctx.needs_input_grad
        kernels = backends.current
        dx = kernels.conv2d_input_grad(grad, weight, x.shape, *how) if need_x else None
        dw = kernels.conv2d_weight_grad(grad, x, *how) if need_weight else None
        return dx, dw, *(kernels.sum(grad, (0, 2, 3), False) for _ in need_bias)


class MaxPool2d(Function):
    """The first of equal pixels gets the gradient, as in PyTorch."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, window: Window) -> Array:
        out, cell = backends.current.max_pool2d(x, window)
        ctx.save_for_backward(cell, x.shape, window)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return backends.current.max_pool2d_grad(grad, *ctx.saved)


class AvgPool2d(Function):
    """The mean of each window, its padding counted as zeros."""

    @staticmethod
    def forward(ctx: Any, x: Array, *, window: Window) -> Array:
        ctx.save_for_backward(x.shape, window)
        return backends.current.avg_pool2d(x, window)

    @staticmethod
    def backward(ctx: Any, grad: Array) -> Any:
        return backends.current.avg_pool2d_grad(grad, *ctx.saved)
