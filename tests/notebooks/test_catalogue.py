"""The thesis's figures and tables are all made: the list of them against the notebooks, and against what is committed."""

import ast
import re

import nbformat
import pandas as pd
import pytest

from adtlib import paths
from adtlib.notebooks import catalogue, saved_figures
from adtlib.notebooks.catalogue import from_notebooks, overview, printed_catalogue, read_catalogue
from adtlib.notebooks.listing import notebook_map
from adtlib.notebooks.saved_figures import NUMBERED
from adtlib.profiles import load_profile

LISTED = read_catalogue()
FIGURES = LISTED[LISTED["kind"] == "figure"]
TABLES = LISTED[LISTED["kind"] == "table"]

# Sections of the draft's table of contents that figures are numbered by.
SECTIONS = {
    *map(str, range(1, 9)),
    *("1.1", "2.1", "2.2", "2.3", "2.4", "2.5", "5.1", "5.2", "5.3", "6.1", "6.2", "7.1", "7.2"),
    *(f"2.3.{part}" for part in range(1, 8)),
    *(f"2.4.{part}" for part in range(1, 4)),
    *(f"2.5.{part}" for part in range(1, 5)),
    *(f"3.{part}" for part in range(1, 6)),
    *(f"4.{part}" for part in range(1, 6)),
    *(f"5.2.{part}" for part in range(1, 4)),
}
# Notebooks whose part of the showcase is still to be made and committed.
PENDING = {"52_which_architecture", "65_what_makes_a_corpus_good", "75_conclusion"}

SHOWCASE = pd.DataFrame(saved_figures.read("showcase"))
COPIES = {path.stem: path for path in (paths.RESULTS / "showcase" / "notebooks").glob("*.ipynb")}


# --- the list ----------------------------------------------------------------------------------------------------------


def test_the_list_has_each_numbered_figure_of_the_draft_once():
    assert sorted(FIGURES.loc[FIGURES["origin"] == "numbered", "number"]) == sorted(NUMBERED)
    assert set(LISTED["origin"]) <= {"numbered", "margin", "text", "companion"}
    assert LISTED.notna().all(axis=None) and not LISTED.duplicated(["kind", "file"]).any()


def test_the_list_has_what_the_margin_notes_ask_for():
    margin = dict(zip(FIGURES["number"], FIGURES["origin"], strict=True))
    assert all(margin[number] == "margin" for number in ("2.3.2a", "2.3.5a", "2.3.7b", "6.1a"))


def faults_of_numbers(numbers: pd.Series) -> list[str]:
    """What is wrong with figures' numbers: twice there, no section of the thesis, a letter left out."""
    faults = [f"{number} twice" for number in numbers[numbers.duplicated()]]
    lettered = [re.fullmatch(r"([\d.]+)([a-z])", number) for number in numbers if number not in NUMBERED]
    faults += [f"{number} is not numbered in the draft" for number in numbers if number not in NUMBERED and number[-1].isdigit()]
    letters: dict[str, str] = {}
    for match in filter(None, lettered):
        letters[match[1]] = letters.get(match[1], "") + match[2]
    faults += [f"{section} is no section of the thesis" for section in letters if section not in SECTIONS]
    faults += [
        f"{section}: letters {''.join(sorted(found))}"
        for section, found in letters.items()
        if "".join(sorted(found)) != "abcdefghijklmnopqrstuvwxyz"[: len(found)]
    ]
    return faults


@pytest.mark.parametrize("numbers", [FIGURES["number"], SHOWCASE["thesis_number"]], ids=["list", "showcase"])
def test_each_figure_has_a_number_of_its_own(numbers):
    assert faults_of_numbers(numbers) == []


def test_faults_of_numbers_are_found():
    faults = faults_of_numbers(pd.Series(["2.1", "2.1", "2.11", "9a", "4b"]))
    assert faults == ["2.1 twice", "2.11 is not numbered in the draft", "9 is no section of the thesis", "4: letters b"]


# --- the notebooks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["figure", "table"])
def test_the_notebook_makes_what_the_list_says(kind):
    notebooks = notebook_map()
    made = {(row.notebook[:2], name) for row in notebooks.itertuples() for name in getattr(row, f"{kind}s")}
    names = [name for row in notebooks.itertuples() for name in getattr(row, f"{kind}s")]
    listed = LISTED[LISTED["kind"] == kind]
    missing = set(zip(listed["notebook"], listed["file"], strict=True)) - made
    assert not missing, "no cell of the notebook makes it"
    twice = {"50_f1_by_architecture"} if kind == "table" else set()  # in the profile study it is the controlled study's
    assert sorted(names) == sorted([*set(names), *twice]), "each figure and table comes from exactly one cell"


