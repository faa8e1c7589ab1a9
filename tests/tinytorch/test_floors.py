"""The package is built in floors: a module imports from its own floor or below."""

import ast
import io
import tokenize
from pathlib import Path

import pytest

import tinytorch

PACKAGE = Path(tinytorch.__file__).parent
# The longest prefix counts; "" is the package itself, which gathers the public names.
FLOORS = {
    "backends": 0,
    "compiler": 0,
    "expect": 0,
    "random": 0,
    "autograd": 1,
    "ops": 2,
    "tensor": 3,
    "nn": 4,
    "optim": 4,
    "saving": 4,
    "text": 4,
    "utils": 4,
    "benchmark": 5,
    "compression": 5,
    "deploy": 5,
    "models": 5,
    "quantization": 5,
    "training": 5,
    "": 6,
    "__main__": 6,
    "workshop": 6,
}
# Who may call the kernels, beside the backends themselves.
SEAM = ("ops", "optim")
SOURCES = sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the dotted name below the package: "" for its own `__init__`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor(module: str) -> int:
    """Return the floor of a module of the package."""
    return FLOORS[module.split(".")[0]]


def is_module(name: str) -> bool:
    path = PACKAGE.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imports(code: str, path: Path) -> set[str]:
    """Return the package's own modules that the code at `path` imports."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            folder = path.relative_to(PACKAGE.parent).parts[: -node.level or None]
            source = ".".join(
                [*folder, node.module or ""] if node.level else [node.module]
            )
            for alias in node.names:
                name = f"{source}.{alias.name}"
                inside = is_module(name.removeprefix("tinytorch."))
                found.add(name if inside else source)
    ours = {name for name in found if name.split(".")[0] == "tinytorch"}
    return {name.removeprefix("tinytorch").removeprefix(".") for name in ours}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_no_import_points_up(path: Path) -> None:
    own = floor(module_name(path))
    up = {name for name in imports(path.read_text(), path) if floor(name) > own}
    assert not up, f"{module_name(path)} on floor {own} imports {sorted(up)}"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f():\n    from tinytorch import nn, optim", {"nn", "optim"}),
        ("import tinytorch", {""}),
        ("from tinytorch.tensor import Tensor", {"tensor"}),
        ("from .sgd import SGD", {"optim.sgd"}),
        ("from ..nn import functional as F", {"nn.functional"}),
        ("import numpy", set()),
    ],
)
def test_an_import_is_seen_however_it_is_written(code: str, expected: set) -> None:
    assert imports(code, PACKAGE / "optim" / "adaptive.py") == expected


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_only_ops_and_optimizers_call_kernels(path: Path) -> None:
    if module_name(path).split(".")[0] in (*SEAM, "backends"):
        return
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "current"
        and isinstance(node.value, ast.Name)
        and node.value.id == "backends"
    ]
    assert not calls, f"{module_name(path)} calls a kernel in lines {calls}"


def test_floor_zero_stands_alone() -> None:
    for name in ("random", "expect", "backends/window"):
        path = PACKAGE / f"{name}.py"
        assert imports(path.read_text(), path) == set()


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return modules that import each other in a ring, or [] if none do."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name in done:
            return []
        for other in sorted(graph.get(name, set())):
            found = walk(other, [*path, name])
            if found:
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


def test_no_imports_close_a_circle() -> None:
    graph = {
        module_name(path): imports(path.read_text(), path) - {""} for path in SOURCES
    }
    assert circle(graph) == []


def test_a_circle_is_seen() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"e"}, "e": {"b"}}
    assert circle(graph) == ["b", "d", "e"]
    assert circle(graph | {"e": {"c"}}) == []


def test_layers_know_windows_and_no_backend() -> None:
    for path in SOURCES:
        module = module_name(path)
        if floor(module) in (3, 4) and not module.startswith("optim"):
            found = {
                name
                for name in imports(path.read_text(), path)
                if name.startswith("backends.")
            }
            assert found <= {"backends.window"}, f"{module} imports {sorted(found)}"


# Lines of code that a reader of the core goes through: no docstrings, comments, blanks.
CORE = ("tensor", "autograd", "ops", "backends.loops", "backends.numpy", "nn", "optim")
MOST_LINES = 4_850


def lines_of_code(source: str) -> int:
    """Count the lines on which there is code that is no docstring."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT}
    skipped |= {tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in skipped:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            text = node.body[0]
            lines -= set(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return len(lines)


def in_core(module: str) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in CORE)


def test_the_core_can_be_read() -> None:
    core = {
        module: lines_of_code(path.read_text())
        for path in SOURCES
        if in_core(module := module_name(path))
    }
    assert sum(core.values()) <= MOST_LINES, core


def test_lines_are_counted_without_docstrings_comments_and_blanks() -> None:
    code = (
        '"""A."""\n\nimport a\n\n\ndef f(  # why\n    x,\n):\n    """B."""\n    # c\n'
    )
    assert lines_of_code(code + "    return x\n") == 5
    assert lines_of_code('text = """\n\nb"""\n') == 3
