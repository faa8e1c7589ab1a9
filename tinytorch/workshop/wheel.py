"""The student's own tinytorch as a wheel: the package with their bodies in it."""

import ast
import base64
import hashlib
import importlib.metadata
import textwrap
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

import tinytorch
from tinytorch.workshop import archive, session, store
from tinytorch.workshop.candidate import with_imports
from tinytorch.workshop.place import PACKAGE, find, node_of

# A student's annotation may name what the module of the part does not know.
_LAZY = "from __future__ import annotations"
MINE = "+mine"
COMMANDS = "[console_scripts]\ntito = tinytorch.workshop.cli:main\n"


def package_files() -> Iterator[tuple[str, bytes]]:
    """Yield the package's files with the student's bodies in place of ours."""
    saved = store.saved()
    bodies: dict[str, dict[str, str]] = {}
    for address in session.mine():
        of_module = bodies.setdefault(find(address).module.__name__, {})
        body = saved[address].source()[0]
        of_module[address] = with_imports(find(address), body)
    for name, file in _walk(resources.files(PACKAGE), PurePosixPath(PACKAGE)):
        content = file.read_bytes()
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if module in bodies:
            content = replace_bodies(content.decode(), bodies[module]).encode()
        if module == PACKAGE:
            ours, mine = (
                f'__version__ = "{v}"' for v in (tinytorch.__version__, version())
            )
            content = content.decode().replace(ours, mine).encode()
        yield name, content


def replace_bodies(source: str, bodies: dict[str, str]) -> str:
    """Return a module's source with other functions in place, by their addresses."""
    lines = source.splitlines()
    edits = []
    for address, body in bodies.items():
        node, _ = node_of(find(address))
        own = textwrap.dedent(body).rstrip()
        edits.append((node.lineno, node.end_lineno, node.col_offset, own))
    for first, last, indent, own in sorted(edits, reverse=True):
        lines[first - 1 : last] = textwrap.indent(own, " " * indent).splitlines()
    if _LAZY not in lines:
        docstring = ast.parse(source).body[0]
        lines[docstring.end_lineno : docstring.end_lineno] = ["", _LAZY]
    text = "\n".join(lines) + "\n"
    ast.parse(text)  # a module that cannot be read must not be handed out
    return text


def build_wheel(package: dict[str, bytes]) -> tuple[str, bytes]:
    """Return (file name, bytes) of a wheel: the format is a zip with a record.

    It is a version of its own, `…+mine`, with our licence and the command `tito`.
    """
    info = f"{PACKAGE}-{version()}.dist-info"
    metadata = (
        f"Metadata-Version: 2.4\nName: {PACKAGE}\nVersion: {version()}\n"
        f"Summary: A deep-learning framework, {len(session.mine())} parts of it mine\n"
        "License-Expression: MIT\nLicense-File: LICENSE\n"
        "Requires-Python: >=3.11\nRequires-Dist: numpy>=2.0\n"
    )
    tags = "Wheel-Version: 1.0\nGenerator: tinytorch\nRoot-Is-Purelib: true\n"
    every = {
        **package,
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": f"{tags}Tag: py3-none-any\n".encode(),
        f"{info}/entry_points.txt": COMMANDS.encode(),
        f"{info}/licenses/LICENSE": _licence(),
    }
    record = "".join(f"{name},{_digest(body)}\n" for name, body in every.items())
    every[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"{PACKAGE}-{version()}-py3-none-any.whl", archive.pack(every)


def version() -> str:
    """Return the version of a student's own package."""
    return f"{tinytorch.__version__.removesuffix(MINE)}{MINE}"


def _licence() -> bytes:
    text = importlib.metadata.distribution(PACKAGE).read_text("licenses/LICENSE")
    if text is None:
        raise FileNotFoundError(f"{PACKAGE} was installed without its LICENSE")
    return text.encode()


def _digest(body: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=")
    return f"sha256={digest.decode()},{len(body)}"


def _walk(
    folder: Traversable, name: PurePosixPath
) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _walk(entry, name / entry.name)
        elif entry.is_file():
            yield str(name / entry.name), entry
