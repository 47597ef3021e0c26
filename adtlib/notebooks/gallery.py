"""The gallery of all figures, by chapter of the thesis: for the book (docs/book), and as embedded thumbnails for a notebook."""

import base64
import io
import os
import re
from pathlib import Path
from urllib.parse import quote

from adtlib import paths
from adtlib.markup import in_html
from adtlib.notebooks import saved_figures
from adtlib.notebooks.saved_figures import NUMBERED

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
WIDTH = 160  # pixels, of an embedded thumbnail


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


def seen(caption: str) -> str:
    """What a figure shows, for those who do not see it: its caption up to the first full stop or semicolon outside brackets."""
    sentence = re.split(r"(?<=[^.\s]{2})\. (?=[A-Z])", caption, maxsplit=1)[0].removesuffix(".")
    return re.split(r";(?![^(]*\))", sentence, maxsplit=1)[0]


def _table(cells: list[str]) -> str:
    rows = [cells[start : start + A_ROW] for start in range(0, len(cells), A_ROW)]
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join(["<table>", *lines, "</table>"])


def printed_gallery(profile: str, until: str = "99") -> str:
    """The gallery of notebooks up to `until` as HTML, with embedded thumbnails; "" if there are no figures."""
    base = os.path.relpath(paths.FIGURES / profile, paths.NOTEBOOKS)
    parts = []
    for chapter, rows in by_chapter(profile, until).items():
        cells = []
        for row in rows:
            path = paths.FIGURES / profile / f"{row['file']}.png"
            if path.is_file():
                data = base64.b64encode(thumbnail(path, WIDTH)).decode()
                picture = f'<img src="data:image/png;base64,{data}" width="{WIDTH}" alt="{in_html(seen(row["caption"]))}">'
                address = quote(Path(base, path.name).as_posix(), errors="surrogateescape")
                link = f'<a href="{address}" title="{in_html(row["caption"])}">{picture}</a>'
                cells.append(f"{link}<br>{in_html(label(row['thesis_number']))}")
        if cells:
            parts.append(f"<h4>Chapter {chapter}, {CHAPTERS[chapter]}</h4>\n{_table(cells)}")
    return "\n".join(parts)


def thumbnail(path: Path, width: int) -> bytes:
    """A picture scaled down to `width` pixels, as a PNG of few colours: some kilobytes."""
    from PIL import Image  # comes with matplotlib

    with Image.open(path) as picture:
        height = max(1, round(picture.height * width / picture.width))
        small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.quantize(24, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
