"""Runs in the first box of an image: compiles what judging imports."""

import base64
import json
import marshal
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source
from zipimport import zipimporter

sys.path.insert(0, "/lib/box")

from tinytorch.workshop.grading import inside  # noqa: E402 - the path comes first

inside.warm_up()


def judge(job: str) -> str:
    """Return JSON: compiled modules in base64, by the path that Python looks at."""
    specs = [getattr(module, "__spec__", None) for module in sys.modules.values()]
    found = [compiled(spec) for spec in specs if isinstance(spec, ModuleSpec)]
    return json.dumps(dict(pair for pair in found if pair))


def compiled(spec: ModuleSpec) -> tuple[str, str] | None:
    """Return (path, base64) of a module that was imported from source, else None."""
    path = spec.origin or ""
    loader = spec.loader
    if not path.endswith(".py") or not isinstance(
        loader, zipimporter | SourceFileLoader
    ):
        return None
    source = loader.get_data(path)
    code = compile(source, path, "exec", dont_inherit=True)
    # Flag 1, and no hash that anyone compares: https://peps.python.org/pep-0552/
    unchecked = MAGIC_NUMBER + b"\1\0\0\0" + bytes(8) + marshal.dumps(code)
    zipped = ".zip/" in path  # there a compiled module lies beside its source
    where = f"{path}c" if zipped else cache_from_source(path)
    return where, base64.b64encode(unchecked).decode()
