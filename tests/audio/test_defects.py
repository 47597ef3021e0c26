"""Clicks are replaced and rumble removed; whatever else is loud is music."""

import numpy as np
import pytest
import soundfile

from adtlib.audio.defects import repaired, without_rumble
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import AudioError, audio_blocks, read_audio
from adtlib.audio.normalise import loudness_gain, normalised


@pytest.fixture
def soft(make_music, rng):
    return make_music(rng, 4.0) * np.float32(0.02)


@pytest.mark.parametrize("value", [20, -200, 1000, 1e6, 3e38, -3e38])
@pytest.mark.parametrize("at", [0, 1, 5_000, 88_000, -1])
def test_one_bad_sample_is_replaced_and_its_time_said(tmp_path, soft, value, at):
    broken = soft.copy()
    broken[at] = value
    path = tmp_path / "song.wav"
    soundfile.write(path, np.stack([soft, broken], axis=1), SAMPLE_RATE, subtype="FLOAT")
    when = (at % len(soft)) / SAMPLE_RATE
    with pytest.warns(UserWarning, match=rf"song\.wav: 1 click .* replaced, at {when:.3f} s"):
        found = read_audio(path)
    np.testing.assert_allclose(found, soft, atol=0.03)
    assert np.count_nonzero(np.abs(found - soft) > 1e-6) <= 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_still_refused(tmp_path, soft, value):
    soft[7] = value
    soundfile.write(tmp_path / "song.wav", np.stack([soft, -soft], axis=1), SAMPLE_RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"song\.wav holds NaN or infinite"):
        list(audio_blocks(tmp_path / "song.wav"))


@pytest.mark.parametrize(("bits", "peak"), [(15, 30_000), (23, 8_000_000), (7, 50)])
def test_floats_on_the_scale_of_integers_are_divided_by_it(tmp_path, soft, bits, peak):
    sound = soft / np.abs(soft).max() * np.float32(peak)
    soundfile.write(tmp_path / "song.wav", sound, SAMPLE_RATE, subtype="FLOAT")
    with pytest.warns(UserWarning, match=rf"song\.wav: its samples reach {peak:,} instead of 1; they were divided by {2**bits:,}"):
        np.testing.assert_allclose(read_audio(tmp_path / "song.wav"), sound / 2**bits, rtol=1e-6)
    sound[60_000] = 3e38
    soundfile.write(tmp_path / "song.wav", sound, SAMPLE_RATE, subtype="FLOAT")
    with pytest.warns(UserWarning) as said:
        assert np.abs(read_audio(tmp_path / "song.wav")).max() <= 1
    assert ["1 click" in str(said[0].message), "divided" in str(said[1].message)] == [True, True]


def test_music_is_no_click(soft):
    for sound in (soft, 300 * soft, 1e5 * soft):
        assert repaired(sound, SAMPLE_RATE)[0] is sound
    stroke = np.zeros(SAMPLE_RATE, dtype=np.float32)
    stroke[10_000:10_500] = 40 * np.exp(-np.arange(500) / 100) * np.cos(np.arange(500))
    assert repaired(stroke, SAMPLE_RATE)[0] is stroke, "short, alone and loud, but no click"


@pytest.mark.parametrize("length", [1, 10, 40, 80])
@pytest.mark.parametrize("at", [0, 20_000, 22_050 * 3 - 4])  # the last at the border of two windows
def test_a_pop_in_soft_music_changes_nothing_else(soft, length, at):
    popped = soft.copy()
    popped[at : at + length] = 0.95
    assert loudness_gain([popped]) == pytest.approx(loudness_gain([soft]), rel=0.02)
    with pytest.warns(UserWarning, match=rf"take: 1 click .* at {at / SAMPLE_RATE:.3f} s"):
        found = np.concatenate(list(normalised(lambda: iter([popped]), "take")))
    wanted = np.concatenate(list(normalised(lambda: iter([soft]))))
    assert np.abs(found).max() < 2 * np.abs(wanted).max()
    different = np.flatnonzero(np.abs(found - wanted) > 0.1 * np.abs(wanted).max())
    assert len(different) == 0 or (different[0] >= at - 500 and different[-1] < at + length + 500)


