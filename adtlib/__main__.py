"""`python -m adtlib` is the command `adt`."""

import sys

from adtlib.cli import main

if __name__ == "__main__":
    sys.exit(main())
