"""A small model for the command line."""

import json
from dataclasses import asdict

import pytest


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
