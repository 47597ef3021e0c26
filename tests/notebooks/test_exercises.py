"""The exercises, three in each notebook up to 45: solutions pass their checks, typical wrong answers fail and are told why."""

import re

import nbformat
import numpy as np
import pandas as pd
import pytest
import scipy.fft
from wrong_answers import LET_THROUGH, WRONG

from adtlib import audio, paths, vocabulary
from adtlib.notebooks import exercises
from adtlib.notebooks.exercises.checking import NOTHING, compare, compare_value

NOTEBOOKS = [path for path in sorted(paths.NOTEBOOKS.glob("*.ipynb")) if path.stem[:2] <= "45"]
SOLUTION = re.compile(r"<details><summary>Solution</summary>\s+```python\n(.*?)```\s+</details>", flags=re.DOTALL)
CALL = re.compile(r"^exercises\.(check_\w+)\(mine\)$", flags=re.MULTILINE)


def exercises_of(path) -> dict[str, tuple[str, str]]:
    """The check of each exercise of a notebook: the cell to fill in, and the solution."""
    cells = {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells}
    found = {}
    for name, source in cells.items():
        if check := CALL.search(source):
            solution = SOLUTION.search(cells[f"{name}-solution"])
            found[check[1]] = (source, solution[1])
    return found


ALL = {check: (path.stem, *cells) for path in NOTEBOOKS for check, cells in exercises_of(path).items()}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_three_exercises(path):
    assert len(exercises_of(path)) == 3


def test_each_check_is_asked_for_once_and_has_three_wrong_answers():
    assert sorted(ALL) == sorted(name for name in exercises.__all__ if name.startswith("check_")) == sorted(WRONG)
    assert {len(answers) for answers in WRONG.values()} == {3}
    assert sum(len(exercises_of(path)) for path in NOTEBOOKS) == len(ALL)


@pytest.mark.parametrize("check", sorted(ALL))
def test_a_solution_passes_and_an_empty_cell_runs(check):
    _, cell, solution = ALL[check]
    names = {"np": np, "pd": pd, "scipy": scipy, "audio": audio, "vocabulary": vocabulary, "exercises": exercises}
    exec(cell, names)  # as papermill runs it: without an answer
    assert getattr(exercises, check)(names["mine"]) is NOTHING
    exec(solution, names)
    verdict = getattr(exercises, check)(names["mine"])
    assert verdict.passed, verdict


@pytest.mark.parametrize("check", sorted(LET_THROUGH))
def test_what_a_check_once_let_through_is_refused(check):
    for answer in LET_THROUGH[check]:
        assert getattr(exercises, check)(answer).passed is False


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("check", "number"), [(check, number) for check in sorted(WRONG) for number in range(3)])
def test_a_wrong_answer_is_refused_with_a_reason(check, number):
    verdict = getattr(exercises, check)(WRONG[check][number])
    assert verdict.passed is False
    assert re.match(r"On .+: (expected|at|it returns|On) |On .+ it raises |.+ is not it\.", str(verdict)), verdict


def picking(threshold: float, of_equals_the_first: bool):
    """Peak picking, with a rule left out."""

    def mine(curve):
        frames = []
        for n, value in enumerate(curve):
            near = curve[max(n - 2, 0) : n + 3]
            rises = n == 0 or value > curve[n - 1] or not of_equals_the_first
            if rises and value == near.max() and value >= max(near.mean() + 0.1, threshold) and (not frames or n >= frames[-1] + 2):
                frames.append(n)
        return np.array(frames, dtype=int)

    return mine


@pytest.mark.parametrize(
    ("check", "answer", "told"),
    [
        ("check_flux", WRONG["check_flux"][2], "the first frame"),
        ("check_flux", WRONG["check_flux"][0], "A bin that fell"),
        ("check_apply_bank", WRONG["check_apply_bank"][0], "First the bands"),
        ("check_lowest_semitone", 400, "as wide as a bin"),
        ("check_peak_picking", picking(0.5, False), "the first one is the peak"),
        ("check_peak_picking", picking(0.0, True), "below the threshold"),
        ("check_peak_picking", picking(0.5, True), "Right"),
        ("check_onsets_of_targets", WRONG["check_onsets_of_targets"][1], "Seconds are wanted"),
        ("check_onsets_of_targets", WRONG["check_onsets_of_targets"][0], "0.5 is a neighbour"),
        ("check_frame_weights", WRONG["check_frame_weights"][0], "no class begins weighs 1"),
    ],
)
def test_a_typical_mistake_is_named(check, answer, told):
    assert told in str(getattr(exercises, check)(answer))


def test_a_verdict_says_what_differs_and_where():
    inputs = [("three numbers", (np.array([1.0, 2.0, 3.0]),))]
    assert str(compare(lambda x: x + np.eye(3)[2], np.copy, inputs)) == "On three numbers: at 2 expected 3, got 4."
    assert "shape (3,), got one number" in str(compare(lambda x: 1.0, np.copy, inputs))
    assert "is a return missing?" in str(compare(lambda x: None, np.copy, inputs))
    assert "raises ZeroDivisionError" in str(compare(lambda x: 1 / 0, np.copy, inputs, hints={"three numbers": "So."}))
    assert "the function itself" in str(compare(3.0, np.copy, inputs))
    assert str(compare_value(2.0, 3.0, hints={2.0: "One more."})) == "2 is not it. One more."
    assert compare_value(3.0 + 1e-9, 3.0).passed and not compare_value(lambda: 3.0, 3.0).passed


def test_an_answer_cannot_change_the_input():
    def spoil(x):
        x[:] = 0
        return x

    assert compare(spoil, np.copy, [("ones", (np.ones(3),))]).passed is False


@pytest.mark.parametrize("right", ["kick", True, {36, 38}], ids=str)
def test_an_array_where_none_is_wanted_is_a_wrong_answer(right):
    array = np.array(["kick", "snare"])
    assert compare_value(array, right, hints={"snare": "No."}).passed is False
    assert "On one: expected" in str(compare(lambda x: array, lambda x: right, [("one", (1,))]))
    assert compare_value(right, right).passed
