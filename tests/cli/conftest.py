"""A small model for the command line, a short song, and the command in the folder of a test."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import soundfile

from adtlib.cli import main


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> str:
    """A model file of a small network with fixed weights that finds some onsets in noise."""
    import torch
    from safetensors.torch import save_file

    from adtlib.models.registry import assemble
    from adtlib.onsets.peak_picking import PeakPicking
    from adtlib.transcription.pretrained import KEY

    torch.manual_seed(1)
    config = {"architecture": "CRNN", "hyperparameters": {"num_layers": 2, "hidden_size": 12}}
    member = assemble(config, 0.3, 0.3)
    with torch.no_grad():
        member.network.output.weight *= 12
    header = {"format": 1, "name": "small", "members": [config], "average": "logits", "features": "madmom"}
    header["peak_picking"] = asdict(PeakPicking(delta=0.0, threshold=(0.5,) * 5))
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    tensors = {f"0.{key}": value.contiguous() for key, value in member.state_dict().items()}
    save_file(tensors, path, metadata={KEY: json.dumps(header)})
    return str(path)


@pytest.fixture(scope="module")
def sound(make_music, tmp_path_factory) -> bytes:
    """Two seconds of music as a wav file."""
    path = tmp_path_factory.mktemp("sound") / "song.wav"
    soundfile.write(path, make_music(np.random.default_rng(5), 2.0), 44_100)
    return path.read_bytes()


@pytest.fixture
def transcribe(model, tmp_path, monkeypatch, capsys):
    """`transcribe(*arguments)`: (exit status, output, errors) in the folder of the test, with the small model."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str):
        status = main(["transcribe", *map(str, arguments), "--model", model])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call
