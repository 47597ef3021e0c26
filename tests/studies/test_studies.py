"""The architecture study from corpora to its table, on the real recordings and on made-up runs."""

import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from adtlib import paths
from adtlib.profiles import load_profile, open_profile_corpus
from adtlib.studies.error_tables import error_events
from adtlib.studies.examples import architectures_heard
from adtlib.studies.plan import Cell, architecture_study
from adtlib.studies.run import Progress, run_all, run_cell
from adtlib.studies.tables import F1_COLUMNS, architecture_table, f1_grid, score_table, training_counts
from adtlib.training.runs import COUNT_COLUMNS, run_folder


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    for name in ("CACHE", "RESULTS", "FIGURES"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())


def write_run(profile, architecture, corpus, seed, counts, split="test"):
    folder = run_folder(profile.name, architecture, (corpus,), seed)
    folder.mkdir(parents=True)
    record = {
        "config": {"architecture": architecture, "train": [corpus], "seed": seed},
        "data": {corpus: {"unit": "track"}},
        "result": {},
    }
    (folder / "config.json").write_text(json.dumps(record))
    if counts is not None:
        rows = pd.DataFrame(np.reshape(counts, (len(counts), -1)), columns=COUNT_COLUMNS)
        rows = rows.assign(test=corpus, split=split, unit="track", data="x", id=[str(i) for i in range(len(counts))], seconds=1.0)
        rows.to_csv(folder / "scores.csv", index=False)


def test_the_study_has_every_architecture_on_every_corpus_with_every_seed():
    cells = architecture_study(load_profile("showcase"))
    assert len(cells) == len(set(cells)) == 5 * 4 * 3
    assert all(cell.train == cell.tests for cell in cells)
    assert len(architecture_study(load_profile("showcase"), "CNN")) == 4 * 3


def test_table_pools_counts_over_tracks():
    profile = load_profile("smoke")
    counts = np.zeros((2, 5, 3), dtype=int)
    counts[0, 0], counts[1, 1] = [8, 1, 1], [1, 0, 3]
    write_run(profile, "CNN", "Slakh", 0, counts)
    write_run(profile, "RNN", "Slakh", 0, None)
    table = architecture_table(profile)
    assert list(table.columns) == ["architecture", "corpus", *F1_COLUMNS, "ci_low", "ci_high", "n_tracks", "unit", "seed"]
    cnn = table.set_index("architecture").loc["CNN"]
    assert cnn["f1_micro"] == pytest.approx(18 / (18 + 1 + 4))
    assert cnn["f1_macro"] == pytest.approx((16 / 18 + 2 / 5) / 2)
    assert np.isnan(cnn["f1_TT"]) and cnn["n_tracks"] == 2
    rnn = table.set_index("architecture").loc["RNN"]
    assert rnn["n_tracks"] == 0 and np.isnan(rnn["f1_micro"]), "trained and not tested is said, not left out"


def test_grid_is_the_mean_over_seeds_in_the_order_of_the_study():
    profile = load_profile("smoke", seeds=[0, 1])
    for seed, hits in ((0, 10), (1, 5)):
        counts = np.zeros((1, 5, 3), dtype=int)
        counts[0, 0] = [hits, 10 - hits, 10 - hits]
        write_run(profile, "ViT", "E-GMD", seed, counts)
        write_run(profile, "CNN", "Slakh", seed, counts)
    grid = f1_grid(architecture_table(profile))
    assert grid.index.tolist() == ["CNN", "ViT"] and grid.columns.tolist() == ["Slakh", "E-GMD"]
    assert grid.loc["ViT", "E-GMD"] == pytest.approx(0.75) and np.isnan(grid.loc["ViT", "Slakh"])


def test_only_the_test_split_counts():
    profile = load_profile("smoke")
    write_run(profile, "CNN", "Slakh", 0, np.ones((1, 5, 3), dtype=int), split="validation")
    assert score_table(profile).empty
    assert len(score_table(load_profile("smoke", test_split="validation"))) == 1


def test_without_runs_the_remedy_is_said():
    with pytest.raises(FileNotFoundError, match="adt run --profile smoke 41-49"):
        architecture_table(load_profile("smoke"))


