"""Module: what is found, saved, loaded, copied and shown."""

import copy
import inspect

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn
from tinytorch.nn.utils import replace_module


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.blocks = nn.ModuleList([nn.Linear(3, 3), nn.BatchNorm1d(3)])
        self.scale = nn.Parameter(np.ones(3, dtype=np.float32))
        self.register_buffer("seen", tt.zeros(1))
        self.note = tt.ones(2)

    def forward(self, x):
        return self.blocks[1](self.blocks[0](self.first(x))) * self.scale


NAMES = [
    "scale",
    "first.weight",
    "first.bias",
    "blocks.0.weight",
    "blocks.0.bias",
    "blocks.1.weight",
    "blocks.1.bias",
]
BUFFERS = ["seen", "blocks.1.running_mean", "blocks.1.running_var"]


@pytest.fixture
def tied():
    net = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 4, bias=False))
    net[1].weight = net[0].weight
    return net


def test_finds_parameters_buffers_and_modules():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [name for name, _ in net.named_buffers()] == BUFFERS
    assert [name for name, _ in net.named_modules()] == [
        "",
        "first",
        "blocks",
        "blocks.0",
        "blocks.1",
    ]
    assert [name for name, _ in net.named_children()] == ["first", "blocks"]
    assert sorted(net.state_dict()) == sorted(NAMES + BUFFERS)


def test_a_module_that_holds_its_parent_is_walked_once():
    parent = nn.Sequential(nn.Linear(2, 2))
    parent[0].parent = parent
    assert [name for name, _ in parent.named_modules()] == ["", "0"]
    assert [name for name, _ in parent.named_parameters()] == ["0.weight", "0.bias"]
    assert not parent.eval()[0].training


def test_a_shared_parameter_is_learned_once_and_saved_twice(tied):
    assert [name for name, _ in tied.named_parameters()] == ["0.weight"]
    assert sorted(tied.state_dict()) == ["0.weight", "1.weight"]
    tied.load_state_dict({"0.weight": tt.ones(4, 3), "1.weight": tt.ones(4, 3)})
    assert tied[1].weight is tied[0].weight
    assert tied[1].weight.data.sum() == 12


def test_a_shared_parameter_collects_both_gradients(tied):
    tied(tt.tensor([0])).sum().backward()
    both = tied[0].weight.grad.data
    row, ones = tied[0].weight.data[0], np.ones((4, 1), dtype=np.float32)
    expected = ones * row
    expected[0] += tied[0].weight.data.sum(axis=0)
    np.testing.assert_allclose(both, expected, rtol=1e-6)


def test_a_module_that_is_shared_often_is_walked_once():
    module = nn.Linear(2, 2)
    for _ in range(50):
        module = nn.Sequential(module, module)
    assert len(list(module.modules())) == 51


def test_assigning_another_parameter_replaces_the_first():
    net = Net()
    net.scale = nn.Parameter(np.zeros(3, dtype=np.float32))
    assert len(list(net.parameters())) == len(NAMES)
    net.scale = None
    assert "scale" not in dict(net.named_parameters())
    del net.first
    assert not any(name.startswith("first") for name in net.state_dict())


def test_train_eval_and_apply_reach_every_module():
    net = Net()
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert all(module.training for module in net.train().modules())
    seen = []
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["Linear", "Linear", "BatchNorm1d", "ModuleList", "Net"]


def test_requires_grad_and_zero_grad():
    net = Net()
    net(tt.randn(4, 2)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    net.requires_grad_(False)
    assert not net(tt.randn(4, 2)).requires_grad


def test_to_converts_in_place_what_is_floating(tied):
    weight, x = tied[0].weight, tt.tensor([0])
    tied(x).sum().backward()
    tied.register_buffer("count", tt.tensor([2]))
    assert tied.double() is tied
    assert tied[0].weight is tied[1].weight is weight
    assert weight.dtype == weight.grad.dtype == tt.float64
    assert tied.count.dtype == tt.int64
    assert tied(x).dtype == tt.float64
    assert Net().double().seen.dtype == tt.float64
    assert tied.float().to(np.float32)(x).dtype == weight.grad.dtype == tt.float32


def test_state_dict_round_trip():
    net, other = Net(), Net()
    net(tt.randn(8, 2))  # moves the running statistics
    other.load_state_dict(net.state_dict())
    x = tt.randn(3, 2)
    np.testing.assert_array_equal(net.eval()(x).data, other.eval()(x).data)


def test_state_dict_shares_memory_but_needs_no_grad():
    net = Net()
    state = net.state_dict()
    assert state["scale"].data is net.scale.data
    assert not state["scale"].requires_grad


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("scale"), KeyError, r"missing \['scale'\]"),
        (lambda s: s.update(extra=tt.ones(1)), KeyError, r"unexpected \['extra'\]"),
        (
            lambda s: s.update({"blocks.1.bias": tt.ones(4)}),
            ValueError,
            r"blocks.1.bias expects shape \(3,\), got \(4,\)",
        ),
    ],
    ids=["missing", "unexpected", "shape"],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    net = Net()
    before = {name: value.data.copy() for name, value in net.state_dict().items()}
    state = {name: value + 1 for name, value in net.state_dict().items()}
    change(state)
    with pytest.raises(error, match=message):
        net.load_state_dict(state)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value.data, before[name])


