"""A recording is heard at one level, however loud it was recorded."""

import numpy as np
import pytest

from adtlib.audio import normalise
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.normalise import LOUD_DB, loudness_gain, normalised


def strokes(seconds: float = 4.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (rng.normal(0, 0.1, len(time)) * np.exp(-(time % 0.25) / 0.05)).astype(np.float32)


@pytest.mark.parametrize("decibels", [-30, -6, 0, 12])
def test_what_is_heard_does_not_depend_on_the_level_of_the_recording(decibels):
    sound = strokes()
    heard = sound * loudness_gain([sound])
    louder = sound * np.float32(10 ** (decibels / 20))
    np.testing.assert_allclose(louder * loudness_gain([louder]), heard, rtol=1e-4, atol=1e-6)
    assert 20 * np.log10(np.abs(heard).max()) == pytest.approx(LOUD_DB, abs=3)


def test_blocks_of_any_length_give_the_same(rng):
    sound = strokes()
    cuts = np.sort(rng.integers(0, len(sound), 40))
    assert loudness_gain(np.split(sound, cuts)) == loudness_gain([sound])


def test_neither_a_long_pause_nor_one_loud_click_decides():
    sound = strokes()
    assert loudness_gain([sound, np.zeros(60 * SAMPLE_RATE, dtype=np.float32)]) == pytest.approx(loudness_gain([sound]), rel=1e-6)
    clicked = sound.copy()
    clicked[1000] = 1.0
    assert loudness_gain([clicked]) == pytest.approx(loudness_gain([sound]), rel=0.2)


def test_silence_and_faint_noise_are_left_alone():
    assert loudness_gain([]) == loudness_gain([np.zeros(1000, dtype=np.float32)]) == 1
    assert loudness_gain([1e-4 * strokes()]) == 1


@pytest.mark.parametrize(("most", "times_read"), [(10**9, 1), (100_000, 2)])
def test_what_is_short_is_read_once_and_what_is_long_twice(monkeypatch, most, times_read):
    monkeypatch.setattr(normalise, "KEPT_SAMPLES", most)
    sound, reads = strokes(), []

    def make():
        reads.append(1)
        yield from np.array_split(sound, 7)

    heard = np.concatenate(list(normalised(make)))
    np.testing.assert_array_equal(heard, np.float32(loudness_gain([sound])) * sound)
    assert len(reads) == times_read
