"""Energies of strokes and their velocities, by hand."""

import numpy as np
import pytest

from adtlib.audio.features import band_centres
from adtlib.onsets import energies
from adtlib.onsets.energies import band_energies, broadband_energies, onset_energies, velocities

NONE = np.zeros(0)


def of_kick(*frames, energy=None):
    """Onsets of the kick in these frames; energies are those of the kick, 0 elsewhere."""
    onsets = [np.array(frames) / 100, NONE, NONE, NONE, NONE]
    return np.stack([np.asarray(energy, dtype=float), *np.zeros((4, len(energy)))], axis=1), onsets


def risen(energy, *frames):
    return onset_energies(*of_kick(*frames, energy=energy))[0].tolist()


def test_a_class_has_the_magnitudes_of_its_range_of_frequencies():
    centres = band_centres()
    features = np.zeros((2, 84), dtype=np.float16)
    features[0, np.searchsorted(centres, 60)] = np.log10(1 + 3)  # the features are log10(1 + magnitude)
    features[1, np.searchsorted(centres, 8_000)] = np.log10(1 + 2)
    found = band_energies(features)
    np.testing.assert_allclose(found, [[3, 0, 0, 0, 0], [0, 0, 0, 2, 2]], atol=5e-3)
    loud = band_energies(np.full((1, 84), np.log10(2)))[0]
    inside = [np.sum((centres >= low) & (centres <= high)) for low, high in energies.RANGES.values()]
    np.testing.assert_allclose(loud, inside, rtol=1e-5)


def test_the_rise_is_from_the_lower_side_two_frames_before_to_the_loudest_of_four_frames():
    energy = [9, 9, 5, 4, 3, 6, 7, 8, 30]
    assert risen(energy, 4) == [8 - 5], "frames 4 to 7 against frame 2"
    assert risen(energy, 5) == [30 - 4], "frames 5 to 8 against frame 3"


def test_silence_precedes_the_recording_and_its_last_frame_ends_it():
    assert risen([4, 6, 1, 1, 1, 1], 0) == [6] and risen([4, 6, 1, 1, 1, 1], 1) == [6]
    assert risen([9, 1, 1, 1, 1, 1], 0) == [9]
    assert risen([4, 6, 1, 1, 1, 1], 2) == [pytest.approx(1e-3)], "no rise"
    assert risen([4, 6, 9, 9, 9, 9], 2) == [5]
    assert risen([1, 1, 1, 5], 3) == [4]
    assert risen([1, 2, 1, 5], 9) == [3], "past the end the last frame counts"
    assert [len(part) for part in onset_energies(np.zeros((0, 5)), [np.array([0.1]), NONE, NONE, NONE, NONE])] == [1, 0, 0, 0, 0]


def test_the_strokes_of_a_flam_rise_from_before_the_first():
    energy = np.full(40, 1.0)
    energy[10:], energy[18:] = 5, 7
    assert risen(energy, 10, 18) == [4, 6], "8 frames apart: one flam"
    assert risen(energy, 10, 19) == [4, 2], "9 frames apart: two strokes"
    energy[:] = [9] * 12 + [5] * 4 + [8] * 24
    assert risen(energy, 10, 16) == [pytest.approx(1e-3), 3], "where it is lower just before the stroke, from there"


def test_velocities_have_the_upper_quartile_at_100_and_40_db_a_factor_of_ten():
    energy = np.zeros(100)
    frames = [10, 30, 50, 70, 90]
    energy[frames] = [1, 100, 10, 0.001, 2]
    found = velocities(*of_kick(*frames, energy=energy))
    # The upper quartile of 0.001, 1, 2, 10, 100 is 10.
    assert found[0].tolist() == [32, 127, 100, 20, 45] and found[0].dtype == np.int64
    assert [len(part) for part in found[1:]] == [0, 0, 0, 0]


def test_other_onsets_may_set_the_scale_of_their_class():
    energy = np.zeros(60)
    energy[[10, 30, 50]] = 4, 8, 8
    energies_, onsets = of_kick(10, energy=energy)
    among = [np.array([0.3, 0.5]), NONE, NONE, NONE, NONE]
    assert velocities(energies_, onsets)[0].tolist() == [100]
    assert velocities(energies_, onsets, among)[0].tolist() == [71], "6 dB softer: a factor of 10 in 40 dB"
    assert velocities(energies_, onsets, [NONE] * 5)[0].tolist() == [100], "a class without others has its own scale"


def test_the_rise_at_all_frequencies_is_summed():
    features = np.zeros((20, 84))
    features[5:9, :10] = 2.0
    features[:5, 3] = 0.5
    onsets = [np.array([0.05]), np.array([0.02]), np.array([0.01]), np.array([0.08]), NONE]
    found = broadband_energies(features, onsets)
    assert found[0].tolist() == [9 * 2 + 1.5], "frames 5 to 8 against frames 2 to 4"
    assert found[1].tolist() == [9 * 2 + 1.5], "frame 5 is three frames after"
    assert found[2].tolist() == [0], "frame 5 is four frames after"
    assert found[3].tolist() == [0], "as loud three frames before"
    assert [part.tolist() for part in broadband_energies(np.zeros((0, 84)), onsets)[:1]] == [[0.0]]


def test_the_frame_of_an_onset_is_after_it_and_edges_are_repeated():
    features = np.full((9, 84), 1.0)
    features[[0, 4, 8]] = [[3.0], [5.0], [4.0]]
    at = [np.array([0.04]), np.array([0.0]), np.array([0.08]), np.array([0.5]), NONE]
    # Frame 4 itself is the loudest; the first frame stands before the first, the last one behind the last.
    assert [part.tolist() for part in broadband_energies(features, at)[:4]] == [[4 * 84], [0], [3 * 84], [0]]
    features[1] = 6.0
    assert broadband_energies(features, at)[1].tolist() == [3 * 84], "the second frame rises from the first"
    features[:] = 2.0
    features[4] = 1.0
    assert broadband_energies(features, at)[0].tolist() == [0], "what is softer at the onset is not softer before it"
    assert broadband_energies(np.ones((1, 84)), at)[0].tolist() == [0]
