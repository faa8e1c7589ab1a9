"""The parts that a notebook or text file builds, found without running it."""

import ast
import json
import re
from pathlib import Path

from tinytorch.workshop import names

Answers = dict[str, tuple[str, int]]
_BUILD = re.compile(r"^@(?:workshop\.)?build\(\s*[\"']([\w.]+)[\"']\s*\)", re.MULTILINE)
_CELL = re.compile(r"^# %%", re.MULTILINE)


def answers(path: Path) -> Answers:
    """Return (source, its line in the cell) by address, for every `@build` cell.

    Raises OSError, or ValueError for a file that is neither notebook nor Python text.
    """
    text = path.read_text(encoding="utf-8")
    cells = (
        _notebook_cells(text, path) if path.suffix == ".ipynb" else _CELL.split(text)
    )
    found: Answers = {}
    for cell in cells:
        found |= _of_cell(cell)
    return found


def _notebook_cells(text: str, path: Path) -> list[str]:
    try:
        cells = json.loads(text)["cells"]
        return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is no notebook: {error!r}") from error


def _of_cell(cell: str) -> Answers:
    """Return a cell's parts; one that Python cannot read goes from `@build` on."""
    try:
        tree = ast.parse(cell)
    except SyntaxError:
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
