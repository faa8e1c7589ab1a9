"""What an argument must be, in one line; the error says what was expected and got."""

from collections.abc import Collection


def at_least(least: float, **values: float) -> None:
    """Raise ValueError for a named value below `least`, or nan."""
    for name, value in values.items():
        if not value >= least:
            raise ValueError(f"expected {name} of at least {least}, got {value}")


def between(low: float, high: float, **values: float) -> None:
    """Raise ValueError for a named value outside low to high, both included, or nan."""
    for name, value in values.items():
        if not low <= value <= high:
            raise ValueError(f"expected {name} from {low} to {high}, got {value}")


def divisible(by: int, **values: int) -> None:
    """Raise ValueError for a named value that `by`, at least 1, does not divide."""
    for name, value in values.items():
        if by < 1 or value % by:
            raise ValueError(f"expected {name} divisible by {by}, got {value}")


def one_of(options: Collection[object], **values: object) -> None:
    """Raise ValueError for a named value that is not among the options."""
    for name, value in values.items():
        if value not in options:
            raise ValueError(f"expected {name} out of {options}, got {value!r}")
