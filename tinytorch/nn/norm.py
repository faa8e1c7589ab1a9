"""Layers that keep activations at mean 0 and deviation 1."""

from typing import ClassVar

from tinytorch import expect
from tinytorch.nn import functional as F
from tinytorch.nn.functional.normalization import Shape, shape_of
from tinytorch.nn.module import Module, Parameter
from tinytorch.tensor import Tensor
from tinytorch.tensor.creation import ones, zeros


class Norm(Module):
    """If affine, learns a weight, from ones, and (unless not `bias`) a bias, from 0."""

    weight: Tensor | None
    bias: Tensor | None

    def __init__(
        self, shape: tuple[int, ...], eps: float | None, affine: bool, bias: bool
    ) -> None:
        super().__init__()
        expect.boolean(affine=affine, bias=bias)
        expect.at_least(0, eps=0 if eps is None else eps)
        self.eps = eps
        self.weight = Parameter(ones(shape)) if affine else None
        self.bias = Parameter(zeros(shape)) if affine and bias else None


class BatchNorm(Norm):
    """Per channel over the batch; evaluation uses running statistics.

    Input (N, C) or (N, C, ...) with C = num_features. `momentum` is the share of a new
    batch in the running statistics, which without track_running_stats are not kept:
    then evaluation uses the batch too.
    """

    axes: ClassVar[tuple[int, ...]]  # how many axes the input may have
    eps: float
    running_mean: Tensor | None
    running_var: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        num_features = expect.count("num_features", num_features)
        super().__init__((num_features,), eps, affine, bias=True)
        expect.between(0, 1, momentum=momentum)
        expect.boolean(track_running_stats=track_running_stats)
        self.num_features, self.momentum = num_features, momentum
        kept = track_running_stats
        self.register_buffer("running_mean", zeros(num_features) if kept else None)
        self.register_buffer("running_var", ones(num_features) if kept else None)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with each channel normalised, then scaled and shifted."""
        name = type(self).__name__
        expect.tensors(name, input=input)
        if input.ndim not in self.axes or input.shape[1] != self.num_features:
            wanted = f"{self.num_features} channels, axes in {self.axes}"
            raise ValueError(f"{name} expects {wanted}, got shape {input.shape}")
        running = self.running_mean, self.running_var
        affine = self.weight, self.bias
        training = self.training or self.running_mean is None
        return F.batch_norm(input, *running, *affine, training, self.momentum, self.eps)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return (
            f"num_features={self.num_features}, eps={self.eps}, "
            f"momentum={self.momentum}, affine={self.weight is not None}, "
            f"track_running_stats={self.running_mean is not None}"
        )


class BatchNorm1d(BatchNorm):
    """Each channel of (N, C) or (N, C, L) over the batch (Ioffe and Szegedy, 2015)."""

    axes = (2, 3)


class BatchNorm2d(BatchNorm):
    """Each channel of (N, C, H, W) over the batch (Ioffe and Szegedy, 2015)."""

    axes = (4,)


class LayerNorm(Norm):
    """Per sample over the last axes (Ba et al., 2016)."""

    eps: float

    def __init__(
        self,
        normalized_shape: Shape,
        eps: float = 1e-05,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__(shape_of(normalized_shape), eps, elementwise_affine, bias)
        self.normalized_shape = normalized_shape

    def forward(self, input: Tensor) -> Tensor:
        """Return (..., *normalized_shape), each sample normalised by itself."""
        affine = self.weight, self.bias
        return F.layer_norm(input, self.normalized_shape, *affine, self.eps)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return (
            f"normalized_shape={self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.weight is not None}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Norm):
    """Divides by the root mean square over the last axes (Zhang and Sennrich, 2019)."""

    def __init__(
        self,
        normalized_shape: Shape,
        eps: float | None = None,
        elementwise_affine: bool = True,
    ) -> None:
        shape = shape_of(normalized_shape)
        super().__init__(shape, eps, elementwise_affine, bias=False)
        self.normalized_shape = normalized_shape

    def forward(self, input: Tensor) -> Tensor:
        """Return (..., *normalized_shape), each sample divided by its own size."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return (
            f"normalized_shape={self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.weight is not None}"
        )


class GroupNorm(Norm):
    """Per image over groups of channels (Wu and He, 2018); input (N, C, ...)."""

    eps: float

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-05,
        affine: bool = True,
    ) -> None:
        num_channels = expect.count("num_channels", num_channels)
        expect.divisible(num_groups, num_channels=num_channels)
        super().__init__((num_channels,), eps, affine, bias=True)
        self.num_groups, self.num_channels = num_groups, num_channels

    def forward(self, input: Tensor) -> Tensor:
        """Return (N, C, ...), each image's groups of channels normalised."""
        expect.tensors("GroupNorm", input=input)
        if input.ndim < 2 or input.shape[1] != self.num_channels:
            wanted = f"(N, {self.num_channels}, ...)"
            raise ValueError(f"GroupNorm expects {wanted}, got shape {input.shape}")
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the options, as they are given."""
        return (
            f"num_groups={self.num_groups}, num_channels={self.num_channels}, "
            f"eps={self.eps}, affine={self.weight is not None}"
        )
