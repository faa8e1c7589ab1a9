"""Bodies that students have written: right ones pass, wrong ones do not."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from tests.tinytorch.workshop import alternatives
from tests.tinytorch.workshop.test_parts import verdict
from tinytorch.workshop import curriculum

MODULES = [
    import_module(f"{alternatives.__name__}.{path.stem}")
    for path in sorted(Path(alternatives.__file__).parent.glob("lesson_*.py"))
]
MORE = {a: m.MORE[a] for m in MODULES if hasattr(m, "MORE") for a in m.MORE}
WRONG = {a: m.WRONG[a] for m in MODULES if hasattr(m, "WRONG") for a in m.WRONG}
#: What says nothing about the checks: it never came to them.
UNREAD = {"syntax", "signature", "name", "stub"}


@pytest.mark.parametrize(
    ("address", "number"),
    [(a, i) for a, bodies in MORE.items() for i in range(len(bodies))],
)
def test_a_right_body_passes(address, number):
    assert verdict(address, MORE[address][number]) is None


@pytest.mark.parametrize(
    ("address", "what"), [(a, what) for a, bodies in WRONG.items() for what in bodies]
)
def test_a_wrong_body_is_refused(address, what):
    failure = verdict(address, WRONG[address][what])
    assert failure is not None
    assert failure.kind not in UNREAD, failure.message


@pytest.mark.parametrize("address", sorted(MORE.keys() | WRONG.keys()))
def test_there_are_enough_of_both(address):
    assert address in curriculum.parts()
    assert len(MORE[address]) >= 2, "and one more among the alternatives"
    assert len(WRONG[address]) >= 5
