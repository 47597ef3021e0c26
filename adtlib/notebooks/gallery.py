"""The gallery of all figures: as links for README.md, as embedded thumbnails for a notebook.

    adt gallery README.md

replaces the text between the two markers of a file by the figures of the profile showcase, chapter by chapter: each picture,
linked to its full size, with its number in the thesis and its notebook.
"""

import base64
import io
import os
import re
from pathlib import Path
from urllib.parse import quote

from adtlib import paths
from adtlib.markup import in_html
from adtlib.notebooks import saved_figures
from adtlib.notebooks.catalogue import NUMBERED
from adtlib.notebooks.listing import find_notebooks

BEGIN = "<!-- gallery: written by adt gallery README.md -->"
END = "<!-- end of gallery -->"
CHAPTERS = {
    "1": "Introduction",
    "2": "Background",
    "3": "Architectures",
    "4": "Datasets",
    "5": "Methodology",
    "6": "Architecture study",
    "7": "Dataset study",
    "8": "Conclusion",
}
A_ROW = 4


def by_chapter(profile: str, until: str = "99") -> dict[str, list[dict[str, str]]]:
    """A profile's saved figures of notebooks up to `until` by chapter of the thesis, in the order of their numbers."""
    rows = sorted((row for row in saved_figures.read(profile) if row["notebook"] <= until), key=_order)
    return {chapter: [row for row in rows if row["thesis_number"].startswith(chapter)] for chapter in CHAPTERS}


def _order(row: dict[str, str]) -> tuple:
    """Numbered figures first, then by section: 2.1 ... 2.10, 2.3.1a, 2.3.2a."""
    number = row["thesis_number"]
    return (number not in NUMBERED, [int(part) for part in re.findall(r"\d+", number)], number)


def label(number: str) -> str:
    """A figure's number as printed: "Fig. 2.10" if the draft numbers it, else section and letter."""
    return f"Fig. {number}" if number in NUMBERED else number


# --- README ------------------------------------------------------------------------------------------------------------


def for_readme(profile: str = "showcase") -> str:
    """The gallery for a README: a collapsed table for each chapter, with links relative to the clone."""
    names = {notebook.name[:2]: notebook.name for notebook in find_notebooks()}
    parts = []
    for chapter, rows in by_chapter(profile).items():
        if rows:
            figures = "1 figure" if len(rows) == 1 else f"{len(rows)} figures"
            head = f"<details><summary>Chapter {chapter}, {CHAPTERS[chapter]}: {figures}</summary>"
            cells = [_linked(row, names.get(row["notebook"]), profile) for row in rows]
            parts.append(f"{head}\n\n{_table(cells)}\n\n</details>")
    return "\n".join(parts)


def _linked(row: dict[str, str], notebook: str | None, profile: str) -> str:
    picture = quote(f"figures/{profile}/{row['file']}.png", errors="surrogateescape")
    shown = f'<a href="{picture}"><img src="{picture}" width="200" alt="{in_html(row["file"])}"></a>'
    # Link the executed copy: notebooks are stored without outputs, so a viewer of files would show no picture.
    copy = quote(f"results/{profile}/notebooks/{notebook}.ipynb", errors="surrogateescape")
    made_by = f'<a href="{copy}">{in_html(notebook)}</a>' if notebook else in_html(row["notebook"])
    return f"{shown}<br>{in_html(label(row['thesis_number']))} · {made_by}"


def _table(cells: list[str]) -> str:
    rows = [cells[start : start + A_ROW] for start in range(0, len(cells), A_ROW)]
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join(["<table>", *lines, "</table>"])


def updated(text: str, profile: str = "showcase") -> str:
    """`text` with the gallery between its markers; ValueError unless it has each of them once, in order."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the gallery goes between two lines, {BEGIN} and {END}, which must be there once each")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{for_readme(profile)}\n{END}{after}"


# --- notebook ----------------------------------------------------------------------------------------------------------


def printed_gallery(profile: str, until: str = "99", width: int = 160) -> str:
    """The gallery of notebooks up to `until` as HTML, with embedded thumbnails `width` pixels wide; "" if there are no figures."""
    base = os.path.relpath(paths.FIGURES / profile, paths.NOTEBOOKS)
    parts = []
    for chapter, rows in by_chapter(profile, until).items():
        cells = []
        for row in rows:
            path = paths.FIGURES / profile / f"{row['file']}.png"
            if path.is_file():
                data = base64.b64encode(thumbnail(path, width)).decode()
                picture = f'<img src="data:image/png;base64,{data}" width="{width}" alt="{in_html(row["file"])}">'
                address = quote(Path(base, path.name).as_posix(), errors="surrogateescape")
                link = f'<a href="{address}" title="{in_html(row["caption"])}">{picture}</a>'
                cells.append(f"{link}<br>{in_html(label(row['thesis_number']))}")
        if cells:
            parts.append(f"<h4>Chapter {chapter}, {CHAPTERS[chapter]}</h4>\n{_table(cells)}")
    return "\n".join(parts)


def thumbnail(path: Path, width: int, colours: int = 24) -> bytes:
    """A picture scaled down to `width` pixels, as a PNG of few colours: some kilobytes."""
    from PIL import Image  # comes with matplotlib

    with Image.open(path) as picture:
        height = max(1, round(picture.height * width / picture.width))
        small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.quantize(colours, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
