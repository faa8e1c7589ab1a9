"""Optimizers against PyTorch's numbers, and the base that they share."""

import numpy as np
import pytest

from tinytorch import Tensor, backends, optim, tensor

# Where PyTorch 2.13 in float64 is after six steps from 1, -2, 3 down
# sin(x) + 2 sin(y) + 3 sin(z).
TRAJECTORIES = [
    ("SGD", {}, [0.606179651, -1.685580526, 4.393872587]),
    ("SGD", {"momentum": 0.9}, [-0.203796425, -1.269982562, 5.908573981]),
    (
        "SGD",
        {"momentum": 0.9, "dampening": 0.3},
        [0.102033216, -1.316662825, 5.768027169],
    ),
    (
        "SGD",
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        [-0.792156504, -1.299194231, 4.973447223],
    ),
    (
        "SGD",
        {"momentum": 0.5, "dampening": 0.2, "weight_decay": 0.1},
        [0.363701437, -1.497879134, 4.625601552],
    ),
    ("Adam", {}, [0.396292777, -1.471811678, 3.599525002]),
    (
        "Adam",
        {"betas": (0.8, 0.9), "eps": 0.001, "weight_decay": 0.1},
        [0.396743792, -1.457726228, 3.598788245],
    ),
    ("AdamW", {}, [0.391813562, -1.464412882, 3.580137421]),
    ("AdamW", {"weight_decay": 0.3}, [0.272816154, -1.295227877, 3.055759223]),
    ("RMSprop", {}, [-1.568308094, -1.5766081, 4.71230375]),
    (
        "RMSprop",
        {
            "alpha": 0.9,
            "eps": 0.001,
            "weight_decay": 0.1,
            "momentum": 0.9,
            "centered": True,
        },
        [-2.83416207, -1.501803187, 5.715096012],
    ),
    ("RMSprop", {"momentum": 0.5}, [-1.408738982, -1.4584853, 4.514206375]),
    ("Adagrad", {}, [0.607102161, -1.706736475, 3.363906013]),
    (
        "Adagrad",
        {
            "lr_decay": 0.1,
            "weight_decay": 0.1,
            "initial_accumulator_value": 0.5,
            "eps": 0.001,
        },
        [0.740146389, -1.756931602, 3.304003098],
    ),
]


def point():
    return tensor([1.0, -2.0, 3.0], dtype=np.float64).requires_grad_()


