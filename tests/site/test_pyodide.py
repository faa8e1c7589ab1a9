"""The site's own Python, under Node."""

import re

from tests.conftest import ROOT

#: What a test file imports if it cannot run here, and why.
DESKTOP_ONLY = {
    "hypothesis": "its engine is a compiled module that exists for the desktop only",
    "onnx": "likewise",
    "safetensors": "likewise",
    "jupyterlite_site": "the build's tools are not on the site",
    "tokenizers": "likewise",
    "wasmtime": "a tab has WebAssembly of its own",
    "subprocess": "a tab starts no other program",
    "mypy": "a type checker reads the same source anywhere",
    "jupytext": "the build's tools are not on the site",
    "grading": "the box is a process of its own, with a Python in it",
    "mutants": "grading the checks is the same work anywhere, and slower here",
}
_IMPORTS = re.compile(rf"^\s*(?:from|import) .*\b({'|'.join(DESKTOP_ONLY)})\b", re.M)


def test_a_script_runs_and_passes_its_status_on(pyodide):
    done = pyodide("-m", "platform")
    assert done.returncode == 0, done.stderr
    assert "wasm32" in done.stdout
    failed = pyodide("-m", "json.tool", "no-such-file")
    assert failed.returncode == 1
    assert "FileNotFoundError" in failed.stderr


def test_the_library_passes_its_own_tests(tests_in_pyodide):
    files = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "tests" / "tinytorch").rglob("test_*.py"))
        if not _IMPORTS.search(path.read_text())
    ]
    done = tests_in_pyodide(*files)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
