"""Blocks put together are the whole: samples, features and activations of a recording of any length."""

import os
import stat
import sys

import numpy as np
import pytest
import soundfile
import soxr
import torch

from adtlib import streaming
from adtlib.audio import AudioError, read_audio
from adtlib.features import SAMPLE_RATE, log_filter_spectrogram
from adtlib.prediction import predict_logits
from adtlib.runs import assemble
from adtlib.streaming import array_blocks, audio_blocks, feature_blocks, logit_blocks


def whole(blocks) -> np.ndarray:
    return np.concatenate(list(blocks))


def noise(rng, seconds: float, rate: int = SAMPLE_RATE, channels: int | None = None) -> np.ndarray:
    shape = round(seconds * rate) if channels is None else (round(seconds * rate), channels)
    return rng.uniform(-0.5, 0.5, shape).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_blocks_of_a_file_are_the_recording(rng, tmp_path, rate, channels):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(rng, 23.7, rate, channels), rate, subtype="FLOAT")
    found, wanted = whole(audio_blocks(path)), read_audio(path)
    assert found.dtype == np.float32
    assert abs(len(found) - len(wanted)) <= 1
    n = min(len(found), len(wanted))
    np.testing.assert_allclose(found[:n], wanted[:n], atol=2e-5)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "aiff"])
def test_blocks_of_other_formats(rng, tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, noise(rng, 12.3, channels=2), SAMPLE_RATE)
    np.testing.assert_allclose(whole(audio_blocks(path)), read_audio(path), atol=1e-6)


def test_samples_in_memory_are_treated_as_a_file_is(rng):
    stereo = noise(rng, 21, 48_000, 2)
    wanted = soxr.resample(stereo.mean(axis=1), 48_000, SAMPLE_RATE, quality="HQ")
    found = whole(array_blocks(stereo, 48_000))
    n = min(len(found), len(wanted))
    assert abs(len(found) - len(wanted)) <= 1
    np.testing.assert_allclose(found[:n], wanted[:n], atol=2e-5)
    assert len(whole([np.zeros(0), *array_blocks(np.zeros(0), SAMPLE_RATE)])) == 0


@pytest.mark.parametrize("version", ["madmom", "thesis"])
@pytest.mark.parametrize("n_samples", [1_100, 44_100, 441 * 1000, 441 * 1000 + 1, 1_234_567])
def test_features_of_blocks_are_those_of_the_whole(rng, version, n_samples):
    waveform = noise(rng, n_samples / SAMPLE_RATE)
    for sizes in (441_000, 70_001, 1_000):
        blocks = (waveform[start : start + sizes] for start in range(0, len(waveform), sizes))
        found = whole(feature_blocks(blocks, version))
        np.testing.assert_allclose(found, log_filter_spectrogram(waveform, version=version), atol=1e-6)


@pytest.mark.parametrize("n_frames", [1, 350, 399, 400, 401, 700, 701, 5_300, 6_011])
@pytest.mark.parametrize("architecture", ["CRNN", "CNN"])
def test_logits_of_blocks_are_those_of_the_whole(rng, n_frames, architecture):
    torch.manual_seed(0)
    model = assemble({"architecture": architecture, "hyperparameters": {"num_layers": 2, "hidden_size": 8}}).eval()
    features = rng.uniform(0, 2, (n_frames, 84)).astype(np.float32)
    (wanted,) = predict_logits(model, [features], precision="float32")
    for size in (1_000, 77, 7_000):
        blocks = (features[start : start + size] for start in range(0, n_frames, size))
        found = whole(logit_blocks(model, blocks, batch_size=5, precision="float32"))
        np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_logits_of_nothing_are_none():
    model = assemble({"architecture": "CNN", "hyperparameters": {"num_layers": 2, "hidden_size": 8}})
    assert whole(logit_blocks(model, iter([]))).shape == (0, 5)


# --- what is wrong with a file -----------------------------------------------------------------------------------------


def error_of(path) -> str:
    with pytest.raises(AudioError) as caught:
        whole(audio_blocks(path))
    assert path.name in str(caught.value)
    return str(caught.value)


def test_each_broken_file_is_named_with_a_remedy(rng, tmp_path):
    good = tmp_path / "good.wav"
    soundfile.write(good, noise(rng, 1), SAMPLE_RATE)
    assert "does not exist" in error_of(tmp_path / "none.wav")
    assert "folder" in error_of(tmp_path)
    for name, content, said in (
        ("empty.wav", b"", "0 bytes"),
        ("text.wav", b"no audio at all" * 100, "cannot be read as audio"),
        ("cut.wav", good.read_bytes()[:-20_000], "truncated"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        assert said in error_of(path)
    soundfile.write(tmp_path / "nan.wav", np.array([0.1, np.nan, 0.2]), SAMPLE_RATE, subtype="FLOAT")
    assert "NaN" in error_of(tmp_path / "nan.wav")
    soundfile.write(tmp_path / "no_samples.wav", np.zeros(0), SAMPLE_RATE)
    assert "no samples" in error_of(tmp_path / "no_samples.wav")


@pytest.mark.parametrize(
    ("waveform", "rate", "said"),
    [
        (np.zeros(10, dtype=np.int16), 44_100, "full scale"),
        (np.zeros((2, 3, 4)), 44_100, "shape"),
        (np.zeros((2, 1000)), 44_100, "transposed"),
        (np.array([0.0, np.inf]), 44_100, "NaN"),
        (np.zeros(10), 0, "above 0 Hz"),
    ],
)
def test_samples_of_another_kind_are_refused(waveform, rate, said):
    with pytest.raises(ValueError, match=said):
        list(array_blocks(waveform, rate))


# --- through ffmpeg ----------------------------------------------------------------------------------------------------

# Stands in for ffmpeg: writes what it was asked for, as the real one would, or fails as it does.
STAND_IN = """#!{python}
import sys
import numpy as np
arguments = sys.argv[1:]
for pair in (["-f", "f32le"], ["-ac", "1"], ["-ar", "44100"]):
    at = arguments.index(pair[0])
    assert arguments[at + 1] == pair[1], arguments
name = arguments[arguments.index("-i") + 1]
assert name.startswith("file:")
if "broken" in name:
    sys.stderr.write("noise\\n" * 50_000 + "Invalid data found when processing input\\n")
    sys.exit(1)
sys.stdout.buffer.write((np.arange(1_000_000) % 1000 / 1000).astype("<f4").tobytes())
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_other_containers_are_read_through_ffmpeg(stand_in, tmp_path):
    path = tmp_path / "song.m4a"
    path.write_bytes(b"something")
    np.testing.assert_array_equal(whole(audio_blocks(path)), (np.arange(1_000_000) % 1000 / 1000).astype(np.float32))
    next(audio_blocks(path))  # a reader that stops early leaves no process that waits
    (tmp_path / "broken.m4a").write_bytes(b"something")
    assert "Invalid data found" in error_of(tmp_path / "broken.m4a")


def test_without_ffmpeg_the_command_to_convert_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming.shutil, "which", lambda name: None)
    path = tmp_path / "song.m4a"
    path.write_bytes(b"something")
    assert "ffmpeg -i 'song.m4a' 'song.wav'" in error_of(path)
