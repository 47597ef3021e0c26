"""How every notebook begins: its profile, with what its parameters override, and the theme of all figures."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pandas as pd
from IPython.display import HTML, Markdown

from adtlib.figures.theme import use_theme
from adtlib.markup import in_markdown
from adtlib.profiles import Profile, load_profile

__all__ = ["HTML", "Markdown", "begin", "in_markdown"]  # what notebooks show texts with comes from here, too


def begin(parameters: Mapping[str, Any]) -> Profile:
    """The profile that a notebook's parameters choose; from here on figures have the project's theme.

    parameters  the notebook's `globals()` after its parameters cell: `profile`, and overrides named as the fields of `Profile`.
                None keeps a profile's value; other names are ignored.

    Raises ValueError as `load_profile` does, and KeyError without `profile`.
    """
    use_theme()
    pd.set_option("display.html.use_mathjax", False)  # two dollar signs in a name enclose no formula
    fields = {field.name for field in dataclasses.fields(Profile)} - {"name"}
    return load_profile(parameters["profile"], **{name: value for name, value in parameters.items() if name in fields})
