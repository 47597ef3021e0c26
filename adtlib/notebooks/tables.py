"""Tables: a data frame as CSV with full precision, and as LaTeX (booktabs) and Markdown with the thesis's marks.

Three decimals, fewer for numbers from 10 on, none for whole numbers; heads in words with their units (`headers`); the protocol in
the caption. Marks: the highest of a column is bold; in the dataset study zero-shot cells are shaded and the highest of them in each
column is underlined; numbers that print alike are marked alike. Not every Markdown viewer shows shading: there zero-shot is in
italics. A legend below each table explains the marks. Files are written atomically.
"""

import hashlib
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from adtlib import paths
from adtlib.markup import in_html, in_latex, in_markdown
from adtlib.notebooks import latex
from adtlib.notebooks.headers import header

SHADE = "#dfe6ee"  # light enough for black text, dark enough for print in grey


_COMMAND = re.compile(r"\\`([^\\`&]+)\\`")  # as `in_markdown` writes it
COUNTS = {"epochs", "best epoch"}  # printed as whole numbers even where all means over seeds are 0 or 1


def save_table(
    table: pd.DataFrame,
    name: str,
    profile: str,
    caption: str,
    shown: pd.DataFrame | None = None,
    bold: str | None = None,
    shaded: pd.DataFrame | None = None,
) -> None:
    """Write `results/<profile>/tables/<name>.{csv,tex,md}`.

    table    written to the CSV unchanged, without its index.
    shown    printed form for LaTeX and Markdown, the levels of its index as the first columns; by default `table`.
    bold     "columns": the highest number of each column is bold; None: no bold.
    shaded   booleans of the index and columns of `shown`: its zero-shot cells. The highest of them in each column is underlined.
    caption  a sentence with the protocol: split, tolerance, averaging, profile. The legend of the marks is added.
    """
    folder = paths.RESULTS / profile / "tables"
    # A name that is no UTF-8 is written with the numbers of its bytes, as everywhere.
    paths.write_atomically(folder / f"{name}.csv", table.to_csv(index=False).encode(errors="backslashreplace"))
    shown = table.set_index(table.columns[0]) if shown is None else shown
    paths.write_atomically(folder / f"{name}.tex", to_latex(shown, caption, f"tab:{name}", bold, shaded).encode())
    paths.write_atomically(folder / f"{name}.md", to_markdown(shown, caption, bold, shaded).encode())


# --- marks -------------------------------------------------------------------------------------------------------------


def _highest(values: pd.Series) -> list[bool]:
    """Which numbers print like the highest; all False if no number is above 0, or fewer than two are compared."""
    if not pd.api.types.is_float_dtype(values) or values.count() < 2 or not values.max() > 0:
        return [False] * len(values)
    # Numbers that print alike are marked alike.
    return [_format(value) == _format(values.max()) for value in values]


def _cells(table: pd.DataFrame, bold: str | None, shaded: pd.DataFrame | None, write: Callable) -> list[list[str]]:
    """Rows of texts; `write(text, bold, underlined, shaded)` marks a cell in the syntax of a format."""
    if bold not in (None, "columns"):
        raise ValueError(f"bold = {bold!r}: choose 'columns' or None")
    if shaded is not None and not (shaded.index.equals(table.index) and shaded.columns.equals(table.columns)):
        raise ValueError("shaded needs the index and columns of the table that is shown")
    columns = []
    for position in range(table.shape[1]):
        values = table.iloc[:, position]
        gray = [False] * len(values) if shaded is None else shaded.iloc[:, position].tolist()
        high = _highest(values) if bold else [False] * len(values)
        high_gray = _highest(values.where(gray)) if any(gray) else [False] * len(values)
        whole = _is_whole(values)
        columns.append([write(_format(v, whole), b, u, g) for v, b, u, g in zip(values, high, high_gray, gray, strict=True)])
    return [list(row) for row in zip(*columns, strict=True)]


def _legend(bold: str | None, shaded: pd.DataFrame | None, shading: str) -> str:
    sentences = ["Bold: highest of its column; numbers that print alike are all bold."] if bold else []
    if shaded is not None and shaded.to_numpy().any():
        sentences.append(f"{shading}: zero-shot, the test corpus is not trained on. Underlined: highest zero-shot of its column.")
    return " ".join(sentences)


def _format(value, whole: bool = False) -> str:
    """Text of a cell; `whole`: its column holds only whole numbers (such as means of counts)."""
    if value is pd.NA:
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        if pd.isna(value):
            return "–"
        if whole:
            return f"{value:,.0f}"
        # Further digits would be below the accuracy of the measurement; a size stated with one decimal keeps it.
        stated = abs(value) < 1_000 and round(value, 1) == value
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 or stated else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int | np.integer) else str(value)


def _is_whole(column: pd.Series) -> bool:
    """Whether a column of floats holds counts: whole numbers, of which one is above 1 (a score of 1.000 keeps its decimals) or the
    name is in COUNTS.
    """
    if not pd.api.types.is_float_dtype(column):
        return False
    values = column.dropna()
    return len(values) > 0 and bool((values % 1 == 0).all()) and (values.abs().max() > 1 or column.name in COUNTS)


