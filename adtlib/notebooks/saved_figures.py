"""Saving figures, and their list `figures/<profile>/manifest.csv`, which notebooks in several processes may write at once.

Columns of the list: thesis_number, file (without suffix), notebook (its number), caption.
"""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

from adtlib import paths

COLUMNS = ["thesis_number", "file", "notebook", "caption"]

# The draft's numbered figures, counted through chapters 2 and 3.
NUMBERED = (*(f"2.{number}" for number in range(1, 11)), *(f"3.{number}" for number in range(1, 9)))

_NUMBER = re.compile(r"\d+(\.\d+)*[a-z]?")  # "2.10"; section and letter, "2.3.2a", where the draft numbers no figure


_NAME = re.compile(r"\d\d_\w+")


def read(profile: str) -> list[dict[str, str]]:
    """The list of a profile's saved figures, in the order of the files' names; empty if no figure was made."""
    path = paths.FIGURES / profile / "manifest.csv"
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check(number: str, name: str) -> None:
    """ValueError if a figure's number or file name is not valid."""
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"figure {name}: number {number!r}: give that of the thesis, or section and letter, as in 2.3.2a")
    if not _NAME.fullmatch(name):
        raise ValueError(f"figure {name!r}: a name begins with the number of its notebook, as in 10_aliasing")


def note(profile: str, number: str, name: str, caption: str) -> None:
    """Add the row of a figure, or replace it."""
    row = {"thesis_number": number, "file": name, "notebook": name[:2], "caption": caption}
    _change(profile, lambda rows: [*(other for other in rows if other["file"] != name), row])


def drop_stale(profile: str, number: str, since: float, known: set[str]) -> list[str]:
    """Remove files that a notebook made in earlier runs and no longer makes; return their names.

    number  of a notebook that has just finished; its figures and tables older than `since` (seconds since the epoch, before it
            began) are removed, with their rows.
    known   numbers of all notebooks: figures and tables of any other number are removed as well.
    """

    def stale(path) -> bool:
        made_by = path.name[:2]
        return (made_by == number and path.stat().st_mtime < since) or (made_by.isdigit() and made_by not in known)

    written = ((paths.FIGURES / profile, ("png", "pdf")), (paths.RESULTS / profile / "tables", ("csv", "tex", "md")))
    found = [path for folder, kinds in written for kind in kinds for path in folder.glob(f"[0-9][0-9]_*.{kind}")]
    gone = sorted(filter(stale, found))
    for path in gone:
        path.unlink()
    if gone:
        folder = paths.FIGURES / profile
        _change(profile, lambda rows: [row for row in rows if (folder / f"{row['file']}.png").is_file()])
    return [path.name for path in gone]


def _change(profile: str, change: Callable[[list], list]) -> None:
    with paths.locked(f"figures-{profile}"):  # two notebooks that changed the same list at once would lose rows
        rows = sorted(change(read(profile)), key=lambda row: row["file"])
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        paths.write_atomically(paths.FIGURES / profile / "manifest.csv", buffer.getvalue().encode())


# --- saving ------------------------------------------------------------------------------------------------------------


def save_figure(figure, name: str, profile: str, caption: str, number: str) -> list[Path]:
    """Write `figures/<profile>/<name>.{pdf,png}` and its row in the list of figures; return both paths.

    name     `NN_name`, NN the notebook's number.
    number   the figure's number in the thesis, or section and letter ("5.2a") if it has none.
    caption  a sentence; it says "miniature" if the data are.

    A rerun gives byte-identical files. ValueError for an invalid number or name.
    """
    check(number, name)
    folder = paths.FIGURES / profile
    written = []
    for suffix in ("pdf", "png"):
        buffer = io.BytesIO()
        metadata = {"CreationDate": None} if suffix == "pdf" else {"Software": None}
        figure.savefig(buffer, format=suffix, metadata=metadata)
        path = folder / f"{name}.{suffix}"
        paths.write_atomically(path, buffer.getvalue())
        written.append(path)
    note(profile, number, name, caption)
    return written
