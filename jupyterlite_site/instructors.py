"""The instructor's page: facts in its text come from the registry and the settings.

The text is content/instructors.md, with a mark where each fact belongs. The build makes
the site's page of it; ``python -m jupyterlite_site.instructors`` prints it.
"""

import re
from pathlib import Path

from tinytorch.workshop import archive, curriculum, settings
from tinytorch.workshop.grading import verdicts

from . import documents

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "content" / "instructors.md"
BOX = ROOT / "tinytorch" / "workshop" / "grading" / "box.mjs"


def main() -> None:
    """Print the page with its facts."""
    print(filled(PAGE.read_text()), end="")


def filled(text: str) -> str:
    """Return the page's text with every fact as it is today."""
    facts = {
        "weeks": f"\n{weeks()}\n",
        "lessons": f"\n{lessons()}\n",
        "settings": f"\n```toml\n{settings.FILE.read_text().rstrip()}\n```\n",
        "limits": limits(),
    }
    for name, fact in facts.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        if text.count(begin + "\n" + end) + text.count(begin + end) != 1:
            raise ValueError(f"{PAGE.name} expects {begin}{end} once")
        before, _, rest = text.partition(begin)
        text = f"{before}{fact}{rest.partition(end)[2]}"
    return text


def weeks() -> str:
    """Return the fifteen weeks as a table."""
    rows = [
        "| weeks | about | lessons | chapters to read |",
        "| --- | --- | --- | --- |",
    ]
    for block in curriculum.WEEKS:
        span = f"{block.first}–{block.last}".removesuffix(f"–{block.first}")
        numbers = ", ".join(map(str, block.lessons))
        chapters = "; ".join(
            f"{n} {curriculum.CHAPTERS.get(n, '')}".strip() for n in block.chapters
        )
        rows.append(f"| {span} | {block.title} | {numbers} | {chapters} |")
    return "\n".join(rows)


def lessons() -> str:
    """Return the lessons that there are, with their time, parts and points."""
    rows = ["| lesson | minutes | parts | points | the question |"]
    rows += ["| --- | --- | --- | --- | --- |"]
    for x in curriculum.lessons():
        points = sum(part.points for part in x.parts)
        question = f"Can I {x.question}?"
        cells = [f"{x.number:02d} {x.title}", x.minutes, len(x.parts), points, question]
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(rows)


def limits() -> str:
    """Return what a box and an archive may take, in a sentence."""
    found = re.search(r"MOST_MEMORY = (\d+) \* 2 \*\* 20", BOX.read_text())
    if found is None:
        raise ValueError(f"expected MOST_MEMORY in {BOX.name}")
    return (
        f"A part gets {verdicts.SECONDS:g} seconds and {found[1]} MiB; an archive may "
        f"hold {archive.MOST_FILES:,} files and {archive.LARGEST // 2**20} MiB."
    )


def build(out: Path) -> None:
    """Write the page into the site, below ``instructors/``."""
    body = documents.markdown(filled(PAGE.read_text()))
    body = body.replace("<table>", '<div class="table"><table>')
    body = body.replace("</table>", "</table></div>")
    course = settings.course().name
    about = f"How to publish {course}, hand it out, collect it and grade it."
    page = documents.page(f"Teach with {course}", about, body, "../")
    target = out / "instructors" / "index.html"
    target.parent.mkdir()
    target.write_text(page)


if __name__ == "__main__":
    main()
