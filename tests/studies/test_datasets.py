"""The dataset study: ten training sets and five tests, its tables against hand-worked counts, and a kill in the middle."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE
from adtlib.corpora import registry
from adtlib.corpora.store import standardizer
from adtlib.models.loss import infrequency_weights
from adtlib.models.registry import ARCHITECTURES
from adtlib.profiles import load_profile, prepared_corpus
from adtlib.provenance import unsealed
from adtlib.studies.configs import training_config, why_not
from adtlib.studies.dataset_tables import (
    DATASET_COLUMNS,
    against_highest,
    against_own,
    by_training_set,
    dataset_runs,
    dataset_table,
    findings,
    study_counts,
    zero_shot_cells,
)
from adtlib.studies.plan import dataset_study, selected_architecture
from adtlib.studies.run import run_all, run_cell
from adtlib.studies.tables import f1_grid, score_table
from adtlib.training.runs import COUNT_COLUMNS, Run, run_folder
from adtlib.training.segments import Segments
from adtlib.training.trainer import fit

CORPORA = ["ENST+MDB", "E-GMD", "Slakh", "ADTOF-YT", "SADTP"]


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("ADT_HOME", str(tmp_path))  # for the processes; this one's paths are set here:
    for name in ("CACHE", "RESULTS", "FIGURES"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())


# --- which runs, which tests -------------------------------------------------------------------------------------------


def test_ten_training_sets_are_tested_on_all_five_corpora():
    cells = dataset_study(load_profile("showcase", train_corpora=CORPORA[:4]))
    assert len(cells) == len(set(cells)) == 10 * 3
    assert list(dict.fromkeys(cell.train for cell in cells)) == [
        ("ENST+MDB",),
        ("E-GMD",),
        ("Slakh",),
        ("ADTOF-YT",),
        ("ENST+MDB", "Slakh"),
        ("ENST+MDB", "ADTOF-YT"),
        ("Slakh", "ADTOF-YT"),
        ("ENST+MDB", "Slakh", "ADTOF-YT"),
        ("E-GMD", "Slakh", "ADTOF-YT"),
        ("ENST+MDB", "E-GMD", "Slakh", "ADTOF-YT"),
    ]
    assert all(list(cell.tests)[:5] == CORPORA and cell.architecture == "CRNN" for cell in cells)


def test_labels_are_those_of_the_published_table():
    published = pd.read_csv(paths.ROOT / "tests" / "fixtures" / "published_results.csv")
    published = published[published["study"] == "dataset"]
    cells = dataset_study(load_profile("thesis", train_corpora=CORPORA[:4]))
    ours = {(" + ".join(cell.train_names), test) for cell in cells for test in cell.tests[:5]}
    assert ours == set(zip(published["train"], published["test"], strict=True))


def test_fewer_corpora_or_ones_own_give_the_sets_they_allow(tmp_path):
    (tmp_path / "mine").mkdir()
    some = dataset_study(load_profile("smoke", train_corpora=["Slakh", "ADTOF-YT", str(tmp_path / "mine")]))
    assert [cell.train_names for cell in some] == [("Slakh",), ("ADTOF-YT",), ("mine",), ("Slakh", "ADTOF-YT")]
    assert list(some[0].tests[:5]) == CORPORA and some[0].tests[-1] == str(tmp_path / "mine")


def test_runs_of_one_corpus_are_those_of_the_architecture_study_whatever_the_balance():
    plain, balanced = load_profile("miniature"), load_profile("miniature", balance=True)
    alone, union = ("Slakh",), ("Slakh", "ADTOF-YT")
    assert training_config(plain, "CRNN", alone, 0) == training_config(balanced, "CRNN", alone, 0)
    assert training_config(balanced, "CRNN", union, 0).balance and not training_config(plain, "CRNN", union, 0).balance
    with pytest.raises(ValueError, match="balance = 'yes'"):
        load_profile("miniature", balance="yes")


def write_run(profile, train, seed, tests, architecture="CRNN", val_f1=0.5):
    """A finished run whose units of each test have (true positives, false positives, false negatives) of kick drums."""
    folder = run_folder(profile.name, architecture, train, seed)
    folder.mkdir(parents=True)
    record = {
        "config": {"architecture": architecture, "train": list(train), "seed": seed, "tolerance": 0.05},
        "data": {corpus: {"unit": "track", "hours": {"train": 0.1}} for corpus in train},
        "result": {"val_f1_micro": val_f1, "epochs": 1, "best_epoch": 1, "seconds": 1.0},
    }
    (folder / "config.json").write_text(json.dumps(record))
    tables = []
    for test, units in tests.items():
        counts = np.zeros((len(units), 5, 3), dtype=int)
        counts[:, 0] = units
        rows = pd.DataFrame(counts.reshape(len(units), -1), columns=COUNT_COLUMNS)
        ids = [str(i) for i in range(len(units))]
        rows = rows.assign(test=test, split="test", unit="track", data="x", tolerance=0.05, thresholds="one", id=ids, seconds=1.0)
        tables.append(rows)
    pd.concat(tables).to_csv(folder / "scores.csv", index=False)
    return folder


def test_the_best_architecture_is_chosen_by_validation_and_only_among_whole_studies():
    profile = load_profile("smoke", dataset_architecture="best", train_corpora=["Slakh"])
    with pytest.raises(FileNotFoundError, match="41-49"):
        selected_architecture(profile)
    for architecture, val_f1, tp in (("RNN", 0.6, 9), ("CNN", 0.7, 1), ("CRNN", 0.5, 9), ("ConvTransformer", 0.2, 9)):
        write_run(profile, ("Slakh",), 0, {"Slakh": [(tp, 1, 1)]}, architecture, val_f1)
    with pytest.raises(FileNotFoundError, match=r"missing \(ViT"):
        selected_architecture(profile)
    for architecture in list(ARCHITECTURES)[4:]:
        write_run(profile, ("Slakh",), 0, {"Slakh": [(9, 1, 1)]}, architecture, 0.3)
    assert selected_architecture(profile) == "CNN", "the best on validation, though the worst on the test"
    with pytest.raises(ValueError, match="'Best'"):
        selected_architecture(dataclasses.replace(profile, dataset_architecture="Best"))


# --- tables ------------------------------------------------------------------------------------------------------------


N_TRACKS = {"Slakh": 6, "ADTOF-YT": 90, "SADTP": 6}  # six independent groups of each: 90 sequences are six minutes


@pytest.fixture
def study():
    """Two corpora and their union with two seeds; SADTP tested, the rest not. Hits of 10 onsets, nothing invented."""
    profile = load_profile("smoke", seeds=[0, 1], train_corpora=["Slakh", "ADTOF-YT"])
    hits = {("Slakh",): (8, 4, 3), ("ADTOF-YT",): (6, 9, 5), ("Slakh", "ADTOF-YT"): (9, 9, 4)}
    for train, found in hits.items():
        for seed in (0, 1):
            tests = {
                test: [(n - seed, 0, 10 - n + seed)] * n_tracks for (test, n_tracks), n in zip(N_TRACKS.items(), found, strict=True)
            }
            write_run(profile, train, seed, tests)
    return profile


def f1_of(*hits):
    return np.mean([2 * n / (n + 10) for n in hits])


def test_the_table_has_every_run_and_test_and_says_what_was_not_tested(study):
    table = dataset_table(study)
    assert list(table.columns) == DATASET_COLUMNS
    assert DATASET_COLUMNS[:7] == ["train", "test", "zero_shot", "f1_micro", "ci_low", "ci_high", "f1_macro"]
    assert DATASET_COLUMNS[-3:] == ["n_tracks", "unit", "seed"]
    assert len(table) == 3 * 2 * len(registry.CORPORA)
    row = table.set_index(["train", "test", "seed"]).loc[("Slakh", "ADTOF-YT", 1)]
    assert row["f1_micro"] == pytest.approx(f1_of(3)) and bool(row["zero_shot"]) and row["n_tracks"] == 90
    missing = table[table["test"] == "E-GMD"]
    assert (missing["n_tracks"] == 0).all() and missing["f1_micro"].isna().all()
    grid = f1_grid(table, "train", "test")
    assert grid.index.tolist() == ["Slakh", "ADTOF-YT", "Slakh + ADTOF-YT"] and grid.columns.tolist()[:5] == CORPORA
    assert zero_shot_cells(grid).loc["Slakh + ADTOF-YT"].tolist()[:5] == [True, True, False, False, True]
    rows = by_training_set(grid).loc["Slakh + ADTOF-YT"]
    assert rows["own tests"] == 2 and rows["zero-shot tests"] == 1
    assert rows["mean F1, own"] == pytest.approx(f1_of(9, 8)) and rows["mean F1, zero-shot"] == pytest.approx(f1_of(4, 3))


def test_the_transfer_gap_is_own_minus_zero_shot_on_the_same_test(study):
    table = against_own(study_counts(study)).set_index(["test", "train"])
    assert len(table) == 4, "SADTP has no model of its own"
    gap = table.loc[("Slakh", "ADTOF-YT")]
    assert gap["zero_shot"] and gap["loss"] == pytest.approx(f1_of(8, 7) - f1_of(6, 5))
    assert gap["low"] == pytest.approx(gap["loss"]) == pytest.approx(gap["high"]), "equal tracks: nothing to vary"
    mixed = table.loc[("Slakh", "Slakh + ADTOF-YT")]
    assert not mixed["zero_shot"] and mixed["loss"] == pytest.approx(f1_of(8, 7) - f1_of(9, 8))


def test_the_interval_of_a_gap_comes_from_the_same_tracks_on_both_sides():
    """One track easy, one hard, the same gain on both: alone each score is uncertain, their difference is not."""
    counts = {
        ("A", "A"): np.zeros((1, 20, 5, 3), dtype=int),
        ("B", "A"): np.zeros((1, 20, 5, 3), dtype=int),
    }
    for index in range(20):
        hits = 90 if index % 2 else 30
        counts["A", "A"][0, index, 0] = hits, 0, 100 - hits
        counts["B", "A"][0, index, 0] = hits - 10, 0, 110 - hits
    best = against_highest(counts, "A").set_index("train")
    assert best.index.tolist() == ["A", "B"] and bool(best.loc["B", "zero_shot"])
    assert best.loc["A", "high"] - best.loc["A", "low"] > 0.15
    assert best.loc["B", "behind_high"] - best.loc["B", "behind_low"] < 0.03
    assert best.loc["B", "behind_low"] > 0 and best.loc["A", ["behind", "behind_low", "behind_high"]].tolist() == [0, 0, 0]


def test_findings_follow_the_numbers(study):
    text = "\n".join(findings(study_counts(study)))
    assert "Slakh: highest trained on Slakh + ADTOF-YT" in text and "zero-shot on ADTOF-YT" in text
    assert f"SADTP: highest trained on ADTOF-YT ({f1_of(5, 4):.3f}); not told apart from it: none." in text
    assert "over 2 pairs; 2 lose and none gains more than the choice of tracks explains." in text
    # The union on ADTOF-YT is as good as the corpus alone, on Slakh it is better.
    assert "over 2 pairs; none loses and 1 gains more than the choice of tracks explains." in text


def test_findings_of_few_independent_groups_say_that_they_are_few(study):
    """Thirty sequences of ADTOF-YT are two minutes: however clear the numbers, they tell nothing apart."""
    few = {key: count[:, :2] if key[1] == "ADTOF-YT" else count for key, count in study_counts(study).items()}
    text = "\n".join(findings(few))
    assert "2 independent minutes of sequences are too few to tell training sets apart." in text
    assert "of the 1 with at least 6 independent groups 1 loses and none gains more than" in text
    fewer = {key: count[:, :2] for key, count in few.items()}
    assert "; no test has the 6 independent groups that it takes to say more." in "\n".join(findings(fewer))


def test_of_models_that_find_nothing_none_is_called_best():
    silent = np.zeros((1, 3, 5, 3), dtype=int)
    silent[..., 0, 2] = 10
    text = "\n".join(findings({("A", "A"): silent, ("B", "A"): silent}))
    assert "A: no training set finds an onset." in text and "highest trained" not in text
    assert "+0.000 micro F1 on average over one pair" in text


def test_what_the_study_tests_in_addition_is_not_counted_as_the_corpus_own(study):
    """Notebooks 41 to 45, run again after 60: each corpus is scored by the model that was trained on it."""
    alone = [run for run in dataset_runs(study) if len(run.config["train"]) == 1]
    own = score_table(study, alone).query("not zero_shot")
    assert (own["train"] == own["test"]).all() and sorted(set(own["test"])) == ["ADTOF-YT", "Slakh"]
    assert len(own) == len(alone), "one row for each run"


def test_runs_tested_on_other_tracks_are_not_compared(study):
    path = run_folder(study.name, "CRNN", ("Slakh",), 1) / "scores.csv"
    table = pd.read_csv(path)
    table.iloc[1:].to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"seed_1 was tested on other tracks of Slakh.*--force 60"):
        study_counts(study)


def test_without_runs_the_remedy_is_said():
    with pytest.raises(FileNotFoundError, match="adt run --profile smoke 60"):
        dataset_table(load_profile("smoke"))


# --- unions: real training on small recordings -------------------------------------------------------------------------

SONGS = {"small": 1, "large": 3}  # training songs of 8 s: two segments each


def write_corpora(root, rng):
    for name, n_songs in SONGS.items():
        for split, count in (("train", n_songs), ("validation", 1), ("test", 2)):
            folder = root / name / split
            folder.mkdir(parents=True)
            for number in range(count):
                loudness = 0.1 if name == "small" else 0.4
                soundfile.write(folder / f"{number}.wav", rng.normal(0, loudness, 8 * SAMPLE_RATE), SAMPLE_RATE)
                label = "KD" if name == "small" else "SD"
                (folder / f"{number}.txt").write_text("".join(f"{0.5 * k + 0.25:.2f} {label}\n" for k in range(15)))


@pytest.fixture
def two(tmp_path, rng, monkeypatch):
    """A profile with a small and a large corpus of the user's own, and the two together as a training set."""
    write_corpora(tmp_path / "own", rng)
    monkeypatch.setenv("ADT_DATA", str(tmp_path / "own"))
    folders = [str(tmp_path / "own" / name) for name in SONGS]
    tiny = {"CRNN": {"num_layers": 1, "hidden_size": 8}}
    profile = load_profile("thesis", search="none", train_corpora=folders, epochs=4, batch_size=2, hyperparameters=tiny, jobs=1)
    monkeypatch.setattr("adtlib.studies.plan.UNIONS", (tuple(folders),))
    return profile


