"""Channels that go, in networks that are no plain sequence."""

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn, no_grad
from tinytorch.compression import factorize, prune_channels
from tinytorch.models import CNN, GPT


def body(channels, hidden):
    return nn.Sequential(
        *(nn.Conv2d(channels, hidden, 3, padding=1), nn.BatchNorm2d(hidden), nn.ReLU()),
        nn.Conv2d(hidden, channels, 3, padding=1),
    )


class Residual(nn.Module):
    """A stem, two blocks with sums around them, and a head."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.blocks = nn.ModuleList([body(6, 8), body(6, 8)])
        self.squeeze = nn.Linear(6, 10)
        self.head = nn.Linear(10, 4)

    def forward(self, x):
        x = self.stem(x).relu()
        for block in self.blocks:
            x = x + block(x)
        return self.head(self.squeeze(x.mean((2, 3))))


class Branches(nn.Module):
    """One layer read by two, whose outputs are joined."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.left, self.right = nn.Linear(8, 6), nn.Linear(8, 6)
        self.last = nn.Linear(6, 2)

    def forward(self, x):
        x = self.first(x)
        return self.last(self.left(x) * self.right(x))


class Reshaped(nn.Module):
    """A size written down in forward, where no layer tells."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 2)
        self.third = nn.Linear(2, 2)

    def forward(self, x):
        return self.third(self.second(self.first(x).reshape(-1, 8)))


def widths(model):
    return {n: len(m.weight) for n, m in model.named_modules() if hasattr(m, "weight")}


def gone(model, thin):
    """The layers that have lost outputs, and how many."""
    before, after = widths(model), widths(thin)
    return {n: (before[n], after[n]) for n in before if before[n] != after[n]}


BOTH = ("0", "1")  # a convolution, and the norm behind it
CASES = [
    (
        Residual,
        (2, 3, 6, 6),
        {f"blocks.{i}.{j}": (8, 4) for i in range(2) for j in BOTH}
        | {"squeeze": (10, 5)},
    ),
    (
        lambda: CNN((4, 6), size=8),
        (2, 3, 8, 8),
        {f"features.{i}": (4, 2) for i in (0, 1)}
        | {f"features.{i}": (6, 3) for i in (4, 5)},
    ),
    (
        lambda: nn.Sequential(nn.TransformerBlock(8, 2)),
        (2, 3, 8),
        {"0.mlp.0": (32, 16)},
    ),
    (Reshaped, (2, 4), {"second": (2, 1)}),
]


def alive(model, shape):
    """Give norms statistics of some batches."""
    for _ in range(3):
        model(tt.randn(*shape))
    return model.eval()


@pytest.mark.parametrize(("make", "shape", "expected"), CASES)
def test_what_feeds_one_layer_alone_is_cut_and_the_rest_stays(make, shape, expected):
    tt.manual_seed(0)
    model = alive(make(), shape)
    thin = prune_channels(model, 0.5, tt.randn(*shape))
    assert gone(model, thin) == expected
    assert thin(tt.randn(*shape)).shape == model(tt.randn(*shape)).shape
    assert type(thin) is type(model)


@pytest.mark.parametrize(("make", "shape", "expected"), CASES)
def test_channels_that_do_nothing_go_without_a_trace(make, shape, expected):
    tt.manual_seed(0)
    model = alive(make(), shape)
    for name, (before, after) in expected.items():
        layer = dict(model.named_modules())[name]
        for tensor in (layer.weight, layer.bias):
            if tensor is not None:
                tensor.detach()[: before - after] = 0
    thin, x = prune_channels(model, 0.5, tt.randn(*shape)), tt.randn(*shape)
    with no_grad():
        np.testing.assert_allclose(thin(x).data, model(x).data, rtol=1e-3, atol=1e-5)


def test_a_network_of_shared_weights_keeps_them_shared():
    model = GPT(11, 8, 12, 3, 1).eval()
    thin = prune_channels(model, 0.5, tt.tensor([[1, 2, 3]]))
    assert gone(model, thin) == {"blocks.0.mlp.0": (48, 24)}
    assert thin.head.weight is thin.tokens.weight
    assert thin.generate(tt.tensor([[1]]), 3).shape == (1, 4)


def test_factors_leave_a_shared_weight_alone():
    model = GPT(64, 8, 12, 3, 1)
    thin = factorize(model, 0.5)
    assert isinstance(thin.head, nn.Linear)
    assert thin.head.weight is thin.tokens.weight
    assert isinstance(thin.blocks[0].mlp[0], nn.Sequential)


def repeated():
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, nn.ReLU(), layer)


def tied():
    one, other = nn.Linear(3, 3), nn.Linear(3, 3)
    other.weight = one.weight
    return nn.Sequential(one, other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: prune_channels(repeated(), 0.5), "used once and share no weight"),
        (lambda: prune_channels(tied(), 0.5), "used once and share no weight"),
        (lambda: prune_channels(tied(), 0.5, tt.ones(1, 3)), "one other layer alone"),
        (lambda: prune_channels(repeated(), 0.5, tt.ones(1, 3)), "one other layer"),
        (lambda: prune_channels(Branches(), 0.5, tt.ones(1, 4)), "one other layer"),
        (lambda: prune_channels(Branches(), 0.5), "an example batch.*got Branches"),
    ],
)
def test_what_cannot_be_followed_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()