def numbers_in_notebooks() -> dict[str, str]:
    """The number that each call of `save_figure` gives its figure, by file."""
    numbers = {}
    for path in paths.NOTEBOOKS.glob("*.ipynb"):
        cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        for node in (node for source in cells for node in ast.walk(ast.parse(source))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "save_figure":
                numbers[ast.literal_eval(node.args[1])] = ast.literal_eval(node.args[4])
    return numbers


def test_the_list_and_the_notebooks_agree_on_every_figure_and_its_number():
    """A new figure needs a row in adtlib/notebooks/catalogue.csv."""
    assert numbers_in_notebooks() == dict(zip(FIGURES["file"], FIGURES["number"], strict=True))


def test_every_table_that_a_notebook_makes_is_listed():
    made = {name for names in notebook_map()["tables"] for name in names}
    assert made == set(TABLES["file"]), "give it a row in adtlib/notebooks/catalogue.csv"


# --- what is committed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["miniature", "showcase", "thesis"])
def test_a_profile_runs_every_notebook(profile):
    known = {name: name[:2] for name in notebook_map()["notebook"]}
    due = [number for name, number in known.items() if name not in PENDING]
    assert list(load_profile(profile).notebook_numbers) == due


def test_the_showcase_has_every_notebook():
    missing = set(notebook_map()["notebook"]) - set(COPIES)
    assert missing <= PENDING, "run it with the profile showcase and commit what it made"


def test_the_showcase_has_every_figure_of_the_list_under_its_number():
    pending = FIGURES["notebook"].isin({name[:2] for name in PENDING})
    due = FIGURES[~pending]
    assert set(NUMBERED) <= set(due["number"])
    numbers = dict(zip(SHOWCASE["file"], SHOWCASE["thesis_number"], strict=True))
    assert {file: numbers.get(file) for file in due["file"]} == dict(zip(due["file"], due["number"], strict=True))


def test_the_showcase_has_every_table_of_the_list():
    pending = TABLES["file"].str[:2].isin({name[:2] for name in PENDING})
    due = TABLES.loc[~pending, "file"]
    folder = paths.RESULTS / "showcase" / "tables"
    assert len(due) >= 30
    assert [f"{file}.{kind}" for file in due for kind in ("csv", "tex", "md") if not (folder / f"{file}.{kind}").is_file()] == []


def test_pictures_and_manifest_agree():
    folder = paths.FIGURES / "showcase"
    for kind in ("png", "pdf"):
        assert sorted(path.stem for path in folder.glob(f"*.{kind}")) == sorted(SHOWCASE["file"])
    assert (SHOWCASE["notebook"] == SHOWCASE["file"].str[:2]).all() and SHOWCASE["caption"].str.len().gt(20).all()


# --- what a profile has ------------------------------------------------------------------------------------------------


def test_what_a_profile_lacks_is_named_with_the_reason(tmp_path, monkeypatch):
    for name in ("HOME", "FIGURES", "RESULTS", "CACHE"):
        monkeypatch.setattr(paths, name, tmp_path if name == "HOME" else tmp_path / name.lower())
    folder = paths.FIGURES / "smoke"
    folder.mkdir(parents=True)
    for number, name in (("2.5", "10_aliasing"), ("2.3.1b", "10_beyond")):
        (folder / f"{name}.png").write_bytes(b"")
        saved_figures.note("smoke", number, name, "A | picture.")
    table = overview("smoke")
    assert len(table) == len(LISTED) + 1
    row = table.set_index("file").loc
    assert row["10_aliasing", "path"] == "figures/smoke/10_aliasing.png" and row["10_aliasing", "missing"] == ""
    assert row["10_cost", "missing"] == (
        "10_sound_and_fourier ran with this profile and did not make it: run 'adt run 10 --profile smoke --force'"
    )
    assert "has not run with this profile" in row["11_stft", "missing"]
    text = printed_catalogue(table)
    assert text.count("\n") == len(table) + 1 and r"A \| picture." in text
    assert "| Fig. 2.5 | " in text and f"({from_notebooks('figures/smoke/10_aliasing.png')})" in text
    assert "| `11_stft`: missing |" in text


def test_links_lead_from_the_notebooks_to_the_files():
    table = overview("showcase")
    there = table[table["path"] != ""]
    assert len(there) > 100
    for link in re.findall(r"\]\(([^)]+)\)", printed_catalogue(there)):
        assert (paths.NOTEBOOKS / link).resolve().is_file(), link


def test_a_notebook_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(catalogue, "find_notebooks", lambda: [])
    assert overview("nowhere")["missing"].str.contains("there is no notebook").all()
