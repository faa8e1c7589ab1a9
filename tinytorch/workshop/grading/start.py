"""Runs in the box once: brings in what judging needs, then closes the ways out."""

import gc
import sys
from typing import Any

sys.path.insert(0, "/lib/box")

from tinytorch.workshop.grading import inside  # noqa: E402 - the path comes first

# The page around Python, and reading or writing memory by its number.
OUTSIDE = {"js", "pyodide", "pyodide_js", "_pyodide", "_pyodide_core"}
OUTSIDE |= {"ctypes", "_ctypes"}


class Closed:
    """Finds none of the modules that lead out of Python."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raise ModuleNotFoundError for what the box has not, and find nothing else."""
        if name.partition(".")[0] in OUTSIDE:
            raise ModuleNotFoundError(f"{name} is not in the box", name=name)


judge = inside.judge
inside.warm_up()
ours = [finder for finder in sys.meta_path if "pyodide" not in type(finder).__module__]
sys.meta_path[:] = [Closed(), *ours]
for name in [name for name in sys.modules if name.partition(".")[0] in OUTSIDE]:
    del sys.modules[name]
# Each job ends with all of memory put back; until then garbage may lie.
gc.collect()
gc.freeze()
gc.disable()
