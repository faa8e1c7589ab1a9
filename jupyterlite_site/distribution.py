"""A Pyodide distribution with just the wheels that the notebooks use.

The interpreter comes from the pinned npm tarball, official wheels by the hashes in
its lock, the kernel's pure-Python packages from PyPI by those in locks/kernel.txt.
"""

import email
import hashlib
import json
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .fetch import fetch_pin, fetch_pyodide_wheel, fetch_requirements, load_pins

INTERPRETER = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
STDLIB = "python_stdlib.zip"
LOCK = "pyodide-lock.json"
KERNEL_LOCK = Path(__file__).parent / "locks" / "kernel.txt"
KERNEL_EXTENSION = (
    Path(sys.prefix)
    / "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension"
)
#: Wheels that come inside the installed JupyterLite kernel extension.
EXTENSION_WHEELS = ("ipykernel", "piplite", "pyodide_kernel")

#: IPython completes names without jedi, from the live objects; it weighs 5 MB.
OMITTED = {"jedi", "parso"}
#: The data sheets are decoded by synchronous code, which cannot load Pillow on demand.
EXTRA_DEPENDS = {"tinytorch": ["pillow"]}

_MARKERS = {
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_system": "Emscripten",
    "sys_platform": "emscripten",
    "extra": "",
}


def build(out: Path, own_wheels: Iterable[Path]) -> None:
    """Write the distribution to ``out``, with ``own_wheels`` in its lock."""
    out.mkdir(parents=True)
    with tarfile.open(fetch_pin(load_pins()["pyodide"]["npm"])) as tarball:
        for name in (*INTERPRETER, STDLIB):
            with tarball.extractfile(f"package/{name}") as packed:
                (out / name).write_bytes(packed.read())
        official = json.load(tarball.extractfile(f"package/{LOCK}"))
    packages = _with_dependencies(
        official["packages"], load_pins()["pyodide"]["wheels"]
    )
    for package in packages.values():
        wheel = fetch_pyodide_wheel(package["file_name"], package["sha256"])
        shutil.copyfile(wheel, out / package["file_name"])
    python = official["info"]["python"]
    kernel = fetch_requirements(KERNEL_LOCK, python)
    for wheel in (*kernel, *extension_wheels(), *own_wheels):
        shutil.copyfile(wheel, out / wheel.name)
        entry = lock_entry(wheel, python)
        entry["depends"] += EXTRA_DEPENDS.get(entry["name"], [])
        packages[entry["name"]] = entry
    _check_closed(packages)
    lock = {"info": official["info"], "packages": packages}
    (out / LOCK).write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n")


def first_files(directory: Path, packages: Iterable[str]) -> list[str]:
    """Name the files of a built distribution that loading ``packages`` fetches."""
    lock = json.loads((directory / LOCK).read_text())
    wheels = _with_dependencies(lock["packages"], packages).values()
    return [*INTERPRETER, STDLIB, LOCK, *(wheel["file_name"] for wheel in wheels)]


def extension_wheels() -> list[Path]:
    """Return the kernel's own wheels, out of the installed labextension."""
    directory = KERNEL_EXTENSION / "static" / "pypi"
    return [next(directory.glob(f"{name}-*.whl")) for name in EXTENSION_WHEELS]


def lock_entry(wheel: Path, python: str) -> dict:
    """Describe a pure-Python wheel the way pyodide-lock.json does."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata_file = next(n for n in names if n.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(metadata_file))
    tops = {name.partition("/")[0] for name in names if name.endswith(".py")}
    return {
        "name": canonicalize_name(metadata["Name"]),
        "version": metadata["Version"],
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": sorted(top.removesuffix(".py") for top in tops),
        "depends": _requirements(metadata.get_all("Requires-Dist", []), python),
        "unvendored_tests": False,
    }


def _requirements(lines: list[str], python: str) -> list[str]:
    major_minor = ".".join(python.split(".")[:2])
    environment = _MARKERS | {
        "python_version": major_minor,
        "python_full_version": python,
    }
    requirements = map(Requirement, lines)
    return sorted(
        canonicalize_name(requirement.name)
        for requirement in requirements
        if requirement.name not in OMITTED
        and (requirement.marker is None or requirement.marker.evaluate(environment))
    )


def _with_dependencies(packages: dict, names: Iterable[str]) -> dict:
    chosen: dict[str, dict] = {}
    todo = list(names)
    while todo:
        name = canonicalize_name(todo.pop())
        if name not in chosen:
            chosen[name] = packages[name]
            todo += packages[name]["depends"]
    return chosen


def _check_closed(packages: dict) -> None:
    for name, package in packages.items():
        if missing := {canonicalize_name(d) for d in package["depends"]} - set(
            packages
        ):
            raise ValueError(
                f"{name} needs {', '.join(sorted(missing))}, which is in neither "
                "pins.toml nor locks/kernel.txt: add it there and run `make pins`"
            )
