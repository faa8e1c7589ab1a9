"""The checks accept what is right, here and inside Pyodide."""

from __future__ import annotations

import pytest

from tests.tinytorch.workshop.alternatives import alternatives
from tinytorch.workshop import curriculum, session
from tinytorch.workshop.place import find, reference_source, stub_source

ADDRESSES = list(curriculum.parts())
MOST_LINES = 15


def verdict(address: str, source: str):
    return session.verdict(address, source, f"<{address}>")


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_exercise_is_short(address):
    """What a student has to write: the lines below signature and docstring."""
    lines = reference_source(find(address)).splitlines()
    shown = stub_source(find(address)).splitlines()[:-2]
    body = [line.strip() for line in lines[len(shown) :]]
    assert len([line for line in body if line and line[0] != "#"]) <= MOST_LINES


@pytest.mark.parametrize("address", ADDRESSES)
def test_accepts_the_reference(address):
    assert verdict(address, reference_source(find(address))) is None


@pytest.mark.parametrize("address", ADDRESSES)
def test_accepts_another_style(address):
    assert address in alternatives(), "each part needs a right body in another style"
    assert verdict(address, alternatives()[address]) is None


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_stub_is_named_as_such(address):
    failure = verdict(address, stub_source(find(address)))
    assert failure.kind == "stub", failure
