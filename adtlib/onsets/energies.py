"""The loudness of strokes, measured as the rise of energy at their onsets, and MIDI velocities from it, without a second network.

Each class has a range of frequencies in which it is loud. The energy of an onset is the rise, within 30 ms, of the sum of
magnitudes in that range (`onset_energies`), or of all 84 bands (`broadband_energies`), which includes other drums and
instruments.

Velocities are relative, as recordings differ in level: the upper quartile of a class's onsets gets velocity 100, and 40 dB of
energy are a factor of 10 in velocity, as in General MIDI synthesisers. No velocity is below 20: a masked stroke shows no rise in
energy, but it was transcribed, and its note must be audible.
"""

import numpy as np

from adtlib.audio.features import band_centres
from adtlib.onsets.frames import Onsets, seconds_to_frames
from adtlib.vocabulary import CLASSES

# Hz, from and to.
RANGES = {"KD": (30, 130), "SD": (180, 5_000), "TT": (70, 400), "HH": (6_000, 16_000), "CY": (3_000, 16_000)}


LOUD, LOUD_QUANTILE = 100, 0.75  # velocity of this quantile of a class's onsets
SOFTEST_VELOCITY = 20
SOFTEST = 1e-3  # lower limit of energies, in units of the features' magnitudes
BEFORE, AFTER = 3, 3  # frames around an onset in `broadband_energies`
_BEFORE, _AFTER = 2, 3  # frames around an onset in `onset_energies`
_FLAM = 8  # frames: strokes of a class as close as this form one flam, drag or ruff


def band_energies(features: np.ndarray) -> np.ndarray:
    """Sum of the magnitudes in each class's range of frequencies: `(T, 5)` float32 from features `(T, 84)`."""
    magnitudes = np.power(np.float32(10), np.asarray(features, dtype=np.float32)) - 1
    centres = band_centres()
    chosen = np.array([(centres >= low) & (centres <= high) for low, high in (RANGES[name] for name in CLASSES)], dtype=np.float32)
    return magnitudes @ chosen.T  # (T, 84) x (84, 5)


def onset_energies(energies: np.ndarray, onsets: Onsets) -> list[np.ndarray]:
    """Rise of the energy at each onset, class by class, in the features' units; at least SOFTEST.

    energies  `(T, 5)` of `band_energies`;  onsets  sorted seconds.

    For the strokes of a flam the energy before its first stroke is the reference, where it is lower: just before the second
    stroke the first is at its loudest. (The error analysis uses `broadband_energies`, the rise at all frequencies.)
    """
    if not len(energies):
        return [np.full(len(times), SOFTEST) for times in onsets]
    last = len(energies) - 1
    risen = []
    for column, times in zip(energies.T, onsets, strict=True):
        frames = np.clip(seconds_to_frames(times), 0, last)
        after = column[np.minimum(frames[:, None] + np.arange(_AFTER + 1), last)].max(axis=1, initial=0)
        begins = np.diff(frames, prepend=-_FLAM - 1) > _FLAM
        starts = np.stack([frames, np.maximum.accumulate(np.where(begins, frames, 0))]) - _BEFORE  # of the stroke, of its flam
        before = (column[np.maximum(starts, 0)] * (starts >= 0)).min(axis=0)  # silence precedes the recording
        risen.append(np.maximum(after - before, SOFTEST))
    return risen


def velocities(energies: np.ndarray, onsets: Onsets, among: Onsets | None = None) -> list[np.ndarray]:
    """Velocity of each onset, 20 to 127, class by class: int64 arrays. Arguments as for `onset_energies`.

    among  onsets whose loud ones set the scale of their class, where it has some; by default those of `onsets`.
    """
    found = []
    scales = onset_energies(energies, onsets if among is None else among)
    for risen, scale in zip(onset_energies(energies, onsets), scales, strict=True):
        loud = scale if len(scale) else risen
        reference = np.quantile(loud, LOUD_QUANTILE) if len(loud) else 1.0
        decibels = 20 * np.log10(risen / reference)
        found.append(np.clip(np.rint(LOUD * 10 ** (decibels / 40)), SOFTEST_VELOCITY, 127).astype(np.int64))
    return found


def broadband_energies(features: np.ndarray, onsets: Onsets) -> Onsets:
    """The rise of `(T, 84)` features at each onset, one float array for each class."""
    values = np.asarray(features, dtype=np.float32)
    energies = []
    for times in onsets:
        frames = seconds_to_frames(times)
        around = frames[:, None] + np.arange(-BEFORE, AFTER + 1)  # (n, 7)
        windows = values[around.clip(0, max(len(values) - 1, 0))] if len(values) else np.zeros((len(frames), 7, 84))
        rise = windows[:, BEFORE:].max(axis=1, initial=0) - windows[:, :BEFORE].min(axis=1, initial=np.inf)
        energies.append(np.maximum(rise, 0).sum(axis=1).astype(float))
    return energies
