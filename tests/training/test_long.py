"""Long training on rendered clips: augmentation, schedule, averaging, resuming, thresholds."""

import json
from dataclasses import fields, replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.signal import butter, freqs_zpk

from adtlib.audio.features import band_centres
from adtlib.corpora.shard_set import ShardSet
from adtlib.corpora.shards import Checked, write_shard
from adtlib.corpora.store import Prepared, write_index
from adtlib.figures.rendered import plot_architectures, plot_long_run, plot_losses
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.studies import ingredients
from adtlib.training import long
from adtlib.training.augmentation import Augmentation, attenuation, augment, magnitudes, transposition
from adtlib.training.long import LongConfig, fit_long, history, learning_rate
from adtlib.training.real_songs import STEEPNESS, NormalisedUnit
from adtlib.training.runs import write_record
from adtlib.training.scoring import thresholds_for
from adtlib.training.segments import Crops, Gathering
from adtlib.vocabulary import CLASSES

NOTHING = Augmentation((0, 0), (0, 0), (0, 5_000, 6_000), (0, 40, 50), (0, 2), (0, 0, 0))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Prepared:
    """Clips of 5 s in which each class is a band that lights up; the last clip is without drums."""
    folder, rng, splits = tmp_path_factory.mktemp("clips"), np.random.default_rng(0), {}
    for split in ("train", "validation"):
        units = []
        for number in range(6):
            onsets = [np.sort(rng.choice(480, 8, replace=False)) / 100 if number < 5 else np.empty(0) for _ in range(5)]
            features = 0.05 * rng.random((500, 84)).astype(np.float32)
            for c, times in enumerate(onsets):
                features[np.rint(times * 100).astype(int), 10 * c : 10 * c + 8] += 1
            units.append((f"{split}/{number}", features, onsets))
        write_shard(folder / split, 0, units, "made here")
        stated = ShardSet(folder / split, Checked(folder)).finish([name for name, _, _ in units], {})
        splits[split] = stated | {"problems": [], "missing": 0}
    about = {"corpus": "Rendered", "unit": "clip", "quantised": False, "miniature": False, "features": "madmom"}
    write_index(folder, about | {"splits": splits})
    return Prepared(folder)


def small(**changes) -> LongConfig:
    values = {"epochs": 3, "batch_size": 4, "segments_per_epoch": 16, "precision": "float32", "warm_up": 2}
    values |= {"hyperparameters": {"num_layers": 1, "hidden_size": 8}} | changes
    return LongConfig("RNN", ("Rendered",), **values)


def test_magnitudes_come_back_from_stored_features():
    x = np.array([0, 1e-3, 0.1, 5.0, 80.0], dtype=np.float32)
    np.testing.assert_allclose(magnitudes(np.log10(1 + x).astype(np.float16)), x, rtol=0.01, atol=1e-5)


def test_an_augmentation_that_changes_nothing_changes_nothing():
    features = np.random.default_rng(0).random((3, 20, 84)).astype(np.float32)
    np.testing.assert_allclose(augment(features, features, NOTHING, np.random.default_rng(1)), features, atol=1e-5)


def test_transposing_moves_a_tone_to_the_band_of_its_new_frequency():
    centres = band_centres()
    tone = np.zeros(84, dtype=np.float32)
    tone[50] = 1
    np.testing.assert_allclose(tone @ transposition(0.0), tone, atol=1e-6)
    for semitones in (-12.0, 2.0, 12.0):
        moved = tone @ transposition(semitones)
        assert centres[np.argmax(moved)] == pytest.approx(centres[50] * 2 ** (semitones / 12), rel=0.04)
        assert 0.5 < moved.sum() < 1.6
    assert not (np.ones(84, dtype=np.float32) @ transposition(5.0))[0], "below the lowest band there is nothing"
    x = np.random.default_rng(0).random((40, 10, 84)).astype(np.float32)
    only = replace(NOTHING, transpose=(0.5, 2.0))
    changed = [not np.allclose(a, b, atol=1e-5) for a, b in zip(augment(x, x, only, np.random.default_rng(0)), x, strict=True)]
    assert 10 < sum(changed) < 30


