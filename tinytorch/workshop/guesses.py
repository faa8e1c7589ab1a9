"""Guesses before a measurement: one that was put into words is one to learn from."""

from __future__ import annotations

from typing import Any

from tinytorch.workshop import view

DUE = "Write your guess in place of the three dots, and run the cell again."
NO_GUESS = "no guess"


class Prediction:
    """A question, the reader's guess, and, once it is known, what was measured."""

    def __init__(self, question: str, guess: Any, unit: str) -> None:
        self.question, self.guess, self.unit = question, guess, unit
        self.value: Any = ...

    def measured(self, value: Any) -> None:
        """Keep what was measured, and show it beside the guess."""
        self.value = value
        rows = (("you said", self.said), ("measured", self.shown(value)))
        view.show(view.Panel(self.question, rows))

    @property
    def said(self) -> str:
        """The guess in words."""
        return NO_GUESS if self.guess is ... else self.shown(self.guess)

    def shown(self, value: Any) -> str:
        """Return a guess or a measured value with its unit, three digits of a float."""
        text = f"{value:,.3g}" if isinstance(value, float) else str(value)
        if isinstance(value, float) and abs(value) >= 1000:
            text = f"{value:,.0f}"
        return f"{text} {self.unit}".strip()


_asked: dict[str, Prediction] = {}


def predict(question: str, guess: Any = ..., unit: str = "") -> Prediction:
    """Ask for a guess; `measured` of what comes back shows it beside the truth.

    guess: a number or a word; `...`, as the lesson has it, is none yet, which is said
    kindly and stops nothing. Asked again, a question forgets its earlier guess.
    """
    made = Prediction(question, guess, unit)
    _asked[question] = made
    if guess is ...:
        view.show(view.Panel("A guess is due", ((question, DUE),)))
    else:
        view.show(view.Panel(question, (("you say", made.said),), view.GOOD))
    return made


def predictions() -> None:
    """Show every guess of this notebook beside what was measured."""
    rows = []
    for made in _asked.values():
        value = "not measured yet" if made.value is ... else made.shown(made.value)
        rows.append((made.question, f"you said {made.said}; measured: {value}"))
    title = "Your guesses" if rows else "No guess was asked for yet"
    view.show(view.Panel(title, tuple(rows)))


def forget() -> None:
    """Begin anew, as a fresh kernel does."""
    _asked.clear()
