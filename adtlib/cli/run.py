"""`adt run`: run the notebooks in order."""

import argparse
import ast
import os
from typing import Any

from adtlib.notebooks import runner


def run(options: argparse.Namespace) -> int:
    """Bring the chosen notebooks up to date."""
    if options.ray_address:
        os.environ["RAY_ADDRESS"] = options.ray_address  # read by the notebooks' processes
    parameters = {name: _literal(value) for name, value in options.parameters}
    runner.run_notebooks(options.notebooks, options.profile, parameters, options.force, options.timeout)
    return 0


def _literal(text: str) -> Any:
    """The value of a Python literal (`3`, `1e-3`, `True`, `None`, `[1, 2]`); other text stays text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
