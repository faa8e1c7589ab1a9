"""What a teacher gets: a table for the learning system, JSON, and pages to read."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import tinytorch
from tinytorch.utils import files
from tinytorch.workshop.curriculum import Lesson, Part
from tinytorch.workshop.grading.alike import Pair
from tinytorch.workshop.grading.grade import Graded, digest, most
from tinytorch.workshop.settings import Course

FORMATS = ("plain", "canvas", "moodle")
FLAGGED = {"reaches", "forged", "broke"}  # kinds of failures to look at oneself
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto;
       padding: 0 1em; color-scheme: light dark }
table { border-collapse: collapse; margin: 1em 0 }
td, th { text-align: left; vertical-align: top; padding: .2em 1em .2em 0 }
pre { margin: 0; white-space: pre-wrap }
"""


def write(
    out: Path,
    graded: list[Graded],
    lessons: list[Lesson],
    course: Course,
    alike: list[Pair],
    format_: str = "plain",
) -> list[Path]:
    """Write all of it below `out`; returns the files."""
    pages = _page_names(graded)
    made = {
        "grades.csv": table(graded, lessons, course, format_),
        "grades.json": _json(graded, lessons, course, alike),
        "class.html": class_page(graded, lessons, course, alike, pages),
    }
    for one in graded:
        made[f"feedback/{pages[one.submission.name]}"] = feedback(one, lessons)
    for name, text in made.items():
        files.replace(out / name, text.encode())
    return [out / name for name in made]


def table(
    graded: list[Graded], lessons: list[Lesson], course: Course, format_: str
) -> str:
    """Return grades as CSV, in the columns that the learning system imports."""
    most_points = [most(lesson, course) for lesson in lessons]
    whole = round(sum(most_points), 2)
    names = [lesson.stem for lesson in lessons]
    rows: list[list[Any]]
    if format_ == "canvas":
        rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names]]
        rows += [["    Points Possible", "", "", "", "", *most_points]]
        blank = ["", "", ""]
    elif format_ == "moodle":
        rows, blank = [["Full name", "ID number", *names, "Total"]], []
    else:
        rows, blank = [["name", "id", *names, "total", "of", "notes"]], []
    for one in graded:
        who = [_cell(one.submission.name), _cell(one.submission.id), *blank]
        row: list[Any] = [*who, *map(one.counted, lessons)]
        if format_ != "canvas":
            row.append(one.total(lessons))
        if format_ == "plain":
            row += [whole, _cell("; ".join(remarks(one)))]
        rows.append(row)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def remarks(one: Graded) -> list[str]:
    """Return what to look at oneself: notes, and bodies that are no honest try."""
    odd = [
        f"{address}: {failure.message.splitlines()[0]}"
        for address, failure in one.verdicts.items()
        if failure is not None and failure.kind in FLAGGED
    ]
    return one.submission.notes + odd


