"""Grade a lesson with nbgrader as an instructor would: `grade.py COURSE LESSON`.

COURSE is an empty folder. Two students hand the lesson in: `unanswered` as they got
it, `solved` with the package's own bodies. Prints their scores as JSON; the notebooks
as they ran are in COURSE/autograded. It is a process of its own, since nbgrader warns
where this project's tests would fail.
"""

import json
import sys
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from tinytorch.workshop.notebooks import to_notebook

CONTENT = Path(__file__).parents[2] / "content"
EDITIONS = {"unanswered": "student", "solved": "solution"}
SECONDS = 600  # for one cell: some train


def main() -> None:
    """Release the lesson, hand it in twice, grade both."""
    course, stem = Path(sys.argv[1]), sys.argv[2]
    text = (CONTENT / f"{stem}.py").read_text()
    folders = {"source": "student"}
    folders |= {f"submitted/{name}": edition for name, edition in EDITIONS.items()}
    for folder, edition in folders.items():
        path = course / folder / stem / f"{stem}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(to_notebook(text, path.name, edition))
    config = Config()
    config.CourseDirectory.root = str(course)
    config.ExecutePreprocessor.timeout = SECONDS
    config.Execute.timeout = SECONDS
    api = NbGraderAPI(config=config)
    results = [api.generate_assignment(stem)]
    results += [api.autograde(stem, student) for student in EDITIONS]
    for result in results:
        if not result["success"]:
            sys.exit(result.get("log", "") + result.get("error", ""))
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        scores = {
            student: [submission.score, submission.max_score]
            for student in EDITIONS
            for submission in [gradebook.find_submission(stem, student)]
        }
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
