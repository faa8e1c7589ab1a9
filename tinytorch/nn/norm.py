"""Layers that keep activations at mean 0 and deviation 1."""

from tinytorch import expect
from tinytorch.creation import ones, zeros
from tinytorch.nn import functional as F
from tinytorch.nn.functional.normalization import Shape
from tinytorch.nn.module import Module, Parameter
from tinytorch.tensor import Tensor


class _Norm(Module):
    """If affine, learns a weight, from ones, and (unless not `bias`) a bias, from 0."""

    def __init__(self, shape: Shape, affine: bool, bias: bool = True) -> None:
        super().__init__()
        self.weight = Parameter(ones(shape)) if affine else None
        self.bias = Parameter(zeros(shape)) if affine and bias else None


class _BatchNorm(_Norm):
    """Per channel over the batch; evaluation uses running statistics.

    Input (N, C) or (N, C, ...) with C = num_features. `momentum` is the share of a new
    batch in the running statistics.
    """

    axes: tuple[int, ...]
    running_mean: Tensor | None = None
    running_var: Tensor | None = None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__(num_features, affine)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        if track_running_stats:
            self.register_buffer("running_mean", zeros(num_features))
            self.register_buffer("running_var", ones(num_features))

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in self.axes or input.shape[1] != self.num_features:
            wanted = f"{self.num_features} channels, axes in {self.axes}"
            name = type(self).__name__
            raise ValueError(f"{name} expects {wanted}, got shape {input.shape}")
        running = self.running_mean, self.running_var
        affine = self.weight, self.bias
        training = self.training or self.running_mean is None
        return F.batch_norm(input, *running, *affine, training, self.momentum, self.eps)


class BatchNorm1d(_BatchNorm):
    """Each channel of (N, C) or (N, C, L) over the batch; see _BatchNorm."""

    axes = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Each channel of (N, C, H, W) over the batch; see _BatchNorm."""

    axes = (4,)


class LayerNorm(_Norm):
    """Per sample over the last axes (Ba et al., 2016)."""

    def __init__(
        self,
        normalized_shape: Shape,
        eps: float = 1e-05,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__(normalized_shape, elementwise_affine, bias)
        self.normalized_shape, self.eps = normalized_shape, eps

    def forward(self, input: Tensor) -> Tensor:
        affine = self.weight, self.bias
        return F.layer_norm(input, self.normalized_shape, *affine, self.eps)


class RMSNorm(_Norm):
    """Divides by the root mean square over the last axes (Zhang and Sennrich, 2019)."""

    def __init__(
        self,
        normalized_shape: Shape,
        eps: float | None = None,
        elementwise_affine: bool = True,
    ) -> None:
        super().__init__(normalized_shape, elementwise_affine, bias=False)
        self.normalized_shape, self.eps = normalized_shape, eps

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)


class GroupNorm(_Norm):
    """Per image over groups of channels (Wu and He, 2018); input (N, C, ...)."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-05,
        affine: bool = True,
    ) -> None:
        expect.divisible(num_groups, num_channels=num_channels)
        super().__init__(num_channels, affine)
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)
