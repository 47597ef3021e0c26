"""The layers that architectures share: the gradient of convolutions that is ours is torch's."""

import pytest
import torch
from torch.nn import functional

from adtlib.models import blocks


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("shape", [(1, 2, 1, 1), (2, 3, 5, 4), (2, 8, 300, 28)])  # the last is of more than one piece
def test_gradients_made_of_products_are_those_of_torch(shape, layout):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    weight = torch.randn(6, shape[1], 3, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(6, generator=generator, dtype=torch.float64, requires_grad=True)
    ours, torchs = blocks.ByProducts.apply(x, weight, bias), functional.conv2d(x, weight, bias, padding=1)
    assert torch.equal(ours, torchs)
    towards = torch.randn(torchs.shape, generator=generator, dtype=torch.float64)
    for own, expected in zip(*(torch.autograd.grad(each, (x, weight, bias), towards) for each in (ours, torchs)), strict=True):
        torch.testing.assert_close(own, expected)


@pytest.mark.parametrize(("capability", "is_ours"), [("AVX2", True), ("AVX512", False)])
def test_products_are_used_where_they_are_faster(capability, is_ours, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    layer, x = blocks.Convolution(2, 4), torch.zeros(1, 2, 5, 5)
    assert ("ByProducts" in layer(x).grad_fn.name()) is is_ours
    assert "ByProducts" not in blocks.Convolution(1, 4)(x[:, :1]).grad_fn.name(), "one band of numbers has no products"
    assert "ByProducts" not in layer.eval()(x).grad_fn.name()
    with torch.autocast("cpu", torch.bfloat16):
        assert "ByProducts" not in layer.train()(x).grad_fn.name()
