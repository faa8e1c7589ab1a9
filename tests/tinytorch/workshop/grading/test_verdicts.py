"""Right bodies pass in the box in any style, wrong ones fail as in a notebook."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.tinytorch.workshop.alternatives import alternatives
from tinytorch import tensor
from tinytorch.workshop import curriculum, session
from tinytorch.workshop.grading import rules
from tinytorch.workshop.grading.alike import same_meaning
from tinytorch.workshop.grading.values import Other, decode, encode
from tinytorch.workshop.place import find, reference_source, stub_source

PARTS = list(curriculum.parts())
ADD = "backends.LoopsBackend.add"


def test_right_bodies_in_other_styles_pass(judge):
    verdicts = judge.judge({a: (source, 1) for a, source in alternatives().items()})
    assert {a: v.message for a, v in verdicts.items() if v is not None} == {}


def test_stubs_fail_as_they_do_in_a_notebook(judge):
    stubs = {address: (stub_source(find(address)), 1) for address in PARTS}
    assert {v.kind for v in judge.judge(stubs).values() if v} == {"stub"}


def test_a_wrong_body_is_told_what_a_notebook_tells(judge):
    source = "def add(self, a, b):\n    return a - b\n"
    verdict = judge.judge({ADD: (source, 1)})[ADD]
    here = session.verdict(ADD, source)
    assert (verdict.kind, verdict.case, verdict.hint) == (
        here.kind,
        here.case,
        here.hint,
    )
    assert verdict.message == here.message


def test_an_error_names_the_students_own_line(judge):
    source = "def add(self, a, b):\n    return nothing\n"
    assert "in line 12: return nothing" in judge.judge({ADD: (source, 11)})[ADD].message


def test_right_values_are_asked_for_whatever_the_checks_said(unfenced):
    # Right while the checks look, wrong when its values are taken for the parent.
    source = (
        "def add(self, a, b):\n"
        "    import sys\n"
        "    frame = sys._getframe()\n"
        "    while frame is not None and frame.f_code.co_name != '_values':\n"
        "        frame = frame.f_back\n"
        "    return np.add(a, b) * (frame is None)\n"
    )
    assert unfenced.judge({ADD: (source, 1)})[ADD].kind == "forged"


def test_a_former_name_of_a_part_is_that_part(judge):
    source = reference_source(find(ADD))
    former = {"backends.loops.LoopsBackend.add": (source, 1)}
    assert judge.judge(former) == {ADD: None}


@pytest.mark.parametrize("address", PARTS)
def test_the_fence_lets_our_own_bodies_through(address):
    assert rules.reaches_for(reference_source(find(address))) is None
    assert rules.reaches_for(alternatives()[address]) is None


BODY = 'def f(self, x):\n    """Say."""\n    y = x + 1  # one\n    return np.abs(y)\n'


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("y", "why", True),
        ("  # one", "", True),
        ('    """Say."""\n', "", True),
        ("x + 1", "(x + 1)", True),
        ("x + 1", "x - 1", False),
        ("np.abs", "math.abs", False),
        ("np.abs(y)", "np.abs(x)", False),
        ("x", "z", False),
        ("y = x + 1", "np = x + 1; y = np", False),
    ],
)
def test_bodies_mean_the_same_if_layout_and_own_names_differ(old, new, same):
    assert (same_meaning(BODY.replace(old, new)) == same_meaning(BODY)) is same


def test_names_that_anything_else_has_stay():
    body = (
        "def f(x):\n    global sum\n    sum = x\n    return lambda total: total + sum\n"
    )
    assert "own" not in same_meaning(body)


VALUES = [
    None, True, 3, -2.5, float("inf"), "ü", [1, (2, {"a": [3]})], {(1, 2): "b"},
    np.float32(1.5), np.int64(7), np.bool_(True), np.zeros((0, 3)),
    np.arange(6, dtype=np.int32).reshape(2, 3).T, np.array(2.0), np.array([1 + 2j]),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_as_they_were(value):
    again = decode(json.loads(json.dumps(encode(value))))
    assert type(again) is type(value)
    np.testing.assert_equal(again, value)
    if isinstance(value, np.ndarray):
        assert (again.dtype, again.shape) == (value.dtype, value.shape)


def test_tensors_come_back_and_what_is_no_data_leaves_its_type():
    assert decode(encode(tensor([1.0, 2.0]))).tolist() == [1.0, 2.0]
    assert decode(encode(object())) == Other("builtins.object")
    assert decode(encode(np.array([object()]))) == Other("numpy.ndarray")


@pytest.mark.parametrize(
    "coded",
    [
        [1],
        {"is": "array", "dtype": "object", "shape": [1], "bytes": ""},
        {"is": "array", "dtype": "float32", "shape": [2], "bytes": "AAAA"},
        {"is": "array", "dtype": "float32", "shape": [1], "bytes": "?"},
        {"is": "dict", "of": [[{"is": "list", "of": []}, 1]]},
        {"is": "dict", "of": [1]},
        {"is": "module", "name": "os"},
    ],
)
def test_what_encode_never_writes_is_refused(coded):
    with pytest.raises(ValueError, match=r"expected|cannot|base64|buffer|unpack"):
        decode(coded)
