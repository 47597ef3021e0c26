"""The head for kinds of strokes: it sees what it says it sees, and leaves the logits of classes as they are."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from adtlib.models.ensemble import Ensemble
from adtlib.models.kinds import AFTER, BEFORE, CLASS_OF_KIND, N_KINDS, KindsHead, within_classes
from adtlib.models.prediction import predict_logits
from adtlib.models.registry import assemble
from adtlib.vocabulary import CLASSES, KINDS


@pytest.fixture
def ensemble():
    torch.manual_seed(0)
    configs = (
        ("CRNN", {"num_layers": 1, "hidden_size": 6}),
        ("ConvTransformer", {"num_layers": 1, "num_heads": 2, "embed_dim": 8}),
    )
    members = [assemble({"architecture": name, "hyperparameters": sizes}, 0.3, 0.5) for name, sizes in configs]
    return Ensemble(members).eval()


@pytest.fixture
def head():
    torch.manual_seed(1)
    return KindsHead(hidden_size=20, width=7, mean=0.3, std=0.5).eval()


def test_a_frame_sees_50_ms_before_and_a_quarter_of_a_second_after(head, rng):
    features = torch.from_numpy(rng.uniform(0, 2, (1, 100, 84)).astype(np.float32)).requires_grad_()
    hidden = torch.from_numpy(rng.normal(0, 1, (1, 100, 20)).astype(np.float32)).requires_grad_()
    found = head(features, hidden)
    assert found.shape == (1, 100, N_KINDS)
    found[0, 40].sum().backward()
    seen = np.flatnonzero(features.grad[0].abs().sum(dim=-1).numpy())
    assert (seen.min(), seen.max()) == (40 - BEFORE, 40 + AFTER) == (35, 65)
    assert np.flatnonzero(hidden.grad[0].abs().sum(dim=-1).numpy()).tolist() == [40]


def test_cut_out_surroundings_give_what_the_whole_gives(head, rng):
    features = torch.from_numpy(rng.uniform(0, 2, (1, 60, 84)).astype(np.float32))
    hidden = torch.from_numpy(rng.normal(0, 1, (1, 60, 20)).astype(np.float32))
    whole, padded = head(features, hidden)[0], functional.pad(features, (0, 0, BEFORE, AFTER))
    for frame in (0, 3, 30, 59):
        alone = head.of_surroundings(padded[:, frame : frame + BEFORE + 1 + AFTER], hidden[:, frame : frame + 1])[0, 0]
        torch.testing.assert_close(alone, whole[frame], atol=1e-5, rtol=1e-5)


def test_every_parameter_is_trained(head, rng):
    head.train()
    head(torch.rand(2, 50, 84), torch.rand(2, 50, 20)).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in head.parameters())


def test_kinds_of_a_class_share_its_probability(rng):
    found = within_classes(torch.from_numpy(rng.normal(0, 3, (9, N_KINDS)))).exp().numpy()
    of_class = np.array(CLASS_OF_KIND)
    assert [CLASSES[number] for number in CLASS_OF_KIND] == list(KINDS.values())
    for number in range(len(CLASSES)):
        np.testing.assert_allclose(found[:, of_class == number].sum(axis=1), 1)


def test_classes_are_heard_bit_for_bit_as_without_it(ensemble, head, rng):
    features = rng.uniform(0, 2, (930, 84)).astype(np.float32)
    with_head = Ensemble(list(ensemble.members), kinds=head).eval()
    for precision in ("float32", "bfloat16"):
        (alone,) = predict_logits(ensemble, [features], precision=precision)
        (both,) = predict_logits(with_head, [features], precision=precision)
        assert both.shape == (930, len(CLASSES) + N_KINDS)
        np.testing.assert_array_equal(both[:, : len(CLASSES)], alone)
