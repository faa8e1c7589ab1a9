"""What every lesson has, and what no student's notebook may have."""

from __future__ import annotations

import ast
import json
import re

import nbformat
import pytest

from tests.conftest import ROOT
from tests.content.conftest import LESSONS
from tinytorch.workshop import curriculum, notebooks
from tinytorch.workshop.place import find, reference_source

CONTENT = ROOT / "content"
PAGES = sorted(path.relative_to(CONTENT).as_posix() for path in CONTENT.rglob("*.py"))
HEADINGS = [
    "## 1 Mathematics",
    "## 2 Naive implementation",
    "## 3 Systems analysis",
    "## 4 Optimisation path",
    "## Check your understanding",
    "## Can I ",
    "## What comes next",
]


def student(page: str) -> nbformat.NotebookNode:
    path = page.replace(".py", ".ipynb")
    text = notebooks.to_notebook((CONTENT / page).read_text(), path)
    return nbformat.reads(text, as_version=4)


def prose(page: str) -> str:
    cells = student(page).cells
    return "\n".join(c.source for c in cells if c.cell_type == "markdown")


@pytest.mark.parametrize("stem", LESSONS)
def test_a_lesson_walks_the_same_steps(stem):
    lines = prose(f"{stem}.py").splitlines()
    found = [
        next(h for h in HEADINGS if line.startswith(h))
        for line in lines
        if line.startswith(tuple(HEADINGS))
    ]
    assert found == HEADINGS
    assert "<details>" in "\n".join(lines)


@pytest.mark.parametrize("lesson", curriculum.lessons(), ids=lambda lesson: lesson.stem)
def test_a_lesson_is_as_the_registry_says(lesson):
    cells = student(f"{lesson.stem}.py").cells
    built = [
        re.match(r'@build\("(.+?)"\)', cell.source)[1]
        for cell in cells
        if cell.source.startswith("@build(")
    ]
    assert sorted(built) == sorted(part.address for part in lesson.parts)
    assert 4 <= len(built) <= 9
    assert 30 <= lesson.minutes <= 90
    assert f"# {lesson.number:02d} · {lesson.title}" in cells[0].source
    assert f"## Can I {lesson.question}?" in prose(f"{lesson.stem}.py")
    tags = [tag for cell in cells for tag in cell.metadata.get("tags", [])]
    assert "prediction" in tags


@pytest.mark.parametrize("page", PAGES)
def test_no_solution_is_in_a_student_s_notebook(page):
    """Lines that any program has (`return out`, `else:`) give nothing away."""
    lines = {
        line.strip()
        for cell in student(page).cells
        for line in cell.source.splitlines()
    }
    shared = lines & set(solution_lines())
    assert not shared


def solution_lines() -> dict[str, str]:
    """Return the telling lines of the bodies of all parts, and whose they are."""
    found = {}
    for address in curriculum.parts():
        source = reference_source(find(address))
        (function,) = ast.parse(source).body
        body = function.body[ast.get_docstring(function) is not None :]
        below = "\n".join(source.splitlines()[body[0].lineno - 1 :])
        found |= {line.strip(): address for line in below.splitlines()}
    return {line: address for line, address in found.items() if telling(line)}


def telling(line: str) -> bool:
    """Return whether a line computes something: names, and an operation on them."""
    if re.fullmatch(r"\w+ = np\.(empty|zeros)(_like)?\(\w+\)", line):
        return False  # room for a result, as in any loop
    names = set(re.findall(r"[A-Za-z_]\w*", line)) - {"return", "for", "in", "if"}
    return len(names) >= 3 and bool(re.search(r"[-+*/@%<>=(]", line))


def test_the_leak_test_would_see_a_leak():
    address = "backends.LoopsBackend.matmul"
    solved = nbformat.reads(
        notebooks.to_notebook(
            (CONTENT / "02_tensor.py").read_text(), "02_tensor.ipynb", "solution"
        ),
        as_version=4,
    )
    lines = {x.strip() for cell in solved.cells for x in cell.source.splitlines()}
    leaked = [line for line, whose in solution_lines().items() if whose == address]
    assert len(leaked) >= 3
    assert set(leaked) <= lines


@pytest.mark.parametrize("edition", ["student", "solution"])
def test_equal_sources_give_equal_bytes_and_unique_ids(tmp_path, edition):
    made = notebooks.build(CONTENT, tmp_path / "a", edition)
    assert made == notebooks.build(CONTENT, tmp_path / "b", edition)
    for path in made:
        text = (tmp_path / "a" / path).read_text()
        assert text == (tmp_path / "b" / path).read_text()
        ids = [cell["id"] for cell in json.loads(text)["cells"]]
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("page", PAGES)
def test_links_to_notebooks_resolve(page):
    links = re.findall(r"\]\(([^)#:]+\.ipynb)[)#]", prose(page))
    for link in links:
        target = (CONTENT / page).parent / link
        assert target.with_suffix(".py").resolve().is_file(), link


@pytest.mark.parametrize("stem", LESSONS)
def test_every_lesson_has_its_text(stem):
    assert (CONTENT / f"{stem}.py").is_file()