@pytest.mark.slow
def test_runs_side_by_side_are_what_they_are_one_after_the_other(tmp_path, monkeypatch, capsys):
    """A user's own folder as training corpus, two seeds in two processes."""
    rng = np.random.default_rng(0)
    for split in ("train", "validation", "test"):
        (tmp_path / "own" / split).mkdir(parents=True)
        soundfile.write(tmp_path / "own" / split / "song.wav", rng.normal(0, 0.1, 5 * 44_100), 44_100)
        (tmp_path / "own" / split / "song.txt").write_text("0.5 KD\n1.0 SD\n2.0 HH\n")
    monkeypatch.setenv("ADT_HOME", str(tmp_path / "home"))  # for the processes; this one's paths are set here:
    for name in ("CACHE", "RESULTS"):
        monkeypatch.setattr(paths, name, tmp_path / "home" / name.lower())
    monkeypatch.setenv("ADT_DATA", str(tmp_path / "own"))
    profile = load_profile(
        "thesis",
        train_corpora=[str(tmp_path / "own")],
        epochs=2,
        batch_size=2,
        seeds=[0, 1],
        hyperparameters={"CNN": {"num_convs": 1, "num_layers": 1, "hidden_size": 16}},
        search="none",
        jobs=2,
    )
    cells = architecture_study(profile, "CNN")
    runs, left_out = run_all(profile, cells, progress=False)
    assert architecture_table(profile)["corpus"].tolist() == ["own", "own"]
    assert open_profile_corpus(profile, "own").info.unit == "track", "a folder goes by its name in results"
    events, _, models, _ = error_events(profile)
    assert len(events) and models["corpus"].tolist() == ["own"]
    passage, heard = architectures_heard(profile)
    assert passage.seconds > 0 and list(heard) == ["CNN"]
    assert left_out == [] and [run.config["seed"] for run in runs] == [0, 1]
    assert all(len(run.metrics) == 2 and len(run.scores) == 1 for run in runs)
    assert training_counts(profile, runs).loc["own"].tolist() == [1, 1, 0, 1, 0]
    run_all(profile, cells)
    assert "2/2" in (said := capsys.readouterr().err) and "2 taken over" in said and "epochs" not in said.splitlines()[-1]
    threads, before = torch.get_num_threads(), runs[1].metrics.drop(columns="seconds")
    torch.set_num_threads(runs[1].record["machine"]["threads"])
    shutil.rmtree(runs[1].folder)
    try:
        pd.testing.assert_frame_equal(run_cell(profile, cells[1], progress=False).metrics.drop(columns="seconds"), before)
    finally:
        torch.set_num_threads(threads)


def test_progress_tells_what_is_trained_from_what_is_taken_over(tmp_path):
    def write(name, epochs, finished, at, weights=True):
        (tmp_path / name).mkdir(exist_ok=True)
        for file, there in (("model.safetensors", finished and weights), ("resume.pt", not finished)):
            (tmp_path / name / file).unlink(missing_ok=True)
            if there:
                (tmp_path / name / file).touch()
        (tmp_path / name / "config.json").write_text(json.dumps({"config": {}} | ({"result": {}} if finished else {})))
        (tmp_path / name / "metrics.csv").write_text("epoch\n" + "1\n" * epochs)
        os.utime(tmp_path / name / "metrics.csv", (at, at))

    write("finished", 16, True, 100)
    write("interrupted", 5, False, 100)
    write("other settings", 16, True, 100)
    write("without weights", 16, True, 100, weights=False)  # as a clone has it
    names = ("finished", "interrupted", "other settings", "without weights", "new")
    progress = Progress([tmp_path / name for name in names])
    assert [progress.text(ended) for ended in (0, 1, 3)] == ["0 epochs", "1 taken over", "2 taken over"]
    write("interrupted", 16, True, 200)
    write("other settings", 4, False, 200)
    write("new", 2, False, 200)
    assert progress.text(2) == "17 epochs, 1 taken over"
    write("without weights", 3, False, 200)
    assert progress.text(3) == "20 epochs, 1 taken over"


def test_real_recordings_are_trained_on_and_what_is_missing_is_said(real_data, monkeypatch):
    monkeypatch.setenv("ADT_DATA", str(real_data))
    tiny = {"CNN": {"num_convs": 1, "num_layers": 1, "hidden_size": 16}}
    profile = load_profile("thesis", epochs=1, batch_size=16, hyperparameters=tiny, search="none", test_split="validation", jobs=1)
    with pytest.warns(UserWarning, match="past the end"):
        runs, left_out = run_all(profile, architecture_study(profile, "CNN"), progress=False)
    assert [run.config["train"] for run in runs] == [["ENST+MDB"], ["ADTOF-YT"]]
    assert [reason.split(":")[0] for reason in left_out] == ["E-GMD", "Slakh"]
    table = architecture_table(profile).set_index("corpus")
    assert table.loc["ENST+MDB", "n_tracks"] == 1 and table.loc["ENST+MDB", "unit"] == "track"
    assert table.loc["ADTOF-YT", "n_tracks"] == 7 and table.loc["ADTOF-YT", "unit"] == "sequence"
    record = runs[0].record["data"]["ENST+MDB"]
    assert record["units"] == {"train": 6, "validation": 1} and record["missing"]["train"] == 52
    # The empty test split gives no score and no crash.
    empty = load_profile("thesis", epochs=1, batch_size=16, hyperparameters=tiny, search="none", jobs=1)
    run_all(empty, [Cell("CNN", ("ENST+MDB",), 0, ("ENST+MDB",))], progress=False)
    assert architecture_table(empty).set_index("corpus").loc["ENST+MDB", "n_tracks"] == 0
