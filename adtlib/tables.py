"""Tables: a data frame as CSV with full precision, and as LaTeX (booktabs) and Markdown with the thesis's marks.

Three decimals, the best of each column in bold, the protocol in the caption. All files are written at once and whole.
"""

import pandas as pd

from adtlib import paths

_LATEX_ESCAPES = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "<": r"$<$", ">": r"$>$", "±": r"$\pm$", "–": "--"}


def save_table(
    table: pd.DataFrame, name: str, profile: str, caption: str, shown: pd.DataFrame | None = None, bold: str | None = None
) -> None:
    """Write `results/<profile>/tables/<name>.{csv,tex,md}`.

    table    goes into the CSV as it is, without its index.
    shown    what LaTeX and Markdown show, its index as the first column; by default `table`.
    bold     "columns": the highest number of each column in bold; None: nothing.
    caption  a sentence with the protocol: split, tolerance, averaging, profile.
    """
    folder = paths.RESULTS / profile / "tables"
    paths.write_atomically(folder / f"{name}.csv", table.to_csv(index=False).encode())
    shown = table.set_index(table.columns[0]) if shown is None else shown
    paths.write_atomically(folder / f"{name}.tex", to_latex(shown, caption, f"tab:{name}", bold).encode())
    paths.write_atomically(folder / f"{name}.md", to_markdown(shown, caption, bold).encode())


def _cells(table: pd.DataFrame, bold: str | None, mark) -> list[list[str]]:
    """Formatted cells; `mark` wraps those that are best."""
    columns = []
    for column in table:
        values = table[column]
        texts = [_format(value) for value in values]
        if bold == "columns" and pd.api.types.is_float_dtype(values) and values.max() > 0:
            # What reads as equal is marked alike; nothing is best where all is 0.
            best = _format(values.max())
            texts = [mark(text) if text == best else text for text in texts]
        columns.append(texts)
    return [list(row) for row in zip(*columns, strict=True)]


def _format(value) -> str:
    if isinstance(value, float):
        return "–" if pd.isna(value) else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def to_markdown(table: pd.DataFrame, caption: str, bold: str | None = None) -> str:
    """The table in pipes, its caption below."""
    head = [table.index.name or "", *map(str, table.columns)]
    body = [[str(index), *row] for index, row in zip(table.index, _cells(table, bold, "**{}**".format), strict=True)]
    align = [":--"] + ["--:" if _is_number(table[column]) else ":--" for column in table]
    lines = [head, align, *body]
    text = "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)
    return f"{text}\n\n{caption}\n"


def to_latex(table: pd.DataFrame, caption: str, label: str, bold: str | None = None) -> str:
    """A `table` environment; needs the package booktabs."""
    cells = _cells(table, bold, lambda text: rf"\textbf{{{text}}}")
    head = " & ".join(_escape(text) for text in [table.index.name or "", *map(str, table.columns)])
    # The bold mark is LaTeX already; everything else is plain text.
    body = [
        " & ".join([_escape(str(index)), *(cell if cell.startswith(r"\textbf") else _escape(cell) for cell in row)]) + r" \\"
        for index, row in zip(table.index, cells, strict=True)
    ]
    align = "l" + "".join("r" if _is_number(table[column]) else "l" for column in table)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escape(caption)}}}",
            rf"\label{{{label}}}",
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            rf"{head} \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _escape(text: str) -> str:
    return "".join(_LATEX_ESCAPES.get(character, character) for character in text.replace("\\", r"\textbackslash "))
