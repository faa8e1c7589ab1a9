"""What this machine offers: the findings that `tito doctor` lists."""

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import tinytorch
from tinytorch import backends
from tinytorch.benchmark import clock_step
from tinytorch.utils.data.assets import default_location, open_assets
from tinytorch.workshop import store


@dataclass(frozen=True)
class Finding:
    """A fact about this machine; `fault` says that something will not work."""

    label: str
    text: str
    fault: bool = False


def findings() -> list[Finding]:
    """Examine this machine; every figure is measured now."""
    look: list[tuple[str, Callable[[], str]]] = [
        ("python", python),
        ("platform", platform.platform),
        ("numpy", lambda: np.__version__),
        ("tinytorch", lambda: tinytorch.__version__),
        ("backend", backends.report),
        ("clock", lambda: f"ticks every {clock_step() * 1e6:.3g} µs"),
        ("memory", memory),
        ("your files", files),
        ("kept", kept),
        ("data", data),
    ]
    return [_finding(label, fact) for label, fact in look]


def _finding(label: str, fact: Callable[[], str]) -> Finding:
    try:
        return Finding(label, fact())
    except (OSError, ValueError, RuntimeError) as error:
        return Finding(label, str(error), fault=True)


def python() -> str:
    """Return Python's version, and where it runs."""
    where = "this browser tab" if sys.platform == "emscripten" else sys.executable
    return f"{platform.python_version()} in {where}"


def memory() -> str:
    """Return this machine's memory; in a browser, what Python took and may take."""
    if sys.platform == "emscripten":
        import pyodide_js  # type: ignore[import-not-found]

        taken = pyodide_js._module.HEAP8.length
        return f"{taken / 2**20:.0f} MiB taken of the 4 GiB that a tab can give"
    if not hasattr(os, "sysconf"):
        return "not known on this platform"
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{total / 2**30:.1f} GiB in this machine"


def files() -> str:
    """Return where saved parts go. Raises OSError if nothing can be written there."""
    if not store.lasting():
        raise OSError(store.NO_DRIVE)
    folder = store.root().parent
    probe = folder / ".tinytorch-probe"
    probe.write_text("written")
    try:
        if probe.read_text() != "written":
            raise OSError(f"{folder} does not keep what is written to it")
    finally:
        probe.unlink()
    return f"in {store.root()}"


def kept() -> str:
    """Return whether the browser promised to keep its storage."""
    if sys.platform != "emscripten":
        return "on this machine's disk"
    import js  # type: ignore[import-not-found]

    if getattr(js, "storageKept", None):
        return "yes, the browser promised not to clear its storage by itself"
    return (
        "perhaps not: the browser may clear its storage when it needs space or you "
        "stay away for long; workshop.export() is the safe copy"
    )


def data() -> str:
    """Return where the data sets are. Raises OSError if they cannot be reached."""
    manifest = open_assets().manifest
    sets = [name for name, entry in manifest.items() if isinstance(entry, dict)]
    return f"{', '.join(sets)} at {default_location()}"
