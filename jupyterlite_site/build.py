"""Build the whole site: ``python -m jupyterlite_site.build``.

Everything is made in a scratch directory; the finished site replaces the old one in
one rename, so a failed build leaves the last good site as it was.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinytorch.workshop import notebooks

from . import data, distribution, pages, reference, simd
from .distribution import KERNEL_EXTENSION
from .fetch import FetchError

HERE = Path(__file__).parent
ROOT = HERE.parent
DIST = HERE / "dist"
WORK = HERE / "build"


def main() -> None:
    """Build into ``jupyterlite_site/dist``; a failed download is one line."""
    try:
        with only_builder():
            build(DIST, WORK / "work")
    except FetchError as error:
        sys.exit(f"make site: {error}")


def build(dist: Path, work: Path) -> None:
    """Build the site in ``work`` and move it to ``dist``."""
    shutil.rmtree(work, ignore_errors=True)
    lite, out = work / "lite", work / "out"
    shutil.copytree(HERE / "lite", lite)
    with step("kernels"):
        simd.build()
    with step("wheel"):
        wheel = build_wheel(work / "wheels")
    with step("pyodide"):
        distribution.build(work / "pyodide", [wheel])
    with step("notebooks"):
        made = notebooks.build(ROOT / "content", lite / "files")
    with step("jupyterlite"):
        build_jupyterlite(lite, out)
    with step("data"):
        data.build(out / "data")
    with step("pages"):
        (out / "static").mkdir()
        os.replace(work / "pyodide", out / "static" / "pyodide")
        (out / notebooks.VERSIONS).write_text(notebooks.versions(ROOT / "content"))
        pages.build(out, made)
    with step("reference"):
        reference.build(out, ROOT)
    shutil.rmtree(dist, ignore_errors=True)
    os.replace(out, dist)


@contextmanager
def only_builder() -> Iterator[None]:
    """Wait until no other build of this checkout is running."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_wheel(out: Path) -> Path:
    """Build the library's wheel; equal sources give equal bytes."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    _run([*command, "-d", str(out)], ROOT)
    (wheel,) = out.glob("*.whl")
    return wheel


def build_jupyterlite(lite: Path, out: Path) -> None:
    """Run ``jupyter lite build`` from a clean output directory."""
    command = [sys.executable, "-m", "jupyterlite_core", "build"]
    directories = ["--lite-dir", str(lite), "--output-dir", str(out)]
    extension = f"--LiteBuildConfig.federated_extensions={KERNEL_EXTENSION}"
    _run([*command, *directories, extension, "--contents", str(lite / "files")], lite)


def _run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"SOURCE_DATE_EPOCH": "315532800"},  # zip's first day
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nmake site: {' '.join(command[1:4])} failed")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print how long a build step took."""
    start = time.perf_counter()
    yield
    print(f"{name:<12}{time.perf_counter() - start:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
