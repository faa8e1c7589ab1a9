"""Data sets and splits."""

import numpy as np
import pytest

from tinytorch import Generator, Tensor
from tinytorch.utils.data import Dataset, Subset, TensorDataset, random_split


class Squares(Dataset):
    """Sample i is i², found one at a time."""

    def __init__(self, n):
        self.n = n

    def __getitem__(self, index):
        return index**2

    def __len__(self):
        return self.n


def test_tensor_dataset_pairs_rows():
    data = TensorDataset(np.arange(6.0).reshape(3, 2), Tensor([7, 8, 9]))
    x, y = data[1]
    assert len(data) == 3
    assert x.numpy().tolist() == [2, 3]
    assert y.item() == 8


def test_tensor_dataset_gathers_a_batch_at_once():
    x, y = TensorDataset(np.arange(6).reshape(3, 2), [7, 8, 9]).__getitems__([2, 0, 2])
    assert x.numpy().tolist() == [[4, 5], [0, 1], [4, 5]]
    assert y.numpy().tolist() == [9, 7, 9]


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ((), r"got \[\]"),
        ((np.zeros((3, 2)), np.zeros(4)), r"got \[\(3, 2\), \(4,\)\]"),
        ((np.float32(1),), r"got \[\(\)\]"),
    ],
)
def test_tensor_dataset_refuses_unequal_lengths(tensors, message):
    with pytest.raises(ValueError, match=message):
        TensorDataset(*tensors)


def test_subset_reorders_and_repeats():
    subset = Subset(Squares(10), [9, 0, 9])
    assert [subset[i] for i in range(len(subset))] == [81, 0, 81]
    assert subset.__getitems__([1, 2]) == [0, 81]


def test_subset_of_a_batched_dataset_stays_batched():
    subset = Subset(TensorDataset(np.arange(5) * 10), [4, 2, 0])
    (x,) = subset.__getitems__([0, 2])
    assert x.numpy().tolist() == [40, 0]


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [
        ([7, 3], [7, 3]),
        ([0.7, 0.3], [7, 3]),
        ([0.35, 0.35, 0.3], [4, 3, 3]),
        ([10, 0], [10, 0]),
        ([1.0], [10]),
    ],
)
def test_random_split_is_a_partition(lengths, sizes):
    parts = random_split(Squares(10), lengths, Generator(0))
    assert [len(part) for part in parts] == sizes
    assert sorted(i for part in parts for i in part.indices) == list(range(10))


def test_random_split_follows_its_generator():
    first, again, other = (
        random_split(Squares(100), [50, 50], Generator(seed))[0].indices
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    "lengths", [[7, 4], [0.5, 0.6], [5.5, 4.5], [7.9, 3.9], [11, -1], [1.5, -0.5], []]
)
def test_random_split_refuses_lengths_that_do_not_add_up(lengths):
    with pytest.raises(ValueError, match=r"add up to 10 or 1, got \["):
        random_split(Squares(10), lengths)


@pytest.mark.parametrize("method", ["__getitem__", "__len__"])
def test_a_dataset_must_define_its_methods(method):
    arguments = (0,) if method == "__getitem__" else ()
    with pytest.raises(NotImplementedError, match=f"Dataset expects a {method}"):
        getattr(Dataset(), method)(*arguments)
