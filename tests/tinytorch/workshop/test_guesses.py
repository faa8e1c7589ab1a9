"""A guess counts: it is asked for, kept, and shown beside what was measured."""

import pytest

from tinytorch.workshop import guesses
from tinytorch.workshop.guesses import predict, predictions


@pytest.fixture(autouse=True)
def _fresh():
    guesses.forget()
    yield
    guesses.forget()


def test_without_a_guess_it_asks_and_goes_on(capsys):
    predict("How many times as fast?", ...).measured(118.4)
    out = capsys.readouterr().out
    assert "A guess is due" in out
    assert "three dots" in out
    assert "no guess" in out
    assert "118" in out


@pytest.mark.parametrize(
    ("guess", "value", "unit", "said", "shown"),
    [
        (5, 118.4321, "times", "you said  5 times", "measured  118 times"),
        (0.5, 12345.6, "", "you said  0.5", "measured  12,346"),
        ("the loop", "numpy", "", "you said  the loop", "measured  numpy"),
        (1_000_000, 2.0, "times", "you said  1000000 times", "measured  2 times"),
    ],
)
def test_guess_and_measurement_stand_side_by_side(
    guess, value, unit, said, shown, capsys
):
    made = predict("Which?", guess, unit)
    assert "A guess is due" not in capsys.readouterr().out
    made.measured(value)
    out = capsys.readouterr().out
    assert said in out
    assert shown in out


def test_the_last_answer_to_a_question_counts(capsys):
    predict("How much?", 1)
    predict("How much?", 2).measured(3)
    predict("How long?", 7)
    capsys.readouterr()
    predictions()
    out = capsys.readouterr().out
    assert "you said 2; measured: 3" in out
    assert "you said 7; measured: not measured yet" in out
    assert "said 1" not in out


def test_nothing_asked_is_said(capsys):
    predictions()
    assert "No guess was asked for yet" in capsys.readouterr().out
