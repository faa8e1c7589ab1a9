"""What of the live package is the student's, in this kernel."""

from __future__ import annotations

import ast
import builtins
import difflib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Literal

from tinytorch.workshop import curriculum, remembered, store, view
from tinytorch.workshop.candidate import Candidate, SourceError, compile_candidate
from tinytorch.workshop.checking import Failure, run_cases
from tinytorch.workshop.curriculum import Part
from tinytorch.workshop.handed_in import source_of
from tinytorch.workshop.leaves import drained
from tinytorch.workshop.meter import Meter, limited_memory
from tinytorch.workshop.overview import Overview
from tinytorch.workshop.place import find, transplant
from tinytorch.workshop.running import in_place
from tinytorch.workshop.vectorised import has_loop, times_faster

Whose = Literal["mine", "reference"]
DRAFT_STEPS = 10_000_000  # then a draft has run for seconds


class CheckFailed(Exception):  # noqa: N818 - a verdict on the work, not a fault
    """A part is not built yet, or its body does not pass its checks."""

    def _render_traceback_(self) -> list[str]:
        # What IPython shows: the verdict alone, without our own frames.
        return [str(self)]


@dataclass
class _State:
    """This kernel's workshop: whose parts the package runs on, and what was judged."""

    mine: dict[str, FunctionType] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    whose: Whose = "mine"
    restored: bool = False


_state = _State()


def mine() -> list[str]:
    """Return the addresses of the parts that passed their checks, in lesson order."""
    return [address for address in curriculum.parts() if address in _state.mine]


def aside() -> dict[str, str]:
    """Return the saved files that were left out, and why."""
    return dict(_state.aside)


def build(address: str) -> Callable[[FunctionType], FunctionType]:
    """Offer a function as a part: `@build("optim.Optimizer.step")`.

    It is compiled where the part lives and checked. If it passes, the package runs it
    from here on and its source is saved; if not, the package stays as it was and the
    first failing case is shown.
    """
    part = curriculum.part(address)

    def offer(function: FunctionType) -> Any:
        source, first = source_of(function)
        examined = _examine(part, source, function.__code__.co_filename, first)
        if isinstance(examined, Failure):
            _state.failures[part.address] = examined
            view.show(view.refused(part, examined))
        elif part.loop and not has_loop(source):
            view.show(_without_loop(part, examined))
        else:
            _take(part, examined)
            store.save(part.address, _undecorated(source))
            view.show(view.accepted(part, len(mine()), len(curriculum.parts())))
        # In the notebook, an exercise called `sum` must not hide Python's own.
        return getattr(builtins, function.__name__, function)

    return offer


def draft(address: str) -> Callable[[FunctionType], Callable[..., Any]]:
    """Try a body on numbers of one's own: `@draft("ops.MatMul.backward")`.

    Nothing is judged or saved. The function that comes of it runs where the part
    lives, and is stopped if it does not end.
    """
    place = find(curriculum.part(address).address)

    def offer(function: FunctionType) -> Callable[..., Any]:
        source, first = source_of(function)
        name = function.__code__.co_filename
        candidate = compile_candidate(place, source, name, first)

        def attempt(*args: Any, **options: Any) -> Any:
            meter, left = Meter(DRAFT_STEPS), list[str]()
            with (
                using("reference"),
                limited_memory(),
                in_place(place, candidate.metered, meter, left),
            ):
                return drained(place.function(*args, **options))

        return attempt

    return offer


def _undecorated(source: str) -> str:
    """Return a definition as it stands, without the decorator above it."""
    return ast.get_source_segment(source, ast.parse(source).body[0]) or source


def check(address: str) -> None:
    """Raise CheckFailed unless the part is the student's and passes its checks.

    In a browser the verdict is shown instead: there an error ends *Run All Cells*,
    whatever the cell's tags say, and no grader is listening.
    """
    part = curriculum.part(address)
    failure = _state.failures.get(part.address)
    if failure is not None:
        verdict = view.refused(part, failure)
    elif part.address in _state.mine:
        verdict = view.passed(part)
    else:
        verdict = view.missing(part)
    if verdict.colour == view.GOOD or sys.platform == "emscripten":
        view.show(verdict)
    else:
        raise CheckFailed(verdict.text)


def open(number: int, _version: str = "") -> None:  # noqa: A001 - workshop.open(2)
    """Begin a lesson: put the saved parts back, and say where the student stands.

    What was saved since the last time, or by another version of the package, is checked
    again. A part that is broken, truncated or no longer passes is named and left out;
    its file stays. Notebooks of earlier versions pass
    their version, which is read from their metadata now.
    """
    lesson = curriculum.lesson(number)
    restore_parts()
    newer = store.newer_version(f"{lesson.stem}.ipynb")
    view.show(view.opened(lesson, mine(), _state.aside, newer))


