"""A class's own settings: what they mean, and what a wrong line says."""

from datetime import date

import pytest

from tinytorch.workshop import settings

FULL = """
name = "ML Systems"
hand_in = "https://lms.example.edu/1"
lessons = [2, 3]

[weights]
2 = 30

[due]
2 = 2027-02-12

[late]
percent_per_day = 10
days = 3
"""


def written(tmp_path, text):
    path = tmp_path / "course.toml"
    path.write_text(text)
    return path


def test_the_settings_that_come_with_the_package_show_every_lesson():
    course = settings.course()
    assert course.hand_in
    assert course.shows(1)
    assert course.shows(10)


def test_every_line_is_read(tmp_path):
    course = settings.read(written(tmp_path, FULL))
    assert course.name == "ML Systems"
    assert [n for n in range(1, 11) if course.shows(n)] == [2, 3]
    assert course.weights == {2: 30.0}
    assert course.due == {2: date(2027, 2, 12)}


@pytest.mark.parametrize(
    ("lesson", "day", "kept"),
    [
        (2, date(2027, 2, 12), 1.0),
        (2, date(2027, 2, 14), 0.8),
        (2, date(2027, 2, 16), 0.0),
        (3, date(2028, 1, 1), 1.0),
        (2, None, 1.0),
    ],
)
def test_a_late_day_costs_what_the_file_says(tmp_path, lesson, day, kept):
    course = settings.read(written(tmp_path, FULL))
    assert course.kept(lesson, day) == pytest.approx(kept)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "nmae = 'x'",
            "expected due, hand_in, late, lessons, name, weights, got 'nmae'",
        ),
        ("name = 3", "name expects a text, got 3"),
        ("lessons = 2", "lessons expects a list of numbers, got 2"),
        ("lessons = [99]", "lessons expects a lesson out of .*, got 99"),
        ("[weights]\n2 = 'a'", r"\[weights\] 2 expects a int or float, got 'a'"),
        ("[weights]\n2 = -1", "numbers of at least 0"),
        ("[weights]\ntwo = 1", "weights expects a lesson out of .*, got 'two'"),
        ("[due]\n2 = 2027-02-12T10:00:00", r"\[due\] 2 expects a date"),
        ("[late]\ndays = -1", "of at least 0"),
        ("[late]\nweeks = 1", "percent_per_day, days"),
        ("due = 3", r"\[due\] expects lines"),
        ("name = ", "course.toml: "),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, words):
    with pytest.raises(ValueError, match=words):
        settings.read(written(tmp_path, line))
