"""What all notebooks have in common: order of cells, parameters, nothing stored that a run should make."""

import ast
import dataclasses
import re

import nbformat
import pytest

from adtlib import paths
from adtlib.profiles import Profile

MAX_BYTES = 100_000
ABSOLUTE_PATH = re.compile(r"(?<![\w.~:/<])/(home|root|Users|work|tmp|mnt|media|usr|var|opt)/|\b[A-Z]:\\")

# Each notebook, and the chapter or section of the thesis that it tells ("" for what goes beyond it).
SECTIONS = {
    "00_start_here": "1",
    "10_sound_and_fourier": "2.3",
    "11_stft_and_spectrogram": "2.3",
    "12_filterbanks": "2.3",
    "13_drum_set_and_transcription": "2.",
    "14_performance_measures": "2.5",
    "20_corpora": "4",
    "21_enst_mdb": "4.1",
    "22_egmd": "4.2",
    "23_slakh": "4.3",
    "24_adtof_yt": "4.4",
    "25_sadtp": "4.5",
    "30_methodology": "5",
    "40_how_a_network_learns": "3",
    "41_rnn": "3.1",
    "42_cnn": "3.2",
    "43_crnn": "3.3",
    "44_conv_transformer": "3.4",
    "45_vit": "3.5",
    "50_architecture_study": "6",
    "52_which_architecture": "6.2",
    "55_error_anatomy": "6.2",
    "60_dataset_study": "7",
    "65_what_makes_a_corpus_good": "7.2",
    "70_results": "6",
    "75_conclusion": "8",
    "80_transcribe": "",
    "81_rendered_to_real": "",
}

FILES = sorted(paths.NOTEBOOKS.glob("*.ipynb"))
pytestmark = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def code_cells(path) -> list:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def parse(cell) -> ast.Module:
    """The syntax of a cell, without the lines that are commands to IPython."""
    return ast.parse("\n".join(line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))))


def test_is_a_notebook_of_the_plan_for_any_python(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stem in SECTIONS
    assert notebook.metadata.kernelspec.name == "python3"


def test_is_stored_without_outputs_and_small(path):
    assert path.stat().st_size < MAX_BYTES
    for cell in code_cells(path):
        assert cell.outputs == []
        assert cell.execution_count is None
    assert "widgets" not in nbformat.read(path, as_version=4).metadata


def test_begins_with_a_title_that_names_the_thesis_section(path):
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# \S", first.source)
    assert re.search(rf"(?<![\d.]){re.escape(SECTIONS[path.stem])}", first.source), "the thesis section is not named"


def test_parameters_are_literals_that_the_profile_knows(path):
    cells = code_cells(path)
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", ())]
    assert tagged == cells[:1], "one cell tagged parameters, the first with code"
    values = {}
    for statement in parse(tagged[0]).body:
        assert isinstance(statement, ast.Assign)
        (target,) = statement.targets
        values[target.id] = ast.literal_eval(statement.value)
    assert values.pop("profile") == "smoke"
    assert set(values.values()) <= {None}, "a parameter other than profile is None: the profile's file has the value"
    assert set(values) <= {field.name for field in dataclasses.fields(Profile)}


def test_ends_in_checks(path):
    assert any(isinstance(node, ast.Assert) for node in ast.walk(parse(code_cells(path)[-1])))


def test_defines_only_what_is_to_be_read_and_names_no_machine(path):
    for cell in code_cells(path):
        definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        names = [node.name for node in ast.walk(parse(cell)) if isinstance(node, definitions)]
        if "written-out" in cell.metadata.get("tags", ()):
            assert names and len(cell.source.splitlines()) <= 20, f"{names}: an algorithm to be read in place has 20 lines at most"
        else:
            assert not names, f"{names} belong into adtlib"
    for cell in nbformat.read(path, as_version=4).cells:
        assert not ABSOLUTE_PATH.search(cell.source), cell.source


def test_imports_rooms_and_begins_with_its_profile(path):
    modules = [node.module for cell in code_cells(path) for node in ast.walk(parse(cell)) if isinstance(node, ast.ImportFrom)]
    assert {module for module in modules if module.startswith("adtlib")} <= {"adtlib", "adtlib.notebooks"}, (
        "a prefix says where a name lives"
    )
    assert any("chosen = begin(globals())" in cell.source for cell in code_cells(path))


def test_assigns_no_name_that_the_profile_has(path):
    """`begin(globals())` run again would take it for a parameter."""
    fields = {field.name for field in dataclasses.fields(Profile)} - {"name"}
    cells = [cell for cell in code_cells(path) if "parameters" not in cell.metadata.get("tags", ())]
    stored = (
        node for cell in cells for node in ast.walk(parse(cell)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    assert not fields.intersection(node.id for node in stored)
    imported = (node for cell in cells for node in ast.walk(parse(cell)) if isinstance(node, ast.Import | ast.ImportFrom))
    assert not fields.intersection(alias.asname or alias.name for node in imported for alias in node.names)
