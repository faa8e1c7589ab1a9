"""The parts that a notebook or text file builds, found without running it."""

import ast
import codecs
import json
import re
from pathlib import Path

from tinytorch.workshop import names

Answers = dict[str, tuple[str, int]]
LARGEST = 32 * 2**20  # bytes: a notebook with pictures has a few million
_BUILD = re.compile(r"^@(?:workshop\.)?build\(\s*[\"']([\w.]+)[\"']\s*\)", re.MULTILINE)
_CELL = re.compile(r"^# %%", re.MULTILINE)


def answers(path: Path) -> tuple[Answers, list[str]]:
    """Return what a file builds, as `answers_in` does for its bytes.

    Raises OSError, or ValueError for a file that is neither notebook nor Python text.
    """
    if path.exists() and not path.is_file():
        raise ValueError(f"{path.name} is no plain file: expected a notebook or .py")
    with path.open("rb") as file:
        return answers_in(file.read(LARGEST + 1), path.name)


def answers_in(body: bytes, name: str) -> tuple[Answers, list[str]]:
    """Return (source, its line in the cell) by address, and what is built twice.

    Of a part that is built twice, the last copy counts, as in a notebook.

    Raises ValueError, which begins with `name`, for what is no notebook or Python text.
    """
    if len(body) > LARGEST:
        raise ValueError(f"{name}: expected at most {LARGEST:,} bytes, got more")
    text = _text(body, name)
    cells = (
        _notebook_cells(text, name) if name.endswith(".ipynb") else _CELL.split(text)
    )
    found: Answers = {}
    twice = []
    for cell in cells:
        built = _of_cell(cell)
        twice += [address for address in built if address in found]
        found |= built
    return found, twice


def _text(body: bytes, name: str) -> str:
    """Return a file's text; a byte order mark before UTF-8 is no part of it."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError(f"{name} is UTF-16: save it as UTF-8")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"byte {error.start} is {body[error.start]:#04x}"
        raise ValueError(f"{name} is no text in UTF-8: {where}") from None


def _notebook_cells(text: str, name: str) -> list[str]:
    try:
        cells = json.loads(text)["cells"]
        return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{name} is no notebook: {error!r}") from error


def _of_cell(cell: str) -> Answers:
    """Return a cell's parts; one that Python cannot read goes from `@build` on."""
    try:
        tree = ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {
            names.current(match[1]): (
                cell[match.start() :],
                cell.count("\n", 0, match.start()) + 1,
            )
            for match in _BUILD.finditer(cell)
        }
    lines = cell.splitlines()
    found = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            match = _BUILD.match("@" + ast.unparse(decorator))
            if match:
                source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                found[names.current(match[1])] = (source, node.lineno)
    return found