def _lead(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Heads and texts of the leading columns, which are the levels of the index."""
    names = [header(str(name)) if name is not None else "" for name in table.index.names]
    rows = [index if isinstance(index, tuple) else (index,) for index in table.index]
    return names, [[str(value) for value in row] for row in rows]


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


# --- formats -----------------------------------------------------------------------------------------------------------


def to_markdown(
    table: pd.DataFrame, caption: str, bold: str | None = None, shaded: pd.DataFrame | None = None, commands: bool = False
) -> str:
    """The table in pipes, its caption and legend below. Underlining is `<ins>`, which code hosts and JupyterLab show.

    commands  whether cells have commands between backticks, which are shown as code; else a backtick is a sign like any other.
    """

    def write(text: str, highest: bool, underlined: bool, gray: bool) -> str:
        text = _COMMAND.sub(r"`\1`", in_markdown(text)) if commands else in_markdown(text)
        text = f"<ins>{text}</ins>" if underlined else text
        text = f"*{text}*" if gray else text
        return f"**{text}**" if highest else text

    names, lead = _lead(table)
    head = [in_markdown(name) for name in (*names, *(header(str(name)) for name in table.columns))]
    body = [[*map(in_markdown, first), *row] for first, row in zip(lead, _cells(table, bold, shaded, write), strict=True)]
    align = [":--"] * len(names) + ["--:" if _is_number(table.iloc[:, i]) else ":--" for i in range(table.shape[1])]
    lines = [head, align, *body]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    below = [sentence for sentence in (in_markdown(caption), _legend(bold, shaded, "Italics")) if sentence]
    return "\n\n".join([text, *below]) + "\n"


def to_styled(table: pd.DataFrame, caption: str, bold: str | None = None, shaded: pd.DataFrame | None = None) -> Styler:
    """The table for a notebook's page, with the marks of the printed one.

    Zero-shot cells are in italics as well: some viewers of notebooks drop all colours.
    """

    def write(text: str, highest: bool, underlined: bool, gray: bool) -> str:
        text = in_html(text)
        for tag in [tag for tag, wanted in (("ins", underlined), ("em", gray), ("strong", highest)) if wanted]:
            text = f"<{tag}>{text}</{tag}>"
        return text

    names, lead = _lead(table)
    levels = [[in_html(row[level]) for row in lead] for level in range(len(names))]
    names = [in_html(name) or None for name in names]
    index = pd.MultiIndex.from_arrays(levels, names=names) if len(names) > 1 else pd.Index(levels[0], name=names[0])
    heads = [in_html(header(str(name))) for name in table.columns]
    texts = pd.DataFrame(_cells(table, bold, shaded, write), index=index, columns=heads)
    below = in_html(" ".join([caption, _legend(bold, shaded, "Shaded, italics")]).strip(" "))
    own = hashlib.sha256(f"{texts.to_csv()}{below}".encode()).hexdigest()[:8]  # a random one would differ from run to run
    styler = (
        texts.style.set_uuid(own)
        .set_caption(below)
        .set_table_attributes('class="tex2jax_ignore mathjax_ignore"')  # two dollar signs in a name enclose no formula
        .set_table_styles(
            [{"selector": "caption", "props": "caption-side: bottom; text-align: left"}, {"selector": "ins", "props": "padding: 0"}]
        )
    )
    if shaded is not None:
        styles = shaded.map(lambda gray: f"background-color: {SHADE}; color: black" if gray else "").set_axis(heads, axis=1)
        styler = styler.apply(lambda _: styles.set_axis(index), axis=None)
    return styler


def to_latex(table: pd.DataFrame, caption: str, label: str, bold: str | None = None, shaded: pd.DataFrame | None = None) -> str:
    """A `table` environment no wider than the text and no longer than a page; its first line names the packages it needs.

    Columns of long texts are broken into lines. A table whose type would shrink below 7 pt to fit the text width is set in panels,
    one below the other; one longer than a page in several environments (`latex`).
    """
    below = " ".join(sentence for sentence in (caption, _legend(bold, shaded, "Shaded")) if sentence)
    names, lead = _lead(table)
    head = [*names, *(header(str(name)) for name in table.columns)]
    numbers = [*[False] * len(names), *(_is_number(table.iloc[:, i]) for i in range(table.shape[1]))]
    plain = [[*first, *cells] for first, cells in zip(lead, _cells(table, None, None, lambda text, *_: text), strict=True)]
    marked = _cells(table, bold, shaded, _write_latex)
    set_ = [[*map(in_latex, first), *cells] for first, cells in zip(lead, marked, strict=True)]
    return latex.write_floats(head, plain, set_, numbers, len(names), below, label, SHADE[1:].upper())


def _write_latex(text: str, highest: bool, underlined: bool, gray: bool) -> str:
    text = in_latex(text)
    text = rf"\underline{{{text}}}" if underlined else text
    text = rf"\textbf{{{text}}}" if highest else text
    return rf"\cellcolor{{shade}}{text}" if gray else text


def printed_table(table: pd.DataFrame) -> pd.DataFrame:
    """The printed form of a table: first column as index, heads in words with units (`headers`), a dash for missing values."""
    shown = table.set_index(table.columns[0])
    for column in shown:
        if pd.api.types.is_float_dtype(shown[column]) or not pd.api.types.is_numeric_dtype(shown[column]):
            continue
        if shown[column].isna().any():
            shown[column] = [f"{value:,}" if pd.notna(value) else "–" for value in shown[column]]
        else:
            shown[column] = shown[column].astype("int64")
    return shown.rename(columns=lambda name: header(str(name)).replace("_", " ")).rename_axis(index=header)
