"""Wrong bodies made from a right one, each by a single change."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

_BINARY = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_COMPARE = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
# zip(strict=True) guards our own code; without it no result changes.
_UNREAD = ("raise ",)  # the words of an error are free
_NAMES = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "zeros": "ones",
    "ones": "zeros",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "sum": "max",
    "mean": "sum",
    "argmax": "argmin",
    "exp": "abs",
    "log": "abs",
    "sqrt": "abs",
    "any": "all",
    "all": "any",
    "sin": "cos",
    "cos": "sin",
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield (what was changed, changed source) for a function's source."""
    tree = ast.parse(source)
    count = sum(1 for _ in ast.walk(tree))
    seen = {ast.unparse(tree)}
    for number in range(count):
        for variant in range(_most_variants(tree, number)):
            changed = copy.deepcopy(tree)
            what = _change(changed, number, variant)
            text = ast.unparse(ast.fix_missing_locations(changed)) if what else ""
            if text and text not in seen:
                seen.add(text)
                yield what, text
    yield from _whole_bodies(tree)


def _node(tree: ast.AST, number: int) -> ast.AST:
    return list(ast.walk(tree))[number]


def _most_variants(tree: ast.AST, number: int) -> int:
    node = _node(tree, number)
    if isinstance(node, ast.FunctionDef | ast.For | ast.While | ast.If | ast.With):
        return 2 * len(node.body) + len(getattr(node, "orelse", [])) + 2
    if isinstance(node, ast.Call):
        return len(node.keywords) + 3
    return 3


def _change(tree: ast.Module, number: int, variant: int) -> str:
    """Apply one change in place; returns its description, or "" for none."""
    node = _node(tree, number)
    before = ast.unparse(node)[:80]
    line = _line(tree, node)
    done = False
    if isinstance(node, ast.BinOp | ast.AugAssign) and variant == 0:
        done = _swap_operator(node, _BINARY)
    elif isinstance(node, ast.Compare) and variant == 0:
        done = type(node.ops[0]) in _COMPARE
        if done:
            node.ops[0] = _COMPARE[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp) and variant == 0:
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        done = True
    elif isinstance(node, ast.Constant) and not line.startswith(_UNREAD):
        done = _change_constant(node, variant, line)
    elif isinstance(node, ast.Call):
        done = _change_call(node, variant)
    elif isinstance(node, ast.IfExp) and variant < 2:
        node.test = ast.Constant(value=bool(variant))
        done = True
    elif isinstance(node, ast.UnaryOp) and variant == 0:
        done = isinstance(node.op, ast.USub | ast.Not)
        node.op = ast.UAdd() if isinstance(node.op, ast.USub) else node.op
        if isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(op=ast.Not(), operand=node.operand)
    elif hasattr(node, "body") and isinstance(node.body, list):
        return _drop_statement(node, variant)
    return f"{before} -> {ast.unparse(node)[:80]} in `{line}`" if done else ""


def _line(tree: ast.Module, node: ast.AST) -> str:
    """Return the first line of the statement around a node, before any change."""
    around = [
        s
        for s in ast.walk(tree)
        if isinstance(s, ast.stmt) and any(n is node for n in ast.walk(s))
    ]
    return ast.unparse(around[-1]).splitlines()[0] if around else ""


def _swap_operator(node: Any, table: dict[type, type]) -> bool:
    if type(node.op) not in table:
        return False
    node.op = table[type(node.op)]()
    return True


def _change_constant(node: ast.Constant, variant: int, line: str) -> bool:
    value = node.value
    if isinstance(value, bool) and "strict=" in line:
        return False
    if isinstance(value, bool) and variant == 0:
        node.value = not value
    elif isinstance(value, int) and not isinstance(value, bool) and variant < 2:
        node.value = value + 1 if variant == 0 else value - 1
    elif isinstance(value, float) and variant == 0:
        node.value = value * 1.5 + 0.5
    else:
        return False
    return True


def _change_call(node: ast.Call, variant: int) -> bool:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if variant < len(node.keywords):
        if node.keywords[variant].arg == "strict":
            return False
        del node.keywords[variant]
        return True
    variant -= len(node.keywords)
    if variant == 0 and name in _NAMES:
        other = _NAMES[name]
        if isinstance(node.func, ast.Attribute):
            node.func.attr = other
        else:
            node.func = ast.Name(id=other, ctx=ast.Load())
        return True
    if variant == 1 and name == "range":
        last = node.args[min(1, len(node.args) - 1)]
        shorter = ast.BinOp(left=last, op=ast.Sub(), right=ast.Constant(value=1))
        node.args[min(1, len(node.args) - 1)] = shorter
        return True
    if variant == 2 and name in ("reversed", "sorted", "abs") and len(node.args) == 1:
        node.func = ast.Name(id="tuple" if name != "abs" else "float", ctx=ast.Load())
        return True
    return False


def _drop_statement(node: Any, variant: int) -> str:
    if isinstance(node, ast.If) and variant < 2:
        node.test = ast.Constant(value=bool(variant))
        return f"if -> {bool(variant)}: {ast.unparse(node)[:60]}"
    variant -= 2
    body = node.body
    if 0 <= variant < len(body) and not _is_docstring(body[variant]):
        gone = ast.unparse(body[variant])[:80]
        body[variant] = ast.Pass()
        return f"dropped: {gone}"
    return ""


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _whole_bodies(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The answers of someone who hopes: nothing, zero, or what came in."""
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    names = [a.arg for a in function.args.args]
    bodies = {
        "whole body: stub": "raise NotImplementedError",
        "whole body: None": "return None",
        "whole body: 0": "return 0",
        "whole body: 0.0": "return 0.0",
        "whole body: ()": "return ()",
        "whole body: True": "return True",
        "whole body: False": "return False",
    }
    bodies |= {f"whole body: {n}": f"return {n}" for n in names}
    bodies |= {f"whole body: zeros like {n}": f"return {n} * 0" for n in names}
    for what, body in bodies.items():
        changed = copy.deepcopy(function)
        changed.body = ast.parse(body).body
        yield what, ast.unparse(changed)
