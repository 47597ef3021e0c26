"""What cells show is compared with what is stored: a changed number, or another picture, fails with the name of the cell."""

import io
import os
import subprocess
import sys

import nbformat
import numpy as np
import pytest
import stored_outputs
from nbformat import v4
from nbval.plugin import get_sanitize_patterns
from PIL import Image

from adtlib import paths

CELLS = {
    "import": "from here import BANDS, grey\nfrom IPython.display import Image, Markdown, display",
    "bands": 'print(f"{BANDS} bands")',
    "unchanged": 'print("84 is as many as there were"); display(Markdown(f"at {hex(id(grey))}"))',
    "picture": "Image(grey(BANDS))",
    "measured": "print(BANDS)",
}
MODULE = """
import io
from PIL import Image
BANDS = {}
def grey(value):
    file = io.BytesIO()
    Image.new("L", (30, 20), value).save(file, "PNG")
    return file.getvalue()
"""


@pytest.fixture
def run(tmp_path):
    """Runs a notebook of CELLS whose module says that there are so many bands: what pytest says."""
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source, id=name) for name, source in CELLS.items()])
    notebook.cells[-1].metadata["tags"] = ["nbval-ignore-output"]
    nbformat.write(notebook, tmp_path / "tiny.ipynb")

    def run(bands: int, *options: str) -> str:
        (tmp_path / "here.py").write_text(MODULE.format(bands))
        tests = paths.ROOT / "tests"
        search = os.pathsep.join(filter(None, (str(tests), str(paths.ROOT), os.environ.get("PYTHONPATH"))))
        command = [
            *(
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "stored_outputs",
                "-p",
                "no:cacheprovider",
                "-c",
                os.devnull,
                "-rA",
                "--color=no",
            ),
            *("--nbval-lax", "--nbval-current-env", "--nbval-kernel-startup-timeout=180"),
            f"--nbval-sanitize-with={tests / 'stored_outputs.cfg'}",
            *(f"--stored-outputs={tmp_path / 'stored'}", *options, str(tmp_path / "tiny.ipynb")),
        ]
        # Without bytecode: two modules of one size written within a second would be taken for the same.
        environment = os.environ | {"PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True).stdout

    return run


def test_a_changed_number_fails_with_the_name_of_its_cell(run, tmp_path):
    assert "5 passed" in run(84, "--write-outputs")
    stored = stored_outputs.stored_of(tmp_path / "stored", "tiny")
    assert set(stored) == {"bands", "unchanged", "picture"} and stored["bands"] == [{"stdout": "84 bands\n"}]
    said = run(124)
    assert "2 failed, 3 passed" in said, said
    assert "cell 'bands' of tiny shows something else" in said and "124 bands" in said
    assert "cell 'picture' of tiny shows something else" in said
    assert "cell 'unchanged'" not in said and "cell 'measured'" not in said


def png(pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_pictures_are_alike_where_only_their_edges_are_smoothed_in_another_way(rng):
    page = np.full((300, 400), 255)
    page[100:200, 50:350] = 0
    first = stored_outputs.small(png(page))
    assert stored_outputs.alike(first, stored_outputs.small(png(np.clip(page + rng.integers(-40, 40, page.shape), 0, 255))))
    assert not stored_outputs.alike(first, stored_outputs.small(png(np.roll(page, 20, axis=0)))), "moved by a fifteenth"
    assert not stored_outputs.alike(first, stored_outputs.small(png(page[:, :-2]))), "of another size"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<Axes at 0x7fcb675be650>", "<Axes at ADDRESS>"),
        ('<audio src="data:audio/mpeg;base64,SUQz">', '<audio src="data:audio">'),
        ("/home/someone/adt/results/smoke/a.csv", "FOLDER/a.csv"),
        ("see https://doi.org/10.5281/zenodo.1", "see https://doi.org/10.5281/zenodo.1"),
        ("results/smoke/a.csv: 1/2 of </b>", "results/smoke/a.csv: 1/2 of </b>"),
        ("largest differences 3.2e-08 and 0e+00, F1 0.832, 1.5e-03", "largest differences TINY and TINY, F1 0.832, 1.5e-03"),
    ],
)
def test_what_differs_between_machines_is_taken_out_and_nothing_else(text, kept):
    import re

    for pattern, name in get_sanitize_patterns((paths.ROOT / "tests" / "stored_outputs.cfg").read_text()):
        text = re.sub(pattern, name, text)
    assert text == kept


def test_of_00_to_30_each_has_what_its_cells_show():
    notebooks = {path.stem for path in (paths.ROOT / "notebooks").glob("[0-3]*.ipynb")}
    assert {path.stem for path in stored_outputs.STORED.glob("*.json")} == notebooks
