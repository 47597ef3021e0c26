"""The ONNX file of a model gives the logits of torch, for any number of windows, and says how onsets are picked from them."""

import json

import numpy as np
import pytest
import torch
from songs import write_song

from adtlib.audio.features import log_filter_spectrogram
from adtlib.audio.files import read_audio
from adtlib.cli import main
from adtlib.models.engines import INPUT, OUTPUT
from adtlib.models.windows import window_frames
from adtlib.transcription.onnx_export import to_onnx
from adtlib.transcription.pretrained import KEY, load_model

onnx = pytest.importorskip("onnx", reason="onnx is missing: pip install -e '.[onnx]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is missing: pip install -e '.[onnx]'")


@pytest.fixture(scope="module")
def shipped():
    return load_model("adt")


@pytest.fixture(scope="module")
def content(shipped):
    return to_onnx(shipped)


@pytest.fixture(scope="module")
def session(content):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def difference(session, network, windows):
    (found,) = session.run([OUTPUT], {INPUT: windows})
    with torch.inference_mode():
        expected = network(torch.from_numpy(windows)).numpy()
    assert found.shape == expected.shape and found.dtype == np.float32
    return np.abs(found - expected).max()


@pytest.mark.parametrize("n_windows", [1, 2, 5])
def test_random_features_give_the_logits_of_torch(session, shipped, rng, n_windows):
    frames = window_frames(shipped.hearing)
    assert difference(session, shipped.hearing, rng.uniform(0, 2.5, (n_windows, frames, 84)).astype(np.float32)) < 1e-4


def test_the_features_of_a_song_give_the_logits_of_torch(session, shipped, tmp_path):
    write_song(tmp_path, "song", seed=1)
    features = log_filter_spectrogram(read_audio(tmp_path / "song.wav"))[: window_frames(shipped.hearing)]
    assert difference(session, shipped.hearing, features[None]) < 1e-4


def test_its_metadata_says_how_onsets_are_picked(session, shipped):
    found = json.loads(session.get_modelmeta().custom_metadata_map[KEY])
    assert dict(zip(found["classes"], found["peak_picking"]["threshold"], strict=True)) == shipped.thresholds
    assert found["features"] == "madmom" and found["frames"] == window_frames(shipped.hearing) and found["fps"] == 100
    assert found["repetition"] == shipped.repetition
    assert found["checksum"] == shipped.about["checksum"] if "checksum" in shipped.about else "checksum" not in found


def test_weights_take_half_the_room_and_equal_models_give_equal_bytes(content, shipped):
    n_weights = sum(parameter.numel() for parameter in shipped.hearing.parameters())
    assert len(content) < 2.3 * n_weights
    assert to_onnx(shipped) == content


def test_the_command_writes_it_and_refuses_what_belongs_to_runs(content, shipped, tmp_path, capsys):
    assert main(["pack", str(tmp_path / "adt.onnx"), "adt", "--onnx"]) == 0
    assert (tmp_path / "adt.onnx").read_bytes() == content
    assert f"thresholds KD {shipped.thresholds['KD']:g}, " in capsys.readouterr().out
    for more, reason in {
        ("--half",): "--half is for packing runs",
        ("--repetition", "0.3"): "--repetition is for packing runs",
        ("adt",): "one model, 2 are given",
    }.items():
        assert main(["pack", str(tmp_path / "other.onnx"), "adt", *more, "--onnx"]) == 1
        assert reason in capsys.readouterr().err
    assert main(["pack", str(tmp_path / "other.safetensors"), "adt", "--onnx"]) == 1
    assert "give it the suffix .onnx" in capsys.readouterr().err
