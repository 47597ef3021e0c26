"""The architecture study's tables, on made-up runs whose answer is known."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import torch

from adtlib import paths
from adtlib.corpora.egmd import performance
from adtlib.evaluation import significance
from adtlib.evaluation.metrics import f1_micro
from adtlib.profiles import load_profile
from adtlib.studies import architecture_tables as tables, cost as cost_of
from adtlib.studies.tables import independent, score_table
from adtlib.training.runs import COUNT_COLUMNS, RunError, run_folder
from adtlib.vocabulary import CLASSES

PROFILE = load_profile("smoke", seeds=[0, 1])
WAYS = [(0.05, "one"), (0.025, "one"), (0.05, "class"), (0.025, "class")]


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    for name in ("CACHE", "RESULTS", "FIGURES"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())


def write_run(architecture, corpus, seed, hits, ids=None, by_class=0):
    """A finished run: `hits` of ten kicks found in each track at 50 ms, one fewer at 25, `by_class` more with own thresholds."""
    folder = run_folder(PROFILE.name, architecture, (corpus,), seed)
    folder.mkdir(parents=True)
    values = dict.fromkeys([*CLASSES, "micro"], 0.5)
    thresholds = {"one": dict.fromkeys(CLASSES, 0.5), "class": dict.fromkeys(CLASSES, 0.3), "f1_one": values, "f1_class": values}
    config = {"architecture": architecture, "train": [corpus], "seed": seed, "tolerance": 0.05, "precision": "float32"}
    config["hyperparameters"] = PROFILE.hyperparameters[architecture]
    result = {"epochs": 3, "seconds": 2.0 + seed, "n_parameters": 5, "thresholds": thresholds}
    (folder / "config.json").write_text(json.dumps({"config": config, "data": {corpus: {"unit": "track"}}, "result": result}))
    parts = []
    for tolerance, way in WAYS:
        counts = np.zeros((len(hits), 15), dtype=int)
        found = np.maximum(np.array(hits) - (tolerance < 0.05), 0) + by_class * (way == "class")
        counts[:, 0], counts[:, 1], counts[:, 2] = found, 10 - found, 10 - found
        rows = pd.DataFrame(counts, columns=COUNT_COLUMNS)
        fixed = {"test": corpus, "split": "test", "unit": "track", "data": "x", "seconds": 1.0}
        parts.append(rows.assign(**fixed, tolerance=tolerance, thresholds=way, id=ids or [str(i) for i in range(len(hits))]))
    pd.concat(parts).to_csv(folder / "scores.csv", index=False)


def test_every_way_of_scoring_has_its_mean_its_spread_and_its_interval():
    for seed, hits in ((0, [6, 8]), (1, [4, 6])):
        write_run("CNN", "Slakh", seed, hits, by_class=1)
    summary = tables.score_summary(PROFILE)
    assert not summary.duplicated(["architecture", "corpus", "tolerance", "thresholds", "score"]).any()
    micro = summary[summary["score"] == "f1_micro"].set_index(["tolerance", "thresholds"])
    assert {way: round(float(micro.loc[way, "mean"]), 6) for way in WAYS} == dict(zip(WAYS, [0.6, 0.5, 0.7, 0.6], strict=True))
    row = micro.loc[0.05, "one"]
    assert row["std"] == pytest.approx(np.std([0.7, 0.5], ddof=1))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.5, 0.7)), "the draws are shared by the seeds: 5 and 7 of ten"
    assert (row["n_seeds"], row["n_tracks"], row["n_independent"]) == (2, 2, 2)
    shown = tables.printed_scores(summary, 0.05)
    assert shown["micro F1"].item() == "0.600 ± 0.141" and shown["95 % (micro)"].item() == "0.500–0.700"
    assert tables.printed_scores(summary, 0.025)["KD"].to_dict() == pytest.approx({("Slakh", "CNN"): 0.5})
    bars = tables.table_with_intervals(PROFILE)
    assert bars["f1_micro"].tolist() == pytest.approx([0.7, 0.5]) and bars["ci_low"].tolist() == pytest.approx([0.5, 0.5])


def test_runs_that_nothing_was_tested_on_have_empty_tables():
    summary = tables.score_summary(PROFILE)
    assert summary.empty and {"score", "mean", "n_independent"} <= set(summary)
    assert tables.printed_scores(summary, 0.05).empty


def test_best_is_said_only_where_the_tracks_say_it():
    rng = np.random.default_rng(0)
    for seed in (0, 1):
        for corpus, n_tracks in (("Slakh", 16), ("ENST+MDB", 4)):
            write_run("CNN", corpus, seed, rng.integers(7, 10, n_tracks))
            write_run("RNN", corpus, seed, rng.integers(3, 6, n_tracks))
            write_run("ViT", corpus, seed, rng.integers(1, 4, n_tracks))
        write_run("CRNN", "E-GMD", seed, [7, 6, 5, 8])
        write_run("CNN", "E-GMD", seed, [7, 6, 5, 8])
    comparisons = tables.comparison_table(PROFILE)
    said = tables.verdicts(comparisons).set_index("corpus")
    assert said.loc["Slakh", "verdict"] == "best" and said.loc["Slakh", "highest"] == "CNN"
    assert said.loc["ENST+MDB", "highest"] == "CNN"
    assert "RNN, ViT; 4 independent recordings are too few (corrected p at least 0.25)" in said.loc["ENST+MDB", "verdict"]
    assert said.loc["E-GMD", "verdict"].startswith("not told apart from")
    slakh = comparisons[comparisons["corpus"] == "Slakh"]
    assert (slakh["p_holm"] >= slakh["p"]).all() and slakh["told_apart"].all()
    means = tables.table_with_intervals(PROFILE).groupby(["corpus", "architecture"])["f1_micro"].mean()["Slakh"]
    assert slakh["difference"].tolist() == pytest.approx([means["CNN"] - means[other] for other in slakh["other"]])
    assert (slakh["ci_low"] > 0).all() and (slakh["ci_low"] <= slakh["difference"]).all()
    shown = tables.printed_comparisons(comparisons)
    assert shown.loc["Slakh", "p"].tolist() == ["< 0.001"] * 2 and shown.loc["ENST+MDB", "smallest p"].tolist() == ["0.125"] * 2
    assert comparisons.loc[comparisons["corpus"] == "ENST+MDB", "p"].tolist() == [1 / 8, 1 / 8]


def test_nobody_is_best_where_nothing_was_found():
    write_run("CNN", "Slakh", 0, [0, 0], by_class=1)
    write_run("RNN", "Slakh", 0, [0, 0])
    assert tables.comparison_table(PROFILE).empty and tables.verdicts(tables.comparison_table(PROFILE)).empty


def test_architectures_are_compared_on_the_tracks_that_all_were_tested_on():
    write_run("CNN", "Slakh", 0, [9, 1, 5], ids=["a", "b", "c"])
    write_run("RNN", "Slakh", 0, [5, 9], ids=["c", "a"])
    (tested,) = tables.corpus_scores(PROFILE)
    assert sorted(tested.groups) == ["a", "c"]
    assert tested.counts["CNN"][0, :, 0, 0].tolist() == tested.counts["RNN"][0, :, 0, 0].tolist(), "row for row the same track"


def test_kits_of_one_performance_count_as_one():
    ids = [f"drummer1/eval_session/{take}_funk_80_beat_4-4_{kit}" for take in (1, 2) for kit in (1, 2, 12)]
    assert performance(ids[2]) == "drummer1/eval_session/1_funk_80_beat_4-4"
    assert len(set(independent("E-GMD", ids))) == 2 and len(set(independent("Slakh", ids))) == 6
    write_run("CNN", "E-GMD", 0, [9, 9, 9, 5, 5, 5], ids=ids)
    (tested,) = tables.corpus_scores(PROFILE)
    assert tested.sample == {"n_tracks": 6, "n_independent": 2, "unit": "track", "group": "performance"}
    row = score_table(PROFILE).iloc[0]
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.5, 0.9)), "as of two recordings, not of six"


def test_neighbouring_sequences_count_as_one_minute():
    """Seventeen sequences, as the miniature has: two groups, of which no test can say anything."""
    ids = [f"test/{number:06d}" for number in range(17)]
    groups = independent("ADTOF-YT", ids)
    assert groups == ["test/minute 0"] * 15 + ["test/minute 1"] * 2
    assert independent("ADTOF-YT", ids[::-1]) == groups[::-1], "by the number in the file, not by the order of rows"
    assert len(set(independent("ADTOF-YT", ["test/000014", "train/000014", "test/000015"]))) == 3
    with pytest.raises(ValueError, match="'x' is not the id of a sequence"):
        independent("ADTOF-YT", ["x"])
    for name, hits in (("CNN", 9), ("RNN", 2), ("ViT", 1)):
        write_run(name, "ADTOF-YT", 0, [hits] * 17, ids=ids)
    comparisons = tables.comparison_table(PROFILE)
    assert comparisons["n_independent"].tolist() == [2, 2] and comparisons["smallest_p"].tolist() == [0.5, 0.5]
    assert comparisons["n_tracks"].tolist() == [17, 17] and (comparisons["group"] == "minute of sequences").all()
    assert tables.printed_comparisons(comparisons)["independent groups"].tolist() == ["2 minutes of sequences"] * 2
    (verdict,) = tables.verdicts(comparisons)["verdict"]
    assert verdict == "not told apart from RNN, ViT; 2 independent minutes of sequences are too few (corrected p at least 1)"


def test_the_interval_of_sequences_is_that_of_their_minutes():
    ids = [f"test/{number:06d}" for number in range(30)]
    write_run("CNN", "ADTOF-YT", 0, [9] * 15 + [5] * 15, ids=ids)
    row = score_table(PROFILE).iloc[0]
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.5, 0.9))


def test_the_profile_says_which_thresholds_are_shown():
    """In every table of both studies alike; and no table is silently empty where a run was not scored so."""
    write_run("CNN", "Slakh", 0, [6, 8], by_class=1)
    write_run("RNN", "Slakh", 0, [6, 8])
    by_class = dataclasses.replace(PROFILE, thresholds="class")
    for profile, expected in ((PROFILE, [0.7, 0.7]), (by_class, [0.8, 0.7])):
        assert tables.table_with_intervals(profile)["f1_micro"].tolist() == pytest.approx(expected[::-1])
        assert score_table(profile)["f1_micro"].tolist() == pytest.approx(expected)
        assert tables.comparison_table(profile)["difference"].tolist() == pytest.approx([expected[0] - expected[1]])
    path = run_folder(PROFILE.name, "RNN", ("Slakh",), 0) / "scores.csv"
    scores = pd.read_csv(path)
    scores[scores["thresholds"] == "one"].to_csv(path, index=False)
    with pytest.raises(RunError, match=r"no scores with thresholds = 'class'.*--force"):
        score_table(by_class)


def test_what_is_shown_is_chosen_by_validation(monkeypatch):
    def run(value):
        return type("R", (), {"result": {"val_f1_micro": value}})

    runs = {("CNN", "Slakh"): [run(0.9), run(0.2)], ("CRNN", "Slakh"): [run(0.7), run(0.8)], ("ViT", "Slakh"): [run(np.nan)]}
    monkeypatch.setattr(tables, "study_runs", lambda profile: runs)
    assert tables.chosen_runs(None)["Slakh"] is runs["CRNN", "Slakh"][1]


def test_both_choices_of_thresholds_are_reported():
    write_run("CNN", "Slakh", 0, [6, 8], by_class=1)
    write_run("CNN", "Slakh", 1, [4, 6], by_class=-1)
    table = tables.threshold_table(PROFILE)
    assert table["f1_one"].tolist() == pytest.approx([0.7, 0.5]) and table["gain"].tolist() == pytest.approx([0.1, -0.1])
    assert (table["threshold_one"] == 0.5).all() and (table["threshold_KD"] == 0.3).all()
    shown = tables.printed_thresholds(table)
    assert len(shown) == 1 and shown["gain"].tolist() == pytest.approx([0.0])


def test_costs_are_those_of_the_runs_and_speed_is_measured(monkeypatch):
    write_run("CNN", "Slakh", 0, [6, 8])
    write_run("CNN", "Slakh", 1, [4, 6])
    write_run("RNN", "Slakh", 0, [4, 6])
    asked = []
    found = {"CNN": cost_of.Speed(40.0, 1.2), "RNN": cost_of.Speed(20.0, 2.04)}
    monkeypatch.setattr(
        cost_of,
        "inference_speeds",
        lambda configs: asked.extend(c["architecture"] for c in configs) or [found[c["architecture"]] for c in configs],
    )
    scores = tables.table_with_intervals(PROFILE)
    table = cost_of.cost_table(PROFILE, scores)
    cost = table.set_index("architecture")
    assert cost.loc["CNN", "training_seconds"] == 2.0 and cost.loc["CNN", "f1_micro"] == pytest.approx(0.6)
    assert sorted(asked) == ["CNN", "RNN"], "one measurement for each network, not for each run"
    assert cost["times_real_time"].to_dict() == {"CNN": 40.0, "RNN": 20.0}
    said = cost_of.unsteadiness(table)
    assert "took 2.0 times as long as the fastest (RNN)." in said and "CNN" not in said
    assert cost_of.unsteadiness(table.assign(spread=1.4)) == ""


def test_networks_are_timed_in_turn_and_the_fastest_round_counts(monkeypatch):
    """Seconds that each call takes: a first round to warm up, then one in which the machine is busy."""
    clock, order, takes = [0.0], [], iter([9.0, 9.0, 1.0, 2.0, 4.0, 2.2, 1.1, 2.0])
    monkeypatch.setattr(cost_of, "assemble", lambda config: torch.nn.Linear(config["width"], 1))

    def predict(model, features, precision):
        order.append(model.in_features)
        clock[0] += next(takes)

    monkeypatch.setattr(cost_of, "predict", predict)
    monkeypatch.setattr(cost_of.time, "perf_counter", lambda: clock[0])
    narrow, wide = cost_of.inference_speeds([{"width": 1}, {"width": 2}], seconds=10.0, rounds=3)
    assert order == [1, 2] * 4
    assert (narrow.times_real_time, narrow.spread) == pytest.approx((10.0, 4.0))
    assert (wide.times_real_time, wide.spread) == pytest.approx((5.0, 1.1))


def test_a_smaller_network_of_one_kind_is_faster():
    config = {"architecture": "RNN", "precision": "float32"}
    sizes = ({"num_layers": layers, "hidden_size": size} for layers, size in ((1, 24), (5, 288)))
    small, large = cost_of.inference_speeds([config | {"hyperparameters": given} for given in sizes], seconds=8.0, rounds=2)
    assert small.times_real_time > large.times_real_time > 0


def test_f1_of_the_tables_is_evaluations():
    counts = np.zeros((1, 2, 5, 3))
    counts[0, :, 0] = [[3, 1, 0], [1, 1, 4]]
    assert significance.mean_f1(counts) == pytest.approx(f1_micro(counts[0]))
