"""The numbered notebooks `NN_name.ipynb`: their parameters, titles and questions, and the files they make.

Everything is read from the notebooks themselves, so that it cannot be out of date.
"""

import ast
import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from adtlib import paths


class RunnerError(ValueError):
    """A reason why notebooks cannot be run, as a sentence for the user."""


@dataclass(frozen=True)
class Notebook:
    """A numbered notebook: `NN_name.ipynb`."""

    path: Path

    @property
    def name(self) -> str:
        """`NN_name`."""
        return self.path.stem

    @property
    def number(self) -> int:
        """`NN` as an integer."""
        return int(self.name[:2])

    def cells(self) -> list[dict[str, Any]]:
        """The cells as stored; RunnerError if the file is not a notebook."""
        try:
            cells = json.loads(self.path.read_text(encoding="utf-8"))["cells"]
            if not isinstance(cells, list) or not all(map(_is_cell, cells)):
                raise ValueError("a cell has another shape")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunnerError(f"{paths.relative(self.path)} is not a notebook ({error}): restore it from the repository") from error
        return cells

    def code(self) -> str:
        """The source of the code cells as one text; without IPython's own commands and cells that are not Python."""
        sources = []
        for cell in self.cells():
            if cell["cell_type"] == "code":
                source = re.sub(r"(?m)^\s*[%!?].*$", "", "".join(cell["source"]))
                with contextlib.suppress(SyntaxError, ValueError):
                    ast.parse(source)
                    sources.append(source)
        return "\n".join(sources)

    def parameters(self) -> tuple[str, ...]:
        """Names assigned in the cell tagged `parameters`, in order; RunnerError if it is not Python."""
        names = []
        for cell in self.cells():
            if "parameters" in cell.get("metadata", {}).get("tags", ()):
                try:
                    body = ast.parse("".join(cell["source"])).body
                except (SyntaxError, ValueError) as error:  # ValueError: a NUL
                    where = paths.relative(self.path)
                    raise RunnerError(
                        f"{where}: its parameters are not Python ({error}): restore it from the repository"
                    ) from error
                for node in body:
                    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                    names += [target.id for target in targets if isinstance(target, ast.Name)]
        return tuple(names)

    def own(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Those of `parameters` that this notebook has."""
        names = self.parameters()
        return {name: value for name, value in parameters.items() if name in names}


def _is_cell(cell: object) -> bool:
    """Whether JSON has the shape of a cell, as far as it is read."""
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str) or not isinstance(cell.get("metadata"), dict):
        return False
    source, tags = cell.get("source"), cell["metadata"].get("tags", [])
    listed = isinstance(source, str) or (isinstance(source, list) and all(isinstance(line, str) for line in source))
    return listed and isinstance(tags, list)


def find_notebooks(names: Sequence[str | Path] | None = None) -> list[Notebook]:
    """The notebooks that `names` choose, in number order; all of them without names.

    A name is a number (`50`), a range with both ends (`41-45`), a name (`50_architecture_study`) or a path.
    RunnerError, with the list of all notebooks, for a name that chooses nothing.
    """
    known = [Notebook(path) for path in sorted(paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))]
    if not known:
        raise RunnerError(f"no notebook NN_name.ipynb in {paths.NOTEBOOKS}: restore the folder from the repository")
    if not names:
        return known
    chosen: set[Notebook] = set()
    for name in map(str, names):
        match = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", name)
        if match:
            first, last = int(match[1]), int(match[2] or match[1])
            found = {notebook for notebook in known if first <= notebook.number <= last}
        else:
            path = Path(name).resolve()
            found = {notebook for notebook in known if name == notebook.name or path == notebook.path.resolve()}
        if not found:
            listing = ", ".join(notebook.name for notebook in known)
            raise RunnerError(f"there is no notebook {name!r}; there are {listing}")
        chosen |= found
    return sorted(chosen, key=lambda notebook: notebook.name)


def check_parameters(notebooks: Sequence[Notebook], parameters: Mapping[str, Any]) -> None:
    """RunnerError for a parameter that none of the notebooks has: papermill would only warn and run without it.

    A parameter is passed to the notebooks that have it (`Notebook.own`): `epochs` to those that train.
    """
    if "profile" in parameters:
        raise RunnerError("the parameter profile is given by --profile")
    owned = {notebook.name: [name for name in notebook.parameters() if name != "profile"] for notebook in notebooks}
    for parameter in parameters:
        if not any(parameter in names for names in owned.values()):
            listing = "; ".join(f"{notebook} has {', '.join(names) or 'none'}" for notebook, names in owned.items())
            raise RunnerError(f"none of the chosen notebooks has a parameter {parameter!r}: {listing}")


_TITLE = re.compile(r"#\s*(?P<title>.+?)\s*\((?:thesis,?\s*)?(?P<where>[^()]*)\)\s*$")


_QUESTION = re.compile(r"\*\*Question\.?\*\*\.?\s*(.+?)(?:\n\s*\n|$)", re.DOTALL)


def notebook_map(folder: Path = paths.NOTEBOOKS) -> pd.DataFrame:
    """A row for each notebook: notebook, title, thesis (section), question, figures, tables (names, in order of making)."""
    rows = []
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        notebook = Notebook(path)
        first = "".join(notebook.cells()[0]["source"])
        heading = first.splitlines()[0]
        title = _TITLE.match(heading)
        question = _QUESTION.search(first)
        code = notebook.code()
        rows.append(
            {
                "notebook": notebook.name,
                "title": title["title"] if title else heading.lstrip("# "),
                "thesis": title["where"] if title else "",
                "question": " ".join(question[1].split()) if question else "",
                "figures": _names(code, "save_figure"),
                "tables": _names(code, "save_table"),
            }
        )
    return pd.DataFrame(rows, columns=["notebook", "title", "thesis", "question", "figures", "tables"])


def _names(code: str, function: str) -> list[str]:
    """Names of files in calls of `function`, where they are literals; names in variables are not found."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and len(node.args) > 1]
    named = [call for call in calls if getattr(call.func, "id", "") == function and isinstance(call.args[1], ast.Constant)]
    return [call.args[1].value for call in sorted(named, key=lambda call: call.lineno)]


def printed_map(table: pd.DataFrame) -> str:
    """The map as a Markdown table whose first column links to the notebooks beside the reader's."""
    lines = ["| notebook | thesis | question | makes |", "|:--|:--|:--|:--|"]
    for row in table.itertuples():
        made = ", ".join(f"`{name}`" for name in [*row.figures, *row.tables]) or "–"
        lines.append(f"| [{row.notebook}]({row.notebook}.ipynb) | {row.thesis or '–'} | {row.question} | {made} |")
    return "\n".join(lines)
