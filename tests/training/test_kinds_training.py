"""A head for kinds of strokes is trained on what the network hears, and kinds are believed as far as validation clips allow."""

import numpy as np
import pytest
import torch
from test_segments import write_corpus

from adtlib.models.ensemble import Ensemble
from adtlib.models.kinds import AFTER, BEFORE, N_KINDS
from adtlib.models.registry import assemble
from adtlib.training.kinds import (
    Examples,
    KindsConfig,
    _draws,
    _rank,
    _strokes,
    believed,
    fit_kinds,
    gather_examples,
    least_confidences,
    probabilities,
    score_table,
)
from adtlib.vocabulary import CLASSES, KINDS

NAMES = list(KINDS)
CLOSED, OPEN, PEDAL = (NAMES.index(name) for name in ("hat_closed", "hat_open", "hat_pedal"))
RIDE, CRASH = NAMES.index("ride"), NAMES.index("crash")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    member = assemble({"architecture": "CNN", "hyperparameters": {"num_layers": 1, "hidden_size": 6}}, 0.5, 0.3)
    with torch.no_grad():
        member.network.output.bias += 5  # it hears everything
    return Ensemble([member]).eval().requires_grad_(False)


def test_strokes_that_are_not_heard_or_not_alone_are_left_out():
    kinds, activations = np.zeros((1, 100, N_KINDS), np.float32), np.zeros((1, 100, 5), np.float32)
    for frame, kind in ((10, CLOSED), (20, CLOSED), (30, OPEN), (40, RIDE), (40, CRASH), (50, CRASH), (50, CLOSED), (60, PEDAL)):
        kinds[0, frame, kind] = 1
    kinds[0, 61, OPEN] = 0.5  # the neighbour of one at 62
    activations[0, [10, 32, 40, 50, 60], CLASSES.index("HH")] = 0.9
    activations[0, [40, 50], CLASSES.index("CY")] = 0.9
    row, frame, kind = _strokes(kinds, activations)
    assert list(zip(row.tolist(), frame.tolist(), kind.tolist(), strict=True)) == [
        (0, 10, CLOSED),
        (0, 30, OPEN),
        (0, 50, CLOSED),
        (0, 50, CRASH),
        (0, 60, PEDAL),
    ]


def test_examples_are_the_surroundings_of_strokes(network, tmp_path):
    clips = write_corpus(tmp_path, 5, [950, 1_200, 800])
    config = KindsConfig(jitter=0.0)
    found = gather_examples(network, clips, "train", config, augmented=False)
    assert found.features.shape[1:] == (BEFORE + 1 + AFTER, 84) and found.hidden.shape[1] == 6
    assert len(found.kinds) > 100 and (np.bincount(found.kinds, minlength=N_KINDS) <= found.counts).all()
    strokes = set()
    for unit in clips.units("train"):
        padded = np.pad(unit.features, ((0, 400), (0, 0)))  # beyond the end there is silence
        for times, kinds in zip(unit.onsets, unit.kinds, strict=True):
            for frame, kind in zip(np.rint(times * 100).astype(int).tolist(), kinds.tolist(), strict=True):
                strokes.add((padded[frame - BEFORE : frame + AFTER + 1].tobytes(), kind))
    for features, kind in zip(found.features, found.kinds.tolist(), strict=True):
        assert (features.tobytes(), kind) in strokes


def test_no_more_of_a_kind_are_kept_than_wanted(network, tmp_path):
    clips = write_corpus(tmp_path, 6, [1_200] * 6)
    found = gather_examples(network, clips, "train", KindsConfig(most=9), augmented=True)
    assert np.bincount(found.kinds, minlength=N_KINDS).max() <= 9 < found.counts.max()


def test_the_rank_counts_equal_ones_before():
    assert _rank(np.array([3, 1, 3, 3, 1])).tolist() == [0, 0, 1, 2, 1]
    assert _rank(np.array([], dtype=int)).tolist() == []


def test_frequencies_are_evened_out_when_drawing():
    kinds = np.repeat([CLOSED, OPEN], [900, 100]).astype(np.uint8)
    for evened, share in ((1.0, 0.1), (0.5, 0.25), (0.0, 0.5)):
        _, draw = _draws(kinds, KindsConfig(evened=evened, batch_size=20_000))
        rows = draw()
        assert np.mean(kinds[rows] == OPEN) == pytest.approx(share, abs=0.02)
        assert len(np.unique(rows)) > 900


def made_examples(rng, count):
    """Open hats ring in the upper bands after the stroke, closed ones do not; rides are known by the hidden features alone."""
    kinds = rng.choice([CLOSED, OPEN, RIDE, CRASH], count, p=[0.6, 0.1, 0.2, 0.1]).astype(np.uint8)
    features = rng.uniform(0, 0.3, (count, BEFORE + 1 + AFTER, 84))
    hidden = rng.normal(0, 1, (count, 6))
    features[kinds == OPEN, BEFORE:, 60:] += 1.0
    features[kinds == CLOSED, BEFORE : BEFORE + 3, 60:] += 1.0
    hidden[kinds == RIDE] += 3
    return Examples(features.astype(np.float16), hidden.astype(np.float16), kinds, np.bincount(kinds, minlength=N_KINDS))


def test_it_learns_what_the_spectrogram_and_the_network_tell(network, rng):
    config = KindsConfig(width=16, steps=250, batch_size=64)
    head = fit_kinds(network, made_examples(rng, 1_500), config)
    other = made_examples(rng, 400)
    found = probabilities(head, other)
    right = believed(found, other.kinds, {}) == other.kinds
    assert right[np.isin(other.kinds, [CLOSED, OPEN])].mean() > 0.95
    assert right[np.isin(other.kinds, [RIDE, CRASH])].mean() > 0.85


def test_a_kind_is_believed_from_the_confidence_on_that_is_precise_enough():
    # Ten open hats said surely and rightly, ten less surely of which half are closed, then a crash that is always right.
    kinds = np.array([OPEN] * 10 + [OPEN, CLOSED] * 5 + [CLOSED] * 10)
    found = np.zeros((30, N_KINDS))
    found[:10, OPEN], found[10:20, OPEN], found[20:, CLOSED] = 0.9, 0.6, 0.8
    found[:, CLOSED] += np.where(np.arange(30) < 20, 0.05, 0)
    least = least_confidences(found, kinds, precision=0.8)
    assert least["hat_open"] == pytest.approx(0.9, abs=1e-3)
    assert least["hat_pedal"] is None and "hat_closed" not in least
    told = believed(found, kinds, least)
    assert told.tolist() == [OPEN] * 10 + [CLOSED] * 20
    table = score_table(found, kinds, least).set_index("kind")
    assert table.loc["hat_open", "precision"] == 1 and table.loc["hat_open", "recall"] == pytest.approx(10 / 15)
    assert least_confidences(found, kinds, precision=0.7)["hat_open"] == pytest.approx(0.6, abs=1e-3)
    assert least_confidences(found[:9], kinds[:9], precision=0.7)["hat_open"] is None  # too few to tell
