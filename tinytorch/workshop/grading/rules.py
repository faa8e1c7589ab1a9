"""What no part of the course needs, and whoever forges a verdict does.

A body that reaches for one of these is not run at all. This is the first fence, not
the last: names can be built out of pieces. Behind it stand the box, which keeps the
machine and the other submissions safe, and the comparison of values in `verdicts`.
"""

import ast

# Modules of which a body could use one that its own module has imported.
NEAR = {"sys", "os", "gc", "inspect", "importlib", "builtins", "ctypes", "subprocess"}
IMPORTS = NEAR | {"js", "pyodide", "pyodide_js", "socket", "traceback", "types"}
IMPORTS |= {"threading", "multiprocessing", "signal", "pickle", "marshal", "shutil"}
IMPORTS |= {"pathlib", "tempfile", "urllib", "http", "asyncio", "linecache", "workshop"}
BUILTINS = {"exec", "eval", "compile", "open", "globals", "locals", "breakpoint"}
BUILTINS |= {"__import__", "__builtins__", "__loader__", "__spec__"}
# An object's way to its code, its frame, its module or the classes that there are.
ATTRIBUTES = {"tb_frame", "f_back", "f_locals", "f_globals", "f_builtins", "f_code"}
ATTRIBUTES |= {"gi_frame", "cr_frame", "ag_frame", "_getframe", "settrace"}
ATTRIBUTES |= {"attrgetter", "methodcaller"}
ATTRIBUTES |= {f"__{name}__" for name in ("globals", "code", "closure", "builtins")}
ATTRIBUTES |= {f"__{name}__" for name in ("subclasses", "traceback", "loader", "spec")}
ATTRIBUTES |= {f"__{name}__" for name in ("mro", "bases", "getattribute", "import")}


def reaches_for(source: str) -> str | None:
    """Return the first name in a source that no part needs, or None.

    None too for what Python cannot read: that fails its checks by itself.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    own = _bound(tree)
    for node in ast.walk(tree):
        free = [
            n for n in _names(node) if not isinstance(node, ast.Name) or n not in own
        ]
        found = next((name for name in free if _foreign(node, name)), None)
        if found:
            return found
    return None


def _bound(tree: ast.AST) -> set[str]:
    """Return the names that a source gives to things of its own."""
    nodes = list(ast.walk(tree))
    stored = {
        n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    return stored | {node.arg for node in nodes if isinstance(node, ast.arg)}


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [part for a in node.names for part in a.name.split(".")]
        case ast.ImportFrom():
            names = [alias.name for alias in node.names]
            return [*(node.module or "").split("."), *names]
        case ast.Name():
            return [node.id]
        case ast.Attribute():
            return [node.attr]
        case ast.Constant(value=str(text)):
            return [text]  # for getattr
    return []


def _foreign(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom():
            return name in IMPORTS
        case ast.Name():
            return name in BUILTINS | NEAR
        case ast.Attribute():
            return name in ATTRIBUTES | NEAR | {"workshop"}
    return name in ATTRIBUTES
