"""Infrequency weights and the weighted loss (thesis 5.2.2; Cartwright and Bello 2018).

Targets are `(B, T, 5)`: 1 at an onset, 0.5 beside it (widened), 0 elsewhere.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def infrequency_weights(onset_counts, n_frames: int) -> np.ndarray:
    """The inverse of each class's entropy: w = 1 / (-p log p - (1 - p) log(1 - p)), p = onsets / frames, natural logarithm.

    onset_counts  `(5,)` onsets of each class in the training data.
    n_frames      frames of the training data.

    Returns `(5,)` float64. A class without an onset has no entropy; its weight is 0 and is never used, as no frame has the class.
    Raises ValueError if `n_frames` is not positive or not larger than each count.
    """
    counts = np.asarray(onset_counts, dtype=np.float64)
    if n_frames <= 0 or np.any(counts < 0) or np.any(counts >= n_frames):
        raise ValueError(f"onsets {counts.tolist()} in {n_frames} frames: counts must lie between 0 and the frames")
    p = counts / n_frames
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -p * np.log(p) - (1 - p) * np.log1p(-p)
        return np.where(counts > 0, 1 / entropy, 0.0)


def frame_weights(targets: Tensor, weights: Tensor) -> Tensor:
    """Weight of each frame: the sum of the weights of the classes with an onset in it, 1 without an onset.

    targets  `(B, T, 5)`; an onset is a target of 1; widened neighbours (0.5) do not count.
    weights  `(5,)`.

    Returns `(B, T)`.
    """
    onsets = (targets == 1).to(weights.dtype)  # (B, T, 5)
    total = onsets @ weights  # (B, T)
    return torch.where(onsets.any(dim=-1), total, torch.ones_like(total))


def weighted_bce(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Binary cross-entropy with logits, summed over classes, times the frame's weight, mean over frames: a scalar.

    logits, targets  `(B, T, 5)`;  weights  `(5,)` of `infrequency_weights`.
    """
    entropy = functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")  # (B, T, 5)
    return (entropy.sum(dim=-1) * frame_weights(targets, weights)).mean()
