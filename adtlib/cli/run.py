"""`adt run`: the notebooks, in order."""

import argparse
import ast
import os
from typing import Any

from adtlib.notebooks import runner


def run(options: argparse.Namespace) -> int:
    """Bring the chosen notebooks up to date."""
    if options.ray_address:
        os.environ["RAY_ADDRESS"] = options.ray_address  # the notebooks' processes find it there
    parameters = {name: _literal(value) for name, value in options.parameters}
    runner.run_notebooks(options.notebooks, options.profile, parameters, options.force, options.timeout)
    return 0


def _literal(text: str) -> Any:
    """A value as Python would write it (`3`, `1e-3`, `True`, `None`, `[1, 2]`); anything else is text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
