"""Playing common to all kits: loudness by velocity, one balance of the drums, stopped strokes."""

import numpy as np
import pytest

from adtlib.synthesis import playing
from adtlib.synthesis.articulations import CLASS_OF, OF_PITCH


def test_loudness_follows_velocity_and_level():
    assert playing.amplitude(127) == 1
    assert playing.amplitude(127, -20) == pytest.approx(0.1)
    assert playing.amplitude(64, -6) < playing.amplitude(64) < playing.amplitude(100)


def test_the_tables_of_levels_agree_within_three_decibels():
    for pitch, level in playing.PITCH_DB.items():
        if articulation := OF_PITCH.get(pitch):
            sampled = playing.CLASS_DB[CLASS_OF[articulation]] + playing.ARTICULATION_DB.get(articulation, 0)
            assert abs(level - sampled) <= 3, articulation
    assert set(playing.ARTICULATION_DB) <= set(CLASS_OF)


@pytest.mark.parametrize(("start", "length", "ends"), [(4, 3, 7), (8, 5, 10)])
def test_a_stopped_sound_fades_from_the_stop_on_and_stays_whole_before(start, length, ends):
    sound = np.ones(10, dtype=np.float32)
    faded = playing.fade_out(sound, start, length)
    assert len(faded) == ends and faded[-1] == 0 and (faded[:start] == 1).all() and sound.all()
