"""The engine: the walk, what it adds up, what it keeps, and what it refuses."""

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import Tensor, autograd, nn, optim
from tinytorch.autograd import Function, gradcheck, topological_order, unbroadcast
from tinytorch.nn import functional as F


def leaf(*values: float, dtype: Any = tt.float64) -> Tensor:
    return tt.tensor(values, dtype=dtype, requires_grad=True)


def chain(x: Tensor, length: int) -> Tensor:
    for _ in range(length):
        x = x + 1
    return x


def ladder(x: Tensor, rungs: int) -> Tensor:
    """Each rung uses the one below twice: 2^rungs paths through the graph."""
    for _ in range(rungs):
        x = x + x
    return x


# The walk


def test_a_worked_example() -> None:
    a, b = leaf(2.0), leaf(3.0)
    (a * b + a).sum().backward()
    assert a.grad.tolist() == [4.0]
    assert b.grad.tolist() == [2.0]


@pytest.mark.parametrize(
    ("graph", "size", "slope"), [(chain, 20_000, 1.0), (ladder, 60, 2.0**60)]
)
def test_each_node_is_visited_once(
    graph: Callable, size: int, slope: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits: list[Function] = []
    backward = tt.ops.Add.backward

    def counted(ctx: Function, grad: np.ndarray) -> Any:
        visits.append(ctx)
        return backward(ctx, grad)

    monkeypatch.setattr(tt.ops.Add, "backward", staticmethod(counted))
    x = leaf(1.0)
    graph(x, size).backward(tt.ones(1))
    assert len(visits) == len(set(visits)) == size
    assert x.grad.tolist() == [slope]


def test_a_node_comes_after_all_of_its_users() -> None:
    x = leaf(1.0, 2.0)
    shared = x * 2
    top = (shared.exp() + shared.sin() * shared).sum()
    order = topological_order(top.grad_fn)
    assert [type(node).__name__ for node in order].count("Mul") == 2
    place = {node: i for i, node in enumerate(order)}
    for node in order:
        parents = [e[0] for e in node.edges if e and isinstance(e[0], Function)]
        assert all(place[node] < place[parent] for parent in parents)


def test_a_deep_graph_can_be_dropped_unused() -> None:
    top = chain(leaf(1.0), 100_000)
    del top  # a recursive release would overflow the stack here


# Adding up


def test_gradients_add_up_until_they_are_cleared() -> None:
    x = leaf(3.0)
    for expected in (6.0, 12.0):
        (x * x).sum().backward()
        assert x.grad.tolist() == [expected]
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.tolist() == [6.0]


def test_one_leaf_used_in_two_ways() -> None:
    w = leaf(2.0)
    loss = (w * 3).sum() + (w * w).sum()
    loss.backward()
    assert w.grad.tolist() == [7.0]


def test_a_gradient_may_be_given() -> None:
    x = leaf(1.0, 2.0)
    (x * x).backward(tt.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2.0, 40.0]


def test_a_leaf_is_its_own_gradient() -> None:
    x = leaf(5.0)
    x.backward()
    assert x.grad.tolist() == [1.0]


def test_only_what_requires_grad_gets_one() -> None:
    x, constant = leaf(1.0), tt.tensor([2.0], dtype=tt.float64)
    (x * constant).sum().backward()
    assert constant.grad is None


def test_an_intermediate_result_keeps_its_gradient_if_asked() -> None:
    x = leaf(1.0, 2.0)
    kept, other = x * 2, x * 3
    kept.retain_grad()
    (kept + other).sum().backward()
    assert kept.grad.tolist() == [1.0, 1.0]
    assert other.grad is None


def test_a_given_gradient_is_copied() -> None:
    x, given = leaf(1.0), np.ones(1)
    (x + 0).backward(tt.from_numpy(given))
    given[0] = 9
    assert x.grad.tolist() == [1.0]


def test_two_leaves_of_one_operation_own_their_gradients() -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (a + b).sum().backward()
    a.grad.zero_()
    assert b.grad.tolist() == [1.0, 1.0]


# Released and retained graphs


def test_a_second_backward_expects_a_retained_graph() -> None:
    x = leaf(2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [8.0]
    with pytest.raises(RuntimeError, match="Sum.*released.*retain_graph=True"):
        y.backward()


def test_a_shared_part_of_a_released_graph_is_noticed() -> None:
    x = leaf(2.0)
    shared = x * x
    first, second = shared.sum(), shared.exp().sum()
    first.backward()
    with pytest.raises(RuntimeError, match="Mul.*released"):
        second.backward()


def test_backward_releases_what_the_graph_saved() -> None:
    x = leaf(1.0, 2.0)
    hidden = x.exp()
    loss = hidden.sum()
    array = weakref.ref(hidden.data)
    del hidden
    loss.backward()
    assert array() is None  # although the loss is still there


def test_a_dropped_graph_needs_no_garbage_collector() -> None:
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        hidden = x.exp()
        hidden.retain_grad()
        array = weakref.ref(hidden.data)
        loss = (hidden * hidden).sum()
        del hidden, loss
        assert array() is None
    finally:
        gc.enable()


def test_a_failed_backward_leaves_nothing_for_the_next() -> None:
    x = leaf(2.0)

    class Fails(Function):
        @staticmethod
        def forward(ctx: Any, x: np.ndarray) -> np.ndarray:
            return x.copy()

        @staticmethod
        def backward(ctx: Any, grad: np.ndarray) -> Any:
            if broken:
                raise ArithmeticError("on purpose")
            return grad

    y = (Fails.apply(x * 1) * 1).sum()
    for broken in (True, False):
        if broken:
            with pytest.raises(ArithmeticError):
                y.backward(retain_graph=True)
        else:
            y.backward(retain_graph=True)
    assert x.grad.tolist() == [1.0]


def trainer() -> Callable[[int], Tensor]:
    """Return a function that trains for some steps and returns the last loss."""
    tt.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(32, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 3)
    )
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, target = tt.randn(16, 32), tt.randint(0, 3, (16,))

    def train(steps: int) -> Tensor:
        for _ in range(steps):
            loss = F.cross_entropy(model(x), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss

    return train


def test_training_does_not_grow_the_heap() -> None:
    tracemalloc.start()
    try:
        train = trainer()
        sizes = []
        for steps in (200, 1000):
            train(steps)
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    before, after = sizes
    assert after < 1.03 * before


def test_no_graph_survives_its_step() -> None:
    def nodes() -> set[Function]:
        return {o for o in gc.get_objects() if isinstance(o, Function)}

    before = nodes()
    loss = trainer()(3)
    assert nodes() - before == {loss.grad_fn}
    assert loss.grad_fn.edges is None
    assert loss.grad_fn.saved == ()


# Changes in place


def saved_by_mul(x: Tensor, constant: Tensor) -> Tensor:
    return x * constant


IN_PLACE: dict[str, Callable[[Tensor], Any]] = {
    "setitem": lambda t: t.__setitem__(0, 9.0),
    "add_": lambda t: t.add_(1),
    "mul_": lambda t: t.mul_(2),
    "iadd": lambda t: t.__iadd__(1),
    "copy_": lambda t: t.copy_(tt.zeros(2)),
    "zero_": lambda t: t.zero_(),
    "fill_": lambda t: t.fill_(3),
    "through-a-slice": lambda t: t[1:].zero_(),
    "through-one-element": lambda t: t[0].fill_(7),
    "through-a-reshape": lambda t: t.reshape(2, 1).zero_(),
    "through-a-transpose": lambda t: t.reshape(1, 2).T.zero_(),
    "through-detach": lambda t: t.detach().zero_(),
}


@pytest.mark.parametrize("change", IN_PLACE.values(), ids=IN_PLACE)
def test_a_changed_saved_tensor_is_noticed(change: Callable) -> None:
    x, constant = leaf(1.0, 2.0), tt.tensor([3.0, 4.0], dtype=tt.float64)
    y = (x * constant).sum()
    change(constant)
    with pytest.raises(RuntimeError, match="Mul saved.*shape.*changed in place"):
        y.backward()
    assert x.grad is None


def test_a_changed_base_of_a_saved_view_is_noticed() -> None:
    x, base = leaf(1.0, 2.0), tt.zeros(4, dtype=tt.float64)
    y = (x * base[1:3]).sum()
    base[0] = 1  # beside the view, but in its memory: reported, to be safe
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_changed_index_is_noticed() -> None:
    x, index = leaf(1.0, 2.0), tt.tensor([0, 1])
    y = x[index, None].sum()
    index[0] = 1
    with pytest.raises(RuntimeError, match="GetItem saved.*changed in place"):
        y.backward()


def test_an_optimizer_step_before_backward_is_noticed() -> None:
    w = nn.Parameter(np.ones(2))
    loss = (w * w).sum()
    w.grad = tt.ones(2)
    optim.SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError, match="Mul saved.*changed in place"):
        loss.backward()


def test_changes_that_no_gradient_needs_are_fine() -> None:
    x, constant = leaf(1.0, 2.0), tt.tensor([3.0, 4.0], dtype=tt.float64)
    constant.zero_()  # before
    y = (x * constant + constant.clone()).sum()
    other = tt.zeros(2)
    other.add_(1)  # elsewhere
    y.backward()
    constant.add_(1)  # after
    assert x.grad.tolist() == [0.0, 0.0]


def test_addition_saves_nothing_so_its_inputs_may_change() -> None:
    x, constant = leaf(1.0), tt.ones(1, dtype=tt.float64)
    y = (x + constant).sum()
    constant.zero_()
    y.backward()
    assert x.grad.tolist() == [1.0]


@pytest.mark.parametrize("change", IN_PLACE.values(), ids=IN_PLACE)
def test_what_requires_grad_is_not_written_while_recording(change: Callable) -> None:
    x = leaf(1.0, 2.0)
    if change is IN_PLACE["through-detach"]:
        change(x)  # cut off from the graph, as the name says
        return
    with pytest.raises(RuntimeError, match=r"in place.*no_grad\(\)"):
        change(x)
    with tt.no_grad():
        change(x)


@pytest.mark.parametrize("write", ["setitem", "copy_", "add_"])
def test_a_value_that_requires_grad_is_not_lost(write: str) -> None:
    target, value = tt.zeros(2), leaf(1.0, 2.0, dtype=tt.float32)
    actions = {
        "setitem": lambda: target.__setitem__(slice(None), value),
        "copy_": lambda: target.copy_(value),
        "add_": lambda: target.add_(value),
    }
    with pytest.raises(RuntimeError, match="in place.*require grad"):
        actions[write]()


def test_augmented_assignment() -> None:
    w = leaf(1.0, 2.0)
    same = w
    with tt.no_grad():
        w -= 0.5 * w
    assert w is same
    assert w.tolist() == [0.5, 1.0]
    total = w * 1
    before = total
    total += w  # recorded: a new tensor, and the old one is as it was
    assert before.tolist() == [0.5, 1.0]
    total.sum().backward()
    assert w.grad.tolist() == [2.0, 2.0]


# Recording


def test_no_grad_records_nothing() -> None:
    x = leaf(1.0)
    with tt.no_grad():
        y = x * 2
        assert not tt.is_grad_enabled()
    assert tt.is_grad_enabled()
    assert not y.requires_grad
    assert y.is_leaf


def test_enable_grad_inside_no_grad() -> None:
    x = leaf(1.0)
    with tt.no_grad():
        with tt.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad


def test_the_mode_returns_after_an_exception() -> None:
    with pytest.raises(KeyError), tt.no_grad():
        raise KeyError
    assert tt.is_grad_enabled()


def test_one_context_object_may_be_nested() -> None:
    context = tt.no_grad()
    with context:
        with context:
            pass
        assert not tt.is_grad_enabled()
    assert tt.is_grad_enabled()


def test_decorated_functions() -> None:
    @tt.no_grad()
    def frozen(depth: int) -> bool:
        """Frozen."""
        return frozen(depth - 1) if depth else tt.is_grad_enabled()

    @tt.enable_grad()
    def recorded() -> bool:
        return tt.is_grad_enabled()

    assert frozen(3) is False
    assert frozen.__doc__ == "Frozen."
    with tt.no_grad():
        assert recorded() is True
    assert tt.is_grad_enabled()


def test_a_generator_is_not_decorated() -> None:
    # It would run in its caller's mode, after the decorator has set its own back.
    def steps() -> Iterator[bool]:
        yield tt.is_grad_enabled()

    with pytest.raises(TypeError, match="expected a function, got a generator"):
        tt.no_grad()(steps)


def test_detach_shares_memory_and_has_no_history() -> None:
    x = leaf(1.0)
    y = (x * 2).detach()
    assert not y.requires_grad
    assert np.shares_memory(x.detach().numpy(), x.data)


# Writing an operation


class Twice(Function):
    @staticmethod
    def forward(ctx: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 2 * x + y

    @staticmethod
    def backward(ctx: Any, grad: np.ndarray) -> Any:
        return 2 * grad, grad


class ThreeTimes(Twice):
    @staticmethod
    def backward(ctx: Any, grad: np.ndarray) -> Any:
        return 3 * grad, None


class OneForTwo(Twice):
    @staticmethod
    def backward(ctx: Any, grad: np.ndarray) -> Any:
        return grad


def test_an_operation_is_a_class_with_two_methods() -> None:
    assert gradcheck(Twice.apply, (leaf(1.0, 2.0), leaf(3.0)))


def test_gradcheck_finds_a_wrong_derivative() -> None:
    with pytest.raises(RuntimeError, match=r"output 0.*input 0 is 3, expected 2\b"):
        gradcheck(ThreeTimes.apply, (leaf(1.0), tt.zeros(1, dtype=tt.float64)))


def test_gradcheck_finds_a_missing_gradient() -> None:
    with pytest.raises(RuntimeError, match=r"input 1 is 0, expected 1\b.*1 of 1"):
        gradcheck(ThreeTimes.apply, (tt.zeros(1, dtype=tt.float64), leaf(1.0)))


def test_gradcheck_finds_a_cut_graph() -> None:
    with pytest.raises(RuntimeError, match="is 0, expected 2"):
        gradcheck(lambda x: x.detach() * 2, leaf(1.0))


def test_gradcheck_leaves_its_inputs_alone() -> None:
    x = leaf(1.0, 2.0)
    x.grad = tt.tensor([7.0, 7.0])
    assert gradcheck(lambda x: x * x, x)
    assert x.tolist() == [1.0, 2.0]
    assert x.grad.tolist() == [7.0, 7.0]


def test_gradcheck_expects_float64() -> None:
    with pytest.raises(TypeError, match="expects float64, got float32"):
        gradcheck(Tensor.exp, leaf(1.0, dtype=tt.float32))


def test_gradcheck_expects_something_to_check() -> None:
    with pytest.raises(ValueError, match="requires grad, got none"):
        gradcheck(Tensor.exp, tt.ones(2))


def test_backward_expects_a_gradient_for_each_input() -> None:
    with pytest.raises(RuntimeError, match="OneForTwo.backward.*2 gradients.*got 1"):
        OneForTwo.apply(leaf(1.0), leaf(1.0)).backward()


@pytest.mark.parametrize(
    ("broad", "narrow"),
    [((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), ()), ((4, 2, 3), (1, 3)), ((2,), (2,))],
)
def test_unbroadcast_sums_where_broadcasting_copied(broad: Any, narrow: Any) -> None:
    out = unbroadcast(np.ones(broad), narrow)
    assert out.shape == narrow
    assert (out == np.prod(broad) / np.prod(narrow)).all()


# Bad use


def test_backward_without_a_graph() -> None:
    with pytest.raises(RuntimeError, match="none of the tensors.*requires_grad=True"):
        (tt.ones(1) * 2).backward()


def test_backward_of_several_elements() -> None:
    with pytest.raises(RuntimeError, match=r"single element.*got shape \(2,\)"):
        (leaf(1.0, 2.0) * 2).backward()


def test_backward_with_a_gradient_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"shape \(2,\), got \(3,\)"):
        (leaf(1.0, 2.0) * 2).backward(tt.ones(3))


def test_integers_have_no_gradient() -> None:
    with pytest.raises(RuntimeError, match="floating dtype, got int64"):
        tt.tensor([1, 2], requires_grad=True)


def test_a_result_cannot_stop_requiring_grad() -> None:
    with pytest.raises(RuntimeError, match=r"detach\(\)"):
        (leaf(1.0) * 2).requires_grad_(False)


def test_retain_grad_expects_a_tensor_that_requires_grad() -> None:
    with pytest.raises(RuntimeError, match="requires grad"):
        tt.ones(2).retain_grad()


def test_an_operation_without_methods_says_so() -> None:
    class Nothing(Function):
        pass

    with pytest.raises(NotImplementedError, match="static method `forward`"):
        Nothing.apply(leaf(1.0))

    class OneWay(Function):
        @staticmethod
        def forward(ctx: Any, x: np.ndarray) -> np.ndarray:
            return x + 1

    with pytest.raises(NotImplementedError, match="static method `backward`"):
        OneWay.apply(leaf(1.0)).backward()


def test_the_package_offers_autograd() -> None:
    assert tt.no_grad is autograd.no_grad
    assert tt.autograd.gradcheck is gradcheck
