"""A plugin of pytest for nbval: what each cell of a notebook shows is compared with what is stored of it.

    PYTHONPATH=tests python -m pytest --nbval-lax -p stored_outputs --nbval-sanitize-with tests/stored_outputs.cfg notebooks/10*

Notebooks are stored without outputs. `tests/fixtures/notebooks/<name>.json` holds what its cells show with the profile `smoke`, by
the cell's id: texts and tables word by word, pictures as small grey ones. nbval runs the cells, removes what `stored_outputs.cfg`
names from both sides (times, addresses, random ids), and compares. A cell tagged `nbval-ignore-output` measures time: it is run and
not compared. With `--write-outputs` the file is written anew instead; look at its difference before you commit it.
"""

import base64
import functools
import io
import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbval.plugin import IPyNbCell
from PIL import Image

SMALL = 16  # pixels of a stored picture along each side
ALIKE = 24  # of 255 greys that may lie between pixels of two pictures that are alike: versions of a rasteriser differ by less
STORED = Path(__file__).parent / "fixtures" / "notebooks"
_TEXTS = ("text/plain", "text/html", "text/markdown")
_PICTURE = "picture"


def pytest_addoption(parser) -> None:
    """Two options beside nbval's."""
    group = parser.getgroup("nbval")
    group.addoption("--write-outputs", action="store_true", help="store what the cells show, in place of comparing it")
    group.addoption("--stored-outputs", type=Path, default=STORED, help="folder of what is stored")


def pytest_collection_modifyitems(config, items) -> None:
    """Give each cell what is stored of it; notebooks of which nothing is stored are run only."""
    for item in items:
        if not isinstance(item, IPyNbCell):
            continue
        stored = stored_of(config.option.stored_outputs, item.path.stem)
        if stored is not None and not _ignored(item) and not config.option.write_outputs:
            item.cell.outputs, item.cell.execution_count = _as_outputs(stored.get(item.cell.id, [])), 0
            item.options["check"] = True
            item.compare_outputs = functools.partial(_compare, item)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """After a cell that ran, store what it showed if asked for."""
    yield
    ran = call.when == "call" and call.excinfo is None and isinstance(item, IPyNbCell)
    if ran and item.config.option.write_outputs and not _ignored(item):
        _store(item)


def _ignored(item) -> bool:
    return "nbval-ignore-output" in item.cell.metadata.get("tags", ())


def stored_of(folder: Path, notebook: str) -> dict[str, list] | None:
    """{id of a cell: its outputs} of a notebook, None where nothing is stored."""
    path = folder / f"{notebook}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def condensed(outputs, sanitize) -> list[dict[str, str]]:
    """What is compared of the outputs of a cell: an entry for each, texts by kind, a picture by its small form."""
    kept = []
    for output in outputs:
        if output.output_type == "stream":
            kept.append({output.name: sanitize(output.text)})
            continue
        # A table in HTML says what it says in words; of other objects words are a name only: "<pandas.io...Styler at ADDRESS>".
        kinds = _TEXTS if output.data.get("text/plain", "<").startswith("<") else ("text/plain",)
        entry = {kind: sanitize(output.data[kind]) for kind in kinds if kind in output.data}
        if "image/png" in output.data:
            entry[_PICTURE] = small(base64.b64decode(output.data["image/png"]))
        kept.append(entry)
    return kept


def small(png: bytes) -> str:
    """A picture in SMALL x SMALL greys, after its size: "640x480 00ff..."."""
    picture = Image.open(io.BytesIO(png)).convert("L")
    return f"{picture.width}x{picture.height} {picture.resize((SMALL, SMALL), Image.Resampling.BOX).tobytes().hex()}"


def alike(ours: str, theirs: str) -> bool:
    """Whether two small pictures are of the same size, to a pixel, and show the same."""
    (size, greys), (other_size, other_greys) = ours.split(), theirs.split()
    sizes = np.array([list(map(int, text.split("x"))) for text in (size, other_size)])
    first, second = (np.frombuffer(bytes.fromhex(text), np.uint8).astype(float) for text in (greys, other_greys))
    return bool(np.abs(sizes[0] - sizes[1]).max() <= 1 and np.abs(first - second).max() <= ALIKE)


def _compare(item, fresh, stored, **_) -> bool:
    """nbval's comparison of what is condensed; pictures that are alike count as equal."""
    now, then = condensed(fresh, item.sanitize), [output["data"] for output in stored]
    for ours, theirs in zip(now, then, strict=False):
        if _PICTURE in ours and _PICTURE in theirs and alike(ours[_PICTURE], theirs[_PICTURE]):
            ours[_PICTURE] = theirs[_PICTURE]
    same = IPyNbCell.compare_outputs(item, [_as_output(entry) for entry in now], stored)
    if not same:
        item.comparison_traceback.insert(0, f"cell {item.cell.id!r} of {item.path.stem} shows something else than is stored\n")
    return same


def _as_output(entry: dict[str, str]) -> nbformat.NotebookNode:
    return nbformat.from_dict({"output_type": "display_data", "data": entry, "metadata": {}})


def _as_outputs(entries) -> list[nbformat.NotebookNode]:
    return [_as_output(entry) for entry in entries]


def _store(item) -> None:
    folder = item.config.option.stored_outputs
    folder.mkdir(parents=True, exist_ok=True)
    ids = [cell.id for cell in item.parent.nb.cells]
    found = (stored_of(folder, item.path.stem) or {}) | {item.cell.id: condensed(item.test_outputs, item.sanitize)}
    kept = {name: found[name] for name in ids if found.get(name)}
    text = json.dumps(kept, ensure_ascii=False, indent=1)
    (folder / f"{item.path.stem}.json").write_text(text + "\n", encoding="utf-8")
