"""Tables: full precision in CSV, the thesis's marks in LaTeX and Markdown."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from adtlib import paths
from adtlib.notebooks.headers import header
from adtlib.notebooks.latex import LATEX_PACKAGES, SET_FOR
from adtlib.notebooks.tables import save_table, to_latex, to_markdown, to_styled


@pytest.fixture
def grid():
    return pd.DataFrame(
        {"E-GMD": [0.91234, 0.9, np.nan], "Slakh": [0.5, 0.70001, 0.7], "n_tracks": [3, 1200, 5]},
        index=pd.Index(["RNN", "CNN", "A&B_c"], name="architecture"),
    )


def test_the_highest_of_a_column_is_bold_and_ties_that_print_alike_are_both(grid):
    text = to_markdown(grid, "Scores.", bold="columns")
    lines = text.splitlines()
    assert lines[0] == "| architecture | E-GMD | Slakh | tracks |"
    assert lines[2] == "| RNN | **0.912** | 0.500 | 3 |"
    assert lines[3] == "| CNN | 0.900 | **0.700** | 1,200 |"
    assert lines[4] == "| A&B_c | – | **0.700** | 5 |"
    assert text.endswith("Scores.\n\nBold: highest of its column; numbers that print alike are all bold.\n")


def test_commands_are_code_where_they_are_asked_for_and_nothing_else_is():
    remedies = pd.DataFrame({"remedy": ["`adt corpora --fetch 'MDB Drums'` gets it", "`a*b`"]}, pd.Index(["A", "B"], name="corpus"))
    assert "| `adt corpora --fetch 'MDB Drums'` gets it |" in to_markdown(remedies, "", commands=True)
    assert "\\`a\\*b\\`" in to_markdown(remedies, "", commands=True), "signs in it are escaped, so it is no code"
    assert "\\`adt corpora" in to_markdown(remedies, "")


def test_nothing_is_bold_where_all_is_zero():
    zeros = pd.DataFrame({"x": [0.0, 0.0]}, index=["a", "b"])
    assert "**" not in to_markdown(zeros, "", bold="columns")


def test_latex_is_escaped_and_marked(grid):
    text = to_latex(grid, "50 % of A_1, ±50 ms.", "tab:x", bold="columns")
    assert r"\textbf{0.912}" in text and r"A\&B\_c" in text and r"50 \% of A\_1, $\pm$50 ms." in text
    assert latex_faults(text) == []


def test_csv_keeps_every_digit(grid, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    table = grid.reset_index()
    save_table(table, "50_x", "smoke", "Scores.", grid)
    folder = tmp_path / "smoke" / "tables"
    pd.testing.assert_frame_equal(pd.read_csv(folder / "50_x.csv"), table)
    assert sorted(path.suffix for path in folder.iterdir()) == [".csv", ".md", ".tex"]


# --- zero-shot ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def zero_shot(grid):
    """Of E-GMD the best is no zero-shot cell and one number alone is; of Slakh both that read as best are."""
    return pd.DataFrame({"E-GMD": [False, True, True], "Slakh": [True, True, True], "n_tracks": False}, index=grid.index)


def test_one_number_alone_is_not_the_best_of_anything(grid, zero_shot):
    alone = grid[["E-GMD"]].assign(here=[0.5, np.nan, np.nan])
    text = to_markdown(alone, "Scores.", "columns", zero_shot[["E-GMD"]].assign(here=True))
    assert "| **0.912** | *0.500* |" in text and "<ins>" not in text


def test_numbers_are_as_long_as_they_say_something():
    table = pd.DataFrame(
        {
            "training_seconds": [18.6766, 520.527, 1234.5678],
            "epochs": [16.0, 12.0, np.nan],
            "hours_thesis": [1.37, 444.5, 145.0],
            "median_ms": [-0.332, 0.0, 1.0],
            "use_gru": [True, False, True],
        },
        index=pd.Index(["a", "b", "c"], name="n_parameters"),
    )
    lines = to_markdown(table, "").splitlines()
    assert lines[0] == "| parameters | training (s) | epochs | length, thesis (h) | median (ms) | GRU (else LSTM) |"
    assert lines[2] == "| a | 18.7 | 16 | 1.370 | -0.332 | yes |"
    assert lines[3] == "| b | 521 | 12 | 444.5 | 0.000 | no |"
    assert lines[4] == "| c | 1,235 | – | 145.0 | 1.000 | yes |"
    assert "training (s)" in to_styled(table, "").to_html()
    assert r"\shortstack[r]{training\\(s)}" in to_latex(table, "", "tab:x"), "a head wider than its numbers is in two lines"


def test_a_mean_of_one_epoch_is_a_count_and_a_score_of_one_is_none():
    table = pd.DataFrame({"epochs": [1.0, 1.0], "f1_micro": [1.0, 0.0]}, index=pd.Index(["a", "b"], name="x"))
    assert "| a | 1 | 1.000 |" in to_markdown(table, "")


def test_no_table_of_the_showcase_would_show_a_name_of_code():
    columns = {name for path in paths.RESULTS.glob("showcase/tables/*.csv") for name in pd.read_csv(path, nrows=0).columns}
    assert len(columns) > 100
    assert sorted(name for name in columns if "_" in header(name)) == []


def test_zero_shot_cells_are_shaded_and_their_best_underlined(grid, zero_shot):
    grid = grid.drop(columns="n_tracks")
    lines = to_markdown(grid, "Scores.", "columns", zero_shot.drop(columns="n_tracks")).splitlines()
    assert lines[2] == "| RNN | **0.912** | *0.500* |"
    assert lines[3] == "| CNN | *0.900* | ***<ins>0.700</ins>*** |"
    assert lines[4] == "| A&B_c | *–* | ***<ins>0.700</ins>*** |"
    assert "Italics: zero-shot" in lines[-1]
    latex = to_latex(grid, "Scores.", "tab:x", "columns", zero_shot.drop(columns="n_tracks"))
    assert r"RNN & \textbf{0.912} & \cellcolor{shade}0.500 \\" in latex
    assert r"CNN & \cellcolor{shade}0.900 & \cellcolor{shade}\textbf{\underline{0.700}} \\" in latex
    assert "Shaded: zero-shot" in latex
    assert latex_faults(latex) == []


def test_a_notebook_shows_the_same_marks(grid, zero_shot):
    page = to_styled(grid, "Scores < all.", "columns", zero_shot).to_html()
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page)
    assert cells[:3] == ["<strong>0.912</strong>", "<em>0.500</em>", "3"]
    assert cells[3:5] == ["<em>0.900</em>", "<strong><em><ins>0.700</ins></em></strong>"]
    assert "Scores &lt; all." in page and page.count("background-color") == 1


def test_marks_of_another_table_are_refused(grid, zero_shot):
    with pytest.raises(ValueError, match="index and columns"):
        to_markdown(grid, "", "columns", zero_shot.iloc[::-1])
    with pytest.raises(ValueError, match="bold = 'rows'"):
        to_markdown(grid, "", "rows")


# --- LaTeX compiles ----------------------------------------------------------------------------------------------------


def latex_faults(text: str) -> list[str]:
    """What a compiler would refuse: unbalanced braces and environments, rows of more or fewer cells than columns."""
    faults, depth, open_environments = [], 0, []
    plain = re.sub(r"(\\\\)|\\[{}$&%_#]", lambda match: match[1] or "", re.sub(r"^%.*$", "", text, flags=re.M))
    for character in plain:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return ["a brace is closed that was not opened"]
    if depth:
        faults.append(f"{depth} braces stay open")
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", plain):
        if kind == "begin":
            open_environments.append(name)
        elif not open_environments or open_environments.pop() != name:
            faults.append(f"\\end{{{name}}} ends nothing")
    faults += [f"{name} stays open" for name in open_environments]
    faults += ["a lone $"] if plain.count("$") % 2 else []
    for align, body in re.findall(r"\\begin\{tabular\}\{([^\n]*)\}\n(.*?)\\end\{tabular\}", plain, flags=re.S):
        columns = len(re.sub(r"[^lcrp]", "", re.sub(r">?\{[^}]*\}", "", align)))
        for line in body.splitlines():
            if line.endswith(r"\\") and line.count("&") != columns - 1:
                faults.append(f"{line.count('&') + 1} cells in {columns} columns: {line}")
    return faults


def page_faults(text: str) -> list[str]:
    """What does not fit a page, by counting: rows of a float, and characters of a line where type of 7 pt has room for 135."""
    faults = []
    for number, one in enumerate(re.findall(r"\\begin\{table\}.*?\\end\{table\}", text, flags=re.S), 1):
        rows = len(re.findall(r"\\\\$", one, flags=re.M))
        faults += [f"float {number}: {rows} rows"] if rows > 48 else []
        for columns, body in re.findall(r"\\begin\{tabular\}\{([^\n]*)\}\n(.*?)\\end\{tabular\}", one, flags=re.S):
            kinds = re.findall(r"p\{\d+pt\}|[lrc]", re.sub(r">\{[^{}]*\}", "", columns))
            room = [int(kind[2:-3]) // 5 if kind[0] == "p" else 32 for kind in kinds]  # a longer text is broken into lines
            longest: dict[int, int] = {}
            for line in re.findall(r"^(.*) \\\\$", body, flags=re.M):
                for column, cell in enumerate(re.split(r"(?<!\\) & ", line)):
                    lines = re.sub(r"\\shortstack\[.\]", "", cell).split(r"\\")
                    size = max(len(re.sub(r"\\cellcolor\{shade\}|\\[a-z]+|[{}$\\]", "", part)) for part in lines)
                    longest[column] = max(longest.get(column, 0), min(size, room[column]))
            width = sum(longest.values()) + len(longest)
            faults += [f"float {number}: lines of {width} characters"] if width > 135 else []
    return faults


def compile_latex(texts: dict[str, str], folder) -> None:
    """Compile tables in one document that loads nothing but the packages they name."""
    for name, text in texts.items():
        (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    body = "".join(f"\\input{{{name}.tex}}\\clearpage\n" for name in texts)
    document = f"\\documentclass{{article}}\n{LATEX_PACKAGES}\n\\begin{{document}}\n{body}\\end{{document}}\n"
    (folder / "all.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "all.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=300)
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if re.match(r"\./\S+:\d+:|!|l\.", line))
    too_wide = re.findall(r"Overfull \\hbox \((\d+)\.\d*pt too wide\) in paragraph", done.stdout)
    assert not too_wide, f"tables run {too_wide} pt off the page"
    assert "Float too large" not in done.stdout, "a table is longer than a page"


def check_latex(texts: dict[str, str], folder) -> None:
    for name, text in texts.items():
        assert latex_faults(text) == [], name
        if SET_FOR in text:  # files made before there was such a limit do not say so
            assert page_faults(text) == [], name
    if shutil.which("pdflatex"):
        compile_latex(texts, folder)


def test_every_table_compiles_in_a_bare_document(tmp_path):
    """Those that were made with this version: they name the packages they need."""
    texts = {}
    for path in sorted(path for profile in ("showcase", "study") for path in (paths.RESULTS / profile).glob("tables/*.tex")):
        text = path.read_text(encoding="utf-8")
        if text.startswith("% needs "):
            texts[f"{path.parent.parent.name}_{path.stem}"] = text
    assert len(texts) > 30
    check_latex(texts, tmp_path)


def test_tables_that_are_hard_to_set_compile(grid, zero_shot, tmp_path):
    awkward = pd.DataFrame(
        {
            "why": ["see https://example.org/a_long_address/that/goes/on/and/on/and/on/for/ever/and/a/day_100%25 " * 3, "–"],
            "signs": [r"\ { } ~ ^ # $x$ \LaTeX", "≥ ≤ ± × ÷ − → ≈ · µ ² ° Δ – — … ’ “ ” ü é"],
            **{f"a wide column {i}": [0.5, np.nan] for i in range(14)},
        },
        index=pd.Index(["ENST+MDB & Slakh_2100 + ADTOF-YT + E-GMD", "b"], name="100 %"),
    )
    texts = {
        "marks": to_latex(grid, "Scores.", "tab:a", "columns", zero_shot),
        "awkward": to_latex(awkward, r"At 50 % of {all} \ $_^~#", "tab:b"),
    }
    check_latex(texts, tmp_path)


def test_what_is_too_long_or_too_wide_for_a_page_is_set_in_parts():
    long = pd.DataFrame({"n": range(144), "share": 0.5}, index=pd.Index([f"row {i}" for i in range(144)], name="struck"))
    text = to_latex(long, "All rows.", "tab:long")
    assert text.count(r"\begin{table}") == 5 and "All rows. Part 5 of 5." in text and r"\label{tab:long-5}" in text
    assert re.findall(r"^row (\d+) &", text, flags=re.M) == [str(i) for i in range(144)]
    keys = pd.MultiIndex.from_product([["Slakh", "E-GMD"], ["RNN", "CNN"]], names=["corpus", "architecture"])
    names = [f"{test}, {column}" for test in ("one", "two", "three", "four", "five") for column in ("here", "published")]
    wide = pd.DataFrame({name: ["0.123 to 0.456"] * 4 for name in names}, index=keys)
    text = to_latex(wide, "", "tab:wide")
    assert text.count(r"\begin{tabular}") == 2 and text.count(r"\begin{table}") == 1
    assert text.count("Slakh & RNN &") == 2, "each panel says what its rows are"
    panels = re.findall(r"\\toprule\n(.*) \\\\$", text, flags=re.M)
    assert [panel.count("published") for panel in panels] == [panel.count("here") for panel in panels], "pairs stay together"
    for whole in (text, to_latex(long, "", "tab:long")):
        assert page_faults(whole) == [] and latex_faults(whole) == []


def test_the_check_of_pages_finds_what_does_not_fit():
    rows = "\n".join([r"a & b \\"] * 49)
    cells = " & ".join(["0.123"] * 24)
    table = "\\begin{table}\n\\begin{tabular}{llllllllllllllllllllllll}\n%s\n\\end{tabular}\n\\end{table}"
    assert page_faults(table % rows) == ["float 1: 49 rows"]
    assert page_faults(table % (cells + r" \\")) == ["float 1: lines of 144 characters"]


@given(st.lists(st.text(st.characters(codec="ascii"), max_size=12), min_size=2, max_size=2))
def test_any_text_is_set_as_it_stands(texts):
    table = pd.DataFrame({texts[0]: [texts[1]]}, index=pd.Index(["x"], name="y"))
    assert latex_faults(to_latex(table, texts[0], "tab:x")) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [(r"\end{tabular}}", "}"), (" & 3", " & 3 & 4"), ("{0.912}", "{0.912"), (r"\caption{", r"\caption{{"), ("RNN", "R$N")],
)
def test_the_check_finds_what_a_compiler_refuses(grid, tmp_path, before, after):
    """Where no LaTeX is installed the check stands for it: both refuse the same tables."""
    broken = to_latex(grid, "Scores.", "tab:x", "columns").replace(before, after, 1)
    assert latex_faults(broken)
    if shutil.which("pdflatex"):
        with pytest.raises(AssertionError):
            compile_latex({"broken": broken}, tmp_path)