def test_loading_may_be_lenient_about_names_only():
    net = Net()
    net.load_state_dict({"scale": tt.zeros(3), "extra": tt.ones(1)}, strict=False)
    assert net.scale.data.sum() == 0
    with pytest.raises(ValueError, match="scale expects shape"):
        net.load_state_dict({"scale": tt.zeros(2)}, strict=False)


def test_half_a_shared_parameter_is_loaded_too(tied):
    tied.load_state_dict({"0.weight": tt.ones(4, 3)}, strict=False)
    assert tied[1].weight.data.sum() == 12


def test_deepcopy_is_independent_and_keeps_sharing(tied):
    twin = copy.deepcopy(tied)
    assert twin[0].weight is twin[1].weight
    assert twin[0].weight is not tied[0].weight
    twin[0].weight.detach().fill_(0)
    assert tied[0].weight.data.any()
    assert list(twin.state_dict()) == list(tied.state_dict())


def test_repr_is_a_tree():
    net = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Dropout(0.1)))
    assert repr(net) == (
        "Sequential(\n"
        "  (0): Linear(in_features=2, out_features=3, bias=True)\n"
        "  (1): Sequential(\n"
        "    (0): ReLU()\n"
        "    (1): Dropout(p=0.1)\n"
        "  )\n"
        ")"
    )


def test_every_layer_shows_its_arguments():
    shown = {
        "Conv2d(in_channels=3, out_channels=4, kernel_size=(3, 3), stride=1, "
        "padding=1, dilation=1, groups=1, bias=False)": nn.Conv2d(
            3, 4, 3, padding=1, bias=False
        ),
        "MaxPool2d(kernel_size=2, stride=2, padding=0)": nn.MaxPool2d(2),
        "AdaptiveAvgPool2d(output_size=1)": nn.AdaptiveAvgPool2d(1),
        "Embedding(num_embeddings=5, embedding_dim=2, padding_idx=0)": nn.Embedding(
            5, 2, padding_idx=0
        ),
        "Linear(in_features=2, out_features=3, bias=False)": nn.Linear(2, 3, False),
        "LearnedPositions(length=4, dim=2)": nn.LearnedPositions(4, 2),
        "GELU(approximate='tanh')": nn.GELU("tanh"),
        "LeakyReLU(negative_slope=0.01)": nn.LeakyReLU(),
        "Softmax(dim=1)": nn.Softmax(1),
        "Flatten(start_dim=1, end_dim=-1)": nn.Flatten(),
        "HuberLoss(reduction='mean', delta=1.0)": nn.HuberLoss(),
        "LayerNorm(normalized_shape=4, eps=1e-05, elementwise_affine=True, "
        "bias=True)": nn.LayerNorm(4),
        "GroupNorm(num_groups=2, num_channels=4, eps=1e-05, affine=True)": nn.GroupNorm(
            2, 4
        ),
    }
    assert {text: repr(module) for text, module in shown.items()} == {
        text: text for text in shown
    }


