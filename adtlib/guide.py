"""The map of the notebooks: what each tells and makes, read from the notebooks themselves, so that it cannot be out of date."""

import ast
import json
import re
from pathlib import Path

import pandas as pd

from adtlib import paths

_TITLE = re.compile(r"#\s*(?P<title>.+?)\s*\((?:thesis,?\s*)?(?P<where>[^()]*)\)\s*$")
_QUESTION = re.compile(r"\*\*Question\.?\*\*\.?\s*(.+?)(?:\n\s*\n|$)", re.DOTALL)


def notebook_map(folder: Path = paths.NOTEBOOKS) -> pd.DataFrame:
    """A row for each notebook: notebook, title, thesis (section), question, figures, tables (names, in order of making)."""
    rows = []
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        first = "".join(cells[0]["source"])
        heading = first.splitlines()[0]
        title = _TITLE.match(heading)
        question = _QUESTION.search(first)
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        rows.append(
            {
                "notebook": path.stem,
                "title": title["title"] if title else heading.lstrip("# "),
                "thesis": title["where"] if title else "",
                "question": " ".join(question[1].split()) if question else "",
                "figures": _names(code, "save_figure"),
                "tables": _names(code, "save_table"),
            }
        )
    return pd.DataFrame(rows, columns=["notebook", "title", "thesis", "question", "figures", "tables"])


def _names(code: list[str], function: str) -> list[str]:
    """The literal names of files that calls of `function` make; what a loop or a variable names is not listed."""
    found = []
    for source in code:
        lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == function and len(node.args) > 1:
                name = node.args[1]
                if isinstance(name, ast.Constant):
                    found.append(name.value)
    return found


def as_markdown(table: pd.DataFrame) -> str:
    """The map as a Markdown table whose first column links to the notebooks beside the reader's."""
    lines = ["| notebook | thesis | question | makes |", "|:--|:--|:--|:--|"]
    for row in table.itertuples():
        made = ", ".join(f"`{name}`" for name in [*row.figures, *row.tables]) or "–"
        lines.append(f"| [{row.notebook}]({row.notebook}.ipynb) | {row.thesis or '–'} | {row.question} | {made} |")
    return "\n".join(lines)