def descend(optimizer, p, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        (p.sin() * tensor([1.0, 2.0, 3.0], dtype=np.float64)).sum().backward()
        optimizer.step()


@pytest.mark.parametrize(("name", "options", "expected"), TRAJECTORIES)
def test_the_path_is_pytorch_s(name, options, expected):
    p = point()
    descend(getattr(optim, name)([p], lr=0.1, **options), p, 6)
    np.testing.assert_allclose(p.data, expected, atol=1e-8)


@pytest.mark.parametrize(("name", "options", "expected"), TRAJECTORIES)
def test_it_goes_on_from_its_state_dict(name, options, expected):
    p, q = point(), point()
    first = getattr(optim, name)([p], lr=0.1, **options)
    descend(first, p, 4)
    q.data[...] = p.data
    second = getattr(optim, name)([q], lr=99)
    second.load_state_dict(first.state_dict())
    descend(second, q, 2)
    descend(first, p, 2)  # shares nothing with the second
    np.testing.assert_array_equal(q.data, p.data)
    np.testing.assert_allclose(q.data, expected, atol=1e-8)


def test_one_step_by_hand():
    # Adam's first step has the size of lr whatever the gradient's.
    p = tensor([1.0, 1.0]).requires_grad_()
    p.grad = tensor([1e-4, -50.0])
    optim.Adam([p], lr=0.5, eps=0).step()
    np.testing.assert_allclose(p.data, [0.5, 1.5], rtol=1e-6)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_a_parameter_without_gradient_stays(name):
    p, q = point(), point()
    optimizer = getattr(optim, name)([p, q], lr=0.1, weight_decay=0.1)
    p.grad = tensor([1.0, 1.0, 1.0], dtype=np.float64)
    optimizer.step()
    np.testing.assert_array_equal(q.data, point().data)
    assert (p.data != point().data).all()


def test_adam_counts_steps_by_parameter():
    late, whole = point(), point()
    optimizer = optim.Adam([late, whole], lr=0.1)
    gradient = tensor([1.0, 2.0, 3.0], dtype=np.float64)
    for step in range(3):
        whole.grad, late.grad = gradient, gradient if step else None
        optimizer.step()
    alone = point()
    reference = optim.Adam([alone], lr=0.1)
    for _ in range(2):
        alone.grad = gradient
        reference.step()
    np.testing.assert_array_equal(late.data, alone.data)


def test_adam_makes_one_kernel_call_for_all(monkeypatch):
    calls = []
    monkeypatch.setattr(
        backends.current,
        "adam_step",
        lambda params, *_, **options: calls.append((len(params), options["step"])),
        raising=False,
    )
    params = [point() for _ in range(5)]
    for p in params:
        p.grad = tensor([1.0, 1.0, 1.0], dtype=np.float64)
    optimizer = optim.AdamW(params)
    optimizer.step()
    optimizer.step()
    assert calls == [(5, 1), (5, 2)]


def test_groups_have_their_own_options():
    p, q = point(), point()
    optimizer = optim.SGD([{"params": p}, {"params": [q], "lr": 1.0}], lr=0.5)
    for t in (p, q):
        t.grad = tensor([1.0, 1.0, 1.0], dtype=np.float64)
    optimizer.step()
    assert p.tolist() == [0.5, -2.5, 2.5]
    assert q.tolist() == [0.0, -3.0, 2.0]
    assert "'lr': 1.0" in repr(optimizer)
    optimizer.zero_grad()
    assert p.grad is None


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p: optim.SGD([]), ValueError, "tensors as 'params', got none"),
        (lambda p: optim.SGD(p), TypeError, "a list of tensors, got one tensor"),
        (lambda p: optim.SGD([1.0]), TypeError, "expected a Tensor, got float"),
        (lambda p: optim.SGD([p * 2]), ValueError, "expects leaves"),
        (lambda p: optim.SGD([p, p]), ValueError, "more than once"),
        (lambda p: optim.SGD([{"lr": 1}]), ValueError, "tensors as 'params', got none"),
        (
            lambda p: optim.SGD([{"params": [p], "beta": 1}]),
            ValueError,
            "option out of .*'lr'.* got 'beta'",
        ),
        (lambda p: optim.SGD([p], lr=-1), ValueError, "lr of at least 0, got -1"),
        (
            lambda p: optim.SGD([{"params": [p], "lr": -1}]),
            ValueError,
            "lr of at least 0, got -1",
        ),
        (lambda p: optim.SGD([p], momentum=-1), ValueError, "momentum of at least 0"),
        (lambda p: optim.SGD([p], nesterov=True), ValueError, "momentum above 0"),
        (
            lambda p: optim.SGD([p], momentum=0.9, dampening=0.1, nesterov=True),
            ValueError,
            "no dampening, got 0.9 and 0.1",
        ),
        (lambda p: optim.Adam([p], betas=(0.9, 1)), ValueError, "betas from 0 to"),
        (lambda p: optim.Adam([p], eps=-1), ValueError, "eps of at least 0, got -1"),
        (
            lambda p: optim.AdamW([p], weight_decay=-1),
            ValueError,
            "weight_decay of at least 0, got -1",
        ),
        (lambda p: optim.RMSprop([p], alpha=-1), ValueError, "alpha of at least 0"),
        (lambda p: optim.Adagrad([p], lr_decay=-1), ValueError, "lr_decay of at"),
        (
            lambda p: optim.Adagrad([p], lr=float("nan")),
            ValueError,
            "lr of at least 0, got nan",
        ),
        (lambda p: optim.Optimizer([p], {}).step(), NotImplementedError, "_update"),
    ],
)
def test_bad_use_is_told(make, error, message):
    p = point()
    p.grad = Tensor(np.ones(3))
    with pytest.raises(error, match=message):
        make(p)


def test_a_state_of_other_groups_is_refused():
    state = optim.SGD([point(), point()]).state_dict()
    with pytest.raises(ValueError, match=r"groups of \[1\] parameters, got \[2\]"):
        optim.SGD([point()]).load_state_dict(state)


def test_a_state_of_another_kind_is_refused_and_nothing_changes():
    state = optim.Adam([point()]).state_dict()
    optimizer = optim.SGD([point()], lr=0.5)
    with pytest.raises(ValueError, match="expected options .*'momentum'.*'betas'"):
        optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_a_state_of_other_shapes_is_refused_and_nothing_changes():
    p = point()
    p.grad = Tensor(np.ones(3))
    first = optim.SGD([p], lr=0.1, momentum=0.9)
    first.step()
    second = optim.SGD([Tensor(np.ones(2))], lr=0.5, momentum=0.9)
    with pytest.raises(ValueError, match=r"momentum_buffer of .* \(2,\), got \(3,\)"):
        second.load_state_dict(first.state_dict())
    assert second.param_groups[0]["lr"] == 0.5
    assert not second.state
