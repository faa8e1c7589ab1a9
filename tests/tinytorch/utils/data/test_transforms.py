"""Image transforms: against slices written out by hand, one image at a time."""

import numpy as np
import pytest

import tinytorch
from tinytorch import Generator, Tensor
from tinytorch.utils.data.transforms import (
    Compose,
    Cutout,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    Transform,
)

IMAGES = np.random.default_rng(0).integers(0, 256, (200, 3, 6, 8), np.uint8)

RANDOM = [
    pytest.param(lambda g: RandomHorizontalFlip(generator=g), id="flip"),
    pytest.param(lambda g: RandomCrop((6, 8), 2, generator=g), id="crop"),
    pytest.param(lambda g: Cutout(3, generator=g), id="cutout"),
]


def test_flip_mirrors_about_half():
    out = RandomHorizontalFlip(generator=Generator(0))(IMAGES)
    pairs = list(zip(out, IMAGES, strict=True))
    mirrored = [np.array_equal(a, b[..., ::-1]) for a, b in pairs]
    kept = [np.array_equal(a, b) for a, b in pairs]
    assert all(a or b for a, b in zip(mirrored, kept, strict=True))
    assert 70 < sum(mirrored) < 130


@pytest.mark.parametrize(("p", "expected"), [(0, IMAGES), (1, IMAGES[..., ::-1])])
def test_flip_never_and_always(p, expected):
    assert np.array_equal(RandomHorizontalFlip(p)(IMAGES), expected)


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
def test_crop_is_one_of_the_windows_and_each_occurs(mode):
    image = IMAGES[0]
    out = RandomCrop((6, 8), 1, padding_mode=mode, generator=Generator(0))(
        np.repeat(image[None], 200, axis=0)
    )
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)), mode)
    windows = {
        padded[:, top : top + 6, left : left + 8].tobytes()
        for top in range(3)
        for left in range(3)
    }
    assert {crop.tobytes() for crop in out} == windows


def test_crop_without_padding_cuts_out():
    out = RandomCrop(4, generator=Generator(1))(IMAGES)
    assert out.shape == (200, 3, 4, 4)
    assert np.isin(out[0], IMAGES[0]).all()


def test_normalize_is_the_formula():
    mean, std = [0.1, 0.2, 0.3], [0.5, 0.25, 2]
    channel = (3, 1, 1)
    expected = (IMAGES / 255 - np.reshape(mean, channel)) / np.reshape(std, channel)
    out = Normalize(mean, std)(IMAGES)
    assert out.dtype == np.float32
    assert out == pytest.approx(expected, abs=1e-5)
    floats = (IMAGES / 255).astype(np.float32)
    assert Normalize(mean, std)(floats) == pytest.approx(expected, abs=1e-5)


def test_cutout_blanks_one_square_cut_at_the_border():
    out = Cutout(4, value=7, generator=Generator(0))(np.zeros((300, 2, 6, 8)))
    sizes = set()
    for image in out:
        rows, columns = np.nonzero(image[0])
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert np.array_equal(image[0], image[1])
        assert len(rows) == height * width
        sizes.add((int(height), int(width)))
    assert max(sizes) == (4, 4)
    assert min(sizes) == (2, 2)


@pytest.mark.parametrize("make", RANDOM)
def test_random_transforms_obey_their_seed(make):
    first, again, other = (make(Generator(seed))(IMAGES) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("make", RANDOM)
def test_random_transforms_default_to_the_global_seed(make):
    runs = []
    for _ in range(2):
        tinytorch.manual_seed(4)
        runs.append(make(None)(IMAGES))
    assert np.array_equal(*runs)


@pytest.mark.parametrize("make", RANDOM)
def test_dtype_shape_and_input_are_kept(make):
    before = IMAGES.copy()
    out = make(Generator(0))(IMAGES)
    assert out.dtype == np.uint8
    assert out.shape == IMAGES.shape
    assert np.array_equal(IMAGES, before)


@pytest.mark.parametrize("make", RANDOM)
def test_one_image_a_batch_of_one_and_a_tensor_agree(make):
    alone = make(Generator(0))(IMAGES[0])
    batch = make(Generator(0))(IMAGES[:1])
    tensor = make(Generator(0))(Tensor(IMAGES[0]))
    assert np.array_equal(alone, batch[0])
    assert np.array_equal(alone, tensor.numpy())


def test_compose_runs_from_left_to_right():
    both = Compose([Normalize([0] * 3, [1] * 3), lambda images: images + 1])
    assert both(IMAGES).max() == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomHorizontalFlip(1.5), "p from 0 to 1, got 1.5"),
        (lambda: RandomCrop(4, -1), "padding of at least 0, got -1"),
        (lambda: RandomCrop(4, padding_mode="wrap"), "got 'wrap'"),
        (lambda: RandomCrop(0), "height of at least 1, got 0"),
        (lambda: RandomCrop((2, -1)), "width of at least 1, got -1"),
        (lambda: Cutout(0), "size of at least 1, got 0"),
        (lambda: Normalize([0], [0]), r"positive stds, got \[0\] and \[0\]"),
        (lambda: Normalize([0, 0], [1]), r"got \[0, 0\] and \[1\]"),
        (lambda: Normalize([0], [1])(IMAGES), r"expected 1 channels, got \(200, 3"),
        (lambda: RandomCrop(9)(IMAGES), r"at most \(6, 8\), got size \(9, 9\)"),
        (lambda: Cutout(1)(IMAGES[0, 0]), r"\(N, C, H, W\), got \(6, 8\)"),
    ],
)
def test_bad_options_and_shapes_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_transform_must_define_apply():
    with pytest.raises(NotImplementedError, match="Transform expects an apply"):
        Transform()(IMAGES)