# A layer, and one that behaves otherwise in each of its options.
W = tt.ones(2)
OPTIONS = [
    (nn.Linear, (2, 3), [{"bias": False}]),
    (
        nn.Conv2d,
        (2, 4, 3),
        [
            *({"stride": 2}, {"padding": 1}, {"dilation": 2}),
            *({"groups": 2}, {"bias": False}),
        ],
    ),
    (nn.MaxPool2d, (2,), [{"stride": 1}, {"padding": 1}]),
    (nn.AvgPool2d, (2,), [{"stride": 1}, {"padding": 1}]),
    (nn.AdaptiveAvgPool2d, (2,), []),
    (nn.Dropout, (0.1,), []),
    (nn.Flatten, (), [{"start_dim": 0}, {"end_dim": 2}]),
    (nn.LeakyReLU, (), [{"negative_slope": 0.2}]),
    (nn.GELU, (), [{"approximate": "tanh"}]),
    (nn.Softmax, (1,), []),
    (nn.LogSoftmax, (1,), []),
    (nn.Embedding, (3, 2), [{"padding_idx": 0}]),
    (nn.LearnedPositions, (3, 2), []),
    (nn.SinusoidalPositions, (3, 2), []),
    *(
        (
            norm,
            (4,),
            [
                *({"eps": 1e-3}, {"momentum": 0.2}, {"affine": False}),
                {"track_running_stats": False},
            ],
        )
        for norm in (nn.BatchNorm1d, nn.BatchNorm2d)
    ),
    (
        nn.LayerNorm,
        (4,),
        [{"eps": 1e-3}, {"elementwise_affine": False}, {"bias": False}],
    ),
    (nn.RMSNorm, (4,), [{"eps": 1e-3}, {"elementwise_affine": False}]),
    (nn.GroupNorm, (2, 4), [{"eps": 1e-3}, {"affine": False}]),
    (nn.MultiheadAttention, (4, 2), [{"dropout": 0.1}, {"bias": False}]),
    (nn.MSELoss, (), [{"reduction": "sum"}]),
    (nn.L1Loss, (), [{"reduction": "sum"}]),
    (nn.HuberLoss, (), [{"reduction": "sum"}, {"delta": 2.0}]),
    (
        nn.BCEWithLogitsLoss,
        (),
        [{"reduction": "sum"}, {"weight": W}, {"pos_weight": W}],
    ),
    (nn.NLLLoss, (), [{"reduction": "sum"}, {"weight": W}, {"ignore_index": 1}]),
    (
        nn.CrossEntropyLoss,
        (),
        [
            *({"reduction": "sum"}, {"weight": W}, {"ignore_index": 1}),
            {"label_smoothing": 0.1},
        ],
    ),
    (nn.KLDivLoss, (), [{"reduction": "batchmean"}, {"log_target": True}]),
]


@pytest.mark.parametrize(
    ("layer", "arguments", "changes"), OPTIONS, ids=lambda x: getattr(x, "__name__", "")
)
def test_layers_that_behave_differently_look_different(layer, arguments, changes):
    looks = [repr(layer(*arguments, **change)) for change in [{}, *changes]]
    assert len(set(looks)) == len(looks)
    for look, change in zip(looks[1:], changes, strict=True):
        name, value = next(iter(change.items()))
        expected = value.shape if isinstance(value, tt.Tensor) else repr(value)
        assert f"{name}={expected}" in look
    first = list(inspect.signature(layer).parameters)[: len(arguments)]
    assert all(f"{name}=" in looks[0] for name in first)


def test_a_module_of_your_own_says_what_it_shows():
    class Own(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.width, self.inner = width, nn.ReLU()

        def extra_repr(self):
            return f"width={self.width}"

    assert repr(Own(4)) == "Own(\n  width=4\n  (inner): ReLU()\n)"
    del (own := Own(4)).inner
    assert repr(own) == "Own(width=4)"
    assert nn.Module().extra_repr() == ""


def test_containers_behave_as_lists():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert len(net) == 3
    assert net[-1] is list(net)[2]
    assert isinstance(net[:2], nn.Sequential)
    assert net[:2](tt.ones(4, 2)).shape == (4, 3)
    net[-2] = nn.Tanh()
    assert isinstance(net[1], nn.Tanh)
    layers = nn.ModuleList([nn.ReLU()]).append(nn.Tanh())
    assert isinstance(layers[1:], nn.ModuleList)
    assert len(list(nn.MLP(2, 4).parameters())) == 4
    assert isinstance(nn.MLP(2, 4)[:2], nn.Sequential)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda: setattr(Net(), "scale", tt.ones(3)), TypeError, "expects a Parameter"),
        (lambda: setattr(Net(), "seen", 3), TypeError, "seen expects a Tensor"),
        (lambda: Net().to(tt.int64), TypeError, "floating dtype, got .*int64"),
        (lambda: Net().nothing, AttributeError, "nothing"),
        (lambda: nn.ModuleList([tt.ones(1)]), TypeError, "a Module, got Tensor"),
        (lambda: nn.Sequential(lambda x: x), TypeError, "a Module, got function"),
        (lambda: nn.Sequential(nn.ReLU())[1], IndexError, "out of range"),
        (
            lambda: replace_module(nn.Sequential(nn.ReLU()), "1", nn.Tanh()),
            KeyError,
            r"one of \['', '0'\], got '1'",
        ),
        (lambda: nn.ModuleList()(1), NotImplementedError, "ModuleList expects a forw"),
        (lambda: nn.Parameter([1, 2]), RuntimeError, "floating dtype, got int64"),
    ],
)
def test_bad_use(bad, error, message):
    with pytest.raises(error, match=message):
        bad()