def test_many_pops_in_soft_music(soft, rng):
    popped = soft.copy()
    for at in rng.integers(0, len(soft) - 20, 25):
        popped[at : at + 10] += 0.9
    assert loudness_gain([popped]) == pytest.approx(loudness_gain([soft]), rel=0.1)


@pytest.mark.parametrize("offset", [0.02, 0.2, -0.5])
def test_an_offset_does_not_decide_the_level(soft, offset):
    wanted = np.concatenate(list(normalised(lambda: iter([soft]))))
    with pytest.warns(UserWarning, match="take: rumble below 20 Hz, or an offset, .* removed"):
        found = np.concatenate(list(normalised(lambda: iter(np.split(soft + np.float32(offset), 4)), "take")))
    np.testing.assert_allclose(found, wanted, atol=0.2 * np.abs(wanted).max())


@pytest.mark.parametrize("hertz", [1, 3, 8])
def test_rumble_does_not_decide_the_level(soft, hertz):
    time = np.arange(len(soft)) / SAMPLE_RATE
    shaken = (soft + 0.2 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)
    wanted = np.concatenate(list(normalised(lambda: iter([soft]))))
    with pytest.warns(UserWarning, match="rumble"):
        found = np.concatenate(list(normalised(lambda: iter([shaken]))))
    gain = found[SAMPLE_RATE:] @ wanted[SAMPLE_RATE:] / (wanted[SAMPLE_RATE:] @ wanted[SAMPLE_RATE:])
    assert gain == pytest.approx(1, abs=0.2)


def test_the_filter_keeps_a_kick_drum_and_any_division_into_blocks(rng):
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    kick = np.sin(2 * np.pi * 60 * time).astype(np.float32)
    found = np.concatenate(list(without_rumble([kick])))
    assert np.abs(found[SAMPLE_RATE // 2 :]).max() == pytest.approx(1, abs=0.02)
    cuts = np.sort(rng.integers(0, len(kick), 9))
    np.testing.assert_allclose(np.concatenate(list(without_rumble(np.split(kick, cuts)))), found, atol=1e-6)


def test_a_slamming_door_does_not_decide_the_level(soft, rng):
    """Half a second far above music that is soft; strokes that are few, over noise, do."""
    music = np.tile(soft, 5)
    slammed = music.copy()
    slammed[30_000:45_000] += (rng.normal(0, 0.3, 15_000) * np.exp(-np.arange(15_000) / 3_000)).astype(np.float32)
    assert loudness_gain([slammed]) == pytest.approx(loudness_gain([music]), rel=0.1)
    noise = rng.normal(0, 0.0005, 60 * SAMPLE_RATE).astype(np.float32)
    struck = noise.copy()
    for start in (5, 25, 50):
        struck[start * SAMPLE_RATE :][:8_000] += (rng.normal(0, 0.3, 8_000) * np.exp(-np.arange(8_000) / 1_500)).astype(np.float32)
    assert loudness_gain([struck]) < 2


def test_a_burst_of_noise_in_a_damaged_file_is_clipped(tmp_path, soft, rng):
    broken = soft.copy()
    broken[50_000:52_000] = rng.normal(0, 80, 2_000)
    soundfile.write(tmp_path / "song.wav", broken, SAMPLE_RATE, subtype="FLOAT")
    with pytest.warns(UserWarning, match=r"song\.wav: its samples reach \d\d\d instead of 1; those beyond 1 were clipped"):
        found = read_audio(tmp_path / "song.wav")
    np.testing.assert_array_equal(found, broken.clip(-1, 1))
