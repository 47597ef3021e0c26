"""The level at which a recording is heard: as loud as music is mastered, whatever the level it was recorded at.

A network hears hi-hats vanish and cymbals appear where a recording is much softer than what it was trained on: at -20 dB a rock mix
lost a quarter of its F1. So the loud moments of each recording are brought to one peak level before features are made of it.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from adtlib.audio.features import SAMPLE_RATE

# Chosen on the seven songs of MDB Drums at hand: from -6 to -3 dB F1 is highest, on drums alone and on mixes.
LOUD_DB = -4.0  # of full scale: what the peaks of loud moments are brought to


LOUD_SHARE = 0.95  # of the moments that are no pauses lie below


MOST_DB = 60.0  # a recording softer still is the noise of its own digits


KEPT_SAMPLES = 20_000_000  # 80 MB, seven and a half minutes


_PAUSE_DB = -40.0  # below the loudest peak


_MOMENT = SAMPLE_RATE // 20  # samples


def hearing_gain(blocks: Iterable[np.ndarray]) -> float:
    """The factor for samples `(n,)` at 44.1 kHz, given in blocks of any lengths, that brings a recording to the common level.

    1 for silence, and for what would have to be raised by more than 60 dB.
    """
    peaks, rest = [np.zeros(0, dtype=np.float32)], np.zeros(0, dtype=np.float32)
    for block in blocks:
        samples = np.concatenate([rest, np.abs(block)])
        whole = len(samples) // _MOMENT * _MOMENT
        peaks.append(samples[:whole].reshape(-1, _MOMENT).max(axis=1))
        rest = samples[whole:]
    if len(rest):
        peaks.append(rest.max(keepdims=True))
    moments = np.concatenate(peaks)
    loudest = float(moments.max(initial=0.0))
    if loudest == 0:
        return 1.0
    loud = float(np.quantile(moments[moments >= loudest * 10 ** (_PAUSE_DB / 20)], LOUD_SHARE))
    gain = 10 ** (LOUD_DB / 20) / loud
    return gain if gain <= 10 ** (MOST_DB / 20) else 1.0


def at_hearing_level(make: Callable[[], Iterator[np.ndarray]]) -> Iterator[np.ndarray]:
    """The blocks that `make` gives, at the common level: read once for it and, where they are too long to be kept, once more."""
    kept, held, whole = [], 0, True

    def noted() -> Iterator[np.ndarray]:
        nonlocal held, whole
        for block in make():
            held += len(block)
            whole = whole and held <= KEPT_SAMPLES
            if whole:
                kept.append(block)
            else:
                kept.clear()
            yield block

    gain = np.float32(hearing_gain(noted()))
    for block in kept if whole else make():
        yield gain * block


PEAK = 0.95  # of what is written


# --- levels ------------------------------------------------------------------------------------------------------------


def levelled(make: Callable[[], Iterator[np.ndarray]], raise_to_peak: bool = False) -> Iterator[np.ndarray]:
    """Blocks scaled so that none clips: they are made twice, first to find the loudest sample.

    raise_to_peak  make soft ones louder too; else only what is too loud is changed.
    """
    loudest = max((float(np.abs(block).max(initial=0.0)) for block in make()), default=0.0)
    gain = PEAK / loudest if loudest > PEAK or (raise_to_peak and loudest > 0) else 1.0
    for block in make():
        yield block * np.float32(gain)