def milestone(name: str, whose: Whose = "mine") -> None:
    """Begin a milestone: run the package on the student's parts, and say which.

    Parts that are not built yet, or all of them with "reference", are ours.
    """
    found = curriculum.milestone(name)
    restore_parts()
    using(whose)
    view.show(view.milestone(found, mine() if whose == "mine" else [], _state.aside))


def restore_parts() -> None:
    """Put every saved part that passes its checks into the package.

    What passed these very checks before is not judged again: a kernel in a tab would
    take seconds to begin with.
    """
    _state.restored = True
    _state.aside.clear()
    known, good = remembered.passed(), set()
    with using("reference"):
        _state.mine.clear()  # what is no longer saved is no longer theirs
        for address, file in store.saved().items():
            digest = remembered.key(address, file.source()[0])
            reason = _restore(address, file, digest in known)
            if reason:
                _state.aside[address] = reason
            else:
                good.add(digest)
    remembered.keep(good)


def _restore(address: str, file: store.Saved, known: bool) -> str:
    """Put one saved part back; returns why not, or nothing."""
    if address not in curriculum.parts():
        close = difflib.get_close_matches(address, curriculum.parts(), n=1)
        return "no part has this name" + (f"; perhaps {close[0]}" if close else "")
    source, first = file.source()
    part = curriculum.part(address)
    compiled = _compile(part, source, str(file.path), first)
    failure = compiled if isinstance(compiled, Failure) else None
    if not isinstance(compiled, Failure):
        failure = None if known else _judge(part, compiled)
        if failure is None:
            _take(part, compiled.function)
    return failure.message if failure else ""


def using(whose: Whose) -> _Using:
    """Run the package on the student's parts ("mine") or on ours ("reference").

    For good, or as a context manager for a block.
    """
    if whose not in ("mine", "reference"):
        raise ValueError(f"using() expects 'mine' or 'reference', got {whose!r}")
    return _Using(whose)


class _Using:
    def __init__(self, whose: Whose) -> None:
        self._before = _state.whose
        _switch(whose)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        _switch(self._before)

    def __repr__(self) -> str:
        whose = (
            f"your {len(_state.mine)} parts"
            if _state.whose == "mine"
            else "the reference"
        )
        return f"tinytorch now runs on {whose}"


def _switch(whose: Whose) -> None:
    _state.whose = whose
    for address, body in _state.mine.items():
        place = find(address)
        transplant(place, body if whose == "mine" else place.reference)


def _take(part: Part, body: FunctionType) -> None:
    """Let the package run a body that passed."""
    _state.failures.pop(part.address, None)
    _state.mine[part.address] = body
    if _state.whose == "mine":
        transplant(find(part.address), body)


def _without_loop(part: Part, body: FunctionType) -> view.Panel:
    """Say of a right body without the lesson's loop how fast it is, and what it is."""
    own = _state.mine.get(part.address)
    slow = own or find(part.address).reference
    faster = times_faster(body, slow, part.loop) if part.loop else 1.0
    if own is None:
        text = "right, and not yet yours: write the loop"
        _state.failures[part.address] = Failure("vectorised", "all of them", text)
    return view.without_loop(part, faster, own is not None)


def verdict(
    address: str, source: str, filename: str = "<part>", first: int = 1
) -> Failure | None:
    """Return why a source does not pass a part's checks, or None; changes nothing."""
    examined = _examine(curriculum.part(address), source, filename, first)
    return examined if isinstance(examined, Failure) else None


def _examine(
    part: Part, source: str, filename: str, first: int
) -> FunctionType | Failure:
    """Return the compiled body if it passes its checks, or why it does not."""
    compiled = _compile(part, source, filename, first)
    if isinstance(compiled, Failure):
        return compiled
    return _judge(part, compiled) or compiled.function


def _compile(part: Part, source: str, filename: str, first: int) -> Candidate | Failure:
    try:
        return compile_candidate(find(part.address), source, filename, first)
    except SyntaxError as error:
        text = f"{error.msg} in line {error.lineno}: {(error.text or '').strip()}"
        return Failure("syntax", "compiling", text)
    except SourceError as error:
        return Failure("signature", "compiling", str(error))
    except Exception as error:  # a default value that fails is the student's too
        return Failure("raised", "compiling", f"{type(error).__name__}: {error}")


def _judge(part: Part, candidate: Candidate) -> Failure | None:
    """Check a candidate against the reference package, whatever is built so far."""
    with using("reference"):
        return run_cases(
            find(part.address),
            candidate,
            part.cases(),
            part.hint,
            part.mistakes,
            part.also,
        )


def forget() -> None:
    """Go back to the untouched package in this kernel; saved files stay."""
    _state.restored = False
    _switch("reference")
    _state.mine.clear()
    _state.aside.clear()
    _state.failures.clear()
    _switch("mine")


def progress() -> None:
    """Show parts, points, checkpoints and milestones, from saved parts that pass."""
    if not _state.restored:
        restore_parts()
    view.show(Overview(tuple(mine()), dict(_state.aside), store.not_exported()))
