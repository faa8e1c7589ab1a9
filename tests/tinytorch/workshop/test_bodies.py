"""Bodies written as students write them: each wrong one refused, each right one not.

Left out of the same collection, three right ones, since a docstring says more now:
`measure` and `accumulate_gradients` return `Means`, which their callers read. And a
wrong one, a matter of taste: `infer_shape` that lets (-2, -3) pass for 6 elements, as
the package's own does; numpy refuses that shape right after.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tinytorch.workshop import session

NO_FLAGS = pytest.mark.skipif(
    sys.platform == "emscripten", reason="a tab's numpy reports no overflow"
)
TEXT = (Path(__file__).parent / "bodies.txt").read_text()


def bodies(kind: str) -> list:
    """Return (address, source) for each body of a kind, named by part and reason."""
    found = []
    for block in TEXT.split("=== ")[1:]:
        head, _, source = block.partition("\n")
        which, address, why = head.split(" | ")
        if which == kind:
            marks = [NO_FLAGS] if "thrown away" in why else []
            name = f"{address}: {why}"
            found.append(pytest.param(address, source, id=name, marks=marks))
    return found


@pytest.mark.parametrize(("address", "source"), bodies("wrong"))
def test_a_wrong_body_is_refused(address, source):
    failure = session.verdict(address, source)
    assert failure is not None
    assert failure.kind not in ("syntax", "signature", "name"), failure.message


@pytest.mark.parametrize(("address", "source"), bodies("right"))
def test_a_right_body_is_accepted(address, source):
    assert session.verdict(address, source) is None