def test_mean_deviation_and_weights_are_those_of_the_union(two):
    union = [prepared_corpus(two, name) for name in two.train_corpora]
    run = run_cell(two, dataset_study(two)[-1], progress=False)
    frames = np.concatenate([unit.features for corpus in union for unit in corpus.units("train")]).astype(np.float64)
    standardize = run.model().standardize
    assert float(standardize.mean) == pytest.approx(frames.mean(), rel=1e-3)
    assert float(standardize.std) == pytest.approx(frames.std(), rel=1e-3)
    assert standardizer(union).mean != pytest.approx(standardizer(union[:1]).mean, rel=0.05)
    # Kicks are in one corpus only, snares in the other: over the union both are rare, and the kick rarer.
    counts = np.sum([corpus.totals("train").onset_counts for corpus in union], axis=0)
    weights = infrequency_weights(counts, sum(corpus.totals("train").n_frames for corpus in union))
    assert counts.tolist() == [15, 45, 0, 0, 0] and weights[0] > weights[1] > 0
    assert run.record["data"].keys() == {"small", "large"}


def test_an_epoch_passes_over_the_union_or_draws_from_each_corpus_equally(two):
    segments = Segments([prepared_corpus(two, name) for name in two.train_corpora], "train")
    assert np.bincount(segments.corpora).tolist() == [2, 6]
    chances = segments.balancing_weights()
    assert chances.sum() == pytest.approx(1)
    assert chances[segments.corpora == 0].sum() == pytest.approx(0.5) == chances[segments.corpora == 1].sum()


