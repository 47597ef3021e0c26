"""Faults of annotations, made on purpose: how much do they cost who trains on them?

Each kind of fault can be had alone, and more of it contains what less of it did: with equal seeds, onsets that are missing at 5 %
are missing at 10 %, too, and an onset's shift grows in proportion. So degrees of one fault are compared on the same annotations.
"""

import numpy as np

from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import N_CLASSES


def with_faults(
    onsets: Onsets, seed: int, jitter: float = 0.0, missing: float = 0.0, wrong: float = 0.0, step: float = 0.0, first: float = 0.0
) -> Onsets:
    """Onsets, in seconds for each class, as a careless annotator might have written them; sorted, none before 0.

    seed     of this recording: others need other seeds.
    jitter   standard deviation of a shift of each onset, in seconds.
    missing  share of onsets that are left out.
    wrong    share of onsets that are given another class, each as likely.
    step     seconds between places of a grid on which onsets are put, such as a sixteenth; 0: none. It comes before the jitter.
    first    second of one place of the grid.

    Onsets of one class that fall on each other are one. ValueError for shares outside [0, 1], negative jitter or step.
    """
    if not (0 <= missing <= 1 and 0 <= wrong <= 1 and jitter >= 0 and step >= 0):
        raise ValueError(f"missing = {missing}, wrong = {wrong}: 0 to 1; jitter = {jitter}, step = {step} seconds: 0 or more")
    times = np.concatenate([np.asarray(times, dtype=np.float64) for times in onsets])
    classes = np.repeat(np.arange(N_CLASSES), [len(times) for times in onsets])
    rng = np.random.default_rng(seed)
    shifts, lost, mistaken = rng.standard_normal(len(times)), rng.random(len(times)), rng.random(len(times))
    others = rng.integers(1, N_CLASSES, len(times))
    if step:
        times = first + np.round((times - first) / step) * step
    times = np.maximum(times + jitter * shifts, 0.0)
    classes = np.where(mistaken < wrong, (classes + others) % N_CLASSES, classes)
    kept = lost >= missing
    return [np.unique(times[kept & (classes == index)]) for index in range(N_CLASSES)]
