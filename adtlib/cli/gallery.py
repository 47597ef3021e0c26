"""`adt gallery`: the showcase's figures as links in Markdown files."""

import argparse

from adtlib import paths
from adtlib.notebooks.gallery import updated


def run(options: argparse.Namespace) -> int:
    """Write the gallery into the given files."""
    for path in options.files:
        try:
            paths.write_atomically(path, updated(path.read_text(encoding="utf-8")).encode())
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        except FileNotFoundError as error:
            raise ValueError(f"{path}: there is no such file; name a Markdown file that holds the marks of the gallery") from error
    return 0
