"""The site's own Python, under Node."""

from tests.conftest import ROOT

#: Need processes, or compiled modules, that exist on a desktop only.
DESKTOP_ONLY = ("import subprocess", "hypothesis", "import onnx", "import safetensors")


def test_a_script_runs_and_passes_its_status_on(pyodide):
    done = pyodide("-m", "platform")
    assert done.returncode == 0, done.stderr
    assert "wasm32" in done.stdout
    failed = pyodide("-m", "json.tool", "no-such-file")
    assert failed.returncode == 1
    assert "FileNotFoundError" in failed.stderr


def test_the_library_passes_its_own_tests(pyodide):
    files = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "tests" / "tinytorch").rglob("test_*.py"))
        if not any(name in path.read_text() for name in DESKTOP_ONLY)
    ]
    plugins = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    done = pyodide("-m", "pytest", *plugins, *files)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
