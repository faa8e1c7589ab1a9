"""`tito grade`: a folder of submissions in, points and pages out."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tinytorch.workshop import curriculum, session
from tinytorch.workshop.answers import Answers
from tinytorch.workshop.checking import Failure
from tinytorch.workshop.curriculum import Lesson
from tinytorch.workshop.grading import rules
from tinytorch.workshop.grading.box import find_deno
from tinytorch.workshop.grading.image import prepare
from tinytorch.workshop.grading.submissions import Submission
from tinytorch.workshop.grading.verdicts import Judge, Verdicts, reached
from tinytorch.workshop.lesson_files import checkout
from tinytorch.workshop.settings import Course

NO_BOX = (
    "there is no box to run what students wrote in: {why}. Without one, their code "
    "runs on this machine as you and may do what you may: --unsafe-in-process does it"
)


class Judging(Protocol):
    """Whoever returns a verdict for each part of a submission."""

    def judge(self, answers: Answers) -> Verdicts:
        """Return a verdict for each part that was handed in."""
        ...


class InThisProcess:
    """Judges without a box: for code that you have read."""

    def judge(self, answers: Answers) -> Verdicts:
        """Return a verdict for each part; a forger can have any that he likes."""
        verdicts: Verdicts = {}
        for address, (source, line) in answers.items():
            name = rules.reaches_for(source)
            verdicts[address] = (
                reached(name)
                if name
                else session.verdict(address, source, f"<{address}>", line)
            )
        return verdicts


def boxed(pyodide: Path | None = None) -> Judge:
    """Return a judge with a box. Raises ValueError that says what the box lacks."""
    folder = pyodide or _built_site()
    deno = find_deno()
    if deno is None:
        raise ValueError(NO_BOX.format(why="Deno is missing (pip install deno)"))
    if folder is None:
        why = "no site is built here (make site, or --pyodide FOLDER)"
        raise ValueError(NO_BOX.format(why=why))
    return Judge(prepare(folder, deno), deno)


def _built_site() -> Path | None:
    root = checkout()
    built = root / "jupyterlite_site/dist/static/pyodide" if root else None
    return built if built and built.is_dir() else None


@dataclass
class Graded:
    """One student's result: a verdict for every part that was handed in."""

    submission: Submission
    verdicts: Verdicts
    course: Course = field(default_factory=Course)

    def points(self, lesson: Lesson) -> int:
        """Return the points of a lesson's parts that passed."""
        return sum(p.points for p in lesson.parts if self.passed(p.address))

    def passed(self, address: str) -> bool:
        """Return whether a part was handed in and passed its checks."""
        return address in self.verdicts and self.verdicts[address] is None

    def counted(self, lesson: Lesson) -> float:
        """Return what a lesson counts: its weight's share, less what late days cost."""
        whole = sum(part.points for part in lesson.parts)
        weight = self.course.weights.get(lesson.number, float(whole))
        kept = self.course.kept(lesson.number, self.submission.day)
        return round(weight * kept * self.points(lesson) / whole, 2)

    def total(self, lessons: list[Lesson]) -> float:
        """Return what the lessons count together, to two decimals."""
        return round(sum(map(self.counted, lessons)), 2)

    def failure(self, address: str) -> Failure | None:
        """Return why a part has no points, also where nothing was handed in."""
        missing = Failure("missing", "", "nothing was handed in for it")
        return self.verdicts.get(address, missing)


def most(lesson: Lesson, course: Course) -> float:
    """Return the most that a lesson can count."""
    return course.weights.get(lesson.number, float(sum(p.points for p in lesson.parts)))


def graded_lessons(course: Course, numbers: list[int] | None = None) -> list[Lesson]:
    """Return the lessons with parts that a class works on, or those of the numbers."""
    return [
        lesson
        for lesson in curriculum.lessons()
        if lesson.parts
        and (lesson.number in numbers if numbers else course.shows(lesson.number))
    ]


def grade(
    submissions: list[Submission],
    judge: Judging,
    course: Course,
    lessons: list[Lesson],
    jobs: int | None = None,
) -> list[Graded]:
    """Judge every submission, several at a time; the order is theirs."""
    wanted = {part.address for lesson in lessons for part in lesson.parts}

    def one(submission: Submission) -> Graded:
        answers = {a: b for a, b in submission.answers.items() if a in wanted}
        return Graded(submission, judge.judge(answers), course)

    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        return list(pool.map(one, submissions))


def digest(source: str) -> str:
    """Return sixteen letters by which a body is known again in an appeal."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]
