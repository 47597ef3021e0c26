"""What is shown of the inside of networks is what happens there."""

import numpy as np
import pytest
import torch

from adtlib.models import blocks, inspection, registry, saliency

BAR = saliency.example_inputs()[0]


def test_gates_keep_a_gradient_that_a_plain_unit_loses():
    plain, lstm, opened = (
        inspection.gradient_through_time(unit, BAR[:100], hidden_size=24, gate_bias=bias)
        for unit, bias in (("RNN", 0), ("LSTM", 0), ("LSTM", 4))
    )
    assert plain[-1] == lstm[-1] == opened[-1] == 1
    assert plain[-51] < 1e-3 * lstm[-51] < lstm[-51] < 0.1 * opened[-51]


def test_a_gradient_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    features = rng.random((6, 5))
    found = inspection.gradient_through_time("GRU", features, hidden_size=4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = torch.nn.GRU(5, 4, batch_first=True).double()
    scaled = torch.tensor((features - features.mean()) / features.std())

    def last(x):
        return float(network(x[None])[0][0, -1].sum().detach())

    sizes = []
    for frame in range(6):
        slopes = []
        for band in range(5):
            moved = scaled.clone()
            moved[frame, band] += 1e-6
            slopes.append((last(moved) - last(scaled)) / 1e-6)
        sizes.append(np.linalg.norm(slopes))
    np.testing.assert_allclose(found, np.array(sizes) / sizes[-1], rtol=1e-4)


def test_an_unknown_unit_and_a_gate_that_is_not_there_are_refused():
    with pytest.raises(ValueError, match="choose one of RNN, GRU, LSTM"):
        inspection.gradient_through_time("CNN", BAR)
    with pytest.raises(ValueError, match="has no gate"):
        inspection.gradient_through_time("RNN", BAR, gate_bias=1)


@pytest.mark.parametrize("n_blocks", [1, 2, 3])
def test_the_receptive_field_is_where_a_gradient_is(n_blocks):
    torch.manual_seed(0)
    convolutions = blocks.ConvFrontEnd(n_blocks).double().eval()
    x = torch.randn(1, 31, 84, dtype=torch.float64, requires_grad=True)
    seen = np.zeros((31, 84), bool)
    values = convolutions(x).view(1, 31, 32 * n_blocks, -1)
    middle = values.shape[-1] // 2
    for value in values[0, 15, :, middle]:  # of all kernels: ReLU hides paths of a single one
        (gradient,) = torch.autograd.grad(value, x, retain_graph=True)
        seen |= gradient[0].numpy() != 0
    frames, bands = inspection.receptive_fields(n_blocks)[-1]
    assert np.ptp(np.flatnonzero(seen.any(axis=1))) + 1 == frames
    assert bands - 3**n_blocks < np.ptp(np.flatnonzero(seen.any(axis=0))) + 1 <= bands  # max-pooling picks one band of three


@pytest.mark.parametrize("name", ["ConvTransformer", "ViT"])
def test_attention_maps_are_the_weights_that_the_model_uses(name):
    model = registry.build(name, seed=0, embed_dim=24, num_heads=2, num_layers=2).eval()
    maps = inspection.attention_maps(model, BAR[:50])
    assert maps.shape == (2, 2, 50, 50)
    np.testing.assert_allclose(maps.sum(axis=-1), 1, atol=1e-5)
    module = next(module for module in model.modules() if isinstance(module, blocks.SelfAttention))
    caught = {}
    module.register_forward_hook(lambda _, inputs, output: caught.update(x=inputs[0], out=output))
    scaled = (BAR[:50] - BAR[:50].mean()) / BAR[:50].std()
    with torch.no_grad():
        model(torch.tensor(scaled, dtype=torch.float32)[None])
        values = module.project_in(caught["x"])[0, :, 48:].view(50, 2, 12).transpose(0, 1)  # (H, T, D / H)
        expected = module.project_out((torch.tensor(maps[0]) @ values).transpose(0, 1).reshape(50, 24))
    np.testing.assert_allclose(caught["out"][0], expected, atol=1e-4)


def test_a_model_without_attention_has_no_maps():
    with pytest.raises(ValueError, match="RNN has no attention"):
        inspection.attention_maps(registry.build("RNN", seed=0, num_layers=1, hidden_size=8), BAR)


def test_out_of_order_single_frames_are_heard_as_ever_and_their_neighbours_are_not():
    class Framewise(torch.nn.Module):
        def forward(self, x):
            return x[..., :5]

    features = torch.randn(2, 400, 84, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(inspection.OutOfOrder(Framewise())(features), features[..., :5]), "logits are put back"
        model = registry.build("CNN", seed=0, num_convs=1, num_layers=1, hidden_size=8).eval()
        shuffled, again = (inspection.OutOfOrder(model)(features) for _ in range(2))
        assert torch.equal(shuffled, again) and not torch.allclose(shuffled, model(features), atol=1e-3)
        other = inspection.OutOfOrder(model, seed=1)(features)
        assert not torch.allclose(shuffled, other, atol=1e-3)
