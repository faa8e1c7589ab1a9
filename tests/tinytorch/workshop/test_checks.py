"""The checks are graded: they reject what is not right."""

from __future__ import annotations

import pytest

from tests.tinytorch.workshop.mutants import mutants
from tests.tinytorch.workshop.test_parts import ADDRESSES, verdict
from tinytorch.workshop import curriculum
from tinytorch.workshop.place import find, reference_source

LEAST_EACH, LEAST_OVERALL = 0.85, 0.95
_killed: dict[str, tuple[int, int]] = {}


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
