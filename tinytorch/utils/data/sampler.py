"""Samplers: the order in which a data set is visited."""

import math
from collections.abc import Iterable, Iterator, Sized
from itertools import islice
from numbers import Integral
from typing import Any, Protocol, TypeVar

from tinytorch import expect, random
from tinytorch.random import Generator

T = TypeVar("T", covariant=True)


class Sampler(Iterable[T], Sized, Protocol[T]):
    """A number of indices, or lists of them, to iterate over again and again.

    A list will do: subclass this only to say that a class is meant as a sampler.
    """


def expect_sized(name: str, value: Any) -> None:
    """Raise TypeError for what has no length."""
    if not hasattr(value, "__len__"):
        got = expect.shown(value)
        raise TypeError(f"{name} expects something with a length, got {got}")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, … up to the length of the data source."""

    def __init__(self, data_source: Sized) -> None:
        expect_sized("SequentialSampler", data_source)
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Every index once, in an order drawn anew at each pass.

    With `replacement`, `num_samples` independent draws instead. Without it,
    `num_samples` is at most the length of the data source, and is that by default.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        expect_sized("RandomSampler", data_source)
        random.expect_generator(generator)
        expect.boolean(replacement=replacement)
        size = len(data_source)
        if not size:
            raise ValueError("RandomSampler expects a data source, got an empty one")
        self.num_samples = size if num_samples is None else num_samples
        most = math.inf if replacement else size
        expect.whole(num_samples=self.num_samples)
        expect.between(1, most, num_samples=self.num_samples)
        self.data_source, self.replacement = data_source, replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        """Return an iterator over `self.num_samples` indices into the data source.

        In random order and each at most once; with `self.replacement` independent
        draws. Draws from `self.generator`, or from the default one if that is None.
        """
        rng = (self.generator or random.default_generator).numpy
        size = len(self.data_source)
        if self.replacement:
            order = rng.integers(size, size=self.num_samples)
        else:
            order = rng.permutation(size)[: self.num_samples]
        return iter(order.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Groups another sampler's indices into lists of `batch_size`.

    The last list may be shorter; `drop_last` leaves it out.
    """

    def __init__(self, sampler: Sampler[int], batch_size: int, drop_last: bool) -> None:
        expect_sized("BatchSampler", sampler)
        expect.boolean(drop_last=drop_last)
        if not isinstance(batch_size, Integral) or batch_size < 1:
            raise ValueError(f"expected batch_size of at least 1, got {batch_size!r}")
        self.sampler: Sampler[int] = sampler
        self.drop_last: bool = drop_last
        self.batch_size: int = expect.count("batch_size", batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield lists of the next `self.batch_size` indices of `self.sampler`.

        The last list may be shorter; with `self.drop_last` it is then left out.
        """
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)
