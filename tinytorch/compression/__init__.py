"""Less of a model: fewer weights, thinner layers, lower rank, a smaller pupil.

Zeros tell how many weights a task needs; they take as many bytes and as much time as
any number. Fewer channels, or a lower rank, make a model smaller and faster.
"""

from .channels import prune_channels
from .distillation import distill, distillation_loss
from .masks import KeepPruned, apply_masks, magnitude_masks, prunable, sparsity
from .rank import factorize, low_rank, rank_for_energy
