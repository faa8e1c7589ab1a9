"""BatchNorms that the layer before takes over."""

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn, no_grad
from tinytorch.models import CNN
from tinytorch.quantization import fold_batch_norm, quantize_static


def lived(model, *shape):
    """Give every norm statistics and weights that are not those of the start."""
    tt.manual_seed(0)
    for module in model.modules():
        norm = isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)
        if norm and module.weight is not None:
            nn.init.normal_(module.weight, 1.0, 0.3)
            nn.init.normal_(module.bias, 0.0, 0.3)
    for _ in range(20):
        model(tt.randn(*shape) * 2 + 1)
    return model.eval()


def block(**options):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, **options), nn.BatchNorm2d(4, eps=1e-3), nn.ReLU()
    )


def nested():
    """A block in a block, and one behind it."""
    return nn.Sequential(nn.Sequential(block()), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))


MODELS = [
    (block, (4, 3, 6, 6), 1),
    (lambda: block(bias=False), (4, 3, 6, 6), 1),
    (lambda: nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), nn.BatchNorm2d(4)), None, 1),
    (
        lambda: nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, affine=False)),
        None,
        1,
    ),
    (lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Tanh()), (8, 5), 1),
    (nested, (4, 3, 6, 6), 2),
    (lambda: CNN((4, 8), size=8), (4, 3, 8, 8), 2),
]


@pytest.mark.parametrize(("make", "shape", "count"), MODELS)
def test_outputs_stay_and_norms_go(make, shape, count):
    shape = shape or (4, 4, 5, 5)
    model = lived(make(), *shape)
    before = [type(module).__name__ for module in model.modules()]
    folded, x = fold_batch_norm(model), tt.randn(*shape)
    with no_grad():
        np.testing.assert_allclose(folded(x).data, model(x).data, rtol=1e-4, atol=1e-5)
    after = [type(module).__name__ for module in folded.modules()]
    assert sum("BatchNorm" in name for name in after) == 0
    assert after.count("Identity") == count
    assert [type(module).__name__ for module in model.modules()] == before


def test_names_stay():
    model = lived(CNN((4, 8), size=8), 4, 3, 8, 8)
    names = [name for name, _ in model.named_modules()]
    assert [name for name, _ in fold_batch_norm(model).named_modules()] == names


def test_eight_bits_of_a_folded_network_are_near_the_network():
    model = lived(CNN((8, 16), size=8), 16, 3, 8, 8)
    x = tt.randn(64, 3, 8, 8) * 2 + 1
    small = quantize_static(fold_batch_norm(model), [x])
    assert sum(b.nbytes for _, b in small.named_buffers()) < 0.5 * sum(
        p.nbytes for p in model.parameters()
    )
    with no_grad():
        wanted, found = model(x).data, small(x).data
    assert np.abs(wanted - found).max() < 0.1 * np.abs(wanted).max()


def shared():
    layer = nn.Conv2d(3, 3, 1)
    return nn.Sequential(layer, nn.BatchNorm2d(3), layer)


def tied():
    one, other = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
    other.weight = one.weight
    return nn.Sequential(one, nn.BatchNorm2d(3), other)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Sequential(nn.Linear(2, 2)), "expects a BatchNorm right behind"),
        (
            lambda: nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), nn.BatchNorm2d(3)),
            "expects a BatchNorm right behind",
        ),
        (
            lambda: nn.Sequential(
                nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, track_running_stats=False)
            ),
            "expects running statistics",
        ),
        (shared, "used once, got Conv2d"),
        (tied, "used once, got Conv2d"),
    ],
)
def test_what_cannot_be_folded_is_told(make, message):
    with pytest.raises(ValueError, match=message):
        fold_batch_norm(make())
