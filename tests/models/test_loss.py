"""Weights and loss against the formulas, worked by hand and slowly."""

import math

import numpy as np
import pytest
import torch

from adtlib.models.loss import frame_weights, infrequency_weights, weighted_bce


def test_infrequency_weights_equal_the_formula():
    weights = infrequency_weights([50, 500, 1, 250, 10], 1000)
    for weight, p in zip(weights, [0.05, 0.5, 0.001, 0.25, 0.01], strict=True):
        assert weight == pytest.approx(1 / (-p * math.log(p) - (1 - p) * math.log(1 - p)))
    assert weights[2] > weights[4] > weights[0] > weights[3] > weights[1]


def test_absent_class_has_no_weight():
    assert infrequency_weights([0, 5, 5, 5, 5], 1000)[0] == 0


@pytest.mark.parametrize(("counts", "frames"), [([1] * 5, 0), ([-1, 1, 1, 1, 1], 10), ([10, 1, 1, 1, 1], 10)])
def test_impossible_counts_are_refused(counts, frames):
    with pytest.raises(ValueError, match="frames"):
        infrequency_weights(counts, frames)


def test_frame_weight_sums_classes_with_an_onset_and_ignores_widening():
    weights = torch.tensor([2.0, 3.0, 5.0, 7.0, 11.0])
    targets = torch.zeros(1, 4, 5)
    targets[0, 0, 0] = 0.5
    targets[0, 1, [0, 3]] = 1
    targets[0, 2, 0] = 0.5
    assert frame_weights(targets, weights).tolist() == [[1, 9, 1, 1]]


def test_loss_equals_the_slow_sum(rng):
    logits, weights = rng.normal(size=(2, 7, 5)), rng.uniform(1, 20, 5)
    targets = rng.choice([0, 0, 0.5, 1], size=(2, 7, 5))
    total = 0.0
    for b in range(2):
        for t in range(7):
            onsets = [c for c in range(5) if targets[b, t, c] == 1]
            weight = sum(weights[c] for c in onsets) if onsets else 1
            for c in range(5):
                p = 1 / (1 + math.exp(-logits[b, t, c]))
                y = targets[b, t, c]
                total += weight * -(y * math.log(p) + (1 - y) * math.log(1 - p))
    loss = weighted_bce(torch.tensor(logits).float(), torch.tensor(targets).float(), torch.tensor(weights).float())
    assert float(loss) == pytest.approx(total / 14, rel=1e-5)


def test_loss_takes_half_precision_logits():
    loss = weighted_bce(torch.zeros(1, 3, 5, dtype=torch.bfloat16), torch.zeros(1, 3, 5), torch.ones(5))
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(5 * np.log(2))


def test_one_frame_without_an_onset_is_enough_to_count():
    assert infrequency_weights([0] * 5, 1).tolist() == [0.0] * 5
    with pytest.raises(ValueError, match="0 frames"):
        infrequency_weights([0] * 5, 0)
