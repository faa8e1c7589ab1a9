"""`python -m tinytorch` is `tito`."""

import sys

from tinytorch.workshop.cli import main

if __name__ == "__main__":
    sys.exit(main())
