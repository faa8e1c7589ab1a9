"""From samples to batches of tensors."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinytorch import expect
from tinytorch.random import Generator, expect_generator
from tinytorch.tensor import Tensor
from tinytorch.tensor.dtypes import KINDS, as_array
from tinytorch.utils.data.dataset import Dataset
from tinytorch.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
)


class DataLoader:
    """Iterates over `dataset` in batches; each pass may visit it in a new order.

    `shuffle` draws the order from `generator` (the default one if None). A `sampler`
    gives single indices instead, a `batch_sampler` lists of them. `collate_fn` turns a
    list of samples into a batch; the default stacks them into tensors.

    A data set with `__getitems__` and the default collation is asked once per batch,
    so gathering and transforming are vectorised.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        sampler: Sampler[int] | None = None,
        batch_sampler: Sampler[list[int]] | None = None,
        *,
        collate_fn: Callable[[list], Any] | None = None,
        drop_last: bool = False,
        generator: Generator | None = None,
    ) -> None:
        expect.boolean(shuffle=shuffle, drop_last=drop_last)
        if not hasattr(dataset, "__getitem__") or not hasattr(dataset, "__len__"):
            wanted = "a dataset with __getitem__ and __len__"
            raise TypeError(f"DataLoader expects {wanted}, got {expect.shown(dataset)}")
        if collate_fn is not None:
            expect.function(collate_fn=collate_fn)
        expect_generator(generator)
        if sampler is not None and shuffle:
            raise ValueError("DataLoader expects a sampler or shuffle, got both")
        if batch_sampler is None:
            if shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            sampler = SequentialSampler(dataset) if sampler is None else sampler
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        elif sampler is not None or shuffle or drop_last or batch_size != 1:
            raise ValueError("expected a batch_sampler alone, got other options too")
        self.dataset, self.batch_sampler = dataset, batch_sampler
        self.collate_fn = collate_fn

    def __iter__(self) -> Iterator[Any]:
        return map(self._fetch, self.batch_sampler)

    def __len__(self) -> int:
        return len(self.batch_sampler)

    def _fetch(self, indices: list[int]) -> Any:
        if self.collate_fn is None and hasattr(self.dataset, "__getitems__"):
            batch = self.dataset.__getitems__(indices)
            if not isinstance(batch, list):  # but finished
                return default_convert(batch)
        else:
            batch = [self.dataset[i] for i in indices]
        return (self.collate_fn or default_collate)(batch)


def default_convert(data: Any) -> Any:
    """Turn every array inside nested tuples, lists and dicts into a tensor."""
    if isinstance(data, np.ndarray):
        return Tensor(data)
    if isinstance(data, dict):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, tuple | list):
        return type(data)(default_convert(value) for value in data)
    return data


def default_collate(batch: list) -> Any:
    """Stack a list of samples into one batch with a new first dimension.

    Tensors, arrays and numbers become tensors (Python floats float32, integers int64);
    tuples, lists and dicts are collated entry by entry, into a tuple or a dict;
    strings stay a list. Raises ValueError for no samples, or tuples of different
    lengths.
    """
    if not batch:
        raise ValueError("default_collate expects at least one sample, got none")
    first = batch[0]
    if isinstance(first, str):
        return batch
    if isinstance(first, dict):
        return {key: default_collate([b[key] for b in batch]) for key in first}
    if isinstance(first, tuple | list):
        _expect_one({len(sample) for sample in batch}, "samples of one length")
        columns = zip(*batch, strict=True)
        return tuple(default_collate(list(column)) for column in columns)
    return _stack(batch)


def _stack(batch: list) -> Tensor:
    arrays = [np.asarray(x.data if isinstance(x, Tensor) else x) for x in batch]
    for sample, array in zip(batch, arrays, strict=True):
        if array.dtype.kind not in KINDS:
            raise TypeError(f"expected arrays or numbers, got {expect.shown(sample)}")
    _expect_one({array.shape for array in arrays}, "samples of one shape")
    stacked = np.stack(arrays)
    if all(type(sample) in (bool, int, float) for sample in batch):
        # numpy's own choice for Python's numbers depends on the machine.
        stacked = as_array(stacked.tolist())
    return Tensor(stacked)


def _expect_one(found: set, expected: str) -> None:
    if len(found) > 1:
        raise ValueError(f"default_collate expects {expected}, got {sorted(found)}")
