"""What the box runs: one part's checks, and once more the values that they are about.

The verdict that is made here is worth nothing alone, since Python in one process can
always fool Python. So what a body gives in each case goes out too, and the parent
compares it with what our own body gives (`verdicts`).
"""

import json
import linecache
from dataclasses import asdict
from typing import Any

from tinytorch.workshop import curriculum, session
from tinytorch.workshop.candidate import Candidate, compile_candidate, reference_body
from tinytorch.workshop.cases import REFERENCE, Case, Failure
from tinytorch.workshop.grading.values import encode
from tinytorch.workshop.meter import limited_memory
from tinytorch.workshop.place import Place, find
from tinytorch.workshop.running import IN_DOUBLE, perform


def judge(job: str) -> str:
    """Judge a part; `job` and the answer are JSON.

    The job has address, source, the source's first line, and whether the body is ours.
    The answer has a failure or null, and what came of each case.
    """
    given = json.loads(job)
    address, source, line = given["address"], given["source"], given["line"]
    name = f"<{address}>"
    lines = ["\n"] * (line - 1) + source.splitlines(keepends=True)
    linecache.cache[name] = (len(lines), None, lines, name)
    values: list[dict[str, Any]] = []
    failure: Failure | None
    try:
        failure = session.verdict(address, source, name, line)
        if failure is None:
            place = find(address)
            candidate = compile_candidate(place, source, name, line)
            values = _values(place, candidate, given["ours"])
    except BaseException as error:  # sys.exit is no way past the checks
        failure = Failure("raised", "a call", f"{type(error).__name__}: {error}")
    found = asdict(failure) if failure else None
    return json.dumps({"failure": found, "values": values})


def _values(place: Place, candidate: Candidate, ours: bool) -> list[dict[str, Any]]:
    cases = curriculum.part(place.address).cases()
    with session.using("reference"), limited_memory():
        return [_value(place, candidate, case, ours) for case in cases]


def _value(
    place: Place, candidate: Candidate, case: Case, ours: bool
) -> dict[str, Any]:
    """Return what a body gives in one case; of our own body, what it has to give."""
    # Without a limit: a body that the checks let through ends, and the parent waits
    # for none for ever.
    got = perform(place, candidate.metered, case)
    if case.raises is not None:
        return {"raised": got.error is not None}
    if not ours:
        return {"got": encode(got.looked)}
    right = [got.looked if case.expected is REFERENCE else case.expected]
    exact = perform(place, reference_body(place), case, IN_DOUBLE)
    if case.expected is REFERENCE and exact.error is None and exact.altered:
        right.append(exact.looked)  # a body may be more exact than ours
    coded = [encode(value) for value in right]
    return {"right": coded, "rtol": case.rtol, "atol": case.atol}


def warm_up() -> None:
    """Import whatever judging imports, before the ways out are closed."""
    for part in curriculum.parts().values():
        part.cases()
    broken = {"address": next(iter(curriculum.parts())), "source": "def f(", "line": 1}
    judge(json.dumps(broken | {"ours": False}))
