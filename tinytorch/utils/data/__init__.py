"""Data sets and the way from them to batches, with PyTorch's names."""

from . import transforms
from .bundled import CIFAR10, Digits, cut_sheet, names, novel
from .dataset import Dataset, Subset, TensorDataset, random_split
from .loader import DataLoader, default_collate, default_convert
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from .synthetic import make_blobs, make_circles, make_moons, make_spirals, make_xor
