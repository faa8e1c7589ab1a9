"""The words of `tito grade`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tinytorch.workshop import settings, view
from tinytorch.workshop.arguments import Parser


def add(parser: Parser) -> None:
    """Add the command to `tito`."""
    grade = parser.add("grade", "judge a folder of submissions, in a box", _grade)
    grade.add_argument("folder", metavar="FOLDER", type=Path, help="what was handed in")
    grade.add_argument("--out", metavar="DIR", type=Path, required=True, help="results")
    about = "CSV with the columns name and, perhaps, id"
    grade.add_argument("--roster", metavar="FILE", type=Path, help=about)
    about = "columns of grades.csv: plain (default), canvas or moodle"
    grade.add_argument("--format", choices=("plain", "canvas", "moodle"), help=about)
    about = "a lesson's number; again for more; all that the course shows if left out"
    grade.add_argument("--lesson", metavar="N", type=int, action="append", help=about)
    about = "another file of settings than the package's course.toml"
    grade.add_argument("--course", metavar="FILE", type=Path, help=about)
    about = "the site's static/pyodide; this checkout's if left out"
    grade.add_argument("--pyodide", metavar="FOLDER", type=Path, help=about)
    about = "boxes at a time; one for each core if left out"
    grade.add_argument("--jobs", metavar="N", type=int, help=about)
    about = "run what students wrote on this machine, as you: no box, no limits"
    grade.add_argument("--unsafe-in-process", action="store_true", help=about)


def _grade(given: argparse.Namespace) -> int:
    # Here, and not above: every other command starts without them.
    from tinytorch.workshop.grading import alike, report
    from tinytorch.workshop.grading.grade import (
        InThisProcess,
        boxed,
        grade,
        graded_lessons,
    )
    from tinytorch.workshop.grading.submissions import collect

    course = settings.read(given.course) if given.course else settings.course()
    submissions = collect(given.folder, given.roster)
    lessons = graded_lessons(course, given.lesson)
    unsafe = given.unsafe_in_process
    judge = InThisProcess() if unsafe else boxed(given.pyodide)
    graded = grade(submissions, judge, course, lessons, 1 if unsafe else given.jobs)
    pairs = alike.pairs(submissions)
    format_ = given.format or "plain"
    made = report.write(given.out, graded, lessons, course, pairs, format_)
    odd = [one.submission.name for one in graded if report.remarks(one)]
    rows = (
        ("submissions", str(len(graded))),
        ("to look at", "\n".join(odd) or "none"),
        ("alike", f"{len(pairs)} pairs"),
        ("grades", str(made[0])),
        ("class", str(made[2])),
    )
    view.show(view.Panel(f"{course.name}: graded", rows, view.GOOD))
    return 0
