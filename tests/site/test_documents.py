"""The pages to read: lessons, course, reference, and where a wrong turn leads."""

from __future__ import annotations

import html
import re

import pytest

from tests.content.test_lessons import solution_lines
from tinytorch.workshop import curriculum

PAGES = [
    "read/index.html",
    "read/02_tensor.html",
    "read/milestones/xor.html",
    "course/index.html",
    "instructors/index.html",
    "api/tinytorch/nn/conv.html",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone_and_asks_nobody_else(open_page, path):
    page = open_page(path, "/course/")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.title().strip()
    assert page.locator("main h1").first.is_visible()
    if not path.startswith("api/"):  # pdoc's pages have a layout of their own
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= 390
    assert not page.foreign
    assert not [said for said in page.said if "Failed to load" in said]


def test_equations_tables_and_code_are_set(open_page):
    page = open_page("read/02_tensor.html")
    assert page.locator("math").count() > 10
    assert page.locator("math[display=block]").first.is_visible()
    assert "$" not in page.locator("main p").all_inner_texts()[3]
    assert page.locator("main table").first.is_visible()
    assert page.locator("pre .kn").first.inner_text() == "import"
    exercises = page.locator(".exercise").all_inner_texts()
    assert len(exercises) == len(curriculum.lesson(2).parts)
    assert all("YOUR CODE HERE" in text for text in exercises)


def test_one_page_leads_to_the_next_and_to_the_notebook(open_page):
    page = open_page("read/index.html")
    page.get_by_role("link", name="02 · ").click()
    page.get_by_role("link", name="Next: 03").click()
    assert page.locator("h1").inner_text().startswith("03 ·")
    page.get_by_role("link", name="Before: 02").click()
    assert page.locator("h1").inner_text().startswith("02 ·")
    link = page.get_by_role("link", name="Do it").get_attribute("href")
    assert link.endswith("notebooks/index.html?path=02_tensor.ipynb")


def test_no_solution_is_in_the_reading_edition(site):
    telling = set(solution_lines())
    for path in (site / "read").rglob("*.html"):
        text = html.unescape(re.sub(r"<[^>]+>", "", path.read_text()))
        assert not telling & {line.strip() for line in text.splitlines()}, path


def test_the_pages_link_only_to_what_is_there(site):
    for folder in ("read", "course", "instructors"):
        for path in (site / folder).rglob("*.html"):
            for link in re.findall(r'href="([^"#:]+)', path.read_text()):
                target = (path.parent / link.partition("?")[0]).resolve()
                assert target.is_file(), f"{path.name} links to {link}"


def test_the_course_has_its_weeks_lessons_and_milestones(open_page):
    text = open_page("course/index.html").locator("main").inner_text()
    for lesson in curriculum.lessons():
        assert f"I can {lesson.question}." in text
    for milestone in curriculum.MILESTONES:
        assert milestone.title in text
    for weeks in curriculum.WEEKS:
        assert weeks.title in text


@pytest.mark.parametrize("prefix", ["/", "/course/"])
def test_a_wrong_turn_leads_home(open_page, prefix):
    page = open_page("404.html", prefix)
    home = page.locator("#home")
    page.wait_for_function(
        "prefix => document.getElementById('home').getAttribute('href') === prefix",
        arg=prefix,
    )
    home.click()
    assert page.locator("h1").inner_text() == "TinyTorch"


def test_the_landing_page_leads_a_phone_to_the_reading_edition(open_page):
    page = open_page("index.html")
    hint = page.get_by_text("you will want a keyboard")
    assert not hint.is_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    assert hint.is_visible()
    page.get_by_role("link", name="read every lesson").click()
    assert page.locator("h1").inner_text() == "To read"


def test_the_reference_knows_the_library(open_page):
    page = open_page("api/tinytorch/nn/conv.html")
    assert page.get_by_text("Learned filters slid over images").first.is_visible()