def _json(
    graded: list[Graded], lessons: list[Lesson], course: Course, alike: list[Pair]
) -> str:
    students = [
        {
            "name": one.submission.name,
            "id": one.submission.id,
            "files": one.submission.files,
            "day": one.submission.day.isoformat() if one.submission.day else None,
            "lessons": {x.stem: one.counted(x) for x in lessons},
            "total": one.total(lessons),
            "notes": one.submission.notes,
            "parts": {
                address: {
                    "source": digest(one.submission.answers[address][0]),
                    "passed": failure is None,
                    "failure": asdict(failure) if failure else None,
                }
                for address, failure in one.verdicts.items()
            },
        }
        for one in graded
    ]
    found = {
        "tinytorch": tinytorch.__version__,
        "course": course.name,
        "of": {lesson.stem: most(lesson, course) for lesson in lessons},
        "students": students,
        "alike": [asdict(pair) for pair in alike],
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def feedback(one: Graded, lessons: list[Lesson]) -> str:
    """Return a student's page: what failed, on which smallest case, and a hint."""
    name = one.submission.name
    body = [f"<h1>{escape(name)}</h1>"]
    whole = round(sum(most(lesson, one.course) for lesson in lessons), 2)
    body.append(f"<p>{one.total(lessons):g} of {whole:g} points.</p>")
    body += [f"<p>Note: {escape(note)}</p>" for note in one.submission.notes]
    for lesson in lessons:
        counted, most_ = one.counted(lesson), most(lesson, one.course)
        body.append(f"<h2>{escape(lesson.title)}: {counted:g} of {most_:g}</h2>")
        body += [_part(one, part) for part in lesson.parts]
    handed = ", ".join(f"{f} {c}".strip() for f, c in one.submission.files.items())
    body.append(
        "<h2>If you think that this is wrong</h2><p>It can be done again, by you or "
        f"anyone, from what you handed in ({escape(handed) or 'nothing'}) with "
        f"tinytorch {tinytorch.__version__}: put the file alone into a folder, and run "
        "<code>tito grade FOLDER --out DIR</code>. The verdict on a body depends on "
        "that body alone. Write to whoever teaches you with the name of the part, and "
        "what you expect.</p>"
    )
    return _page(f"Feedback for {name}", body)


def _part(one: Graded, part: Part) -> str:
    failure = one.failure(part.address)
    title = f"<h3>{escape(part.address)}</h3>"
    if failure is None:
        return f"{title}<p>{part.points} of {part.points} points.</p>"
    rows = [
        ("points", f"0 of {part.points}"),
        ("case", failure.case),
        ("with", failure.arguments),
        ("expected", failure.expected),
        ("got", failure.got),
        ("problem", failure.message),
        ("hint", failure.hint),
    ]
    return title + _table([row for row in rows if row[1]])


def class_page(
    graded: list[Graded],
    lessons: list[Lesson],
    course: Course,
    alike: list[Pair],
    pages: dict[str, str],
) -> str:
    """Return the class's page: what fails, how, what is alike, what to look at."""
    body = [f"<h1>{escape(course.name)}: {len(graded)} submissions</h1>"]
    rows = [("part", "passed", "not handed in", "the commonest failures")]
    parts = [part for lesson in lessons for part in lesson.parts]
    rows += [_statistics(graded, part) for part in parts]
    body += ["<h2>Parts</h2>", _table(rows)]
    body.append("<h2>To look at</h2>")
    odd = [(one.submission.name, "\n".join(remarks(one))) for one in graded]
    body.append(_table([row for row in odd if row[1]]) or "<p>Nothing.</p>")
    body.append(
        "<h2>Suspiciously alike</h2><p>Bodies that are the same but for names, texts "
        "and layout, where they are long and few wrote them. A reason to talk, no "
        "proof.</p>"
    )
    body.append(_table([_pair(pair) for pair in alike]) or "<p>None.</p>")
    body.append("<h2>Students</h2><ul>")
    for one in graded:
        name = one.submission.name
        link = f"feedback/{pages[name]}"
        total = f"{one.total(lessons):g}"
        body.append(f"<li><a href='{link}'>{escape(name)}</a>: {total}</li>")
    return _page(f"{course.name}: the class", [*body, "</ul>"])


def _statistics(graded: list[Graded], part: Part) -> tuple[str, str, str, str]:
    failures = [one.failure(part.address) for one in graded]
    missing = sum(f is not None and f.kind == "missing" for f in failures)
    wrong = Counter(
        f"{f.kind}: {f.message.splitlines()[0]}"
        for f in failures
        if f is not None and f.kind != "missing"
    )
    common = "\n".join(
        f"{count} × {text[:160]}" for text, count in wrong.most_common(3)
    )
    passed = f"{failures.count(None)} of {len(graded)}"
    return part.address, passed, str(missing), common


def _pair(pair: Pair) -> tuple[str, str, str]:
    share = f"{len(pair.parts)} of {pair.telling} telling parts"
    return f"{pair.one} and {pair.other}", share, "\n".join(pair.parts)


def _table(rows: list[Any]) -> str:
    if not rows:
        return ""
    cells = [
        "".join(f"<td><pre>{escape(str(text))}</pre></td>" for text in row)
        for row in rows
    ]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _page(title: str, body: list[str]) -> str:
    head = (
        f"<meta charset='utf-8'><title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    return f"<!doctype html><html lang='en'>{head}{''.join(body)}</html>\n"


def _page_names(graded: list[Graded]) -> dict[str, str]:
    """Return a file name for each student, by name; no two are the same."""
    found: dict[str, str] = {}
    for number, one in enumerate(graded):
        letters = re.sub(r"[^\w]+", "-", one.submission.name).strip("-")[:60]
        found[one.submission.name] = f"{letters or 'student'}-{number + 1}.html"
    return found
