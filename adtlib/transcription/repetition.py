"""A second look at what a network heard: drums repeat from bar to bar, and go on when they cannot be heard.

A hi-hat that loud guitars hide in one bar is heard in the bars around. So the log-odds of each frame are raised or lowered by the
mean of its surroundings and those at the same place of up to four bars before and after, limited so that neither a fill nor one
stray stroke decides.
Bars are those of the beats that are tracked in what was heard at first.
"""

from dataclasses import replace

import numpy as np

from adtlib.audio.features import FPS
from adtlib.notation.beats import Beats, track_beats
from adtlib.notation.time_signatures import Meter
from adtlib.onsets.peak_picking import PeakPicking, pick_peaks

BARS = 4  # before and after
LIMIT = 3.0  # of the mean, in log-odds: 0.05 to 0.95
OWN = 2  # bars that a frame's own surroundings count as: in a short recording few others say little
_POOLED = 2  # frames before and after: no bar is exactly as long as another
_EDGE = 1e-7  # of activations, whose log-odds are finite then
_FIRST_THRESHOLD = 0.5  # of the onsets in which beats are tracked, whatever threshold is chosen for those that are reported


def second_look(
    activations: np.ndarray,
    weight: float,
    picking: PeakPicking,
    duration: float | None = None,
    tempo: float | None = None,
    meter: Meter | None = None,
    beats: Beats | None = None,
) -> np.ndarray:
    """`with_repetition`, by default with beats tracked in the onsets of these activations.

    picking   its parameters, but for thresholds.
    duration  of the recording in seconds; by default that of the activations.
    tempo, meter  if they are known, as `track_beats` takes them.
    beats     if they are known.
    """
    if not weight:
        return activations
    if beats is None:
        onsets = pick_peaks(activations, replace(picking, threshold=_FIRST_THRESHOLD))
        beats = track_beats(onsets, len(activations) / FPS if duration is None else duration, tempo, meter)
    return with_repetition(activations, beats, weight)


def with_repetition(activations: np.ndarray, beats: Beats, weight: float) -> np.ndarray:
    """Activations with those of neighbouring bars taken into account: `(T, 5)` float32.

    activations  `(T, 5)` in [0, 1], 100 frames a second.
    beats        of the recording, with its bars. Where none were found, and where the recording holds no other bar, a frame has
                 its own surroundings alone.
    weight       of the other bars, 0 or more; at 0 nothing changes. A `Pretrained` says its own, with which thresholds were chosen.
    """
    given = np.clip(activations.astype(np.float64), _EDGE, 1 - _EDGE)
    odds = np.log(given / (1 - given))
    padded = np.pad(odds, ((_POOLED, _POOLED), (0, 0)), constant_values=-np.inf)
    pooled = np.max([padded[first : first + len(odds)] for first in range(2 * _POOLED + 1)], axis=0)
    total, count = OWN * pooled, np.full((len(odds), 1), OWN)
    if beats.found:
        place = beats.at(np.arange(len(odds)) / FPS)
        for bar in (*range(-BARS, 0), *range(1, BARS + 1)):
            frames = np.rint(beats.seconds(place + bar * beats.a_bar) * FPS).astype(np.int64)
            inside = (frames >= 0) & (frames < len(odds))
            total[inside] += pooled[frames[inside]]
            count[inside] += 1
    around = np.clip(total / count, -LIMIT, LIMIT)
    return (1 / (1 + np.exp(-odds - weight * around))).astype(np.float32)
