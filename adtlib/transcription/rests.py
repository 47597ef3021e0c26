"""Passages in which nobody drums: what is taken for strokes there is lowered below every threshold.

Where drums play, many strokes are heard clearly. In music without drums a network hears strokes in attacks of other instruments,
but hardly one of them clearly. So a frame needs clear onsets around it; where they are too few, its activations are lowered.
"""

import numpy as np

from adtlib.audio.features import FPS
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks

AROUND = 1_200  # frames to each side: a break of a few bars is no rest
CLEAR = 0.9  # activation from which on an onset is clear
LOWERED = 0.4  # the factor of activations in rests


def rests(activations: np.ndarray, picking: PeakPicking, rate: float) -> np.ndarray:
    """Whether nobody drums in a frame: `(T,)` bool.

    activations  `(T, 5)` in [0, 1], 100 frames a second.
    picking      with which onsets are picked.
    rate         clear onsets a second, all classes together, fewer than which are a rest. In the second or two of a recording in
                 which not even one is expected there is none.
    """
    clear = np.zeros(len(activations) + 1, dtype=np.int64)
    for onsets, column in zip(pick_peaks(activations, picking), activations.T, strict=True):
        frames = np.rint(onsets * FPS).astype(np.int64)
        np.add.at(clear, frames[column[frames] >= column.dtype.type(CLEAR)] + 1, 1)
    before, frames = np.cumsum(clear), np.arange(len(activations))
    first, end = np.maximum(frames - AROUND, 0), np.minimum(frames + AROUND + 1, len(activations))
    return before[end] - before[first] < np.floor(rate * (end - first) / FPS)


def with_rests(activations: np.ndarray, picking: PeakPicking, rate: float) -> np.ndarray:
    """Activations, lowered in `rests`; at a rate of 0 as they are."""
    if not rate:
        return activations
    factor = np.where(rests(activations, picking, rate), LOWERED, 1.0).astype(activations.dtype)
    return activations * factor[:, None]
