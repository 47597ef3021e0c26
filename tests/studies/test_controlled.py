"""The controlled study: planned runs, tables with planted effects, sentences that say no more than their tables."""

import dataclasses
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from adtlib import paths
from adtlib.cli import main
from adtlib.models.registry import ARCHITECTURES
from adtlib.profiles import load_profile
from adtlib.studies import controlled, controlled_runs, controlled_tables, controlled_words
from adtlib.studies.controlled_results import (
    CIRCUMSTANCES,
    KEYS,
    LOUDNESS,
    TOGETHER,
    Results,
    gather,
    stored_results,
    with_real_together,
    write_table,
)
from adtlib.studies.controlled_runs import tables_of
from adtlib.training.cluster import jobs
from adtlib.training.controlled_sets import RENDERED, TESTS
from adtlib.training.runs import COUNT_COLUMNS, WEIGHTS, write_record
from adtlib.training.trainer import Diverged

GROUPS = 70
controlled_results = sys.modules[gather.__module__]  # the name on the door of the room is the function
SHOWN = [test for test in TESTS if not test.endswith("drums")]  # all take three times as long
PLANTED = {"RNN": 0.80, "CNN": 0.86, "CRNN": 0.90, "ConvTransformer": 0.80, "ViT": 0.70}  # share of strokes heard


def counts_of(share: float, seed: int, n_groups: int) -> pd.DataFrame:
    """Counts of a model that hears this share of 100 strokes of each class, and invents as many as it misses."""
    hits = np.clip(np.rint(100 * (share + 0.01 * np.random.default_rng(seed).standard_normal((n_groups, 5)))), 0, 100).astype(int)
    counts = np.stack([hits, 100 - hits, 100 - hits], axis=-1).reshape(n_groups, -1)
    return pd.DataFrame(counts, columns=COUNT_COLUMNS).assign(id=[f"g{number:02d}" for number in range(n_groups)])


@pytest.fixture(scope="module")
def results() -> Results:
    profile = load_profile("study")
    study = controlled.study_of(profile)
    counts, runs, number = [], [], 0
    for run in controlled.planned_runs(profile, study):
        loss = 0.1 if "accompaniment none" in run.label else 0.04 if "jitter 0.04" in run.label else 0.0
        share = PLANTED[run.architecture] - loss
        key = {"stage": run.stage, "architecture": run.architecture, "trained_on": run.label, "seed": run.seed}
        runs.append(
            key | {"parameters": 350_000, "last_epoch": 30, "best_epoch": 20, "validation_f1": share, "validation_loss": 3 - share}
        )
        for test in TESTS if run.is_tested else ():
            for tolerance, less in ((0.05, 0.0), (0.025, 0.05)):
                number += 1
                if test not in SHOWN:
                    continue
                made = counts_of(share - less, number, GROUPS if test.startswith("rendered") else 7)
                counts.append(made.assign(**key, test=test, tolerance=tolerance, id=made["id"] + f" of {test}"))
    errors = [
        [name, circumstance, value, f"g{group:02d}", 100, round(100 * (1 - share)), 5]
        for name, share in PLANTED.items()
        for circumstance, (_, _, values) in CIRCUMSTANCES.items()
        for value in values
        for group in range(GROUPS)
    ]
    influence = [[name, radius, min(1.0, radius / 10), 199, 9] for name in PLANTED for radius in (0, 5, 10, 199)]
    deaf = [counts_of(0.1, number, GROUPS).assign(architecture=name) for number, name in enumerate(PLANTED) if name != "ViT"]
    counts = with_real_together(pd.concat(counts, ignore_index=True))
    vit = counts[(counts["architecture"] == "ViT") & (counts["trained_on"] == "8 h") & (counts["test"] == RENDERED)]
    same = vit[(vit["seed"] == profile.seeds[0]) & (vit["tolerance"] == 0.05)].iloc[::-1]  # groups in another order
    disorder = pd.concat([same, *deaf])[["architecture", "id", *COUNT_COLUMNS]]
    broad = (counts["trained_on"] == "1 h, jitter 0.04") & (counts["tolerance"] == 0.05)
    picked = counts[counts["tolerance"] == 0.05].copy()
    picked.loc[broad, [name for name in COUNT_COLUMNS if not name.startswith("fn")]] = 0  # nothing is picked
    return Results(
        profile,
        study,
        pd.DataFrame(runs),
        pd.DataFrame(),
        counts,
        picked,
        pd.DataFrame(errors, columns=["architecture", "circumstance", "value", "id", "strokes", "missed", "invented"]),
        pd.DataFrame(influence, columns=["architecture", "frames", "share", "reach", "radius_90"]),
        disorder,
        pd.DataFrame({"architecture": list(PLANTED), "epoch_seconds": 24.0, "times_real_time": 50.0, "megabytes": 40.0}),
    )


