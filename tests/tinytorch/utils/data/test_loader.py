"""Sampling, batching and collating."""

import numpy as np
import pytest

import tinytorch
from tinytorch import Generator, Tensor
from tinytorch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
)


class Listed(Dataset):
    """Samples from a list, found one at a time."""

    def __init__(self, samples):
        self.samples = samples

    def __getitem__(self, index):
        return self.samples[index]

    def __len__(self):
        return len(self.samples)


class ListedInBatches(Listed):
    """As PyTorch has it: a batch of indices gives a list of samples."""

    def __getitems__(self, indices):
        return [self.samples[i] for i in indices]


def seen(loader):
    return [batch[0].numpy().tolist() for batch in loader]


NUMBERS = TensorDataset(np.arange(7))


def test_batches_keep_order_and_the_short_last_one():
    assert seen(DataLoader(NUMBERS, 3)) == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize(
    ("size", "drop_last", "count"),
    [(3, False, 3), (3, True, 2), (7, True, 1), (8, True, 0)],
)
def test_length_is_the_number_of_batches(size, drop_last, count):
    loader = DataLoader(NUMBERS, size, drop_last=drop_last)
    assert len(loader) == len(list(loader)) == count


def test_shuffling_visits_everything_once_and_anew():
    loader = DataLoader(NUMBERS, 7, shuffle=True, generator=Generator(0))
    first, second = seen(loader)[0], seen(loader)[0]
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second


def test_equal_seeds_give_equal_epochs():
    runs = [
        [seen(loader) for _ in range(3)]
        for loader in (
            DataLoader(NUMBERS, 2, shuffle=True, generator=Generator(5))
            for _ in range(2)
        )
    ]
    assert runs[0] == runs[1]


def test_the_default_generator_shuffles_when_none_is_given():
    runs = []
    for _ in range(2):
        tinytorch.manual_seed(3)
        runs.append(seen(DataLoader(NUMBERS, 4, shuffle=True)))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("kind", [Listed, ListedInBatches])
def test_samples_are_collated(kind):
    data = kind([(np.full(2, i, np.float32), i) for i in range(3)])
    x, y = next(iter(DataLoader(data, 3)))
    assert x.numpy().tolist() == [[0, 0], [1, 1], [2, 2]]
    assert x.dtype == np.float32
    assert y.numpy().tolist() == [0, 1, 2]
    assert y.dtype == np.int64


def test_batched_and_single_indexing_agree():
    data = TensorDataset(np.random.default_rng(0).random((9, 2)), np.arange(9))
    at_once = list(DataLoader(data, 4))
    singly = list(DataLoader(Listed([data[i] for i in range(9)]), 4))
    for fast, slow in zip(at_once, singly, strict=True):
        for a, b in zip(fast, slow, strict=True):
            assert np.array_equal(a.numpy(), b.numpy())


def test_subset_of_single_samples_is_collated():
    (batch,) = DataLoader(Subset(Listed([5, 6, 7]), [2, 0]), 2)
    assert batch.numpy().tolist() == [7, 5]


def test_collate_fn_gets_the_samples():
    loader = DataLoader(NUMBERS, 3, collate_fn=lambda samples: len(samples))
    assert list(loader) == [3, 3, 1]


def test_a_sampler_chooses_the_order():
    assert seen(DataLoader(NUMBERS, 2, sampler=[6, 0, 6])) == [[6, 0], [6]]


def test_a_batch_sampler_chooses_the_batches():
    assert seen(DataLoader(NUMBERS, batch_sampler=[[1], [2, 3]])) == [[1], [2, 3]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size of at least 1, got 0"),
        ({"batch_size": 2.5}, "batch_size of at least 1, got 2.5"),
        ({"sampler": [0], "shuffle": True}, "a sampler or shuffle, got both"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "a batch_sampler alone"),
        ({"batch_sampler": [[0]], "sampler": [0]}, "a batch_sampler alone"),
    ],
)
def test_contradictory_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        DataLoader(NUMBERS, **options)


def test_shuffling_an_empty_dataset_is_refused():
    with pytest.raises(ValueError, match="got an empty one"):
        DataLoader(Listed([]), shuffle=True)


def test_replacement_repeats_and_obeys_the_count():
    drawn = list(RandomSampler(range(3), True, 50, Generator(0)))
    assert len(drawn) == 50
    assert set(drawn) == {0, 1, 2}


def test_a_smaller_sample_has_no_repeats():
    drawn = list(RandomSampler(range(100), num_samples=30, generator=Generator(0)))
    assert len(set(drawn)) == 30


@pytest.mark.parametrize("count", [0, 4])
def test_random_sampler_refuses_impossible_counts(count):
    with pytest.raises(ValueError, match=f"num_samples from 1 to 3, got {count}"):
        RandomSampler(range(3), num_samples=count)


def test_samplers_can_be_iterated_again():
    batches = BatchSampler(SequentialSampler("abc"), 2, drop_last=False)
    assert list(batches) == list(batches) == [[0, 1], [2]]


@pytest.mark.parametrize(
    ("samples", "values", "dtype"),
    [
        ([1, 2], [1, 2], np.int64),
        ([1.5, 2.0], [1.5, 2.0], np.float32),
        ([True, False], [True, False], np.bool_),
        ([np.float64(1), np.float64(2)], [1, 2], np.float64),
        ([np.ones(2, np.uint8)] * 2, [[1, 1], [1, 1]], np.uint8),
        ([Tensor([1.0]), Tensor([2.0])], [[1], [2]], np.float32),
    ],
)
def test_collate_stacks(samples, values, dtype):
    batch = default_collate(samples)
    assert batch.numpy().tolist() == values
    assert batch.dtype == dtype


def test_collate_takes_the_values_of_what_requires_grad():
    batch = default_collate([Tensor([1.0], requires_grad=True), Tensor([2.0])])
    assert batch.numpy().tolist() == [[1], [2]]


def test_collate_keeps_the_structure():
    batch = default_collate([{"x": (1, "a")}, {"x": (2, "b")}])
    numbers, words = batch["x"]
    assert numbers.numpy().tolist() == [1, 2]
    assert words == ["a", "b"]


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        ([], ValueError, "at least one sample, got none"),
        ([np.ones(3), np.ones(4)], ValueError, r"one shape, got \[\(3,\), \(4,\)\]"),
        ([(1, 2), (1,)], ValueError, r"one length, got \[1, 2\]"),
        ([object()], TypeError, "got object"),
    ],
)
def test_collate_refuses(samples, error, message):
    with pytest.raises(error, match=message):
        default_collate(samples)
