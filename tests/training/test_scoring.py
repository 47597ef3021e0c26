"""A run is scored four ways from one prediction, and thresholds by class never see what is tested."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from songs import write_song
from torch import nn

from adtlib import paths
from adtlib.corpora.folder import FolderCorpus
from adtlib.corpora.preparation import prepare
from adtlib.evaluation.metrics import f1_micro
from adtlib.onsets.peak_picking import PeakPicking
from adtlib.training import scoring
from adtlib.training.runs import COUNT_COLUMNS, Run, counts_of
from adtlib.training.scoring import choose_thresholds, picking_of, score_run
from adtlib.vocabulary import CLASSES

FOUR = [(0.05, "one"), (0.025, "one"), (0.05, "class"), (0.025, "class")]


def activations_of(peaks, n_frames=400):
    """Single frames of the given heights: {class: [(frame, height), ...]}."""
    activations = np.zeros((n_frames, 5), dtype=np.float32)
    for name, heights in peaks.items():
        for frame, height in heights:
            activations[frame, CLASSES.index(name)] = height
    return activations


def onsets_at(**frames):
    return [np.array(sorted(frames.get(name, [])), dtype=float) / 100 for name in CLASSES]


def test_the_threshold_of_each_class_is_the_one_that_parts_hits_from_false_alarms():
    peaks = {"KD": [(50, 0.9), (100, 0.72), (150, 0.58)], "SD": [(20, 0.33), (80, 0.28), (140, 0.9)], "HH": [(10, 0.8)]}
    truth = onsets_at(KD=[50, 100], SD=[20, 80, 140], HH=[10])
    chosen = choose_thresholds([[(activations_of(peaks), truth)]], PeakPicking())
    # Kick: 0.6 to 0.7 keep both hits and drop the false alarm, 0.6 is the nearest to 0.5. Snare: all three need 0.25 or less.
    assert chosen["class"] == {"KD": 0.6, "SD": 0.25, "TT": 0.5, "HH": 0.5, "CY": 0.5}
    assert chosen["one"] == dict.fromkeys(CLASSES, 0.5)
    assert chosen["f1_one"]["KD"] == pytest.approx(4 / 5) and chosen["f1_class"]["KD"] == 1
    assert chosen["f1_one"]["SD"] == pytest.approx(1 / 2) and chosen["f1_class"]["SD"] == 1
    assert chosen["f1_class"]["micro"] == 1 and chosen["f1_one"]["micro"] == pytest.approx(8 / 11)
    assert chosen["f1_class"]["TT"] is None
    json.dumps(chosen, allow_nan=False)


def test_recordings_count_together_and_a_class_without_onset_keeps_its_threshold():
    first = activations_of({"KD": [(50, 0.4)], "TT": [(5, 0.9)]}), onsets_at(KD=[50])
    second = activations_of({"KD": [(50, 0.45), (99, 0.43), (150, 0.42), (200, 0.41)]}), onsets_at(KD=[50])
    chosen = choose_thresholds([[first, second]], PeakPicking(threshold=(0.3, 0.5, 0.37, 0.5, 0.5)))
    assert chosen["class"]["TT"] == 0.37, "a false alarm is no reason to choose where nothing can be found"
    # 0.4 and below: 2 hits, 3 false alarms, F1 4/7; 0.45: 1 hit, 1 missed, F1 2/3; the first recording alone would say 0.4.
    assert chosen["class"]["KD"] == 0.45
    assert choose_thresholds([[first]], PeakPicking())["class"]["KD"] == 0.4


class Lookup(nn.Module):
    """Activations are read off the features: five of their bands hold the logits."""

    def __init__(self):
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(1))

    def forward(self, features):
        return features[..., :5]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A finished run without weights; its model gives KD 0.4 wherever there is a kick, in validation and test."""
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    for seed, split in enumerate(("train", "validation", "test")):
        write_song(tmp_path / "tones" / split, f"song_{split}", seed, seconds=6)
    corpus = prepare(FolderCorpus(tmp_path / "tones"), progress=False)
    folder = tmp_path / "run"
    folder.mkdir()
    config = {"architecture": "CNN", "train": ["tones"], "seed": 0, "peak_picking": {}, "tolerance": 0.05}
    config |= {"precision": "float32", "validation_split": "validation"}
    (folder / "config.json").write_text(json.dumps({"config": config, "result": {}}))
    seen = []

    def stream(model, units, precision="auto"):
        for unit in units:
            seen.append(unit.id)
            activations = np.zeros((unit.n_frames, 5), dtype=np.float32)
            frames = np.rint((unit.onsets[0] + 0.035) * 100).astype(int)  # 30 to 40 ms late: a hit at 50 ms and none at 25
            activations[frames[frames < unit.n_frames], 0] = 0.4
            yield unit, activations

    monkeypatch.setattr(scoring, "predict_units", stream)
    monkeypatch.setattr(Run, "model", lambda self: Lookup())
    return Run(folder), corpus, seen