@pytest.fixture(scope="module")
def good(results) -> pd.DataFrame:
    return controlled_tables.what_makes_a_corpus_good(results)


def test_each_level_differs_from_the_reference_in_its_factor_alone():
    study = controlled.study_of(load_profile("study"))
    levels = controlled.factor_levels(dataclasses.replace(study, leave_out=()))
    reference = next(level.clips[0] for level in levels if level.factor == "kits" and level.is_reference)
    assert {level.factor for level in levels} == set(controlled.FACTORS)
    for level in levels:
        if level.factor != "mixture":
            changes = level.clips[0].recipe.differences(reference.recipe)
            faults, hours = level.clips[0].faults != reference.faults, level.clips[0].hours != reference.hours
            assert len(changes) + faults + hours == (0 if level.is_reference else 1), level
    assert all(sum(clips.hours for clips in level.clips) == study.factor_hours for level in levels if level.factor != "hours")


def test_no_run_is_planned_twice_and_every_level_has_its_seeds():
    profile = load_profile("study")
    study = controlled.study_of(profile)
    runs = controlled.planned_runs(profile, study)
    names = [(run.architecture, run.label, run.seed) for run in runs]
    assert len(set(names)) == len(names)
    for level in controlled.factor_levels(study):
        for seed in study.factor_seeds:
            assert (study.factor_architecture, controlled.label_of(level.clips), seed) in names


def test_chapter_7_needs_no_other_architecture():
    profile = load_profile("study")
    study = controlled.study_of(profile)
    mine = [run for run in controlled.planned_runs(profile, study) if controlled.is_of_factors(study, run)]
    assert {run.architecture for run in mine} == {study.factor_architecture}
    assert {run.label for run in mine if run.is_tested} == {
        controlled.label_of(each.clips) for each in controlled.factor_levels(study)
    }
    assert sorted(run.learning_rate for run in mine if not run.is_tested) == sorted(study.learning_rates)


def test_an_unknown_option_is_named():
    with pytest.raises(ValueError, match="study has no 'hourz'"):
        controlled.study_of(load_profile("study", study={"hourz": 1}))
    with pytest.raises(ValueError, match="kits: all kits"):
        controlled.study_of(load_profile("study", study={"leave_out": ["kits: 3 kits"]}))


@pytest.mark.parametrize("study", [{"leave_out": ["kits: all kits"]}, {"hours": [0.5, 2.0], "factor_hours": 1.0}])
def test_a_factor_needs_the_level_that_others_are_compared_with(study):
    with pytest.raises(ValueError, match="no level to compare with"):
        controlled.study_of(load_profile("study", study=study))


