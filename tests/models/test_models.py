"""Each architecture: shape, a gradient in every parameter, one batch overfitted, equality after reload, published sizes."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from adtlib import paths
from adtlib.models import blocks
from adtlib.models.blocks import Dropout, sinusoidal_positions
from adtlib.models.registry import ARCHITECTURES, build, count_parameters

TINY = {name: record.sizes.get("smoke", {}) for name, record in ARCHITECTURES.items()} | {
    "RNN": {"num_layers": 2, "hidden_size": 16},
    "CNN": {"num_convs": 2, "num_layers": 1, "hidden_size": 16},
    "CRNN": {"num_layers": 1, "hidden_size": 16},
    "ConvTransformer": {"num_layers": 1, "num_heads": 2, "embed_dim": 24},
    "ViT": {"patch_size": [1, 14], "num_layers": 1, "num_heads": 2, "embed_dim": 24},
}


@pytest.fixture(params=list(ARCHITECTURES))
def architecture(request):
    torch.manual_seed(0)
    return request.param


@pytest.mark.parametrize("frames", [1, 37, 400])
def test_one_logit_for_each_frame_and_class(architecture, frames):
    model = build(architecture, **TINY[architecture]).eval()
    with torch.inference_mode():
        logits = model(torch.randn(2, frames, 84))
    assert logits.shape == (2, frames, 5)
    assert torch.isfinite(logits).all()


def test_every_parameter_learns(architecture):
    model = build(architecture, **TINY[architecture])
    model(torch.randn(2, 40, 84)).square().sum().backward()
    silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_one_batch_can_be_learnt_by_heart(architecture):
    model = build(architecture, **TINY[architecture]).train()
    for module in model.modules():  # without dropout: memory is what is tested
        if isinstance(module, Dropout):
            module.p = 0.0
        elif isinstance(module, torch.nn.RNNBase):
            module.dropout = 0.0
    features = torch.randn(2, 12, 84)
    targets = (torch.rand(2, 12, 5) > 0.8).float()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss = torch.nn.BCEWithLogitsLoss()
    with torch.no_grad():
        first = float(loss(model(features), targets))
    for _ in range(150):
        optimizer.zero_grad()
        value = loss(model(features), targets)
        value.backward()
        optimizer.step()
    assert value.item() < first / 4


def test_reloaded_weights_give_equal_output(architecture, tmp_path):
    from safetensors.torch import load_file, save_file

    model, other = (build(architecture, **TINY[architecture]).eval() for _ in range(2))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, tmp_path / "weights.safetensors")
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    features = torch.randn(1, 50, 84)
    with torch.inference_mode():
        assert torch.equal(model(features), other(features))


def test_recordings_of_a_batch_do_not_touch_each_other(architecture):
    model = build(architecture, **TINY[architecture]).eval()
    a, b = torch.randn(2, 1, 60, 84)
    with torch.inference_mode():
        together = model(torch.cat([a, b]))
        np.testing.assert_allclose(together[:1], model(a), atol=1e-5)


def test_published_hyperparameters_can_be_built():
    table = pd.read_csv(paths.ROOT / "tests" / "fixtures" / "published_hyperparameters.csv")
    for row in table.itertuples():
        if row.architecture in ("CNN", "ConvTransformer", "ViT") or "576" not in row.parameters:  # the large ones take seconds
            build(row.architecture, **json.loads(row.parameters))


def test_conv_block_keeps_time_and_pools_frequency():
    block = blocks.ConvBlock(1, 32).eval()
    assert block(torch.randn(2, 1, 50, 84)).shape == (2, 32, 50, 28)
    assert blocks.ConvFrontEnd(2).out_features == 64 * 9
    assert blocks.ConvFrontEnd(3).out_features == 96 * 3


def test_sinusoidal_positions_equal_the_formula():
    encoding = sinusoidal_positions(20, 6)
    for position in (0, 1, 19):
        for i in range(3):
            angle = position / 10_000 ** (2 * i / 6)
            assert encoding[position, 2 * i] == pytest.approx(np.sin(angle), abs=1e-5)
            assert encoding[position, 2 * i + 1] == pytest.approx(np.cos(angle), abs=1e-5)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_dropout_keeps_the_mean_and_the_share(layout):
    torch.manual_seed(0)
    dropout = Dropout(0.3)
    x = torch.ones(8, 32, 50, 28).to(memory_format=layout).requires_grad_()
    y = dropout(x)
    assert float((y == 0).float().mean()) == pytest.approx(0.3, abs=0.01)
    assert y.mean().item() == pytest.approx(1, abs=0.01)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())
    # Neighbours share a 64-bit draw: their masks must be independent all the same.
    flat = (y.detach().permute(0, 2, 3, 1) if layout == torch.channels_last else y.detach()).flatten() == 0
    for distance in (1, 2, 3, 4):
        both = (flat[:-distance] & flat[distance:]).float().mean()
        assert float(both) == pytest.approx(0.09, abs=0.006)
    assert torch.equal(dropout.eval()(x), x)


@pytest.mark.parametrize(
    ("name", "hyperparameters", "message"),
    [
        ("LSTM", {}, "RNN, CNN"),
        ("RNN", {"layers": 2}, "does not take"),
        ("CNN", {"num_convs": 4}, "1 to 3"),
        ("ViT", {"patch_size": (1, 5)}, "7, 14 or 21"),
        ("ViT", {"patch_size": (2, 7)}, "1 frame"),
        ("ViT", {"patch_size": (1, 7), "embed_dim": 70}, "12 patches"),
        ("ConvTransformer", {"embed_dim": 72, "num_heads": 5}, "5 heads"),
    ],
)
def test_what_does_not_fit_is_refused(name, hyperparameters, message):
    with pytest.raises(ValueError, match=message):
        build(name, **hyperparameters)


def test_parameter_count():
    assert count_parameters(torch.nn.Linear(3, 4)) == 16
