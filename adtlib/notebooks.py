"""The numbered notebooks `NN_name.ipynb`: which there are, and which parameters each of them takes."""

import ast
import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adtlib import paths


class RunnerError(ValueError):
    """What keeps notebooks from being run, as a sentence for the user."""


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
        """The cells as stored; RunnerError where the file is no notebook."""
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))["cells"]
        except (ValueError, KeyError) as error:
            raise RunnerError(f"{paths.relative(self.path)} is not a notebook ({error}): restore it from the repository") from error

    def code(self) -> str:
        """The source of the code cells as one text; without IPython's own commands and cells that are not Python."""
        sources = []
        for cell in self.cells():
            if cell["cell_type"] == "code":
                source = re.sub(r"(?m)^\s*[%!?].*$", "", "".join(cell["source"]))
                with contextlib.suppress(SyntaxError):
                    ast.parse(source)
                    sources.append(source)
        return "\n".join(sources)

    def parameters(self) -> tuple[str, ...]:
        """Names assigned in the cell tagged `parameters`, in order."""
        names = []
        for cell in self.cells():
            if "parameters" in cell.get("metadata", {}).get("tags", ()):
                for node in ast.parse("".join(cell["source"])).body:
                    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                    names += [target.id for target in targets if isinstance(target, ast.Name)]
        return tuple(names)

    def own(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Those of `parameters` that this notebook has."""
        names = self.parameters()
        return {name: value for name, value in parameters.items() if name in names}


def find_notebooks(names: Sequence[str | Path] | None = None) -> list[Notebook]:
    """The notebooks that `names` choose, in number order; all of them without names.

    A name is a number (`50`), a range with both ends (`41-45`), a name (`50_architecture_study`) or a path.
    RunnerError for a name that chooses nothing, with the list of what there is.
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

    A parameter that some of them have goes to those (`Notebook.own`): `epochs` to the ones that train.
    """
    if "profile" in parameters:
        raise RunnerError("the parameter profile is given by --profile")
    owned = {notebook.name: [name for name in notebook.parameters() if name != "profile"] for notebook in notebooks}
    for parameter in parameters:
        if not any(parameter in names for names in owned.values()):
            listing = "; ".join(f"{notebook} has {', '.join(names) or 'none'}" for notebook, names in owned.items())
            raise RunnerError(f"none of the chosen notebooks has a parameter {parameter!r}: {listing}")
