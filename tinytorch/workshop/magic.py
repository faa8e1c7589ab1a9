"""`%tito` in a notebook: the command line, without leaving the page."""

import shlex
import sys

from tinytorch.workshop import cli


def register() -> None:
    """Add the magic to the running notebook, if there is one."""
    if "IPython" not in sys.modules:
        return
    shell = sys.modules["IPython"].get_ipython()
    if shell is not None:
        shell.register_magic_function(tito, "line")


def tito(line: str) -> None:
    """Run a tito command, such as `%tito status`; `%tito --help` lists them."""
    cli.main(shlex.split(line))
