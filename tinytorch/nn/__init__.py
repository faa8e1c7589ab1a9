"""Layers, models' building blocks and losses, with PyTorch's names."""

from tinytorch.nn import functional, init, utils
from tinytorch.nn.activation import (
    GELU,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from tinytorch.nn.attention import (
    MLP,
    KVCache,
    MultiheadAttention,
    TransformerBlock,
)
from tinytorch.nn.container import ModuleList, Sequential
from tinytorch.nn.conv import AdaptiveAvgPool2d, AvgPool2d, Conv2d, MaxPool2d
from tinytorch.nn.embedding import (
    Embedding,
    LearnedPositions,
    SinusoidalPositions,
    sinusoidal_positions,
)
from tinytorch.nn.linear import Dropout, Flatten, Identity, Linear
from tinytorch.nn.loss import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
)
from tinytorch.nn.module import Module, Parameter
from tinytorch.nn.norm import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, RMSNorm
