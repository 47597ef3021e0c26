"""`python -m adtlib` is the command `adt`."""

import sys

from adtlib.cli import main

sys.exit(main())
