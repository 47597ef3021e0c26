"""How much each input influences the output at one frame (thesis, figures 3.1, 3.3, 3.5, 3.7), computed from a model.

The influence of an input value is the magnitude of the gradient of a logit with respect to it. It is summed over the five logits of
the segment's centre frame and averaged over several inputs, in evaluation mode (dropout would hide inputs, and batch statistics
would make each frame depend on all others).
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from adtlib.audio.features import FPS, log_filter_spectrogram
from adtlib.models.blocks import Standardize
from adtlib.onsets.frames import SEGMENT_FRAMES
from adtlib.synthesis.examples import LEAD, bar

CENTRE = SEGMENT_FRAMES // 2
_QUARTER = 50  # frames of a quarter note of the example's bar
# Gradients of a recurrent network 200 frames away underflow float32: all gradients are scaled by a power of 2.
_SCALE = 2.0**60
FRAMES_A_BLOCK = 2  # two 3x3 convolutions extend the receptive field by two frames on either side


@dataclass(frozen=True)
class Influence:
    """Shares of the influence on the centre frame.

    by_band  `(T, 84)` float64, not negative, sum 1: exactly 0 where the output does not depend on the input.
    """

    by_band: np.ndarray

    @property
    def by_frame(self) -> np.ndarray:
        """`(T,)`: shares of the frames, summed over bands."""
        return self.by_band.sum(axis=1)

    @property
    def offsets(self) -> np.ndarray:
        """`(T,)`: each frame's distance from the output frame in frames, negative before it."""
        return np.arange(len(self.by_band)) - CENTRE

    @property
    def reaches(self) -> tuple[int, int]:
        """Distances of the first and the last frame with any influence at all."""
        seen = self.offsets[self.by_frame > 0]
        return int(seen[0]), int(seen[-1])

    def radius(self, share: float = 0.9) -> int:
        """Smallest number of frames to either side of the output frame that hold `share` (0 to 1) of the influence."""
        if not 0 < share <= 1:
            raise ValueError(f"share {share}: it must be above 0 and at most 1")
        held = np.bincount(np.abs(self.offsets), weights=self.by_frame).cumsum()
        return int(np.argmax(held >= share - 1e-12))


def example_inputs() -> np.ndarray:
    """Features of four segments `(4, 400, 84)` float32 of a repeated bar of drums, each with an onset at its centre frame."""
    features = log_filter_spectrogram(np.tile(bar(), 4))
    starts = round(LEAD * FPS) + _QUARTER * np.arange(4)
    return np.stack([features[start : start + SEGMENT_FRAMES] for start in starts])


def standardised(features: np.ndarray, model: nn.Module) -> np.ndarray:
    """Features for a model: by their own mean and deviation, unless the model standardises itself, as a trained one does."""
    if any(isinstance(module, Standardize) for module in model.modules()):
        return features
    return (features - features.mean()) / features.std()


def influence(model: nn.Module, inputs: np.ndarray | None = None) -> Influence:
    """The influence of each input value on the centre frame of a 400-frame segment.

    model   `(B, T, 84)` to `(B, T, 5)`. Inputs are standardised here unless the model does it, as a trained one does.
    inputs  `(N, 400, 84)` features, by default `example_inputs()`.

    The model is not changed: a copy is used, in single precision on the CPU. ValueError for inputs of another shape.
    """
    inputs = example_inputs() if inputs is None else np.asarray(inputs)
    if inputs.ndim != 3 or inputs.shape[1] != SEGMENT_FRAMES:
        raise ValueError(f"inputs of shape {inputs.shape}: they must be (N, {SEGMENT_FRAMES}, bands)")
    inputs = standardised(inputs, model)
    model = copy.deepcopy(model).cpu().float().eval()
    x = torch.tensor(inputs, dtype=torch.float32, requires_grad=True)
    total = np.zeros(inputs.shape[1:])
    with torch.enable_grad():
        logits = model(x)[:, CENTRE]  # (N, 5)
        for logit in logits.T:  # (N,): one for each segment; segments do not influence each other
            (gradient,) = torch.autograd.grad(logit, x, torch.full_like(logit, _SCALE), retain_graph=True)  # (N, T, 84)
            total += gradient.abs().double().sum(dim=0).numpy()
    return Influence(total / total.sum())