def test_without_all_of_its_variations_an_augmentation_changes_nothing():
    features = np.random.default_rng(0).random((8, 20, 84)).astype(np.float32)
    bare = Augmentation().without([field.name for field in fields(Augmentation)])
    np.testing.assert_allclose(augment(features, features, bare, np.random.default_rng(1)), features, atol=1e-5)
    assert not np.allclose(augment(features, features, Augmentation(), np.random.default_rng(1)), features, atol=0.01)


def test_a_low_pass_takes_the_top_and_leaves_the_rest():
    features = np.full((4, 5, 84), 0.5, dtype=np.float32)
    config = replace(NOTHING, low_pass=(1, 5_000, 5_001))
    varied = augment(features, features, config, np.random.default_rng(0))
    assert np.all(varied[..., band_centres() > 15_000] < 0.05)
    np.testing.assert_allclose(varied[..., band_centres() < 1_500], 0.5, atol=0.01)


def test_added_clips_add_by_energy():
    quiet, loud = np.full((1, 5, 84), np.log10(1 + 3.0)), np.full((1, 5, 84), np.log10(1 + 4.0))
    config = replace(NOTHING, add=(1, 0, 0))  # at equal level
    varied = augment(quiet.astype(np.float32), loud.astype(np.float32), config, np.random.default_rng(0))
    np.testing.assert_allclose(10**varied - 1, 3 * np.sqrt(2), rtol=1e-4)


def test_crops_carry_the_onsets_of_where_they_were_cut(prepared):
    crops = Crops(Gathering([prepared], "train"))
    assert [prepared.units("train")[unit].id for unit in crops.without_drums] == ["train/5"]
    features, targets = crops.draw(crops.every[:5], 6, np.random.default_rng(0))
    assert features.shape == (6, 400, 84) and targets.shape == (6, 400, 5)
    for c in range(5):
        lit = features[..., 10 * c : 10 * c + 8].mean(axis=-1) > 0.9
        np.testing.assert_array_equal(lit, targets[..., c] == 1)
    _, none = crops.draw(crops.without_drums, 2, np.random.default_rng(0))
    assert not none.any()


def test_a_run_of_before_an_option_existed_is_still_that_run(prepared, tmp_path):
    config = small(epochs=1)
    run = fit_long(config, prepared, tmp_path / "run", progress=False)
    weights = (run.folder / "model.safetensors").read_bytes()
    record = dict(run.record)
    stored = dict(record["config"])
    del stored["segment_frames"]
    stored["peak_picking"] = {k: v for k, v in stored["peak_picking"].items() if k not in ("double", "strong")}
    write_record(run.folder, record | {"config": stored})
    again = fit_long(config, prepared, tmp_path / "run", progress=False)
    assert again.result["seconds"] == run.result["seconds"], "not trained again"
    assert again.config["segment_frames"] == 400 and again.peak_picking == PeakPicking()
    assert (run.folder / "model.safetensors").read_bytes() == weights


def test_longer_segments_are_trained_on_and_count_as_hours(prepared, tmp_path):
    run = fit_long(small(epochs=1, segment_frames=480), prepared, tmp_path / "long", progress=False)
    assert history(run)["hours"].tolist() == pytest.approx([16 * 4.8 / 3600])
    with pytest.raises(ValueError, match="segments of 0 frames"):
        small(segment_frames=0)


def test_the_rate_rises_and_falls_to_a_hundredth():
    config = small(epochs=10, segments_per_epoch=400, warm_up=20)
    rates = [learning_rate(config, step) for step in range(10 * config.steps_per_epoch)]
    assert rates[0] == pytest.approx(config.learning_rate / 20)
    assert int(np.argmax(rates)) in (19, 20) and max(rates) == pytest.approx(config.learning_rate)
    assert rates[-1] == pytest.approx(config.learning_rate / 100, rel=0.05)
    assert np.all(np.diff(rates[20:]) < 0)


