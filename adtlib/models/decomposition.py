"""Activation functions without learning: a recording as a sum of single strokes (Wu et al. 2018, section III-D).

Non-negative matrix factor deconvolution (Smaragdis 2004) with fixed templates: a template holds the first frames of one
instrument's spectrogram, and a recording is modelled as a sum of templates that begin at different frames, each scaled by its
activation. Activations are found by multiplicative updates that lower the generalised Kullback-Leibler divergence.

The method is given single strokes of the recorded kit, which are not available when other recordings are transcribed: it shows what
activation functions are, not how well drums can be transcribed.
"""

from collections.abc import Mapping

import numpy as np

from adtlib.audio.features import FPS, log_filter_spectrogram
from adtlib.vocabulary import CLASSES, GENERAL_MIDI

TEMPLATE_SECONDS = 0.12
_EPSILON = 1e-9
_SURE = 0.9  # activation of an undisturbed stroke at full loudness


def magnitudes(waveform: np.ndarray) -> np.ndarray:
    """Magnitudes in the 84 bands, `(T, 84)` float64: the features of the thesis without their logarithm."""
    return 10.0 ** log_filter_spectrogram(waveform).astype(np.float64) - 1.0


def deconvolve(bands: np.ndarray, templates: np.ndarray, n_iterations: int = 60) -> np.ndarray:
    """Activations: the loudness with which each template begins in each frame, `(T, n)`, 0 or more.

    bands      `(T, 84)`, 0 or more;  templates  `(n, L, 84)`, 0 or more: L frames of each.

    Raises ValueError for another number of bands.
    """
    if bands.shape[1] != templates.shape[2]:
        raise ValueError(f"{bands.shape[1]} bands and templates of {templates.shape[2]}: they must be equal")
    count, length = len(bands), templates.shape[1]
    begun = np.full((count, len(templates)), bands.mean() + _EPSILON)
    weight = sum(np.pad(np.ones(count), (0, lag))[lag : lag + count, None] * templates[:, lag].sum(axis=1) for lag in range(length))
    for _ in range(n_iterations):
        model = sum(np.pad(begun, ((lag, 0), (0, 0)))[:count] @ templates[:, lag] for lag in range(length))
        ratio = np.pad(bands / (model + _EPSILON), ((0, length), (0, 0)))
        found = sum(ratio[lag : lag + count] @ templates[:, lag].T for lag in range(length))
        begun *= found / (weight + _EPSILON)
    return begun


def activations_from_strokes(waveform: np.ndarray, strokes: Mapping[int, np.ndarray]) -> np.ndarray:
    """Activation functions `(T, 5)` float32 in [0, 1] of a recording of a kit whose single strokes are given.

    waveform  mono float32 at 44.1 kHz.
    strokes   waveform of one stroke for each General MIDI pitch, from its onset on. A stroke as loud as that gives 0.9.

    Raises ValueError for a pitch outside the five classes, and without strokes.
    """
    classes = [GENERAL_MIDI.class_of(pitch) for pitch in strokes]
    if not strokes or not set(classes) <= set(CLASSES):
        raise ValueError(f"strokes of pitches {sorted(strokes)}: give at least one, all within the five classes")
    length = round(TEMPLATE_SECONDS * FPS)
    templates = np.stack([np.pad(magnitudes(w), ((0, length), (0, 0)))[:length] for w in strokes.values()])
    begun = deconvolve(magnitudes(waveform), templates)
    # Windows of neighbouring frames overlap: a stroke between two frames begins partly in both.
    begun = np.maximum(begun + 0.5 * (_later(begun, 1) + _later(begun, -1)), 0.0)
    loudness = np.stack([begun[:, [c == name for c in classes]].sum(axis=1) for name in CLASSES], axis=1)
    return (1.0 - (1.0 - _SURE) ** loudness).astype(np.float32)


def _later(values: np.ndarray, frames: int) -> np.ndarray:
    """`values` shifted by some frames, padded with 0."""
    moved = np.roll(values, frames, axis=0)
    moved[: max(frames, 0)] = 0.0
    moved[len(moved) + min(frames, 0) :] = 0.0
    return moved
