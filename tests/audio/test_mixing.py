"""Placing a sound in another, levels and peaks."""

import numpy as np
import pytest

from adtlib.audio.mixing import place, rms, to_peak


@pytest.mark.parametrize(
    ("start", "expected"),
    [(1, [0, 2, 4, 6, 0]), (3, [0, 0, 0, 2, 4]), (-2, [6, 0, 0, 0, 0]), (5, [0] * 5), (9, [0] * 5), (-3, [0] * 5)],
)
def test_what_lies_outside_the_stem_is_cut_off(start, expected):
    stem = np.zeros(5, dtype=np.float32)
    place(np.array([1, 2, 3], dtype=np.float32), stem, start, 2.0)
    assert stem.tolist() == expected


def test_a_placed_sound_is_added_to_one_channel_of_a_stem():
    stem = np.ones((3, 2), dtype=np.float32)
    place(np.ones(2, dtype=np.float32), stem[:, 1], 1)
    assert stem.tolist() == [[1, 1], [1, 2], [1, 2]]


def test_rms_counts_all_channels_and_is_0_of_nothing():
    assert rms(np.array([[3.0, 4.0], [-3.0, -4.0]])) == pytest.approx(12.5**0.5)
    assert rms(np.zeros((0, 2))) == rms(np.zeros(4)) == 0


def test_a_peak_is_reached_and_never_clips():
    sound = np.array([0.1, -0.2], dtype=np.float32)
    assert np.abs(to_peak(sound)).max() == pytest.approx(0.9) and np.abs(to_peak(sound, 2.0)).max() == pytest.approx(0.98)
    assert to_peak(sound).dtype == np.float32 and not to_peak(np.zeros(3, dtype=np.float32)).any()
