"""The reference of the library, from its docstrings: ``api/``, made by pdoc."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

BROWSER = Path(__file__).with_name("browser")
#: The checks of lessons and the graders are no part of what one programs with.
LEFT_OUT = ("tinytorch.workshop.curriculum", "tinytorch.workshop.grading")


def build(out: Path, root: Path) -> None:
    """Write a page for each public module. Exits with what pdoc says if it fails."""
    modules = ["tinytorch", *(f"!{name}" for name in LEFT_OUT)]
    picture = quote((BROWSER / "icon.svg").read_text())
    command = [sys.executable, "-m", "pdoc", *modules, "--no-show-source"]
    command += ["--favicon", f"data:image/svg+xml,{picture}"]
    done = subprocess.run(
        [*command, "--output-directory", str(out / "api")],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "0"},
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nmake site: pdoc failed")
