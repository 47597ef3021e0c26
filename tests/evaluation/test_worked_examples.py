"""The examples of notebooks 13 and 14 agree with the modules that score whole corpora, and show what the text says they show."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from adtlib.audio.features import FPS
from adtlib.audio.footprints import footprint_table, spectrum_levels
from adtlib.evaluation.examples import (
    UNBALANCED,
    accuracy_table,
    drumming,
    exact_scores,
    explain_peaks,
    frame_counts,
    matching_example,
    onsets_with_counts,
    score_over_tolerance,
    transcribers,
)
from adtlib.evaluation.metrics import count_matches, scores
from adtlib.models.decomposition import activations_from_strokes, deconvolve
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks
from adtlib.synthesis.examples import play_with_strokes, stroke
from adtlib.vocabulary import CLASSES

levels = st.integers(0, 20).map(lambda level: level / 20)


@settings(max_examples=200, deadline=None)
@given(
    arrays(np.float64, st.integers(0, 40), elements=levels), st.integers(0, 4), st.integers(0, 4), st.integers(0, 6), levels, levels
)
def test_the_readable_peak_picking_takes_the_same_frames(curve, m, a, w, delta, threshold):
    config = PeakPicking(max_window=m, mean_window=a, delta=delta, wait=w, threshold=threshold)
    activations = np.zeros((len(curve), len(CLASSES)))
    activations[:, 0] = curve
    explained = explain_peaks(curve, config)
    # A mean and a sum round differently: frames that lie on the level to 1e-9 may go either way.
    if len(curve) and (np.abs(explained["activation"] - explained["level"]) < 1e-9).any():
        return
    assert (
        list(explained.loc[explained["onset"], "frame"]) == np.rint(pick_peaks(activations, config)[0] * FPS).astype(int).tolist()
    )


@pytest.mark.parametrize("name", UNBALANCED)
def test_the_worked_f1_example_equals_the_scores_to_the_digit(name):
    counts = count_matches(*onsets_with_counts(UNBALANCED[name]))
    assert counts.tolist() == [list(row) for row in UNBALANCED[name]]
    by_class, micro, macro = exact_scores(counts)
    given_scores = scores(counts)
    assert given_scores["f1_micro"] == pytest.approx(float(micro), rel=1e-14)
    assert given_scores["f1_macro"] == pytest.approx(float(macro), rel=1e-14)
    assert [given_scores[f"f1_{label}"] for label in CLASSES] == pytest.approx([float(value) for value in by_class], rel=1e-14)


def test_micro_and_macro_prefer_different_transcribers_of_the_same_song():
    (_, micro_a, macro_a), (_, micro_b, macro_b) = (exact_scores(UNBALANCED[name]) for name in "AB")
    assert [tp + fn for tp, _, fn in UNBALANCED["A"]] == [tp + fn for tp, _, fn in UNBALANCED["B"]]
    assert micro_a > micro_b and macro_a < macro_b


def test_the_matching_example_meets_every_case():
    table = score_over_tolerance(*matching_example(), [0.025, 0.05, 0.1]).set_index("tolerance")
    assert table.loc[0.05, ["tp", "fp", "fn"]].tolist() == [5, 3, 2]
    assert table["f1"].is_monotonic_increasing


def test_silence_is_more_accurate_than_a_good_transcriber_that_f1_prefers():
    onsets, frames = drumming(minutes_a_style=0.25)
    table = accuracy_table(onsets, frames, transcribers(onsets), 0.05).set_index("transcriber")
    assert table.loc["silent", "accuracy"] > table.loc["good, not perfect", "accuracy"]
    assert table.loc["silent", "f1_micro"] == 0 and table.loc["good, not perfect", "f1_micro"] > 0.85
    assert table.loc["perfect, 10 ms late", "f1_micro"] == 1
    # By hand: one stroke of each class in 100 frames, and silence, leave 99 of 100 right.
    one = [np.array([0.5])] * len(CLASSES)
    assert frame_counts(one, [np.empty(0)] * len(CLASSES), 100).tolist() == [[0, 99, 0, 1]] * len(CLASSES)


def test_a_deconvolution_finds_what_a_mixture_was_made_of(rng):
    templates = rng.random((3, 4, 84))
    begun = np.zeros((60, 3))
    begun[[5, 20, 22, 40], [0, 1, 2, 0]] = 1.0, 0.7, 0.5, 0.3
    mixture = sum(np.pad(begun, ((lag, 0), (0, 0)))[:60] @ templates[:, lag] for lag in range(4))
    np.testing.assert_allclose(deconvolve(mixture, templates, 400), begun, atol=0.02)
    with pytest.raises(ValueError, match="bands"):
        deconvolve(mixture[:, :10], templates)


def test_single_strokes_are_found_where_they_are_and_silence_gives_nothing():
    from adtlib.onsets.midi import Note

    recording, singles = play_with_strokes([Note(0.3, 36, 110), Note(0.9, 38, 110)], 1.4, (36, 38, 42))
    picked = pick_peaks(activations_from_strokes(recording, singles))
    np.testing.assert_allclose(picked[0], [0.3], atol=0.02)
    np.testing.assert_allclose(picked[1], [0.9], atol=0.02)
    assert not any(len(times) for times in picked[2:])
    assert activations_from_strokes(np.zeros(44_100, np.float32), singles).max() < 1e-3
    for pitch in (20, 60, 100):
        with pytest.raises(ValueError, match="five classes"):
            activations_from_strokes(recording, {pitch: recording})


def test_a_footprint_of_a_tone_is_that_tone():
    t = np.arange(44_100) / 44_100
    tone = np.where(t >= 0.1, np.sin(2 * np.pi * 1_000 * t) * np.exp(-(t - 0.1) / 0.05), 0.0)
    table = footprint_table({36: tone}, lead_in=0.1)
    assert table["strongest_hz"][0] == pytest.approx(1_000, abs=2) and table["low_hz"][0] < 1_000 < table["high_hz"][0]
    assert table["ms_to_20_db"][0] == pytest.approx(50 * np.log(10), rel=0.1)
    times, frequencies, level = spectrum_levels(tone)
    assert frequencies[level[np.argmin(np.abs(times - 0.15))].argmax()] == pytest.approx(1_000, abs=22)


def test_one_stroke_is_the_same_at_every_run():
    np.testing.assert_array_equal(stroke(42, 0.2), stroke(42, 0.2))
