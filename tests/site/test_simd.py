"""The C kernels as the site ships them: compiled the same way twice, taken by a tab."""

import shutil
import subprocess
import zipfile

import pytest

from jupyterlite_site import simd

#: What a side module gets from the program that it is loaded into.
IMPORTS = {"memory", "__stack_pointer", "__memory_base", "__table_base"}


def node() -> str:
    """Return Node's path."""
    path = shutil.which("node")
    assert path, "node is not on the PATH; install Node.js 20 or newer"
    return path


@pytest.mark.parametrize("options", [(), simd.FUSED])
def test_equal_sources_give_equal_bytes(options):
    source = simd.SOURCE.read_bytes()
    first = simd.compile_module(source, options)
    assert first == simd.compile_module(source, options)


def test_the_module_needs_no_library():
    list_imports = (
        "const bytes = require('node:fs').readFileSync(0);"
        "const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));"
        "console.log(imports.map(({ name }) => name).join(' '))"
    )
    module = simd.compile_module(simd.SOURCE.read_bytes())
    done = subprocess.run(
        [node(), "-e", list_imports], input=module, capture_output=True
    )
    assert set(done.stdout.decode().split()) == IMPORTS, done.stderr


def test_a_mistake_in_the_source_ends_the_build():
    with pytest.raises(SystemExit, match="use of undeclared identifier"):
        simd.compile_module(b"int f(void) { return missing; }")


def test_the_wheel_brings_the_kernels_and_stays_pure(site):
    (wheel,) = (site / "static" / "pyodide").glob("tinytorch-*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    source = simd.SOURCE.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        shipped = archive.read("tinytorch/backends/simd.wasm")
        fused = archive.read("tinytorch/backends/simd_fused.wasm")
    assert shipped == simd.compile_module(source)
    assert fused == simd.compile_module(source, simd.FUSED)


def test_python_without_fused_products_computes_on_the_other_module(tests_in_pyodide):
    """Node 20 has none unless asked; later ones, like browsers, always do."""
    contract = "tests/tinytorch/backends/test_contract.py"
    done = tests_in_pyodide(contract, oldest=True)
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_notebook_computes_on_the_kernels(open_notebook):
    notebook = open_notebook("welcome.ipynb")
    notebook.set_source(0, "from tinytorch import backends; print(backends.report())")
    (shown,) = notebook.run_all()[:1]
    assert "simd: C kernels" in shown
    assert "multiplying and adding at once" in shown
