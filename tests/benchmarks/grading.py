"""How long a class takes to grade: `python -m tests.benchmarks.grading [STUDENTS]`.

Every student hands in all parts of the first ten lessons, right ones, no two the same,
so that no verdict is known already: the slowest class there can be. Two boxes run at a
time. Then the same class once more, as if everyone had copied. Seconds of the processor
tell more than those of the clock where others keep it busy.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from jupyterlite_site import distribution
from tinytorch.workshop import curriculum
from tinytorch.workshop.grading.grade import boxed, grade
from tinytorch.workshop.grading.submissions import Submission
from tinytorch.workshop.place import find, reference_source
from tinytorch.workshop.settings import Course


def main() -> None:
    """Grade a made-up class, and print what one submission takes."""
    students = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    lessons = [lesson for lesson in curriculum.lessons() if lesson.number <= 10]
    bodies = {
        p.address: reference_source(find(p.address)) for x in lessons for p in x.parts
    }
    submissions = [
        Submission(
            name=f"student {number}",
            answers={a: (f"{body}    {number}\n", 1) for a, body in bodies.items()},
        )
        for number in range(students)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        distribution.build(Path(scratch) / "pyodide", [])
        start = time.perf_counter()
        judge = boxed(Path(scratch) / "pyodide")
        ready, used = time.perf_counter(), processor_seconds()
        graded = grade(submissions, judge, Course(), lessons, jobs=2)
        seconds = time.perf_counter() - ready
        used = processor_seconds() - used
        grade(submissions, judge, Course(), lessons, jobs=2)
        again = time.perf_counter() - ready - seconds
    assert all(one.passed(address) for one in graded for address in bodies)
    print(f"start {ready - start:.1f} s")
    each, count = seconds / students, len(bodies)
    print(f"{students} submissions of {count} parts: {each:.2f} s each")
    print(f"of the processor: {used / students:.2f} s each")
    print(f"200 such submissions: {200 * each / 60:.1f} minutes")
    print(f"when every verdict is known: {again / students:.3f} s each")


def processor_seconds() -> float:
    """Return what the boxes that have ended took."""
    boxes = resource.getrusage(resource.RUSAGE_CHILDREN)
    return boxes.ru_utime + boxes.ru_stime


if __name__ == "__main__":
    main()