def test_one_prediction_is_scored_at_two_tolerances_with_two_choices_of_thresholds(run):
    run, corpus, seen = run
    standard = score_run(run, [corpus], validation=[corpus])
    assert len(seen) == 2 and "validation" in seen[0] and "test" in seen[1], "the test split is predicted once"
    table = run.all_scores
    assert list(zip(table["tolerance"], table["thresholds"], strict=True)) == FOUR
    micro = [f1_micro(counts_of(run.scores_with(*way))[:, :1]) for way in FOUR]
    assert micro == pytest.approx([0, 0, 1, 0])
    assert len(standard) == 1 and (standard["tolerance"] == 0.05).all() and (standard["thresholds"] == "one").all()
    stored = run.result["thresholds"]
    assert stored["class"]["KD"] == 0.4 and stored["split"] == "validation" and stored["f1_class"]["KD"] == 1
    assert score_run(run, [corpus], validation=[corpus]).equals(standard) and len(seen) == 2, "nothing is predicted again"


def test_broad_bumps_are_picked_where_delta_is_chosen_on_validation(run, monkeypatch):
    run, corpus, _ = run
    bump = np.array([0.30, 0.35, 0.40, 0.35, 0.30], dtype=np.float32)  # its peak is 0.06 above its mean

    def stream(model, units, precision="auto"):
        for unit in units:
            activations = np.zeros((unit.n_frames + 4, 5), dtype=np.float32)
            for frame in np.rint(unit.onsets[0] * 100).astype(int):
                activations[frame : frame + 5, 0] = np.maximum(activations[frame : frame + 5, 0], bump)
            yield unit, activations[2:-2]

    monkeypatch.setattr(scoring, "predict_units", stream)
    score_run(run, [corpus], validation=[corpus])
    assert len(run.all_scores) == 4 and "peaks" not in run.result
    score_run(run, [corpus], validation=[corpus], deltas=(0.1, 0.02, 0.0))
    micro = [f1_micro(counts_of(run.scores_with(0.05, way))[:, :1]) for way in ("one", "class", "peaks")]
    assert micro == pytest.approx([0, 0, 1])
    assert run.result["peaks"]["delta"] == 0.02, "of equal ones the first"
    assert picking_of(run, "peaks").delta == 0.02 and picking_of(run, "class").delta == run.peak_picking.delta
    score_run(run, [corpus], validation=[corpus], deltas=(0.1,))
    assert run.result["peaks"]["delta"] == 0.1, "of other deltas it is chosen anew"
    assert f1_micro(counts_of(run.scores_with(0.05, "peaks"))[:, :1]) == 0


def test_scores_of_one_way_are_completed_and_until_then_count_as_they_were(run):
    run, corpus, seen = run
    unit = corpus.units("test")[0]
    old = {"test": corpus.corpus_name, "split": "test", "unit": "track", "data": corpus.fingerprint, "id": unit.id}
    counts = pd.DataFrame(np.ones((1, 15), dtype=int), columns=COUNT_COLUMNS)
    counts.assign(**old, seconds=unit.duration).to_csv(run.folder / "scores.csv", index=False)
    assert counts_of(run.scores).sum() == 15 and len(run.scores_with(0.025)) == 0
    score_run(run, [corpus])
    assert list(zip(run.all_scores["tolerance"], run.all_scores["thresholds"], strict=True)) == FOUR[:2]
    score_run(run, [corpus], validation=[corpus])
    assert len(run.all_scores) == 4 and len(seen) == 3
    with pytest.raises(ValueError, match="'both': choose one, class or peaks"):
        run.scores_with(thresholds="both")


def test_a_tolerance_of_ones_own_is_the_standard_and_the_two_are_scored_beside_it(run):
    run, corpus, _ = run
    record = run.record
    record["config"]["tolerance"] = 0.03
    (run.folder / "config.json").write_text(json.dumps(record))
    assert score_run(run, [corpus])["tolerance"].tolist() == [0.03]
    assert run.all_scores["tolerance"].tolist() == [0.03, 0.05, 0.025]
