"""Executed notebooks as pages: figures and tables get their number, caption and a name that links lead to.

A cell that saves a figure is followed by the figure itself, a cell that saves a table by its caption. The code of such cells, and
what begins and ends a notebook, is folded; code that readers are to see (tagged `written-out`), exercises and all else stand open.
"""

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from adtlib.markup import in_html, in_markdown
from adtlib.notebooks.gallery import label, seen

FOLDED = {"setup", "checks"}
PANEL = '<figure class="panel">'  # make_book counts them in what was built
_NOTHING_RUNS = "\n\nIn this book nothing runs: [how to do an exercise](../docs/notebooks.md#do-an-exercise)."
_PANEL = re.compile(r"\[panel (\S+): open the notebook in JupyterLab and run it to move (.+)\]", re.S)


@dataclass
class Listed:
    """What the notebooks of a profile made, by file name: figures (rows of the manifest), tables (number, caption), notebooks."""

    figures: dict[str, dict[str, str]]
    tables: dict[str, tuple[str, str]]
    notebooks: dict[str, str]  # "10": "10_sound_and_fourier"
    citations: set[str] = field(default_factory=set)


def anchor(kind: str, name: str) -> str:
    """The name that links to a figure ("fig") or a table ("tab") lead to."""
    return f"{kind}-{name.lower().replace('_', '-')}"


def figure_number(row: dict[str, str]) -> str:
    """As it is printed in the book: "Fig. 2.3", "Fig. 4.1a"."""
    return f"Fig. {label(row['thesis_number']).removeprefix('Fig. ')}"


# --- text ----------------------------------------------------------------------------------------------------------------

_CODE = re.compile(r"(```.*?```|\$\$.*?\$\$|<summary>.*?</summary>)", re.S)
_NAMED = re.compile(r"(?<!\[)`(\d\d_\w+)`")
_MENTIONED = re.compile(r"\b([Nn]otebooks?) (\d\d)\b(?! to)")
_TO_NOTEBOOK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*?(\d\d_\w+)\.ipynb\)")  # profiles may leave some out
_LINKED = re.compile(r"\]\(((?:\.\./)*)([^)#\s:]*?)(\d\d_\w+)\.(png|pdf|csv|md|tex|ipynb)\)")


def with_links(text: str, listed: Listed) -> str:
    """Markdown in which figures, tables, notebooks and sources that are named can be followed."""
    parts = _CODE.split(text)
    return "".join(part if position % 2 else _linked(part, listed) for position, part in enumerate(parts))


def _linked(text: str, listed: Listed) -> str:
    text = _TO_NOTEBOOK.sub(lambda found: found[0] if found[2] in listed.notebooks.values() else found[1], text)
    text = _LINKED.sub(lambda found: f"]({target(found[3], found[4], listed)})", text)
    text = _NAMED.sub(lambda found: _to_name(found[1], listed) or found[0], text)
    text = _MENTIONED.sub(lambda found: _to_notebook(found, listed), text)
    for key in set(re.findall(r"`(\w+)`", text)) & listed.citations:
        text = text.replace(f"`{key}`", f"{{cite:p}}`{key}`")
    return text.replace("Keys as in `references.bib`.", "Marks lead to the [bibliography](../bibliography.md).")


def target(name: str, suffix: str, listed: Listed) -> str:
    """Where a link to a file that notebooks made, or to a notebook, leads in the book."""
    if suffix == "ipynb":
        return f"../notebooks/{name}.ipynb"
    kind, known = ("fig", listed.figures) if suffix in ("png", "pdf") else ("tab", listed.tables)
    if name not in known:
        raise ValueError(f"a link leads to {name}.{suffix}, which no notebook of this profile made")
    return f"#{anchor(kind, name)}"


def _to_name(name: str, listed: Listed) -> str | None:
    for kind, known in (("fig", listed.figures), ("tab", listed.tables)):
        if name in known:
            return f"[`{name}`](#{anchor(kind, name)})"
    return f"[`{name}`](../notebooks/{name}.ipynb)" if name in listed.notebooks.values() else None


def _to_notebook(found: re.Match, listed: Listed) -> str:
    name = listed.notebooks.get(found[2])
    return f"[{found[1]} {found[2]}](../notebooks/{name}.ipynb)" if name else found[0]


# --- cells ---------------------------------------------------------------------------------------------------------------


