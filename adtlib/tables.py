"""Tables: a data frame as CSV with full precision, and as LaTeX (booktabs) and Markdown with the thesis's marks.

Three decimals, the protocol in the caption. The marks of results: the best of a column in bold; in the dataset study zero-shot
cells are shaded and the best of them in each column underlined. Markdown has no shading that every viewer shows: there
zero-shot is in italics. A legend below each table says so. All files are written at once and whole.
"""

import hashlib
import html
from collections.abc import Callable

import pandas as pd
from pandas.io.formats.style import Styler

from adtlib import paths

# What a bare document must load for any table of this module; each file says so in its first line.
LATEX_PACKAGES = r"\usepackage{booktabs,graphicx,array}\usepackage[table]{xcolor}"
SHADE = "#dfe6ee"  # light enough for black text, dark enough for print in grey
LONG_TEXT = 40  # characters from which on a column of text is broken into lines
_LATEX_ESCAPES = {
    **{character: "\\" + character for character in "&%_#${}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": "$<$", ">": "$>$", "±": r"$\pm$", "≥": r"$\geq$", "≤": r"$\leq$", "×": r"$\times$", "÷": r"$\div$", "−": "$-$"},
    **{"→": r"$\rightarrow$", "≈": r"$\approx$", "·": r"$\cdot$", "µ": r"$\mu$", "²": "$^2$", "°": r"$^\circ$", "Δ": r"$\Delta$"},
    **{"–": "--", "—": "---", "…": r"\ldots{}", "’": "'", "“": "``", "”": "''"},
}


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

    table    goes into the CSV as it is, without its index.
    shown    what LaTeX and Markdown show, its index as the first column; by default `table`.
    bold     "columns": the highest number of each column in bold; None: nothing.
    shaded   booleans of the index and columns of `shown`: its zero-shot cells. The best of them in each column is underlined.
    caption  a sentence with the protocol: split, tolerance, averaging, profile. The legend of the marks is added.
    """
    folder = paths.RESULTS / profile / "tables"
    paths.write_atomically(folder / f"{name}.csv", table.to_csv(index=False).encode())
    shown = table.set_index(table.columns[0]) if shown is None else shown
    paths.write_atomically(folder / f"{name}.tex", to_latex(shown, caption, f"tab:{name}", bold, shaded).encode())
    paths.write_atomically(folder / f"{name}.md", to_markdown(shown, caption, bold, shaded).encode())


# --- marks -------------------------------------------------------------------------------------------------------------


def _best(values: pd.Series) -> list[bool]:
    """Which numbers read as the highest; none where nothing is above 0."""
    if not pd.api.types.is_float_dtype(values) or not values.max() > 0:
        return [False] * len(values)
    # What reads as equal is marked alike.
    return [_format(value) == _format(values.max()) for value in values]


def _cells(table: pd.DataFrame, bold: str | None, shaded: pd.DataFrame | None, write: Callable) -> list[list[str]]:
    """Rows of texts; `write(text, bold, underlined, shaded)` is how a format shows a cell."""
    if bold not in (None, "columns"):
        raise ValueError(f"bold = {bold!r}: choose 'columns' or None")
    if shaded is not None and not (shaded.index.equals(table.index) and shaded.columns.equals(table.columns)):
        raise ValueError("shaded needs the index and columns of the table that is shown")
    columns = []
    for position in range(table.shape[1]):
        values = table.iloc[:, position]
        gray = [False] * len(values) if shaded is None else shaded.iloc[:, position].tolist()
        best = _best(values) if bold else [False] * len(values)
        best_gray = _best(values.where(gray)) if any(gray) else [False] * len(values)
        columns.append([write(_format(v), b, u, g) for v, b, u, g in zip(values, best, best_gray, gray, strict=True)])
    return [list(row) for row in zip(*columns, strict=True)]


def _legend(bold: str | None, shaded: pd.DataFrame | None, shading: str) -> str:
    sentences = ["Bold: best of its column."] if bold else []
    if shaded is not None and shaded.to_numpy().any():
        sentences.append(f"{shading}: zero-shot, the test corpus is not trained on. Underlined: best zero-shot of its column.")
    return " ".join(sentences)


def _format(value) -> str:
    if isinstance(value, float):
        return "–" if pd.isna(value) else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


# --- formats -----------------------------------------------------------------------------------------------------------


def to_markdown(table: pd.DataFrame, caption: str, bold: str | None = None, shaded: pd.DataFrame | None = None) -> str:
    """The table in pipes, its caption and legend below. Underlining is `<ins>`, which code hosts and JupyterLab show."""

    def write(text: str, best: bool, underlined: bool, gray: bool) -> str:
        text = f"<ins>{text}</ins>" if underlined else text
        text = f"*{text}*" if gray else text
        return f"**{text}**" if best else text

    head = [table.index.name or "", *map(str, table.columns)]
    body = [[str(index), *row] for index, row in zip(table.index, _cells(table, bold, shaded, write), strict=True)]
    align = [":--"] + ["--:" if _is_number(table.iloc[:, i]) else ":--" for i in range(table.shape[1])]
    lines = [head, align, *body]
    text = "\n".join("| " + " | ".join(" ".join(cell.split()).replace("|", r"\|") for cell in line) + " |" for line in lines)
    below = [sentence for sentence in (caption, _legend(bold, shaded, "Italics")) if sentence]
    return "\n\n".join([text, *below]) + "\n"


def to_styled(table: pd.DataFrame, caption: str, bold: str | None = None, shaded: pd.DataFrame | None = None) -> Styler:
    """The table for a notebook's page, with the marks of the printed one.

    Zero-shot cells are in italics as well: some viewers of notebooks drop all colours.
    """

    def write(text: str, best: bool, underlined: bool, gray: bool) -> str:
        text = html.escape(text)
        for tag in [tag for tag, wanted in (("ins", underlined), ("em", gray), ("strong", best)) if wanted]:
            text = f"<{tag}>{text}</{tag}>"
        return text

    texts = pd.DataFrame(_cells(table, bold, shaded, write), index=table.index, columns=table.columns)
    below = html.escape(" ".join([caption, _legend(bold, shaded, "Shaded, italics")]).strip())
    own = hashlib.sha256(f"{texts.to_csv()}{below}".encode()).hexdigest()[:8]  # drawn at random, it would differ from run to run
    styler = (
        texts.style.set_uuid(own)
        .set_caption(below)
        .set_table_styles(
            [{"selector": "caption", "props": "caption-side: bottom; text-align: left"}, {"selector": "ins", "props": "padding: 0"}]
        )
    )
    if shaded is not None:
        styler = styler.apply(
            lambda _: shaded.map(lambda gray: f"background-color: {SHADE}; color: black" if gray else ""), axis=None
        )
    return styler


def to_latex(table: pd.DataFrame, caption: str, label: str, bold: str | None = None, shaded: pd.DataFrame | None = None) -> str:
    """A `table` environment no wider than the text; its first line names the packages it needs.

    Columns of long texts are broken into lines; what is wider than the text even so is scaled down.
    """
    below = " ".join(sentence for sentence in (caption, _legend(bold, shaded, "Shaded")) if sentence)
    head = [_escape(text) for text in [table.index.name or "", *map(str, table.columns)]]
    numbers = [False, *(_is_number(table.iloc[:, i]) for i in range(table.shape[1]))]
    first = pd.Series([str(index) for index in table.index], dtype=object)
    long = [_is_long(first), *(_is_long(table.iloc[:, i]) for i in range(table.shape[1]))]
    align = "".join(map(_column_type, numbers, long))
    rows = [
        [_may_break(text) if wrapped else text for text, wrapped in zip([_escape(name), *cells], long, strict=True)]
        for name, cells in zip(first, _cells(table, bold, shaded, _write_latex), strict=True)
    ]
    lines = [
        f"% needs {LATEX_PACKAGES}",
        r"\begin{table}",
        r"\centering",
        rf"\definecolor{{shade}}{{HTML}}{{{SHADE[1:].upper()}}}",
        rf"\caption{{{_escape(below)}}}",
        rf"\label{{{label}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{align}}}",
        r"\toprule",
        " & ".join(head) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _write_latex(text: str, best: bool, underlined: bool, gray: bool) -> str:
    text = _escape(text)
    text = rf"\underline{{{text}}}" if underlined else text
    text = rf"\textbf{{{text}}}" if best else text
    return rf"\cellcolor{{shade}}{text}" if gray else text


def _may_break(text: str) -> str:
    """An address is one word to LaTeX; in a narrow column it may be broken after a slash."""
    return text.replace("/", r"/\allowbreak{}")


def _is_long(column: pd.Series) -> bool:
    return not _is_number(column) and column.map(lambda value: len(_format(value))).max() > LONG_TEXT


def _column_type(number: bool, long: bool) -> str:
    return "r" if number else r">{\raggedright\arraybackslash}p{5.5cm}" if long else "l"


def _escape(text: str) -> str:
    text = "".join(character if character.isprintable() else " " for character in text)  # line ends, tabs
    return "".join(_LATEX_ESCAPES.get(character, character) for character in text)
