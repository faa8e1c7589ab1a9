"""Data sets: things with a length whose samples are found by index."""

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any

from tinytorch import expect, random
from tinytorch.random import Generator
from tinytorch.tensor import Tensor, as_tensor


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


class TensorDataset(Dataset):
    """Tensors of equal first dimension; sample `i` is the tuple of their rows `i`."""

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple(map(as_tensor, tensors))
        shapes = [t.shape for t in self.tensors]
        if () in shapes or len({shape[0] for shape in shapes}) != 1:
            raise ValueError(f"TensorDataset expects equal lengths, got {shapes}")

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
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: Sequence[int]) -> Any:
        chosen = [self.indices[i] for i in indices]
        if hasattr(self.dataset, "__getitems__"):
            return self.dataset.__getitems__(chosen)
        return [self.dataset[i] for i in chosen]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Dataset, lengths: Sequence[float], generator: Generator | None = None
) -> list[Subset]:
    """Split `dataset` at random into disjoint subsets of the given lengths.

    `lengths` are counts that add up to `len(dataset)`, or fractions that add up to 1;
    what rounding leaves over goes to the first subsets, one sample each.
    """
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise TypeError(f"expected a dataset to split, got {expect.shown(dataset)}")
    for length in expect.sequence("lengths", lengths):
        expect.finite(length=length)
    random.expect_generator(generator)
    total = len(dataset)
    whole = 1 if math.isclose(sum(lengths), 1) else total
    sizes = [int(n) for n in lengths]
    if whole == 1:
        # The tiny addend keeps 0.29 * 100 from becoming 28.
        sizes = [math.floor(total * fraction + 1e-9) for fraction in lengths]
        rest = total - sum(sizes)
        sizes = [size + (i < rest) for i, size in enumerate(sizes)]
    fits = sum(sizes) == total and math.isclose(sum(lengths), whole)
    if not fits or min(lengths, default=0) < 0:
        raise ValueError(f"expected lengths that add up to {total} or 1, got {lengths}")
    rng = (generator or random.default_generator).numpy
    order = iter(rng.permutation(total).tolist())
    return [Subset(dataset, list(islice(order, size))) for size in sizes]
