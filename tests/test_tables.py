"""Tables: full precision in CSV, the thesis's marks in LaTeX and Markdown."""

import numpy as np
import pandas as pd
import pytest

from adtlib import paths
from adtlib.tables import save_table, to_latex, to_markdown


@pytest.fixture
def grid():
    return pd.DataFrame(
        {"E-GMD": [0.91234, 0.9, np.nan], "Slakh": [0.5, 0.70001, 0.7], "n_tracks": [3, 1200, 5]},
        index=pd.Index(["RNN", "CNN", "A&B_c"], name="architecture"),
    )


def test_best_of_a_column_is_bold_and_ties_that_read_alike_are_both(grid):
    text = to_markdown(grid, "Scores.", bold="columns")
    lines = text.splitlines()
    assert lines[0] == "| architecture | E-GMD | Slakh | n_tracks |"
    assert lines[2] == "| RNN | **0.912** | 0.500 | 3 |"
    assert lines[3] == "| CNN | 0.900 | **0.700** | 1,200 |"
    assert lines[4] == "| A&B_c | – | **0.700** | 5 |"
    assert text.endswith("Scores.\n")


def test_nothing_is_best_where_all_is_zero():
    zeros = pd.DataFrame({"x": [0.0, 0.0]}, index=["a", "b"])
    assert "**" not in to_markdown(zeros, "", bold="columns")


def test_latex_is_escaped_and_balanced(grid):
    text = to_latex(grid, "50 % of A_1, ±50 ms.", "tab:x", bold="columns")
    assert r"\textbf{0.912}" in text and r"A\&B\_c" in text and r"50 \% of A\_1, $\pm$50 ms." in text
    assert text.count(r"\begin") == text.count(r"\end") == 2
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert all(line.replace(r"\&", "").count("&") == 3 for line in rows) and len(rows) == 4


def test_csv_keeps_every_digit(grid, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    table = grid.reset_index()
    save_table(table, "50_x", "smoke", "Scores.", grid)
    folder = tmp_path / "smoke" / "tables"
    pd.testing.assert_frame_equal(pd.read_csv(folder / "50_x.csv"), table)
    assert sorted(path.suffix for path in folder.iterdir()) == [".csv", ".md", ".tex"]