def test_a_factor_alone_can_be_planned():
    profile = load_profile("study", study={"factors": ["mixture"]})
    runs = controlled.planned_runs(profile, controlled.study_of(profile))
    assert len({run.label for run in runs if run.stage == "factors"}) == 3


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The stored tables of a study whose short runs were trained elsewhere; the profile."""
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    monkeypatch.setattr(controlled_runs, "measured_speed", lambda *_: (0.1, 0.01))
    profile = load_profile("smoke")
    study = controlled.study_of(profile)
    rows = [
        {
            **dict(zip(KEYS, (run.stage, run.architecture, run.label, run.seed), strict=True)),
            "validation_f1": run.learning_rate * 100,
            "validation_loss": run.learning_rate * 100,
            "last_epoch": 3,
            "core_hours": 0.5,
            "settings": controlled_runs.settings_of(profile, study, run),
        }
        for run in controlled.rate_runs(study)
    ]
    folder = tables_of(profile.name)
    write_table(folder / "runs.csv", pd.DataFrame(rows))
    keys = pd.DataFrame(rows)[KEYS]
    write_table(folder / "curves.csv", keys.assign(epoch=1))
    counts = keys.assign(test=RENDERED, tolerance=0.05, id="g", **dict.fromkeys(COUNT_COLUMNS, 1))
    write_table(folder / "counts.csv.gz", counts)
    return profile


def test_runs_that_the_stored_tables_have_are_finished(elsewhere):
    study = controlled.study_of(elsewhere)
    table = controlled_runs.plan_table(elsewhere)
    assert set(table.loc[table["stage"] == "learning rates", "state"]) == {"finished"}
    assert set(table.loc[table["stage"] != "learning rates", "state"]) == {"waits"}
    assert controlled_runs.chosen_rate(elsewhere, study, "CRNN") == min(study.learning_rates)


def test_runs_that_were_told_something_else_are_not_finished(elsewhere):
    run = controlled.rate_runs(controlled.study_of(elsewhere))[0]
    assert controlled_runs.finished(elsewhere, run)
    for change in ({"batch_size": 3}, {"study": elsewhere.study | {"selection_hours": 0.02}}):
        assert controlled_runs.finished(dataclasses.replace(elsewhere, **change), run) is None


def test_a_plan_is_made_while_learning_rates_are_unknown(elsewhere):
    for table in tables_of(elsewhere.name).iterdir():
        table.unlink()
    profile = dataclasses.replace(elsewhere, study=elsewhere.study | {"published": 1})
    assert set(controlled_runs.plan_table(profile)["state"]) == {"waits"}
    assert any(line.startswith("published settings: which,") for line in controlled_runs.plan_lines(profile))


def test_only_runs_that_there_are_can_be_chosen(elsewhere, capsys):
    for asked in ([], ["--plan"]):
        assert main(["study", "--profile", elsewhere.name, "--only", "CRNNN", *asked]) != 0
        assert "'CRNNN': no run has it in its name" in capsys.readouterr().err


def trained(profile, run, **record):
    """The folder of a run that was trained; the settings noted in it."""
    folder = controlled_runs.run_folder_of(profile, run)
    result = {"n_parameters": 1, "best_epoch": 1, "epochs": 1, "val_f1_micro": 0.5, "val_loss": 2.0, "seconds": 9.0}
    config = dataclasses.asdict(controlled_runs.config_of(profile, controlled.study_of(profile), run))
    write_record(folder, {"config": config, "libraries": {"torch": "2"}, "result": result} | record)
    (folder / "metrics.csv").write_text("epoch,train_loss,val_loss,val_f1_micro\n1,1,1,0.5\n")
    return controlled_runs.settings_of(profile, controlled.study_of(profile), run)


def test_a_run_that_was_not_tested_to_the_end_is_not_finished(elsewhere):
    run = next(run for run in controlled.planned_runs(elsewhere, controlled.study_of(elsewhere)) if run.is_tested)
    settings = trained(elsewhere, run)
    scores = controlled_runs.run_folder_of(elsewhere, run) / "scores.csv"
    scores.write_text("of the first test\n")  # after which it was killed
    assert controlled_runs.finished(elsewhere, run) is None
    trained(elsewhere, run, settings=settings)
    assert controlled_runs.finished(elsewhere, run)["validation_f1"] == 0.5
    trained(elsewhere, run, settings="of other tests")
    assert controlled_runs.finished(elsewhere, run) is None


def test_a_rate_that_diverges_is_not_chosen_and_ends_nothing(elsewhere, monkeypatch):
    study = controlled.study_of(elsewhere)
    rates = sorted((run for run in controlled.rate_runs(study) if run.architecture == "CRNN"), key=lambda run: run.learning_rate)

    def diverge(config, train, validation, folder, **_):
        raise Diverged(f"{folder}: the loss is nan")

    monkeypatch.setattr(jobs, "fit", diverge)
    settings, folder = trained(elsewhere, rates[-1]), controlled_runs.run_folder_of(elsewhere, rates[-1])
    job = jobs.Job(folder, controlled_runs.config_of(elsewhere, study, rates[-1]), (), settings=settings)
    jobs.run_job(job, folder, [], [], [])
    assert controlled_runs.finished(elsewhere, rates[-1])["ended"] == "diverged"
    assert controlled_runs.chosen_rate(elsewhere, study, "CRNN") == rates[-2].learning_rate
    with pytest.raises(Diverged):  # of a run whose scores are wanted
        jobs.run_job(job, folder, [], ["a test"], [])


def test_gathering_keeps_what_was_trained_elsewhere(elsewhere):
    folder = tables_of(elsewhere.name)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    gather(elsewhere, progress=False)
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_runs_that_choose_a_rate_are_gathered_before_any_run_is_tested(elsewhere):
    folder = tables_of(elsewhere.name)
    (folder / "counts.csv.gz").unlink()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    gather(elsewhere, progress=False)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    with pytest.raises(FileNotFoundError, match="no results of the controlled study"):
        stored_results(elsewhere)


def test_what_is_known_of_other_weights_is_found_out_anew_and_the_rest_stays(tmp_path, monkeypatch):
    """Tables written before they said of which weights they are belong to none."""
    profile = load_profile("smoke")
    run = next(run for run in controlled.planned_runs(profile, controlled.study_of(profile)) if run.is_tested)
    other = next(name for name in ARCHITECTURES if name != run.architecture)
    names = pd.DataFrame({"architecture": [run.architecture, other], "value": ["old", "kept"]})
    write_table(tmp_path / "errors.csv", names)
    write_table(tmp_path / "influence.csv", names.assign(weights=["mine", "theirs"]))
    asked = []

    def explain(architecture, *_):
        asked.append(architecture)
        return pd.DataFrame({"architecture": [architecture], "value": ["new"]})

    monkeypatch.setattr(controlled_results, "_EXPLAINED", dict.fromkeys(("errors", "influence", "disorder"), explain))
    monkeypatch.setattr(controlled_results, "prepare_data", lambda *_: SimpleNamespace(tests={RENDERED: corpus}))
    corpus = SimpleNamespace(units=lambda split: [])
    here = {run: SimpleNamespace(record={"files": {WEIGHTS: "mine"}})}
    for _ in range(2):
        controlled_results._explain(profile, [run], here, tmp_path, progress=False)
    assert asked == [run.architecture] * 3, "of weights that all tables know nothing is asked again"
    for name, rest in (("errors", ["kept"]), ("influence", ["kept"]), ("disorder", [])):
        table = controlled_runs.read_table(tmp_path / f"{name}.csv")
        assert table["value"].tolist() == [*rest, "new"] and table["weights"].tolist()[-1] == "mine"


def test_planted_differences_of_architectures_are_decided(results):
    pairs = controlled_tables.pairs_of_architectures(results)
    mine = pairs[pairs["test"] == RENDERED].set_index(["first", "second"])
    assert len(mine) == 10
    best = mine.loc[("CRNN", "CNN")]
    assert best["verdict"] == "higher" and best["ci_low"] <= best["difference"] <= best["ci_high"]
    assert best["difference"] == pytest.approx(PLANTED["CRNN"] - PLANTED["CNN"], abs=0.01)
    same = mine[[set(pair) == {"RNN", "ConvTransformer"} for pair in mine.index]]
    assert same["verdict"].tolist() == ["equal"]


def test_real_recordings_of_both_corpora_are_one_test(results):
    pairs = controlled_tables.pairs_of_architectures(results)
    assert (pairs.loc[pairs["test"] == TOGETHER["mix"], "n_groups"] == 14).all()
    assert "higher" in set(pairs.loc[pairs["test"] == TOGETHER["mix"], "verdict"])
    assert "higher" not in set(pairs.loc[pairs["test"] == "MDB mixes", "verdict"])


def test_the_real_songs_do_not_decide_with_too_few_groups(results):
    few = dataclasses.replace(results, counts=results.counts[results.counts["id"] < "g03"])
    pairs = controlled_tables.pairs_of_architectures(few)
    assert set(pairs.loc[pairs["n_groups"] < 6, "verdict"]) == {"not decided"}
    assert "3 groups are too few" in " ".join(controlled_words.ranking_sentences(pairs))


def test_effects_are_the_planted_ones_ranked(good):
    assert list(good.columns) == controlled_tables.CONTROLLED_COLUMNS
    found = controlled_tables.effects(good)
    assert found.iloc[0][["factor", "level"]].tolist() == ["accompaniment", "none"]
    assert found.iloc[0]["difference"] == pytest.approx(-0.1, abs=0.01) and found.iloc[0]["clear"]
    jitter = found[found["level"] == "jitter of 40 ms"].iloc[0]
    assert jitter["ci_low"] < -0.04 < jitter["ci_high"] and jitter["clear"]
    references = good[(good["seed"] == "mean") & (good["difference"] == 0)]
    assert set(references["factor"]) == set(controlled.FACTORS)


def test_a_narrower_tolerance_is_lower(results):
    wide, narrow = (controlled_tables.f1_by_architecture(results, tolerance) for tolerance in (0.05, 0.025))
    assert (narrow["f1_micro"] < wide["f1_micro"]).all()


def test_words_say_what_the_tables_hold(results, good):
    said = controlled_words.effect_sentences(good)
    accompaniment = next(text for text in said if text.startswith(f"**{controlled.FACTORS['accompaniment']}"))
    assert "none -0.1" in accompaniment
    ranked = controlled_words.advice(good, (RENDERED,))
    assert ranked[0].startswith(f"**{controlled_words.ADVICE['accompaniment']}**: none costs 0.1")
    claims = controlled_words.conclusions(results)
    assert len(claims) == 10
    assert claims[0].sentence.startswith(f"On {RENDERED} the CRNN has the highest") and claims[0].low <= claims[0].number
    assert all(claim.source for claim in claims)
    mixes = results.counts[results.counts["test"] == TOGETHER["mix"]]
    twice = pd.concat([results.counts, mixes.assign(test=TOGETHER["drums"])])
    text = controlled_words.abstract(dataclasses.replace(results, counts=twice), claims)
    assert f"{GROUPS} performances" in text and "14 real pieces" in text and claims[0].sentence in text


def test_what_the_thesis_s_peak_picking_does_is_told_where_it_does_something(results, good):
    thesis = controlled_tables.what_makes_a_corpus_good(results.as_picked_in_the_thesis())
    said = controlled_words.picking_sentences(good, thesis, RENDERED)
    assert len(said) == 1 and said[0].startswith("jitter of 40 ms: -0.0") and "becomes -0.8" in said[0]
    assert controlled_words.picking_sentences(good, good, RENDERED) == [f"No effect on {RENDERED} changes by more than 0.02."]


def test_what_was_not_measured_is_said_to_be_not_known(results):
    without = dataclasses.replace(results, counts=results.counts[results.counts["test"] == RENDERED])
    said = [claim.sentence for claim in controlled_words.conclusions(without)]
    assert sum("not known" in sentence for sentence in said) == 4


def test_shares_of_errors_and_costs(results):
    shares = controlled_tables.error_shares(results)
    missed = shares[(shares["measure"] == "missed") & (shares["architecture"] == "ViT")]
    assert missed["share"].tolist() == pytest.approx([0.3] * len(missed)) and (missed["n"] == 100 * GROUPS).all()
    assert set(shares.loc[shares["circumstance"] == LOUDNESS, "measure"]) == {"missed"}, "what is invented has no loudness"
    cost = controlled_tables.costs(results, controlled_tables.f1_by_architecture(results))
    assert cost["architecture"].tolist() == list(ARCHITECTURES) and cost["training_minutes"].tolist() == pytest.approx([12] * 5)


def test_quarters_of_loudness_are_equally_large_and_few_strokes_have_none():
    strokes = pd.DataFrame({"class": ["KD"] * 8 + ["TT"] * 3, "energy": [5, 3, 8, 1, 7, 2, 6, 4, 1, 2, 3]})
    place = controlled_results._loudness(strokes)
    _, edges, names = CIRCUMSTANCES[LOUDNESS]
    assert pd.cut(place[:8], edges, right=False, labels=list(names)).value_counts().tolist() == [2, 2, 2, 2]
    assert place[3] == place.min() and place[8:].isna().all()


def test_a_model_that_hears_single_frames_does_not_mind_their_order(results):
    table = controlled_tables.f1_out_of_order(results).set_index("architecture")
    assert list(table.index) == list(ARCHITECTURES)
    assert table.loc["ViT", ["difference", "ci_low", "ci_high"]].tolist() == [0, 0, 0], "groups are paired by their names"
    assert controlled_tables.f1_out_of_order(dataclasses.replace(results, disorder=pd.DataFrame())).empty
    for name in set(PLANTED) - {"ViT"}:
        assert table.loc[name, "f1_random"] == pytest.approx(0.1, abs=0.01)
        assert table.loc[name, "ci_low"] < table.loc[name, "difference"] < table.loc[name, "ci_high"] < 0
