"""Every format in, one clear sentence for every broken file."""

import shutil

import numpy as np
import pytest
import soundfile

from adtlib.audio.decoding import BLOCK_SECONDS
from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.files import AudioError, read_audio, write_audio

BLOCK = BLOCK_SECONDS * SAMPLE_RATE


@pytest.fixture
def tone():
    return (0.4 * np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)).astype(np.float32)


@pytest.mark.parametrize(("suffix", "tolerance"), [("wav", 1e-4), ("flac", 1e-4), ("ogg", 0.05), ("mp3", 0.1)])
def test_formats(tmp_path, tone, suffix, tolerance):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone, SAMPLE_RATE)
    read = read_audio(path)
    assert read.dtype == np.float32
    assert len(read) >= len(tone) * 0.99
    middle = slice(5000, 40000)
    assert np.sqrt(np.mean(np.square(read[middle]))) == pytest.approx(0.4 / np.sqrt(2), rel=0.02)
    if suffix != "mp3":  # its decoder shifts the samples
        np.testing.assert_allclose(read[middle], tone[middle], atol=tolerance)


@pytest.mark.parametrize("kind", [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("AIFF", "PCM_16"), ("WAV", "PCM_24"), ("OGG", "VORBIS")])
@pytest.mark.parametrize("n", [1, 100, BLOCK, BLOCK + 1, 2 * BLOCK + 300])
def test_samples_are_those_that_libsndfile_reads(tmp_path, kind, n):
    samples = np.random.default_rng(n).uniform(-1, 1, n).astype(np.float32)
    soundfile.write(tmp_path / "song", samples, SAMPLE_RATE, format=kind[0], subtype=kind[1])
    np.testing.assert_array_equal(read_audio(tmp_path / "song"), soundfile.read(tmp_path / "song", dtype="float32")[0])


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000])
def test_other_rates_keep_pitch_and_length(tmp_path, rate):
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate), rate)
    read = read_audio(path)
    assert abs(len(read) - SAMPLE_RATE) <= 2
    assert np.abs(np.fft.rfft(read[:SAMPLE_RATE])).argmax() == pytest.approx(440, abs=1)


def test_channels_are_averaged_and_files_summed(tmp_path, tone):
    channels = np.stack([tone, np.zeros_like(tone), tone, np.zeros_like(tone)], axis=1)
    soundfile.write(tmp_path / "four.wav", channels, SAMPLE_RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "short.wav", tone[:1000], SAMPLE_RATE, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(tmp_path / "four.wav"), tone / 2, atol=1e-6)
    both = read_audio([tmp_path / "four.wav", tmp_path / "short.wav"])
    assert len(both) == len(tone)
    np.testing.assert_allclose(both[:1000], tone[:1000] * 1.5, atol=1e-6)
    np.testing.assert_allclose(both[1000:], tone[1000:] / 2, atol=1e-6)


def _break(kind, path, tone):
    if kind == "missing":
        return
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "no samples":
        soundfile.write(path, np.zeros(0), SAMPLE_RATE)
    elif kind == "silent":
        soundfile.write(path, np.zeros(1000), SAMPLE_RATE)
    elif kind == "NaN":
        soundfile.write(path, np.where(np.arange(len(tone)) == 7, np.nan, tone), SAMPLE_RATE, subtype="FLOAT")
    elif kind == "truncated":
        soundfile.write(path, tone, SAMPLE_RATE)
        path.write_bytes(path.read_bytes()[:30_000])
    elif kind == "not audio":
        path.write_text("these are words")
    elif kind == "MIDI":
        path.write_bytes(b"MThd\0\0\0\6\0\0\0\1\0\x60")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "does not exist"),
        ("empty", "is empty"),
        ("no samples", "holds no samples"),
        ("silent", "is silent"),
        ("NaN", "NaN"),
        ("truncated", "is truncated"),
        ("not audio", "cannot be read"),
        ("MIDI", "song.wav is a MIDI file, not a recording: name another file or leave it out"),
    ],
)
def test_broken_files_are_named_with_the_remedy(tmp_path, tone, kind, message):
    path = tmp_path / "song.wav"
    _break(kind, path, tone)
    with pytest.raises(AudioError, match=message) as caught:
        read_audio(path)
    assert "song.wav" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_truncated_flac_is_refused(tmp_path, tone):
    path = tmp_path / "song.flac"
    soundfile.write(path, tone, SAMPLE_RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioError, match=r"song\.flac"):
        read_audio(path)


def test_clipping_is_refused_when_writing(tmp_path, tone):
    with pytest.raises(AudioError, match="clipped"):
        write_audio(tmp_path / "loud.wav", tone * 4)
    write_audio(tmp_path / "fine.wav", tone)
    np.testing.assert_allclose(read_audio(tmp_path / "fine.wav"), tone, atol=1e-4)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_playlist_in_disguise_reaches_no_other_file(tmp_path):
    write_audio(tmp_path / "secret.wav", np.full(SAMPLE_RATE, 0.5, dtype=np.float32))
    playlist = tmp_path / "song.m4a"
    playlist.write_bytes(b"ffconcat version 1.0\nfile secret.wav\n#\0\n")  # the zero byte: text is refused before
    with pytest.raises(AudioError, match=r"song\.m4a"):
        read_audio(playlist)
