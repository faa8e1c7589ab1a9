"""Runs a candidate through its part's cases; returns the first failure, in words."""

from __future__ import annotations

from tinytorch.workshop.bench import Bench
from tinytorch.workshop.candidate import Candidate
from tinytorch.workshop.cases import (
    REFERENCE,
    Case,
    Failure,
    changed,
    of_backward,
    returned,
)
from tinytorch.workshop.looks import look_again
from tinytorch.workshop.meter import limited_memory
from tinytorch.workshop.place import Place

__all__ = [
    "REFERENCE",
    "Case",
    "Failure",
    "changed",
    "of_backward",
    "returned",
    "run_cases",
]


def run_cases(
    place: Place,
    candidate: Candidate,
    cases: list[Case],
    hint: str = "",
    mistakes: tuple[tuple[str, str], ...] = (),
    also: tuple[str, ...] = (),
) -> Failure | None:
    """Return the first failure, smallest case first, or None if all pass.

    hint: shown where the case has none. mistakes: wrong bodies, and what to say if
    the candidate's result is theirs. also: dtypes that the part takes beside floats.
    """
    bench = Bench(place, candidate, hint, mistakes)
    with limited_memory():
        for case in cases:
            failure = bench.judge(case)
            if failure:
                return failure
        return look_again(bench, cases, also) or bench.earlier_results()
