"""Which strokes are heard in a mix, and which are masked by louder sounds.

A stroke is audible if, in some band, the energy that it adds to its drum is at most 12 dB below the energy of the mix. Bands are
about half an octave wide, similar to the ear's; the window of 46 ms is that of the features.
"""

import numpy as np

from adtlib.audio.features import FRAME_SIZE, SAMPLE_RATE

MASKED_DB = -12.0
_EDGES = np.array([30, 75, 120, 180, 250, 350, 500, 700, 1000, 1400, 2000, 2800, 4000, 5600, 8000, 11_000, 16_000])
_BINS = np.ceil(_EDGES * FRAME_SIZE / SAMPLE_RATE).astype(int)
_WINDOW = np.hanning(FRAME_SIZE).astype(np.float32)
_LEAD = 100  # samples from a stroke's time to the start of its window, which holds the attack and nothing before it
_QUIET = 1e-7  # energy that counts as silence


def band_energies(waveform: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Energy in each band of the 2,048 samples from each start: `(n, 16)`; outside the waveform is silence."""
    padded = np.pad(waveform, FRAME_SIZE)
    frames = padded[np.clip(starts + FRAME_SIZE, 0, len(waveform) + FRAME_SIZE)[:, None] + np.arange(FRAME_SIZE)]
    power = np.square(np.abs(np.fft.rfft(frames * _WINDOW, axis=1)))
    return np.add.reduceat(power[:, : _BINS[-1]], _BINS[:-1], axis=1)


def audible(stem: np.ndarray, mix: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Whether strokes at these times, of the drum that sounds alone in `stem`, are audible in `mix`: `(n,)` booleans.

    stem, mix  `(samples,)`; the stem at its level in the mix.
    """
    if not len(seconds):
        return np.zeros(0, dtype=bool)
    starts = np.rint(np.asarray(seconds) * SAMPLE_RATE).astype(int) + _LEAD
    added = band_energies(stem, starts) - band_energies(stem, starts - FRAME_SIZE)
    return (added > 10 ** (MASKED_DB / 10) * band_energies(mix, starts) + _QUIET).any(axis=1)
