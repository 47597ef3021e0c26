"""Numbers beside published ones: nothing of the thesis is lost, differences and intervals are those of the runs' counts."""

import json

import numpy as np
import pandas as pd
import pytest

from adtlib import paths
from adtlib.evaluation.metrics import scores
from adtlib.figures.studies import plot_against_published
from adtlib.figures.theme import use_theme
from adtlib.profiles import load_profile
from adtlib.studies.comparison import (
    COMPARISON_COLUMNS,
    against_published,
    compared_once,
    compared_studies,
    completeness,
    data_hunger_table,
    draft_results,
    how_complete,
    printed_architecture_study,
    printed_dataset_study,
    published_results,
    verdict,
)
from adtlib.studies.tables import F1_COLUMNS
from adtlib.training.runs import COUNT_COLUMNS, SCORE_COLUMNS, find_runs, run_folder

SPLITS = pd.DataFrame(
    {
        "corpus": ["ENST+MDB", "ENST+MDB", "Slakh", "Slakh", "mine"],
        "split": ["train", "test", "train", "test", "test"],
        "sequences": [448, 38, 10, 20, 7],
        "sequences_thesis": pd.array([896, 152, 80_662, 9_963, None], dtype="Int64"),
    }
)
PROFILE = load_profile("smoke", seeds=[0, 1])


def write_run(architecture: str, train: list[str], seed: int, test: str, counts: np.ndarray) -> None:
    """A run's folder as training leaves it, with the counts `(N, 5, 3)` of a test."""
    folder = run_folder("smoke", architecture, train, seed)
    folder.mkdir(parents=True)
    config = {"architecture": architecture, "train": train, "seed": seed, "tolerance": 0.05}
    (folder / "config.json").write_text(json.dumps({"config": config, "result": {}}))
    table = pd.DataFrame(counts.reshape(len(counts), -1), columns=COUNT_COLUMNS)
    rows = {
        "test": test,
        "split": "test",
        "unit": "track",
        "data": "x",
        "id": [f"t{i}" for i in range(len(counts))],
        "seconds": 4.0,
    }
    table = table.assign(**rows, tolerance=0.05, thresholds="one")
    table[SCORE_COLUMNS].to_csv(folder / "scores.csv", index=False)


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)


@pytest.fixture
def counts():
    return np.random.default_rng(0).integers(1, 40, (2, 6, 5, 3))  # seeds, tracks


@pytest.fixture
def table(counts):
    for seed in (0, 1):
        write_run("CRNN", ["ENST+MDB"], seed, "ENST+MDB", counts[seed])
    write_run("CRNN", ["Slakh", "ENST+MDB"], 0, "E-GMD", counts[0])  # in another order than published
    write_run("CNN", ["mine"], 0, "mine", counts[0])
    write_run("CRNN", ["Slakh"], 7, "Slakh", counts[0])  # of a seed that the profile has not
    return against_published(PROFILE, SPLITS)


def row(table, **where) -> pd.Series:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_the_published_numbers_are_all_there():
    published, draft = published_results(), draft_results()
    assert len(published) == 70 and published[F1_COLUMNS].notna().all(axis=None)
    assert published.groupby("study").size().to_dict() == {"architecture": 20, "dataset": 50}
    headline = published.query("architecture == 'CRNN' and train == test and study == 'architecture'").set_index("test")["f1_micro"]
    assert headline.round(2).to_dict() == {"ENST+MDB": 0.81, "E-GMD": 0.90, "Slakh": 0.90, "ADTOF-YT": 0.93}
    assert published.query("test == 'SADTP'")["f1_micro"].max().round(2) == 0.62
    assert len(draft) == 15 and draft.set_index(["architecture", "dataset"]).loc[("ViT", "ADTOF-YT"), "f1_micro"] == 0.956


