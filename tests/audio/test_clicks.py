"""Clicks: at their times, in the pitch of their class, in blocks as in one piece."""

import numpy as np
import pytest

from adtlib.audio.clicks import CLICK_FREQUENCIES, click, click_track, with_clicks
from adtlib.audio.features import SAMPLE_RATE
from adtlib.vocabulary import CLASSES

EMPTY = np.array([])


def whole(blocks) -> np.ndarray:
    return np.concatenate(list(blocks))


def in_blocks(waveform: np.ndarray, size: int) -> list[np.ndarray]:
    return [waveform[start : start + size] for start in range(0, len(waveform), size)]


def test_a_click_begins_at_once_and_has_peak_1():
    for rate in (SAMPLE_RATE, 22_050):
        sound = click(660.0, rate)
        assert len(sound) == round(0.04 * rate) and np.abs(sound).max() == 1
        assert np.abs(sound[: len(sound) // 8]).max() > 0.9 and np.abs(sound[-len(sound) // 8 :]).max() < 0.05


def test_a_click_track_sounds_at_the_onsets_and_nowhere_else():
    clicks = click_track([np.array([0.5]), EMPTY, EMPTY, EMPTY, np.array([0.999])], seconds=1.0)
    assert len(clicks) == SAMPLE_RATE and np.abs(clicks).max() <= 1
    loud = np.flatnonzero(np.abs(clicks) > 0.05) / SAMPLE_RATE
    assert loud[0] == pytest.approx(0.5, abs=0.002)
    assert not ((loud > 0.56) & (loud < 0.998)).any()


def test_a_click_track_of_other_frequencies_is_the_sum_of_its_clicks():
    found = click_track([[0.1], [0.3]], 0.5, frequencies=(2_500.0, 700.0))
    wanted = np.zeros(22_050, dtype=np.float32)
    for first, frequency in ((4_410, 2_500.0), (13_230, 700.0)):
        wanted[first : first + 1_764] = click(frequency)
    np.testing.assert_array_equal(found, wanted)
    with pytest.raises(ValueError, match="zip"):
        click_track([[0.1]], 0.5, frequencies=(2_500.0, 700.0))


def test_each_class_clicks_at_its_time_and_pitch():
    struck = [(0.5 + index, name, 100) for index, name in enumerate(CLASSES)]
    found = whole(with_clicks([np.zeros(6 * SAMPLE_RATE, dtype=np.float32)], struck))
    loud = np.flatnonzero(np.abs(found) > 0.02)
    assert loud[0] == pytest.approx(0.5 * SAMPLE_RATE, abs=20)
    for seconds, name, _ in struck:
        part = found[round(seconds * SAMPLE_RATE) :][: SAMPLE_RATE // 25]
        spectrum = np.abs(np.fft.rfft(part, SAMPLE_RATE))
        assert spectrum.argmax() == pytest.approx(CLICK_FREQUENCIES[name], rel=0.05)


@pytest.mark.parametrize("size", [997, 44_100, 300_000])
def test_clicks_over_block_edges_are_those_of_the_whole(rng, size):
    recording = rng.uniform(-0.5, 0.5, 5 * SAMPLE_RATE).astype(np.float32)
    struck = sorted((float(time), str(name), 90) for time, name in zip(rng.uniform(0, 5, 60), rng.choice(CLASSES, 60), strict=True))
    struck += [(4.999, "KD", 90), (5.5, "KD", 90)]  # the first is cut off by the end, the other lies beyond it
    wanted = whole(with_clicks([recording], struck))
    np.testing.assert_allclose(whole(with_clicks(in_blocks(recording, size), struck)), wanted, atol=1e-6)
    assert len(wanted) == len(recording)


@pytest.mark.parametrize("level", [1e-4, 0.01, 0.5, 3.3])
def test_neither_clicks_nor_recording_are_drowned(rng, level):
    recording = (level * rng.uniform(-1, 1, 2 * SAMPLE_RATE)).astype(np.float32)
    found = whole(with_clicks([recording], [(1.0, "HH", 90)], float(np.abs(recording).max())))
    music, click_peak = np.abs(found[: SAMPLE_RATE // 2]).max(), 0.35
    assert {1e-4: 0.007, 0.01: 0.7, 0.5: 0.35, 3.3: 0.7}[level] == pytest.approx(music, rel=0.01)
    assert np.abs(found).max() <= music + click_peak + 1e-6