def staged(path: Path, listed: Listed, profile: str) -> dict:
    """The notebook of a file as the book shows it, as JSON."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells, before = [], ""
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            before = cell["source"]
            cell["source"] = with_links(cell["source"], listed) + _NOTHING_RUNS * (cell["id"] == "exercises-text")
            cells.append(cell)
        else:
            cell["execution_count"] = None  # which means nothing in a book
            cells += _code_cell(cell, before, listed, profile)
    return {**notebook, "cells": cells}


def _code_cell(cell: dict, before: str, listed: Listed, profile: str) -> list[dict]:
    """The cell without its figures, which follow in cells of their own; `before` is the text above it."""
    tags = cell["metadata"].setdefault("tags", [])
    if {"parameters", "injected-parameters"} & set(tags):
        return []  # the profile stands in every caption
    source = cell["source"]
    saved = {kind: _saved(source, f"save_{kind}") for kind in ("figure", "table")}
    if any(saved.values()) or cell["id"] in FOLDED:
        tags.append("hide-input")
    printed = any(_holds_table(output.get("data", {})) for output in cell["outputs"])
    after = []
    for name in saved["figure"]:
        cell["outputs"] = [output for output in cell["outputs"] if "image/png" not in output.get("data", {})]
        after.append(_markdown(f"{cell['id']}-figure-{name}", _figure(name, listed, profile)))
    for output in list(cell["outputs"]):
        data = output.get("data", {})
        if found := _PANEL.fullmatch("".join(data.get("text/plain", ""))):
            cell["outputs"].remove(output)
            after.append(_panel(cell["id"], found, data["image/png"]))
        elif "image/png" in data:
            said = [line for line in before.split("\n") if line and not line.startswith("#")]
            cell["metadata"]["mystnb"] = {"image": {"alt": seen(in_line(" ".join(said)))}}
        elif saved["table"] and "text/html" in data:  # its caption follows
            data["text/html"] = re.sub(r"<caption>.*?</caption>", "", "".join(data["text/html"]), flags=re.S)
        elif "text/markdown" in data:
            data["text/markdown"] = with_links("".join(data["text/markdown"]), listed)
        elif "<img" in (page := "".join(data.get("text/html", ""))) and "figures/" in page:  # the gallery of notebook 70
            cell["outputs"].remove(output)
            after.append(_markdown(f"{cell['id']}-gallery", "All of them are on the page [Figures](../figures.md)."))
    for name in saved["table"]:
        number, caption = listed.tables[name]
        if not printed:
            caption += " Stored as CSV, not printed here" + ("; drawn below." if saved["figure"] else ".")
        text = f"({anchor('tab', name)})=\n**Table {number}.** {caption}"
        after.insert(0, _markdown(f"{cell['id']}-table-{name}", f":::{{div}} caption-of-table\n{text}\n:::"))
    return [cell, *after]


def _holds_table(data: dict) -> bool:
    return "<table" in "".join(data.get("text/html", "")) or "| :--" in "".join(data.get("text/markdown", ""))


def _saved(source: str, function: str) -> list[str]:
    """The names that calls of a function in a cell give to what they save, the second argument of each."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [ast.literal_eval(call.args[1]) for call in calls if call.func.id == function]


def _markdown(name: str, source: str) -> dict:
    return {"cell_type": "markdown", "id": re.sub(r"\W", "-", name)[:64], "metadata": {}, "source": source}


def _figure(name: str, listed: Listed, profile: str) -> str:
    row = listed.figures[name]
    lines = [
        f":::{{figure}} ../figures/{profile}/{name}.png",
        f":name: {anchor('fig', name)}",
        f":alt: {in_line(seen(row['caption']))}",
        f":target: ../_images/{name}.png",
        "",
        f"**{figure_number(row)}.** {in_markdown(row['caption'])}",
        ":::",
    ]
    return "\n".join(lines)


def in_line(text: str) -> str:
    """A text as the value of an option of a directive."""
    return " ".join(text.split())


def _panel(cell: str, found: re.Match, picture: str) -> dict:
    moved = found[2].split(", ")
    listing = ", ".join(moved[:-1]) + f" and {moved[-1]}" if len(moved) > 1 else moved[0]
    caption = f"A panel as it opens; in JupyterLab you move {listing.replace('_', ' ')}."
    html = f'<img src="data:image/png;base64,{"".join(picture).strip()}" alt="{in_html(caption)}" loading="lazy">'
    page = f"{PANEL}{html}<figcaption><p>{in_html(caption)}</p></figcaption></figure>"
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": page}}
    # The source is not shown; myst-nb leaves out a cell without one, and with it what the cell shows.
    shown = {"cell_type": "code", "id": re.sub(r"\W", "-", f"{cell}-panel")[:64], "execution_count": None, "source": "# panel"}
    return shown | {"metadata": {"tags": ["remove-input"]}, "outputs": [output]}