def test_the_vision_transformer_is_behind_where_there_is_little_data():
    table = data_hunger_table()
    assert list(table["corpus"]) == ["ENST+MDB", "Slakh", "ADTOF-YT", "E-GMD"] and table["hours"].is_monotonic_increasing
    np.testing.assert_allclose(table["behind"], [0.8132 - 0.5426, 0.8959 - 0.879, 0.9333 - 0.9635, 0.9019 - 0.8856])


def test_every_published_number_has_a_row_also_without_a_run():
    table = against_published(PROFILE, SPLITS, runs=[])
    assert list(table.columns) == COMPARISON_COLUMNS and len(table) == 70 * len(F1_COLUMNS)
    assert table["here"].isna().all() and table["published_inside"].isna().all()
    assert table["draft"].notna().sum() == 15
    crnn = row(table, study="architecture", architecture="CRNN", train="Slakh", measure="f1_micro")
    assert (crnn["draft"], crnn["published"], crnn["zero_shot"]) == (0.8914, 0.8959, False)
    assert row(table, study="dataset", train="Slakh", test="ENST+MDB", measure="f1_TT")["published"] == 0.4281


def test_a_run_stands_beside_what_was_published(table, counts):
    assert len(table) == 71 * len(F1_COLUMNS), "one test that is not published, nothing twice"
    for study in ("architecture", "dataset"):  # chapter 7 repeats what chapter 6 has
        mine = row(table, study=study, architecture="CRNN", train="ENST+MDB", test="ENST+MDB", measure="f1_micro")
        assert mine["here"] == pytest.approx(np.mean([scores(one)["f1_micro"] for one in counts]))
        assert mine["minus_published"] == pytest.approx(mine["here"] - 0.8132)
        assert mine["ci_low"] < mine["here"] < mine["ci_high"] and (mine["seeds"], mine["n_tracks"]) == (2, 6)
        assert mine["published_inside"] == (mine["ci_low"] <= 0.8132 <= mine["ci_high"])
    union = row(table, train="ENST+MDB + Slakh", test="E-GMD", measure="f1_CY")
    assert union["zero_shot"] and union["published"] == 0.8277 and union["seeds"] == 1
    assert union["here"] == pytest.approx(scores(counts[0])["f1_CY"])
    own = row(table, train="mine", measure="f1_micro")
    assert np.isnan(own["published"]) and own["published_inside"] is None and own["study"] == "architecture"
    assert np.isnan(row(table, study="dataset", train="Slakh", test="Slakh", measure="f1_micro")["here"]), "seed 7 is left out"


def test_every_row_says_on_how_much_data_it_rests(table):
    mine = row(table, study="dataset", train="ENST+MDB + Slakh", test="ENST+MDB", measure="f1_micro")
    assert mine["trained_on"] == "458 generated (thesis: 81,558)" and mine["tested_on"] == "38 generated (thesis: 152)"
    assert set(table["profile"]) == {"smoke"} and set(table["data"]) == {"generated miniature"}
    assert how_complete(SPLITS, ["ENST+MDB", "Slakh"], "train") == "458 of 81,558 sequences"
    assert how_complete(SPLITS, ["mine"], "test") == how_complete(SPLITS, ["mine"], "test", generated=True) == "7 sequences"
    found = completeness(SPLITS, {"ENST+MDB": "incomplete", "Slakh": "generated"})
    share = found.set_index(["corpus", "split"])["percent"]
    assert share["ENST+MDB", "train"] == 50 and np.isnan(share["mine", "test"])
    assert share["Slakh"].isna().all(), "what is generated is no part of the thesis's corpus"
    generated = completeness(SPLITS, dict.fromkeys(SPLITS["corpus"], "generated"))
    assert generated["percent"].isna().all()


def test_a_test_that_both_studies_have_counts_once(table):
    once = compared_once(table)
    assert len(once) == 67 * len(F1_COLUMNS) and once["minus_published"].notna().sum() == 2 * len(F1_COLUMNS)
    assert table["minus_published"].notna().sum() == 3 * len(F1_COLUMNS)