def test_what_an_epoch_draws_is_balanced_and_repeats(two, monkeypatch, tmp_path):
    """Counted where training takes its segments from: in proportion to size without the option, by halves with it."""
    corpora = [prepared_corpus(two, name) for name in two.train_corpora]
    real, drawn = Segments.order, []

    def recorded(self, *how):
        order = real(self, *how)
        drawn.extend(self.corpora[order].tolist())
        return order

    monkeypatch.setattr(Segments, "order", recorded)
    orders = {}
    for balance in (False, True):
        config = training_config(dataclasses.replace(two, balance=balance), "CRNN", ("small", "large"), 0)
        config = dataclasses.replace(config, epochs=6 if balance else 2)
        for attempt in ("first", "again") if balance else ("first",):
            drawn.clear()
            fit(config, corpora, corpora, tmp_path / f"{balance}-{attempt}", progress=False)
            orders[balance, attempt] = list(drawn)
    assert np.bincount(orders[False, "first"]).tolist() == [2 * 2, 2 * 6]
    assert len(orders[True, "first"]) % 8 == 0, "an epoch is as long as without the option"
    assert np.mean(orders[True, "first"]) == pytest.approx(0.5, abs=0.2)
    assert orders[True, "first"] == orders[True, "again"]


def test_a_run_from_before_the_option_is_the_same_run(two, monkeypatch):
    cell = dataset_study(two)[-1]
    run = run_cell(two, cell, progress=False)
    record = unsealed((run.folder / "config.json").read_bytes())
    assert record["config"].pop("balance") is False
    (run.folder / "config.json").write_text(json.dumps(record))
    monkeypatch.setattr("adtlib.training.trainer.Trainer.train", lambda *_: pytest.fail("trained again"))
    assert run_cell(two, cell, progress=False) == run and run.config["balance"] is False
    with pytest.warns(UserWarning, match="previous"), pytest.raises(pytest.fail.Exception, match="trained again"):
        run_cell(dataclasses.replace(two, balance=True), cell, progress=False)


