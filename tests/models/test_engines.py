"""onnxruntime and torch compute the same network from the same weights; a graph of another is refused."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from songs import write_song

from adtlib import paths
from adtlib.cli import main
from adtlib.models.engines import OnnxEngine, logit_blocks
from adtlib.models.prediction import TorchEngine
from adtlib.models.windows import to_activations
from adtlib.transcription.pipeline import transcribe
from adtlib.transcription.pretrained import ModelError, built, load_model
from adtlib.vocabulary import KINDS

GRAPH = paths.WEIGHTS / "adt.onnx"


@pytest.fixture(scope="module")
def both():
    """The shipped model in onnxruntime and, in float32, in torch."""
    model = load_model("adt")
    return model, dataclasses.replace(model, engine=TorchEngine(model.hearing, "float32"))


def assert_equal(one, other) -> None:
    assert one.activations.shape == other.activations.shape
    np.testing.assert_allclose(one.activations, other.activations, atol=1e-4)
    for ours, theirs in zip(one.onsets, other.onsets, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_shipped_graph_is_what_the_command_writes(tmp_path):
    pytest.importorskip("onnx", reason="onnx is missing: pip install -e '.[onnx]'")
    assert main(["pack", str(tmp_path / "adt.onnx"), "adt", "--graph"]) == 0
    remedy = "adt pack adtlib/weights/adt.onnx adt --graph"
    assert (tmp_path / "adt.onnx").read_bytes() == GRAPH.read_bytes(), remedy


@pytest.mark.parametrize("n_frames", [0, 1, 400, 3_333])
def test_both_give_the_same_activations(both, rng, n_frames):
    features = rng.uniform(0, 2.5, (n_frames, 84)).astype(np.float32)
    one, other = (np.concatenate(list(logit_blocks(model.engine, [features], 3))) for model in both)
    assert one.shape == other.shape == (n_frames, 5 + len(KINDS))
    np.testing.assert_allclose(to_activations(one), to_activations(other), atol=1e-4)


def test_both_hear_the_same_song(both, tmp_path):
    write_song(tmp_path, "song", seed=1)
    one, other = (transcribe(tmp_path / "song.wav", model=model) for model in both)
    assert sum(one.counts.values()) > 10
    assert_equal(one, other)


@pytest.mark.slow
def test_both_hear_the_same_in_every_recording_at_hand(both, real_data):
    recordings = sorted(path for path in real_data.rglob("*") if path.suffix.lower() in {".wav", ".flac", ".mp3", ".ogg"})
    assert recordings
    for path in recordings:
        one, other = (transcribe(path, model=model, keep_features=False) for model in both)
        assert_equal(one, other)


def test_a_shipped_model_starts_without_torch_and_says_who_computed_it(tmp_path, capsys):
    write_song(tmp_path, "song", seed=1)
    code = f"""
import sys
from adtlib.cli import main
status = main(["transcribe", {str(tmp_path / "song.wav")!r}, "--out", {str(tmp_path)!r}, "--format", "mid,csv,musicxml", "-v"])
print(status, sorted({{"torch", "pandas", "yaml", "matplotlib", "requests", "onnx", "IPython"}} & set(sys.modules)))
"""
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said.splitlines()[-1] == "0 []"
    assert "computed by onnxruntime" in said
    assert main(["transcribe", str(tmp_path / "song.wav"), "--out", str(tmp_path / "other"), "--engine", "torch", "-v"]) == 0
    assert "computed by torch" in capsys.readouterr().out


def test_results_of_the_other_engine_are_not_replaced_unasked(tmp_path, capsys):
    write_song(tmp_path, "song", seed=1)
    command = ["transcribe", str(tmp_path / "song.wav"), "--out", str(tmp_path)]
    assert main(command) == main(command) == 0
    assert main([*command, "--engine", "torch"]) == 1
    assert "made before a change of engine" in capsys.readouterr().err


def test_a_graph_that_does_not_fit_is_refused(both):
    model, _ = both
    another = built(model.about) | {"average": "activations"}
    with pytest.raises(ValueError, match=r"adt\.onnx is the graph of another network"):
        OnnxEngine(GRAPH, model.weights, another)
    for name, change in {
        "0.network.output.bias": lambda values: values[:3],
        "1.network.output.bias": lambda values: np.full_like(values, np.nan),
    }.items():
        with pytest.raises(ValueError, match=r"does not fit these weights|not finite"):
            OnnxEngine(GRAPH, {**model.weights, name: change(model.weights[name])}, built(model.about))
    without = {name: values for name, values in model.weights.items() if name != "0.network.output.bias"}
    with pytest.raises(ValueError, match="does not fit these weights"):
        OnnxEngine(GRAPH, without, built(model.about))


def test_what_has_no_graph_is_computed_by_torch_alone(tmp_path):
    (tmp_path / "mine.safetensors").write_bytes((paths.WEIGHTS / "adt.safetensors").read_bytes())
    assert load_model(tmp_path / "mine.safetensors").engine.name == "torch"
    with pytest.raises(ModelError, match=r"needs its graph, mine\.onnx, beside it: adt pack .*--graph"):
        load_model(tmp_path / "mine.safetensors", "onnxruntime")
    with pytest.raises(ModelError, match="choose one of onnxruntime, torch"):
        load_model("adt", "tensorflow")
    (tmp_path / "mine.onnx").write_bytes(GRAPH.read_bytes())
    assert load_model(tmp_path / "mine.safetensors").engine.name == "onnxruntime"
    (tmp_path / "mine.onnx").write_bytes(GRAPH.read_bytes()[:5_000])
    with pytest.raises(ModelError, match=r"mine\.onnx does not fit"):
        load_model(tmp_path / "mine.safetensors")