def test_the_dataset_study_is_compared_once_it_was_made():
    assert compared_studies(PROFILE) == ["architecture"]
    made = paths.RESULTS / "smoke" / "tables" / "60_f1_by_training_set.csv"
    made.parent.mkdir(parents=True)
    made.write_text("train\n")
    assert compared_studies(PROFILE) == ["architecture", "dataset"]


def test_seeds_that_were_tested_on_different_tracks_are_refused(counts):
    write_run("CRNN", ["Slakh"], 0, "Slakh", counts[0])
    write_run("CRNN", ["Slakh"], 1, "Slakh", counts[1][:4])
    with pytest.raises(ValueError, match=r"CRNN trained on Slakh: .* different tracks of Slakh"):
        against_published(PROFILE, SPLITS, find_runs("smoke"))


def test_the_views_show_the_thesis_s_tables(table):
    shown = printed_architecture_study(table)
    assert len(shown) == 21 and shown.loc["CRNN"].iloc[0]["corpus"] == "ENST+MDB"
    assert set(shown["inside"]) <= {"yes", "no", "–"} and (shown["inside"] == "–").sum() == 20
    grid, shaded = printed_dataset_study(table, "CRNN")
    assert grid.shape == shaded.shape == (10, 10)
    assert grid.loc["Slakh", "ENST+MDB, published"] == 0.7987 and shaded.loc["Slakh", "ENST+MDB, published"]
    assert not shaded.loc["Slakh", "Slakh, here"] and shaded[["SADTP, here", "SADTP, published"]].all(axis=None)
    assert list(grid.index[:4]) == ["ENST+MDB", "E-GMD", "Slakh", "ADTOF-YT"] and grid.index[-1].count("+") == 4


def test_the_verdict_counts_what_can_be_compared(table):
    near = verdict(table).set_index(["study", "measure"])
    micro = near.loc[("architecture", "f1_micro")]
    mine = row(table, study="architecture", train="ENST+MDB", architecture="CRNN", measure="f1_micro")
    assert (micro["tests"], micro["with_run"]) == (20, 1)
    assert micro["mean_difference"] == mine["minus_published"] and micro["mean_distance"] == abs(mine["minus_published"])
    assert micro["inside"] == float(mine["published_inside"]) and near.loc[("dataset", "f1_micro"), "with_run"] == 2


def markers(ax) -> list:
    return [line for line in ax.lines if line.get_marker() not in ("None", "", None)]


def test_the_picture_has_a_point_for_each_comparison_and_says_where_there_is_none(table):
    use_theme()
    _, right = plot_against_published(table)
    points = [(line.get_xdata()[0], line.get_ydata()[0]) for line in markers(right)]
    micro = table.query("study == 'dataset' and measure == 'f1_micro'").dropna(subset=["here", "published"])
    assert sorted(points) == sorted(zip(micro["published"], micro["here"], strict=True))
    (alone,) = plot_against_published(table, studies=["architecture"])
    low, high = alone.get_xlim()
    one = row(table, study="architecture", architecture="CRNN", train="ENST+MDB", measure="f1_micro")
    assert high == 1 and 0 <= one["ci_low"] - low < 0.1 and alone.get_ylim() == alone.get_xlim()
    empty = plot_against_published(against_published(PROFILE, SPLITS, runs=[]))
    assert all("no run" in ax.texts[0].get_text() for ax in empty)


def test_architectures_of_one_corpus_are_told_apart(table):
    use_theme()
    other = row(table, study="architecture", architecture="CRNN", train="ENST+MDB", measure="f1_micro")
    both = pd.concat([table, other.to_frame().T.assign(architecture="CNN")])
    (ax,) = plot_against_published(both, studies=["architecture"])
    assert len({line.get_marker() for line in markers(ax)}) == 2
    assert len({line.get_markerfacecolor() for line in markers(ax)}) == 1, "one corpus, one colour"
