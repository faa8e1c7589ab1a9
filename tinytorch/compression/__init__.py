"""Less of a model: fewer weights, thinner layers, lower rank, a smaller pupil."""

from tinytorch.compression.distillation import distill, distillation_loss
from tinytorch.compression.low_rank import factorize, low_rank, rank_for_energy
from tinytorch.compression.pruning import (
    KeepPruned,
    apply_masks,
    magnitude_masks,
    prune_channels,
    sparsity,
)
