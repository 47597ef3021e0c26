"""The catalogue of the thesis's figures and tables, and which of them a profile has.

`catalogue.csv` has a row for each: `kind` (figure or table), `number`, `origin`, the `notebook` that makes it, its `file` without
suffix, and its content (`shows`). A number is the draft's ("2.10"), or section and letter if the draft does not number it
("2.3.2a"); tables have only their section. Origins:

    numbered    the draft numbers it
    margin      a note in the draft's margin asks for it
    text        the draft's text, or its plan for a chapter, calls for it
    companion   added here

The figures of a profile are read from the list that `save_figure` writes, its tables from their folder.
"""

import os
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from adtlib import paths
from adtlib.markup import in_markdown
from adtlib.notebooks import saved_figures
from adtlib.notebooks.listing import find_notebooks

CATALOGUE = Path(__file__).with_name("catalogue.csv")


def read_catalogue() -> pd.DataFrame:
    """A row for each figure and table of the thesis: kind, number, origin, notebook, file, shows (all text)."""
    return pd.read_csv(CATALOGUE, dtype=str)


def overview(profile: str, making: str = "") -> pd.DataFrame:
    """The catalogue with the files of a profile, followed by the profile's figures that are not in the catalogue.

    making  number of the calling notebook: its own files count as present, and further figures of later notebooks are left out.

    Columns: those of the catalogue, `path` (of the PNG or CSV, relative to `adtlib.paths.HOME`; "" where it is missing) and
    `missing` (why, in words; "" if it exists).
    """
    listed = read_catalogue()
    figures = pd.DataFrame(saved_figures.read(profile), columns=saved_figures.COLUMNS, dtype=str)
    more = figures[~figures["file"].isin(listed.loc[listed["kind"] == "figure", "file"])]
    more = more[more["notebook"] <= making] if making else more
    more = more.rename(columns={"thesis_number": "number", "caption": "shows"}).assign(kind="figure", origin="companion")
    table = pd.concat([listed, more[listed.columns]], ignore_index=True)
    names = {notebook.name[:2]: notebook.name for notebook in find_notebooks()}
    there = []
    for row in table.itertuples():
        path = _path(row.kind, row.file, profile)
        there.append(path.relative_to(paths.HOME).as_posix() if path.is_file() or row.notebook == making else "")
    table["path"] = there
    table["missing"] = [
        "" if row.path else _why_missing(row.notebook, names.get(row.notebook), profile) for row in table.itertuples()
    ]
    return table


def _path(kind: str, file: str, profile: str) -> Path:
    if kind == "figure":
        return paths.FIGURES / profile / f"{file}.png"
    return paths.RESULTS / profile / "tables" / f"{file}.csv"


def _why_missing(number: str, name: str | None, profile: str) -> str:
    if name is None:
        return f"there is no notebook {number} in this clone"
    copy = paths.RESULTS / profile / "notebooks" / f"{name}.ipynb"
    made = copy.is_file() or any((paths.FIGURES / profile).glob(f"{number}_*.png"))
    if made:
        return f"{name} ran with this profile and did not make it: run 'adt run {number} --profile {profile} --force'"
    return f"{name} has not run with this profile: run 'adt run {number} --profile {profile}'"


def printed_catalogue(table: pd.DataFrame) -> str:
    """An overview as a Markdown table with links, relative to the folder of the notebooks, to notebooks and files."""
    names = {notebook.name[:2]: notebook.name for notebook in find_notebooks()}
    lines = ["| number | shows | notebook | file |", "|:--|:--|:--|:--|"]
    for row in table.itertuples():
        number = f"Fig. {row.number}" if row.origin == "numbered" else f"Table {row.number}" if row.kind == "table" else row.number
        name = names.get(row.notebook)
        notebook = f"[{name}]({name}.ipynb)" if name else row.notebook
        file = f"[`{row.file}`]({from_notebooks(row.path)})" if row.path else f"`{row.file}`: missing"
        lines.append(f"| {number} | {in_markdown(row.shows)} | {notebook} | {file} |")
    return "\n".join(lines)


def from_notebooks(path: str) -> str:
    """A path relative to `adtlib.paths.HOME` as a link from the folder of the notebooks."""
    return quote(Path(os.path.relpath(paths.HOME / path, paths.NOTEBOOKS)).as_posix(), errors="surrogateescape")