def test_a_union_that_lacks_a_corpus_is_left_out_and_the_corpus_named(two, tmp_path):
    for path in (tmp_path / "own" / "small" / "train").iterdir():
        path.unlink()
    small, large, union = dataset_study(two)
    assert why_not(two, large) is None and "nothing usable found of the train split" in why_not(two, small)
    assert why_not(two, union).startswith("small + large: nothing usable found of the train split of small; recordings go into")
    runs, left_out = run_all(two, [small, large, union], progress=False)
    assert [run.config["train"] for run in runs] == [["large"]] and len(left_out) == 2


@pytest.mark.slow
def test_real_corpora_are_studied_as_far_as_they_are_there(real_data, monkeypatch):
    """Two of the corpora suffice for three training sets; what needs the others is named."""
    monkeypatch.setenv("ADT_DATA", str(real_data))
    tiny = {"CRNN": {"num_layers": 1, "hidden_size": 8}}
    profile = load_profile("thesis", search="none", epochs=1, batch_size=16, hyperparameters=tiny, jobs=1, test_split="validation")
    with pytest.warns(UserWarning, match="past the end"):
        runs, left_out = run_all(profile, dataset_study(profile), progress=False)
    assert [run.config["train"] for run in runs] == [["ENST+MDB"], ["ADTOF-YT"], ["ENST+MDB", "ADTOF-YT"]]
    assert len(left_out) == 7 and all("E-GMD" in reason or "Slakh" in reason for reason in left_out)
    table = dataset_table(profile)
    assert table[table["n_tracks"] > 0]["test"].unique().tolist() == ["ENST+MDB", "ADTOF-YT"]


