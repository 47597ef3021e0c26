"""Inputs that once failed, heard by the shipped model: their onsets are known."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adtlib.audio.files import AudioError, read_audio
from adtlib.evaluation.metrics import count_matches, scores
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.pretrained import load_model, shipped

KD, SD, HH = [0.5, 1.5, 1.75], [1.0, 2.0], np.arange(0.5, 2.3, 0.25).tolist()


@pytest.fixture(scope="module")
def model():
    if not shipped():
        pytest.skip("no model is shipped with this copy")
    return load_model()


def f1(song, until: float = 9.0, again: float | None = None) -> float:
    """F1 against the onsets of the cases, played again at `again` seconds."""
    reference = [
        np.array([t + start for start in ([0.0] if again is None else [0.0, again]) for t in times]) for times in (KD, SD, HH)
    ]
    kick, snare, hats = (times[times < until] for times in reference)
    return scores(count_matches([kick, snare, np.zeros(0), hats, np.zeros(0)], song.onsets, 0.05))["f1_micro"]


def heard(model, path: Path, *said: str):
    """The transcription; each warning, one for each of `said`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        song = transcribe(path, model=model)
    messages = [str(each.message) for each in caught]
    assert len(messages) == len(said) and all(part in "\n".join(messages) for part in said), messages
    assert all(path.name in message for message in messages)
    return song


@pytest.mark.parametrize("name", ["sox_pipe", "arecord", "plus8", "cut_list"])
def test_wav_of_a_pipe_is_read_whole(cases, model, name):
    song = heard(model, cases / "wav_sox_pipe" / f"{name}.wav")
    assert song.duration == pytest.approx(3)
    assert f1(song) > 0.9


def test_channels_out_of_phase_are_heard(cases, model):
    for name in ("antiphase", "wide"):
        path = cases / "stereo_out_of_phase" / f"{name}.flac"
        assert f1(heard(model, path, "out of phase")) > 0.9
        with pytest.warns(UserWarning, match="out of phase"):
            assert np.any(read_audio(path))


def test_neither_a_pop_nor_a_bad_sample_decides_what_is_heard(cases, model):
    folder = cases / "level_one_pop"
    quiet = heard(model, folder / "quiet.flac")
    popped = heard(model, folder / "pop.flac", "1 click far louder than the music replaced, at 0.018 s")
    broken = heard(model, folder / "bad_sample.wav", "1 click far louder than the music replaced, at 0.136 s")
    assert f1(quiet) > 0.9 and f1(broken, until=broken.duration) > 0.9
    for found, until in ((popped, 9.0), (broken, broken.duration)):
        wanted = [times[times < until] for times in quiet.onsets]
        assert count_matches(wanted, found.onsets, 0.02)[:, 1:].sum() <= 1, "but for one at its threshold"


@pytest.mark.parametrize(("offset", "hertz"), [(0.2, 0), (0.0, 3)])
def test_neither_an_offset_nor_rumble_decides_what_is_heard(cases, model, tmp_path, offset, hertz):
    samples, rate = soundfile.read(cases / "level_one_pop" / "quiet.flac", dtype="float32")
    rumble = 0.2 * np.sin(2 * np.pi * hertz * np.arange(len(samples)) / rate)
    soundfile.write(tmp_path / "song.wav", samples + offset + rumble, rate, subtype="FLOAT")
    # Two of thirteen strokes lie at their thresholds in these samples; with the rumble next to none is heard.
    assert f1(heard(model, tmp_path / "song.wav", "rumble below 20 Hz")) > 0.85


def test_both_halves_of_an_mp3_are_heard(cases, model, capfd):
    song = heard(model, cases / "mp3_concatenated" / "twice.mp3", "it holds 2 recordings")
    assert song.duration == pytest.approx(6, abs=0.2)
    starts = np.concatenate(song.onsets)
    again = float(starts[starts > 3].min()) - 0.5
    assert 2.95 < again < 3.15
    assert f1(song, again=again) > 0.9
    assert capfd.readouterr() == ("", "")


def test_what_is_cut_is_said(cases, tmp_path):
    folder = cases / "m4a_cut"
    for name in ("cut.aiff", "cut.au"):
        with pytest.raises(AudioError, match=rf"{name} is truncated \(79,\d+ of 132,\d+ bytes"):
            read_audio(folder / name)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_what_ffmpeg_reads(cases):
    with pytest.warns(UserWarning, match=r"cut\.m4a: 1\.\d s were heard of the 3\.0 s that it announces"):
        assert len(read_audio(cases / "m4a_cut" / "cut.m4a")) < 2 * 44_100
    with pytest.raises(AudioError, match=r"silent\.mp4 has no sound"):
        read_audio(cases / "video_without_sound" / "silent.mp4")


def test_what_cannot_be_read_is_one_sentence(cases):
    with pytest.raises(AudioError, match=r"headerless\.raw has no header that states rate.*ffmpeg -f s16le"):
        read_audio(cases / "batch_raw" / "headerless.raw")
    with pytest.raises(AudioError, match=r"rate1hz\.wav has a sampling rate of 1 Hz"):
        read_audio(cases / "bounds" / "rate1hz.wav")
