"""The package is built in floors: a module imports from its own floor or below."""

import ast
from pathlib import Path

import pytest

import tinytorch

PACKAGE = Path(tinytorch.__file__).parent
# The longest prefix counts; "" is the package itself, which gathers the public names.
FLOORS = {
    "backends": 0,
    "dtypes": 0,
    "expect": 0,
    "graph_memory": 0,
    "random": 0,
    "autograd": 1,
    "graph_drawing": 1,
    "ops": 2,
    "tensor": 3,
    "tensor_math": 3,
    "tensor_operators": 3,
    "tensor_shape": 3,
    "creation": 3,
    "functions": 3,
    "nn": 4,
    "optim": 4,
    "text": 4,
    "utils": 4,
    "models": 5,
    "training": 5,
    "saving": 5,
    "quantization": 5,
    "compression": 5,
    "benchmark": 5,
    "": 6,
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
    for name in ("random", "dtypes", "expect", "backends/numpy"):
        path = PACKAGE / f"{name}.py"
        assert imports(path.read_text(), path) == set()


# Statements below the workshop; docstrings and imports do not count. What comes new has
# to make room: a reader should get through all of it.
MOST_STATEMENTS = 7_000


def statements(path: Path) -> int:
    """Count what a module says, whatever lines the formatter makes of it."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = sum(
        isinstance(n, documented) and bool(ast.get_docstring(n)) for n in nodes
    )
    imports = sum(isinstance(n, ast.Import | ast.ImportFrom) for n in nodes)
    return sum(isinstance(n, ast.stmt) for n in nodes) - docstrings - imports


def test_the_library_stays_small() -> None:
    counts = {module_name(path): statements(path) for path in SOURCES}
    library = sum(n for name, n in counts.items() if floor(name) < FLOORS["workshop"])
    assert library <= MOST_STATEMENTS


def test_statements_are_counted_without_docstrings_and_imports(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        '"""A."""\nimport a\n\n\ndef f(\n    x,\n):\n    """B."""\n    return x\n'
    )
    assert statements(path) == 2