# --- kill -9 -----------------------------------------------------------------------------------------------------------

STUDY = """
import json, sys
from adtlib.profiles import load_profile
from adtlib.studies import plan
from adtlib.studies.run import run_all
if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    profile = load_profile("thesis", search="none", **options)
    plan.UNIONS = (tuple(options["train_corpora"]),)
    run_all(profile, plan.dataset_study(profile), progress=False)
"""


@pytest.mark.slow
def test_a_study_killed_at_any_time_ends_in_the_same_table(two, tmp_path, monkeypatch):
    """kill -9 while two runs are trained side by side, twice, started again each time: no epoch is trained but those cut."""
    script = tmp_path / "study.py"
    script.write_text(STUDY)
    options = {"train_corpora": list(two.train_corpora), "batch_size": 2, "hyperparameters": two.hyperparameters, "jobs": 2}
    command = [sys.executable, str(script), json.dumps(options | {"epochs": 6})]
    profile = dataclasses.replace(two, epochs=6)
    folders = [run_folder("thesis", "CRNN", cell.train_names, 0) for cell in dataset_study(profile)]

    def epochs() -> list[int]:
        files = [folder / "metrics.csv" for folder in folders]
        return [len(pd.read_csv(file)) if file.is_file() else 0 for file in files]

    for wait_for in (1, 7):
        child = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})
        deadline = time.monotonic() + 240
        while sum(epochs()) < wait_for and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert child.poll() is None, "the study ended before it was killed"
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        # The workers follow their parent within half a second; what they are writing must not meet those of the next start.
        time.sleep(1.5)
        done = epochs()
        assert sum(done) >= wait_for
    before = {folder: pd.read_csv(folder / "metrics.csv") for folder, n in zip(folders, done, strict=True) if n}
    subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True, timeout=300)
    for folder, cut in before.items():
        pd.testing.assert_frame_equal(Run(folder).metrics.iloc[: len(cut)], cut)  # the seconds too: these epochs were not redone
    killed = dataset_table(profile)
    assert [Run(folder).result["epochs"] for folder in folders] == [6, 6, 6]

    threads = torch.get_num_threads()
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "undisturbed")
    torch.set_num_threads(Run(folders[0]).record["machine"]["threads"])
    try:
        run_all(profile, dataset_study(profile), progress=False)
    finally:
        torch.set_num_threads(threads)
    pd.testing.assert_frame_equal(dataset_table(profile), killed)
