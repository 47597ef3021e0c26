"""Drums: at their times, of their pitch, never clipping, in pieces as in one."""

import numpy as np
import pytest
import soundfile

from adtlib.audio import normalise
from adtlib.audio.features import SAMPLE_RATE, log_filter_spectrogram
from adtlib.audio.files import write_blocks
from adtlib.audio.normalise import scaled_to_peak
from adtlib.onsets.energies import band_energies
from adtlib.transcription.kit_playback import SampledKit, drum_blocks, sampled_kit
from adtlib.vocabulary import CLASSES


def whole(blocks) -> np.ndarray:
    return np.concatenate(list(blocks))


@pytest.mark.parametrize("sounds", ["installed", "none"])
def test_drums_sound_where_they_are_struck_and_as_hard(sounds, tmp_path, monkeypatch):
    if sounds == "none":
        monkeypatch.setenv("ADT_SOUNDS", str(tmp_path))
    sampled_kit.cache_clear()
    try:
        kit = sampled_kit()
        assert sounds == "installed" or "TimGM6mb" in kit.name
        struck = [(1.0 + 1.5 * index, name, 110) for index, name in enumerate(CLASSES)] + [
            (29.9, "CY", 110),
            (35.0, "KD", 110),
            (36.0, "KD", 50),
        ]
        played = whole(drum_blocks(struck, 40.0, kit))
        assert len(played) == 40 * SAMPLE_RATE
        envelope = np.abs(played)
        for seconds, _, _ in struck:
            at = round(seconds * SAMPLE_RATE)
            before, after = envelope[at - 2_000 : at - 300].max(), envelope[at : at + 2_000].max()
            assert after > 4 * before
        low = band_energies(log_filter_spectrogram(played))[:, 0]
        loud, soft = (low[round(100 * seconds) :][:5].max() for seconds in (35.0, 36.0))
        assert loud > 2 * soft
        assert envelope[30 * SAMPLE_RATE : 31 * SAMPLE_RATE].max() > 0.01, "a cymbal rings on beyond the piece it was struck in"
    finally:
        sampled_kit.cache_clear()


def test_a_recorded_kit_is_read_from_its_folder_and_others_are_passed_over(write_kit, tmp_path, monkeypatch):
    from adtlib import paths

    kits = tmp_path / "sounds" / "hydrogen" / "data" / "drumkits"
    monkeypatch.setenv("ADT_SOUNDS", str(tmp_path / "sounds"))
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    write_kit(kits / "Half", ("Kick", "Snare"))
    write_kit(kits / "Damaged", ("Kick", "Snare", "Tom", "Closed HH", "Crash"))
    (kits / "Damaged" / "2.wav").write_bytes(b"no audio")
    sampled_kit.cache_clear()
    try:
        with pytest.warns(UserWarning, match=r"Damaged.2\.wav cannot be read"):
            assert "TimGM6mb" in sampled_kit().name
        write_kit(kits / "Mine", ("Kick", "Snare", "Tom", "Closed HH", "Crash"))
        sampled_kit.cache_clear()
        with pytest.warns(UserWarning, match="Damaged"):
            found = sampled_kit()
        assert "Mine" in found.name
        played = whole(drum_blocks([(1.0, "TT", 127)], 2.0, found))
        spectrum = np.abs(np.fft.rfft(played[SAMPLE_RATE : SAMPLE_RATE + 4_410], SAMPLE_RATE))
        assert spectrum.argmax() == pytest.approx(600, rel=0.05)
    finally:
        sampled_kit.cache_clear()


def test_levels_never_clip_and_quiet_recordings_stay_quiet(rng, tmp_path):
    loud = [rng.uniform(-3, 3, 10_000).astype(np.float32) for _ in range(3)]
    assert np.abs(whole(scaled_to_peak(lambda: iter(loud)))).max() == pytest.approx(normalise.PEAK)
    quiet = [block / 30 for block in loud]
    np.testing.assert_array_equal(whole(scaled_to_peak(lambda: iter(quiet))), whole(quiet))
    assert np.abs(whole(scaled_to_peak(lambda: iter(quiet), raise_to_peak=True))).max() == pytest.approx(normalise.PEAK)
    silent = [np.zeros(10, dtype=np.float32)]
    assert not whole(scaled_to_peak(lambda: iter(silent), raise_to_peak=True)).any()
    with open(tmp_path / "b.wav", "w+b") as file:
        write_blocks(file, scaled_to_peak(lambda: iter(loud)))
    written, rate = soundfile.read(tmp_path / "b.wav")
    assert (len(written), rate) == (30_000, SAMPLE_RATE)


def test_no_drums_are_silence():
    kit = SampledKit("none", lambda struck, seconds: np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32))
    assert not whole(drum_blocks([], 65.3, kit)).any()
    assert len(whole(drum_blocks([], 65.3, kit))) == round(65.3 * SAMPLE_RATE)
    assert list(drum_blocks([], 0.0, kit)) == []
