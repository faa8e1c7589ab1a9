"""argparse for people in a notebook: suggestions, and no end of the process."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Iterable
from typing import Any, NoReturn


class UsageError(Exception):
    """The command line makes no sense; the message says why and what would."""


class HelpShown(Exception):  # noqa: N818 - nothing went wrong
    """Help was printed, and there is nothing else to do."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError or HelpShown where argparse would end the process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"formatter_class": _Help, **kwargs})
        self._commands: Any = None
        about = "say it as one JSON object"
        unset = argparse.SUPPRESS  # what a command's own parser does not overwrite
        self.add_argument("--json", action="store_true", default=unset, help=about)

    def add(
        self,
        name: str,
        about: str,
        run: Callable[[argparse.Namespace], int] | None = None,
    ) -> Parser:
        """Add a command, which calls `run` or has commands of its own."""
        if self._commands is None:
            self._commands = self.add_subparsers(metavar="COMMAND", required=True)
        description = f"{about[0].upper()}{about[1:]}."
        made: Parser = self._commands.add_parser(
            name, help=about, description=description
        )
        if run is not None:
            made.set_defaults(run=run)
        return made

    def parse(self, words: list[str]) -> argparse.Namespace:
        """Return what the words mean; a wrong command names the likeliest right one."""
        parser = self
        for word in words:
            if parser._commands is None or word.startswith("-"):
                break
            known = parser._commands.choices
            if word not in known:
                about = f"there is no command {word!r}{perhaps(word, known)}"
                raise UsageError(f"{about}\n{parser.format_help()}")
            parser = known[word]
        chosen = self.parse_args(words)
        chosen.json = getattr(chosen, "json", False)
        return chosen

    def words(self, above: str = "") -> dict[str, list[str]]:
        """Return the commands that may follow, by the words so far ("" or "lesson")."""
        if self._commands is None:
            return {}
        known = self._commands.choices
        found = {above: list(known)}
        for name, parser in known.items():
            found |= parser.words(f"{above} {name}".strip())
        return found

    def error(self, message: str) -> NoReturn:
        """Raise, with how it is used."""
        raise UsageError(f"{message}\n{self.format_usage()}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Raise: argparse comes here when it has shown its help."""
        raise HelpShown


class _Help(argparse.HelpFormatter):
    """Keeps a command and its description on one line."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=20, width=88)


def perhaps(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" with the known word most like this one, if any is."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
