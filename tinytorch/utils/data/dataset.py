"""Data sets: things with a length whose samples are found by index."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from tinytorch import random
from tinytorch.random import Generator
from tinytorch.tensor import Tensor


class Dataset:
    """A collection of samples; subclasses define `__getitem__` and `__len__`.

    A subclass may add `__getitems__(indices)` to answer a whole batch at once: either
    a list of samples, as in PyTorch, or the finished batch (anything but a list),
    which `DataLoader` then need not collate.
    """

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} expects a __getitem__ method")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} expects a __len__ method")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class TensorDataset(Dataset):
    """Tensors of equal first dimension; sample `i` is the tuple of their rows `i`."""

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple(t if isinstance(t, Tensor) else Tensor(t) for t in tensors)
        lengths = {tuple(t.shape[:1]) for t in self.tensors}
        if len(lengths) != 1 or () in lengths:
            shapes = ", ".join(str(tuple(t.shape)) for t in self.tensors) or "nothing"
            raise ValueError(
                f"TensorDataset expects tensors of one length, got {shapes}"
            )

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """Return row `index` of every tensor in `self.tensors`, as a tuple."""
        return tuple(t[index] for t in self.tensors)

    def __getitems__(self, indices: Sequence[int]) -> tuple[Tensor, ...]:
        return tuple(Tensor(t.data[indices]) for t in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].shape[0]


class Subset(Dataset):
    """The samples of `dataset` at `indices`, in that order."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: Sequence[int]) -> Any:
        chosen = [self.indices[i] for i in indices]
        if hasattr(self.dataset, "__getitems__"):
            return self.dataset.__getitems__(chosen)
        return [self.dataset[i] for i in chosen]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset):
    """Several data sets, one after the other."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = list(datasets)
        self.cumulative_sizes = list(accumulate(len(d) for d in self.datasets))
        if not self.datasets:
            raise ValueError("ConcatDataset expects at least one data set, got none")

    def __getitem__(self, index: int) -> Any:
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"expected an index below {len(self)}, got {index}")
        part = bisect_right(self.cumulative_sizes, position)
        start = self.cumulative_sizes[part - 1] if part else 0
        return self.datasets[part][position - start]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


def random_split(
    dataset: Dataset,
    lengths: Sequence[int | float],
    generator: Generator | None = None,
) -> list[Subset]:
    """Split `dataset` at random into disjoint subsets of the given lengths.

    `lengths` are counts that add up to `len(dataset)`, or fractions that add up to 1;
    what rounding leaves over goes to the first subsets, one sample each.
    """
    sizes = _sizes(lengths, len(dataset))
    rng = (generator or random.default_generator).numpy
    order = rng.permutation(len(dataset)).tolist()
    ends = list(accumulate(sizes))
    return [
        Subset(dataset, order[end - size : end])
        for size, end in zip(sizes, ends, strict=True)
    ]


def _sizes(lengths: Sequence[int | float], total: int) -> list[int]:
    """Turn counts or fractions into counts that add up to `total`."""
    valid = all(n >= 0 for n in lengths)
    if valid and any(isinstance(n, float) for n in lengths):
        if math.isclose(sum(lengths), 1):
            # The tiny addend keeps 0.7 * 10 from becoming 6.
            sizes = [math.floor(total * fraction + 1e-9) for fraction in lengths]
            rest = total - sum(sizes)
            return [size + (i < rest) for i, size in enumerate(sizes)]
    elif valid and sum(lengths) == total:
        return [int(n) for n in lengths]
    raise ValueError(
        f"random_split expects lengths that add up to {total} or fractions that add "
        f"up to 1, got {list(lengths)}"
    )
