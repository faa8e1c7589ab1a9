"""The checks are graded: they accept what is right and reject what is not."""

from __future__ import annotations

import pytest

from tests.tinytorch.workshop.alternatives import alternatives
from tests.tinytorch.workshop.mutants import mutants
from tinytorch.workshop import curriculum, session
from tinytorch.workshop.place import (
    compile_candidate,
    find,
    reference_source,
    stub_source,
)

ADDRESSES = list(curriculum.parts())
LEAST_EACH, LEAST_OVERALL = 0.85, 0.95
_killed: dict[str, tuple[int, int]] = {}


def verdict(address: str, source: str):
    place, part = find(address), curriculum.part(address)
    try:
        candidate = compile_candidate(place, source, f"<{address}>")
    except (SyntaxError, ValueError) as error:
        return str(error)
    return session._judge(part, candidate)


@pytest.mark.parametrize("address", ADDRESSES)
def test_accepts_the_reference(address):
    assert verdict(address, reference_source(find(address))) is None


@pytest.mark.parametrize("address", ADDRESSES)
def test_accepts_another_style(address):
    assert address in alternatives(), "each part needs a right body in another style"
    assert verdict(address, alternatives()[address]) is None


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_stub_is_named_as_such(address):
    assert verdict(address, stub_source(find(address))).kind == "stub"


@pytest.mark.parametrize("address", ADDRESSES)
def test_rejects_mutants(address):
    part, total, survivors = curriculum.part(address), 0, []
    for what, source in mutants(reference_source(find(address))):
        total += 1
        if verdict(address, source) is None:
            survivors.append(what)
    _killed[address] = (total - len(survivors), total)
    explained = [e.split(" because ")[0] for e in part.equivalent]
    unexplained = [s for s in survivors if not any(e in s for e in explained)]
    assert not unexplained, "mutants that pass and are not explained as equivalent"
    assert total - len(survivors) >= LEAST_EACH * total


def test_rejects_nearly_all_mutants():
    missing = [a for a in ADDRESSES if a not in _killed]
    assert not missing or len(missing) == len(ADDRESSES), missing
    if not missing:
        killed, total = (sum(column) for column in zip(*_killed.values(), strict=True))
        assert killed >= LEAST_OVERALL * total, f"{killed} of {total} mutants rejected"
