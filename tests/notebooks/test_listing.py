"""Files that are no notebooks, or whose cells are no Python."""

import json

import pytest

from adtlib.notebooks.listing import Notebook, RunnerError, notebook_map

CELL = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "epochs = 3"}
WRONG_CELLS = (
    {"cell_type": 1},
    {"metadata": []},
    {"metadata": {"tags": 1}},
    {"source": None},
    {"source": [1]},
    {"source": "epochs ="},
    {"source": "epochs = 1\0"},
)


def notebook(folder, content):
    path = folder / "43_one.ipynb"
    path.write_text(content)
    return Notebook(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": 1}', '{"cells": [1]}', "[" * 100_000])
def test_what_is_no_notebook_is_said(tmp_path, content):
    with pytest.raises(RunnerError, match=r"43_one\.ipynb is not a notebook .*: restore it"):
        notebook(tmp_path, content).cells()


@pytest.mark.parametrize("wrong", WRONG_CELLS, ids=str)
def test_a_cell_of_another_shape_is_said(tmp_path, wrong):
    assert notebook(tmp_path, json.dumps({"cells": [CELL]})).parameters() == ("epochs",)
    with pytest.raises(RunnerError, match=r"43_one\.ipynb.*: restore it"):
        notebook(tmp_path, json.dumps({"cells": [CELL | wrong]})).parameters()


def test_cells_that_are_not_python_are_no_code(tmp_path):
    cells = [CELL | {"source": source} for source in ("a = 1", "a = ", "b = 2\0", ["c =", " 3"], "%matplotlib inline")]
    assert notebook(tmp_path, json.dumps({"cells": cells})).code().split() == ["a", "=", "1", "c", "=", "3"]


def test_the_map_passes_over_cells_that_are_not_python(tmp_path):
    sources = (
        "%%bash\necho no Python",
        'for _ in range(1):\n    save_figure(figure, "43_first", profile)',
        '!ls\nsave_table(table, "43_table", profile)\nsave_figure(figure, "43_second", profile)\nsave_figure(figure, name)',
    )
    title = {"cell_type": "markdown", "metadata": {}, "source": "# One (thesis, 3.1)\n\n**Question.** Why?"}
    notebook(tmp_path, json.dumps({"cells": [title, *(CELL | {"source": source} for source in sources)]}))
    (row,) = notebook_map(tmp_path).to_dict("records")
    made = {"figures": ["43_first", "43_second"], "tables": ["43_table"]}
    assert row == {"notebook": "43_one", "title": "One", "thesis": "3.1", "question": "Why?"} | made
