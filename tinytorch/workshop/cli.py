"""`tito`: the workshop from a command line, and `%tito` in a notebook."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import tinytorch
from tinytorch.workshop import (
    completion,
    curriculum,
    doctor,
    lesson_files,
    session,
    store,
    take_home,
    view,
)
from tinytorch.workshop.answers import Answers, answers
from tinytorch.workshop.arguments import HelpShown, Parser, UsageError, perhaps
from tinytorch.workshop.curriculum import Lesson, Milestone
from tinytorch.workshop.grading import command
from tinytorch.workshop.overview import Overview

OPEN_SOURCE = (
    "The whole package is open, the body of every part included. Nobody stops you from "
    "reading it; but what you learn here, you learn by writing it."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 if it went well, 1 if not, 2 for wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        chosen = parser().parse(given or ["--help"])
        return _as_json(chosen) if chosen.json else int(chosen.run(chosen))
    except HelpShown:
        return 0
    except UsageError as error:
        print(f"tito: {error}".rstrip(), file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"tito: {_plainly(error)}", file=sys.stderr)
        return 1


def _as_json(chosen: argparse.Namespace) -> int:
    """Run a command, and print what it shows as one JSON object."""
    with view.collected() as shown:
        code = int(chosen.run(chosen))
    print(json.dumps({"exit": code, "shown": shown}, indent=1, ensure_ascii=False))
    return code


def _plainly(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def parser() -> Parser:
    """Return what understands the words of `tito`."""
    tito = Parser(
        prog="tito",
        description="Your way around TinyTorch: lessons, checks, progress.",
        epilog="Start with `tito doctor`, then `tito lesson open 1`.",
    )
    about = f"tito, of tinytorch {tinytorch.__version__}"
    tito.add_argument("--version", action="version", version=about)
    tito.add("doctor", "examine this machine", _doctor)
    tito.add("status", "show your parts, points and milestones", _status)
    lesson = tito.add("lesson", "find, open and reset lessons")
    lesson.add("list", "list the lessons", _lesson_list)
    _number(lesson.add("open", "say where a lesson is", _lesson_open))
    about = "bring a lesson's original back and keep your copy beside it"
    _number(lesson.add("reset", about, _lesson_reset))
    check = tito.add("check", "run the checks of a lesson", _check)
    _number(check)
    about = (
        "a notebook or .py file whose @build cells are checked, not your saved parts"
    )
    check.add_argument("file", metavar="FILE", nargs="?", type=Path, help=about)
    checkpoint = tito.add("checkpoint", "ask yourself: can I …?")
    checkpoint.add("list", "list the questions, and which you can answer", _questions)
    about = "answer a lesson's question by running its checks"
    _number(checkpoint.add("test", about, _question))
    milestone = tito.add("milestone", "rebuild moments of the field's history")
    milestone.add("list", "list the milestones, and which are unlocked", _milestones)
    run = milestone.add("run", "run a milestone on your own parts", _milestone)
    run.add_argument("milestone", metavar="NAME", type=_milestone_name)
    export = tito.add("export", "write your own installable tinytorch", _export)
    export.add_argument("path", metavar="FILE", nargs="?", help="where to write it")
    hand_in = tito.add("hand-in", "write the one file that you hand in", _hand_in)
    hand_in.add_argument("name", metavar="NAME", nargs="+", help="your name")
    hand_in.add_argument("--out", metavar="FILE", help="where to write it")
    command.add(tito)
    about = "print what a shell needs to complete tito's words"
    completion_ = tito.add("completion", about, _completion)
    completion_.add_argument("shell", choices=completion.SHELLS, help="which shell")
    return tito


def _number(parser: Parser) -> None:
    parser.add_argument("lesson", metavar="N", type=_lesson, help="a lesson's number")


def _lesson(text: str) -> Lesson:
    """Return the lesson for "2", "02" or "tensor"."""
    names = {lesson.name: lesson for lesson in curriculum.lessons()}
    numbers = {str(lesson.number): lesson for lesson in curriculum.lessons()}
    found = (names | numbers).get(text.lstrip("0"))
    if found is None:
        raise argparse.ArgumentTypeError(
            f"there is no lesson {text!r}{perhaps(text, names)}; "
            f"there are {', '.join(numbers)}"
        )
    return found


def _milestone_name(text: str) -> Milestone:
    known = {milestone.name: milestone for milestone in curriculum.MILESTONES}
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(
            f"there is no milestone {text!r}{perhaps(text.lower(), known)}; "
            f"there are {', '.join(known)}"
        )
    return known[text.lower()]


def _doctor(given: argparse.Namespace) -> int:
    found = doctor.findings()
    faults = [finding for finding in found if finding.fault]
    rows = tuple(
        (finding.label, ("PROBLEM: " if finding.fault else "") + finding.text)
        for finding in found
    )
    title = f"{len(faults)} problems" if faults else "All is well"
    view.show(view.Panel(title, rows, view.BAD if faults else view.GOOD))
    return bool(faults)


def _status(given: argparse.Namespace) -> int:
    view.show(_overview())
    return 0


def _overview() -> Overview:
    session.restore_parts()
    return Overview(tuple(session.mine()), session.aside(), store.not_exported())


def _lesson_list(given: argparse.Namespace) -> int:
    rows = [
        (f"{x.number:02d}", f"{x.title} ({x.minutes} min, {len(x.parts)} parts)")
        for x in curriculum.lessons()
    ]
    view.show(view.Panel("Lessons", tuple(rows)))
    return 0


def _lesson_open(given: argparse.Namespace) -> int:
    lesson = given.lesson
    path = lesson_files.place(lesson.stem)
    rows = [("builds", lesson.summary), ("takes", f"about {lesson.minutes} minutes")]
    if lesson_files.IN_BROWSER:
        rows.append(("open", lesson_files.link(lesson.stem)))
    else:
        if not path.exists():
            lesson_files.reset(lesson)
        rows.append(("open", str(path)))
    rows.append(("answers", OPEN_SOURCE))
    view.show(view.Panel(f"Lesson {lesson.number:02d} · {lesson.title}", tuple(rows)))
    return 0


def _lesson_reset(given: argparse.Namespace) -> int:
    kept = lesson_files.reset(given.lesson)
    rows = (
        ("yours", f"kept as {kept.name}" if kept else "there was none"),
        ("parts", "your saved parts stay; they are not in the notebook"),
    )
    title = f"Lesson {given.lesson.number:02d} is as new"
    view.show(view.Panel(title, rows, view.GOOD))
    return 0


def _check(given: argparse.Namespace) -> int:
    built, twice = answers(given.file) if given.file else (_saved(), [])
    if given.file:
        _expect_lesson(given.lesson, built, given.file.name)
    whose = given.file.name if given.file else "your saved parts"
    failures = _failures(given.lesson, built)
    passed = [part for part in given.lesson.parts if part.address not in failures]
    rows = tuple(
        (part.address, f"{part.points} of {part.points} points")
        if part in passed
        else (part.address, f"0 of {part.points} points: {failures[part.address]}")
        for part in given.lesson.parts
    )
    rows += tuple((address, "built in two cells: the last counts") for address in twice)
    points = sum(part.points for part in passed)
    total = sum(part.points for part in given.lesson.parts)
    title = f"{given.lesson.stem}, {whose}: {points} of {total} points"
    view.show(view.Panel(title, rows, view.BAD if failures else view.GOOD))
    return bool(failures)


def _expect_lesson(lesson: Lesson, built: Answers, name: str) -> None:
    others = {curriculum.lesson_of(a).stem for a in built if a in curriculum.parts()}
    if others and lesson.stem not in others:
        raise ValueError(f"{name} is of {', '.join(sorted(others))}, not {lesson.stem}")


def _saved() -> Answers:
    return {address: file.source() for address, file in store.saved().items()}


def _failures(lesson: Lesson, built: Answers) -> dict[str, str]:
    """Return why parts of a lesson do not pass, by address."""
    reasons = {}
    for part in lesson.parts:
        if part.address not in built:
            reasons[part.address] = "not built yet"
            continue
        source, line = built[part.address]
        failure = session.verdict(part.address, source, f"<{part.address}>", line)
        if failure is not None:
            reasons[part.address] = f"{failure.case}: {failure.message}"
    return reasons


def _questions(given: argparse.Namespace) -> int:
    overview = _overview()
    rows = tuple(
        (f"{lesson.number:02d}", overview.answer(lesson))
        for lesson in curriculum.lessons()
    )
    view.show(view.Panel("Checkpoints", rows))
    return 0


def _question(given: argparse.Namespace) -> int:
    lesson = given.lesson
    failures = _failures(lesson, _saved())
    title = f"Can I {lesson.question}? {'Not yet' if failures else 'Yes'}"
    colour = view.BAD if failures else view.GOOD
    view.show(view.Panel(title, tuple(failures.items()), colour))
    return bool(failures)


def _milestones(given: argparse.Namespace) -> int:
    overview = _overview()
    rows = tuple(
        (
            milestone.name,
            f"{milestone.title}, {milestone.year}: {overview.state(milestone)}",
        )
        for milestone in curriculum.MILESTONES
    )
    view.show(view.Panel("Milestones", rows))
    return 0


def _milestone(given: argparse.Namespace) -> int:
    milestone = given.milestone
    folder = lesson_files.sources()
    stem = f"milestones/{milestone.name}"
    if lesson_files.IN_BROWSER:
        rows = (("open", lesson_files.link(stem)), ("reach", milestone.reach))
        view.show(view.Panel(f"{milestone.title} is a notebook", rows))
        return 0
    if folder is None:
        raise ValueError("the milestones' text did not come with this package")
    home = store.root()
    done = subprocess.run(
        [sys.executable, str(folder / f"{stem}.py")],
        env=os.environ | {"TINYTORCH_HOME": str(home)},
        check=False,
    )
    return done.returncode


def _export(given: argparse.Namespace) -> int:
    take_home.export(given.path)
    return 0


def _completion(given: argparse.Namespace) -> int:
    print(completion.script(given.shell, parser().words()), end="")
    return 0


def _hand_in(given: argparse.Namespace) -> int:
    take_home.hand_in(" ".join(given.name), given.out)
    return 0
