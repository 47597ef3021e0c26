"""Loudness normalisation: recordings are scaled to the level of mastered music, whatever level they were recorded at.

In a recording much softer than the training data a network misses hi-hats and finds cymbals that are not there: at -20 dB a rock
mix lost a quarter of its F1. So the loud parts of each recording are scaled to one peak level before its features are computed.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from adtlib.audio.features import SAMPLE_RATE

# Chosen on the seven available songs of MDB Drums: from -6 to -3 dB F1 is highest, on drums alone and on mixes.
LOUD_DB = -4.0  # of full scale: target level of the peaks of loud windows
LOUD_QUANTILE = 0.95  # of the peaks of all windows that are not pauses
MAX_GAIN_DB = 60.0  # a recording that needs more contains only quantisation noise
KEPT_SAMPLES = 20_000_000  # 80 MB, seven and a half minutes
PEAK = 0.95  # of sound files that are written
_PAUSE_DB = -40.0  # relative to the loudest peak
_WINDOW = SAMPLE_RATE // 20  # samples


def loudness_gain(blocks: Iterable[np.ndarray]) -> float:
    """Factor that scales a recording to the common level. The blocks hold samples `(n,)` at 44.1 kHz and may have any lengths.

    1 for silence, and for recordings that would need a gain of more than 60 dB.
    """
    peaks, rest = [np.zeros(0, dtype=np.float32)], np.zeros(0, dtype=np.float32)
    for block in blocks:
        samples = np.concatenate([rest, np.abs(block)])
        whole = len(samples) // _WINDOW * _WINDOW
        peaks.append(samples[:whole].reshape(-1, _WINDOW).max(axis=1))
        rest = samples[whole:]
    if len(rest):
        peaks.append(rest.max(keepdims=True))
    levels = np.concatenate(peaks)
    loudest = float(levels.max(initial=0.0))
    if loudest == 0:
        return 1.0
    loud = float(np.quantile(levels[levels >= loudest * 10 ** (_PAUSE_DB / 20)], LOUD_QUANTILE))
    gain = 10 ** (LOUD_DB / 20) / loud
    return gain if gain <= 10 ** (MAX_GAIN_DB / 20) else 1.0


def normalised(make: Callable[[], Iterator[np.ndarray]]) -> Iterator[np.ndarray]:
    """The blocks of `make()` at the common level: read once to measure it, and again if longer than KEPT_SAMPLES."""
    kept, n_samples, all_kept = [], 0, True

    def keeping() -> Iterator[np.ndarray]:
        nonlocal n_samples, all_kept
        for block in make():
            n_samples += len(block)
            all_kept = all_kept and n_samples <= KEPT_SAMPLES
            if all_kept:
                kept.append(block)
            else:
                kept.clear()
            yield block

    gain = np.float32(loudness_gain(keeping()))
    for block in kept if all_kept else make():
        yield gain * block


def scaled_to_peak(make: Callable[[], Iterator[np.ndarray]], raise_to_peak: bool = False) -> Iterator[np.ndarray]:
    """The blocks of `make()` scaled so that their peak is at most PEAK. They are made twice, first to find the loudest sample.

    raise_to_peak  scale softer sounds up to PEAK, too.
    """
    loudest = max((float(np.abs(block).max(initial=0.0)) for block in make()), default=0.0)
    gain = PEAK / loudest if loudest > PEAK or (raise_to_peak and loudest > 0) else 1.0
    for block in make():
        yield block * np.float32(gain)