def test_a_long_run_learns_keeps_its_average_and_scores_real_recordings(prepared, tmp_path):
    config = small(epochs=6, learning_rate=0.02, segments_per_epoch=64)
    run = fit_long(config, prepared, tmp_path / "run", {"songs": prepared.units("validation")}, progress=False)
    metrics = run.metrics
    assert len(metrics) == 6 and metrics["train_loss"].iloc[-1] < 0.7 * metrics["train_loss"].iloc[0]
    np.testing.assert_allclose(metrics["songs_f1_micro"], metrics["val_f1_micro"])
    assert run.result["best_epoch"] >= 1 and run.model() is not None


def test_a_run_that_was_killed_ends_where_it_would_have_ended(prepared, tmp_path, monkeypatch):
    whole = fit_long(small(), prepared, tmp_path / "whole", progress=False)
    real = long.LongTrainer._train_epoch

    def dies(self, number):
        if number == 3:
            raise KeyboardInterrupt
        return real(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(long.LongTrainer, "_train_epoch", dies)
        with pytest.raises(KeyboardInterrupt):
            fit_long(small(), prepared, tmp_path / "cut", progress=False)
    done = pd.read_csv(tmp_path / "cut" / "metrics.csv")
    resumed = fit_long(small(), prepared, tmp_path / "cut", progress=False)
    pd.testing.assert_frame_equal(resumed.metrics.iloc[: len(done)], done)  # the seconds, too: these epochs were not trained again
    assert list(resumed.metrics["train_loss"]) == list(whole.metrics["train_loss"])
    for one, other in zip(whole.model().state_dict().values(), resumed.model().state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_attenuation_is_that_of_a_butterworth_filter():
    frequencies = band_centres()
    for steepness in (4, 16, -10):
        zeros, poles, gain = butter(abs(steepness) // 2, 1_000, "low" if steepness > 0 else "high", analog=True, output="zpk")
        _, wanted = freqs_zpk(zeros, poles, gain, frequencies)
        np.testing.assert_allclose(1 / attenuation(1_000.0, steepness), np.abs(wanted), rtol=1e-6, atol=1e-6)


def test_a_unit_is_heard_at_its_gain_and_without_its_treble(prepared):
    unit = prepared.units("validation")[0]
    heard = NormalisedUnit(**vars(unit), gain=2.0, low_pass=5_000.0)
    wanted = 2 * magnitudes(unit.features) / attenuation(5_000.0, STEEPNESS)
    np.testing.assert_allclose(magnitudes(heard.features), wanted, rtol=1e-4, atol=1e-5)
    assert np.array_equal(heard.onsets[0], unit.onsets[0])
    as_it_is = NormalisedUnit(**vars(unit)).features
    assert np.abs(as_it_is - unit.features).max() < 1e-5


def test_thresholds_are_chosen_where_each_class_scores_best(prepared):
    units = prepared.units("validation")
    activations = []
    for unit in units:
        values = np.zeros((unit.n_frames, 5), dtype=np.float32)
        for c, times in enumerate(unit.onsets):
            values[np.rint(times * 100).astype(int), c] = 0.8 if c else 0.4  # the kick is always unsure
            values[495, c] = 0.6 if c else 0.3  # a false one, where there is none
        activations.append(values)

    def paired(heard):
        return [(values, unit.onsets) for values, unit in zip(heard, units, strict=True)]

    thresholds = thresholds_for([paired(activations)], PeakPicking())
    assert 0.3 < thresholds[0] <= 0.4 and all(0.6 < threshold <= 0.8 for threshold in thresholds[1:])
    nothing = [np.zeros_like(values) for values in activations]
    assert thresholds_for([paired(activations), paired(nothing)], PeakPicking()) == thresholds, "sets without a say"
    sure = [np.where(values > 0.5, values, 0) for values in activations]  # of the kick nothing: only the first set has a say
    quiet = [np.where(values == np.float32(0.4), np.float32(0.25), values) for values in activations]
    both = thresholds_for([paired(sure), paired(quiet), paired(quiet)], PeakPicking())
    assert both[0] <= 0.25 and both[1:] == thresholds[1:], "the mean of all sets decides"


def test_an_epoch_shorter_than_a_batch_is_refused():
    with pytest.raises(ValueError, match="3 segments an epoch"):
        small(segments_per_epoch=3)


def test_a_run_can_begin_with_the_weights_of_another(prepared, tmp_path):
    first = fit_long(small(epochs=6, learning_rate=0.02, segments_per_epoch=64), prepared, tmp_path / "first", progress=False)
    barely = {"epochs": 1, "learning_rate": 1e-9, "weight_decay": 0.0}
    run = fit_long(small(**barely), prepared, tmp_path / "second", progress=False, start=first.model())
    assert run.config["start_from"] == long.fingerprint(first.model()) != long.fingerprint(run.model())
    for one, other in zip(first.model().state_dict().values(), run.model().state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)
    alone = fit_long(small(**barely), prepared, tmp_path / "alone", progress=False)
    assert alone.metrics["train_loss"][0] > 1.1 * run.metrics["train_loss"][0]
    both = history(run, tmp_path / "first")
    both.to_csv(tmp_path / "second" / "history.csv", index=False)
    assert list(history(run, tmp_path / "second")["stage"]) == [1] * 6 + [2, 3]
    assert list(both["stage"]) == [1] * 6 + [2] and list(both["epoch"]) == [1, 2, 3, 4, 5, 6, 1]
    np.testing.assert_allclose(both["hours"], np.r_[64 * np.arange(1, 7), 384 + run.config["segments_per_epoch"]] * 4 / 3600)
    assert list(both["val_f1_micro"]) == [*first.metrics["val_f1_micro"], *run.metrics["val_f1_micro"]]
    with pytest.raises(ValueError, match="do not fit a RNN with"):
        other = small(**barely, hyperparameters={"num_layers": 2, "hidden_size": 8})
        fit_long(other, prepared, tmp_path / "third", progress=False, start=first.model())


def test_a_study_scores_its_variants_and_keeps_the_rows_of_others(prepared, tmp_path, monkeypatch):
    tiny = {"architecture": "RNN", "hyperparameters": {"num_layers": 1, "hidden_size": 8}, "epochs": 1}
    variants = (ingredients.Variant("all", **tiny), ingredients.Variant("without add", training=("add",), **tiny))
    monkeypatch.setattr(ingredients, "VARIANTS", variants)
    monkeypatch.setattr(ingredients, "SEGMENTS", 16)
    monkeypatch.setattr(ingredients, "render_corpus", lambda *given, **named: prepared)
    monkeypatch.setattr(ingredients, "corpus_folder", lambda name: prepared.folder)
    monkeypatch.setattr(ingredients, "call_side_by_side", lambda function, calls, jobs: [function(*call) for call in calls])
    monkeypatch.setattr(ingredients.paths, "RESULTS", tmp_path)
    songs = {"songs": prepared.units("validation")}
    first = ingredients.study(["all"], tmp_path, songs, table=tmp_path / "study.csv")
    assert list(first["set"]) == ["rendered", "rendered", "songs", "songs"] and set(first["variant"]) == {"all"}
    both = ingredients.study(["without add"], tmp_path, songs, table=tmp_path / "study.csv")
    assert list(both["variant"]) == ["all"] * 4 + ["without add"] * 4
    assert json.loads((ingredients.folder_of(variants[1]) / "config.json").read_text())["config"]["augmentation"]["add"][0] == 0
    assert ingredients.study_table(tmp_path / "study.csv").equals(pd.read_csv(tmp_path / "study.csv"))
    table = ingredients.equal_time_table(ingredients.architectures(ingredients.rows_with_thresholds(first)))
    assert table.index.tolist() == ["RNN"] and table.loc["RNN", "minutes of sound seen"] == 1
    with pytest.raises(FileNotFoundError, match="adt study makes it"):
        ingredients.study_table(tmp_path / "nothing.csv")
    with pytest.raises(ValueError, match="unknown variant without kick"):
        ingredients.study(["without kick"], tmp_path, songs)


def test_what_an_ingredient_brings_is_what_is_lost_without_it():
    def rows(variant, architecture, micro, toms):
        values = {f"f1_{name}": 0.5 for name in ("macro", *CLASSES)} | {"f1_micro": micro, "f1_TT": toms}
        about = {"variant": variant, "architecture": architecture, "set": "full_mix"}
        return [about | {"thresholds": "0.5"} | dict.fromkeys(values, 0.1), about | {"thresholds": "by class"} | values]

    entries = [("all ingredients", "CRNN", 0.7, 0.6), ("RNN", "RNN", 0.75, 0.6), ("another seed", "CRNN", 0.69, 0.6)]
    entries += [("without voices", "CRNN", 0.72, 0.6), ("without accompaniment", "CRNN", 0.4, 0.1)]
    whole = pd.DataFrame([row for entry in entries for row in rows(*entry)])
    shown, by_chance = ingredients.rows_with_thresholds(whole), ingredients.seed_spread(whole)
    assert by_chance == pytest.approx(0.01)  # the two seeds differ at thresholds by class, not at 0.5
    with pytest.raises(ValueError, match="the spread over seeds needs the runs"):
        ingredients.seed_spread(whole[whole["variant"] != "another seed"])
    assert list(ingredients.architectures(shown)["architecture"]) == ["RNN", "CRNN"]
    lost = ingredients.losses(shown)  # against the mean of both seeds
    assert list(lost["variant"]) == ["without accompaniment", "without voices"]  # what cost most first
    np.testing.assert_allclose(lost["f1_micro"], [0.295, -0.025])
    np.testing.assert_allclose(lost["f1_TT"], [0.5, 0.0])
    said = ingredients.loss_sentence(lost, "full_mix", by_chance)
    assert said == "real mixes: lost without accompaniment (0.295); won without voices (0.025)"
    assert ingredients.loss_sentence(lost, "full_mix", 0.2).endswith("won nothing")
    assert list(ingredients.losses(shown.assign(set="rendered"))["variant"]) == list(lost["variant"])  # no real songs at hand
    table = ingredients.ingredient_table(shown)
    assert list(table.index) == ["all ingredients", "another seed", *lost["variant"]]
    assert list(table.columns) == ["real mixes"] and table["real mixes"].tolist() == [0.7, 0.69, 0.4, 0.72]
    figure, axes = plot_losses(lost, by_chance)
    dots = axes[0].collections[-1]
    assert dots.get_offsets()[:, 0].tolist() == pytest.approx([0.295, -0.025])
    assert len({tuple(colour) for colour in dots.get_facecolors()}) == 1, "both are beyond chance"
    assert [label.get_text() for label in axes[0].get_yticklabels()] == list(lost["variant"])
    ax = plot_architectures(ingredients.architectures(shown), figure.add_subplot())
    assert [text.get_text() for text in ax.texts] == ["0.75", "0.70"]
    plt.close(figure)


def test_a_long_run_is_shown_over_the_hours_that_it_has_seen():
    columns = {"stage": [1, 1, 2], "hours": [3.5, 7.0, 14.0], "val_f1_micro": [0.3, 0.5, 0.6], "full_mix_f1_micro": [0.2, 0.6, 0.7]}
    figure, ax = plt.subplots()
    plot_long_run(pd.DataFrame(columns), {"full_mix": 0.856}, ax)
    curves = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(curves["real mixes"].get_xydata(), [[3.5, 0.2], [7.0, 0.6], [14.0, 0.7]])
    np.testing.assert_allclose(curves["rendered clips"].get_ydata(), [0.3, 0.5, 0.6])
    assert any(set(line.get_ydata()) == {0.856} for line in ax.lines)
    assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":" and len(line.get_xdata()) == 2] == [7.0]
    assert [text.get_text() for text in ax.texts] == ["rendered clips", "real mixes", "published system", " restarted"]
    plt.close(figure)
