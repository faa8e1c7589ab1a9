"""Pairs of submissions that are alike beyond what one exercise makes everyone write.

Two bodies are alike if their syntax trees are equal once names, docstrings and layout
are gone. Short ones, and ones that a third of the class has, say nothing: that is how
one writes them. What remains is a reason to talk, and no proof.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

from tinytorch.workshop.grading.submissions import Submission

SHORT = 60  # nodes of a tree: about five plain lines
COMMON = 1 / 3  # of those who wrote the part


@dataclass(frozen=True)
class Pair:
    """Two students, and the telling parts that both wrote alike."""

    one: str
    other: str
    parts: tuple[str, ...]
    telling: int  # how many telling parts both have, alike or not

    @property
    def share(self) -> float:
        """How much of what could tell them apart does not, from 0 to 1."""
        return len(self.parts) / self.telling


def pairs(submissions: list[Submission]) -> list[Pair]:
    """Return pairs with at least two telling parts alike, the most alike first."""
    shapes = {one.name: _shapes(one) for one in submissions}
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, trees in shapes.items():
        for address, tree in trees.items():
            groups[address, tree].append(name)
    wrote: dict[str, int] = defaultdict(int)
    for (address, _), names in groups.items():
        wrote[address] += len(names)
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (address, _), names in groups.items():
        if len(names) <= max(2, COMMON * wrote[address]):
            for pair in combinations(sorted(names), 2):
                alike[pair].append(address)
    found = [
        Pair(*pair, tuple(sorted(parts)), len(shapes[pair[0]].keys() & shapes[pair[1]]))
        for pair, parts in alike.items()
        if len(parts) >= 2
    ]
    return sorted(found, key=lambda pair: (-len(pair.parts), -pair.share, pair.one))


def _shapes(one: Submission) -> dict[str, str]:
    """Return the normal form of each body that is long enough to tell something."""
    found = {a: normal_form(source) for a, (source, _) in one.answers.items()}
    return {address: shape for address, shape in found.items() if shape}


def normal_form(source: str) -> str:
    """Return a body's tree as text without names; "" for a short or broken one."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    renamed = _Renamed().visit(copy.deepcopy(tree))
    if sum(1 for _ in ast.walk(renamed)) < SHORT:
        return ""
    return ast.dump(renamed)


class _Renamed(ast.NodeTransformer):
    """Numbers a body's own names in the order in which they come."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def _number(self, name: str) -> str:
        return self._numbers.setdefault(name, f"n{len(self._numbers)}")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:  # noqa: N802
        node.decorator_list, node.returns = [], None
        node.name = self._number(node.name)
        first = node.body[0]
        if ast.get_docstring(node) is not None and len(node.body) > 1:
            node.body.remove(first)
        self.generic_visit(node)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self._number(node.arg))

    def visit_Name(self, node: ast.Name) -> ast.AST:  # noqa: N802
        return ast.Name(self._number(node.id), node.ctx)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:  # noqa: N802
        return ast.Constant("") if isinstance(node.value, str) else node


def same_meaning(source: str) -> str:
    """Return a text that is the same for bodies with the same meaning, and no others.

    Layout, comments and docstrings are gone, and names that the body gives to values
    of its own are numbered. Parameters, and names that anything else has, stay.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    nodes = list(ast.walk(tree))
    stored = {
        node.id: None
        for node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    taken = {node.arg for node in nodes if isinstance(node, ast.arg)} | set(
        dir(builtins)
    )
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            taken.add(node.name)
            if ast.get_docstring(node) is not None and len(node.body) > 1:
                del node.body[0]
        elif isinstance(node, ast.Global | ast.Nonlocal):
            taken.update(node.names)
        elif isinstance(
            node, ast.alias | ast.ExceptHandler | ast.MatchAs | ast.MatchStar
        ):
            taken.update(filter(None, [getattr(node, "asname", None), node.name]))
    own = {
        name: f"own {i}" for i, name in enumerate(n for n in stored if n not in taken)
    }
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in own:
            node.id = own[node.id]
    return ast.dump(tree)
