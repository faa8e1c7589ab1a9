"""What the checks look at without being asked, in every part."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from tests.tinytorch.workshop.test_session import write
from tinytorch import backends, is_grad_enabled, tensor
from tinytorch.nn import functional as F
from tinytorch.workshop import session

ADD = "backends.LoopsBackend.add"
ORDER = "autograd.topological_order"

ENDLESS = {
    "itself": ("return self.add(a, b)", "calls itself more than"),
    "itself, by its name": ("return LoopsBackend.add(self, a, b)", "calls itself"),
    "a limit raised": (
        "import sys\n    sys.setrecursionlimit(10**6)\n    return self.add(a, b)",
        "calls itself",
    ),
    "a bare except": (
        "while True:\n        try:\n            a[0]\n        except:\n"
        "            pass",
        "loop ever stop",
    ),
    "an except that goes on": (
        "while True:\n        try:\n            a[99]\n        except:\n"
        "            continue",
        "loop ever stop",
    ),
    "a finally that goes on": (
        "while True:\n        try:\n            a[0]\n        finally:\n"
        "            continue",
        "loop ever stop",
    ),
    "all in C": ("return sum(iter(int, 1))", "loop ever stop"),
    "in C, further in": ("return list(map(str, iter(int, 1)))", "loop ever stop"),
    "a long range": ("return max(range(10**15))", "loop ever stop"),
    "looking for what is not there": ("return 5 in iter(int, 1)", "loop ever stop"),
    "a generator": ("return [i for i in iter(int, 1)]", "loop ever stop"),
    "a lambda": ("f = lambda: f()\n    return f()", "calls itself"),
    "memory": ("return np.ones(10**11)", "more memory"),
    "memory, a list": ("return [0] * 10**12", "more memory"),
    "the end": ("raise SystemExit", "ends the program"),
    "the end, again": ("exit()", "ends the program"),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_nothing_breaks_the_kernel(kind):
    body, words = ENDLESS[kind]
    depth = sys.getrecursionlimit()
    started = time.perf_counter()
    failure = session.verdict(ADD, f"def add(self, a, b):\n    {body}\n")
    assert failure is not None
    assert words in failure.message
    assert time.perf_counter() - started < 60, "it was not stopped"
    assert sys.getrecursionlimit() == depth


def test_what_calls_itself_is_itself_while_it_is_judged():
    body = "return [root] + [n for p in _parents(root) for n in topological_order(p)]"
    failure = session.verdict(ORDER, f"def topological_order(root):\n    {body}\n")
    assert failure is not None


STATES = {
    "recording": (
        "from tinytorch.autograd.engine import _Mode\n    _Mode.recording = False",
        "recording of gradients off",
    ),
    "backend": (
        "from tinytorch import backends\n    backends.use('loops')",
        "leaves the backend 'loops' in use",
    ),
    "errors": ("np.seterr(all='raise')", "handling of errors"),
    "numpy's draws": ("np.random.rand()", "global generator"),
    "Python's draws": ("import random\n    random.random()", "global generator"),
}


@pytest.mark.parametrize("kind", STATES)
def test_the_surroundings_are_left_as_they_were(kind):
    body, words = STATES[kind]
    before = np.random.get_state()[2], backends.current, np.geterr()
    failure = session.verdict(
        ADD, f"def add(self, a, b):\n    {body}\n    return np.add(a, b)\n"
    )
    assert failure is not None
    assert failure.kind == "state"
    assert words in failure.message
    assert before == (np.random.get_state()[2], backends.current, np.geterr())
    assert is_grad_enabled()


SILENT = {
    "a cut gradient": (
        "Tensor.transpose",
        """
def transpose(self, dim0, dim1):
    order = list(range(self.ndim))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return self.detach().permute(*order)
""",
        "no gradient arrives at 'self'",
    ),
    "a wrong slope": (
        "nn.Sequential.forward",
        """
def forward(self, input):
    for module in self:
        input = module(input)
    return input.detach() + 3 * (input - input.detach())
""",
        "differences",
    ),
    "float32 always": (
        "backends.LoopsBackend.softmax_grad",
        """
def softmax_grad(self, grad, y):
    total = (grad * y).sum(axis=-1, keepdims=True)
    return (y * (grad - total)).astype(np.float32)
""",
        "dtype float32 instead of float64",
    ),
    "what was saved": (
        "ops.Tanh.backward",
        """
def backward(ctx, grad):
    (y,) = ctx.saved
    y **= 2
    return grad * (1 - y)
""",
        "changed its argument 'ctx.saved[0]'",
    ),
    "a generator": (
        "nn.utils.clip_grad_norm_",
        """
def clip_grad_norm_(parameters, max_norm, error_if_nonfinite=False):
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    grads = [p.grad.data for p in parameters if p.grad is not None]
    norm = np.sqrt(np.sum([np.sum(g ** 2) for g in grads]))
    if error_if_nonfinite and not np.isfinite(norm):
        raise RuntimeError("not finite")
    if norm > max_norm:
        for p in parameters:
            if p.grad is not None:
                p.grad.data *= max_norm / norm
    return Tensor(np.float32(norm))
""",
        "instead of",
    ),
    "one buffer for all results": (
        ADD,
        """
def add(self, a, b):
    x, y = np.broadcast_arrays(a, b)
    kept = vars(LoopsBackend).get("kept")
    if kept is None:
        LoopsBackend.kept = kept = np.zeros(64, np.float32)
    if x.dtype != np.float32 or y.dtype != np.float32:
        return np.add(x, y)
    out = kept[: x.size].reshape(x.shape)
    return np.add(x, y, out=out)
""",
        "a later call changed what this one had returned",
    ),
}


@pytest.mark.parametrize("kind", SILENT)
def test_a_silent_fault_is_found(kind):
    address, source, words = SILENT[kind]
    failure = session.verdict(address, source.lstrip())
    assert failure is not None
    assert words in failure.message


def test_a_more_exact_answer_is_right():
    source = """
def log_softmax(self, x):
    if not x.size:
        return x.copy()
    wide = x.astype(np.float64)
    top = wide.max(axis=-1, keepdims=True)
    return (wide - top - np.log(np.exp(wide - top).sum(axis=-1, keepdims=True))).astype(
        x.dtype
    )
"""
    assert session.verdict("backends.LoopsBackend.log_softmax", source) is None


HANDY = """
def reduce_losses(losses, reduction):
    with no_grad():
        Tensor(np.zeros(math.comb(2, 1)))
    if reduction == "none":
        return losses
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    raise ValueError(F.relu.__name__)
"""


def test_the_usual_names_are_at_hand_in_every_exercise(capsys):
    write("nn.functional.reduce_losses", HANDY)
    assert session.mine() == ["nn.functional.reduce_losses"]
    assert F.mse_loss(tensor([1.0, 3.0]), tensor([0.0, 0.0])).item() == 5.0
