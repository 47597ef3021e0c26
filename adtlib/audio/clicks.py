"""Clicks at onsets, one pitch for each class: they make it audible whether onsets are placed correctly."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.fourier import damped_tone
from adtlib.audio.mixing import place
from adtlib.vocabulary import CLASSES

CLICK_FREQUENCIES = dict(zip(CLASSES, (220.0, 440.0, 660.0, 1_760.0, 2_640.0), strict=True))  # Hz, rising from kick to cymbal
CLICK_SECONDS, _DECAY = 0.04, 0.008
_CLICK_PEAK, _RECORDING_PEAK = 0.35, 0.7  # in `with_clicks`
_QUIET, _LARGEST_GAIN = 0.25, 100.0  # recordings whose peak is lower are raised, by 40 dB at most

DrumEvent = tuple[float, str, int]  # seconds, class, velocity


@lru_cache(maxsize=32)
def click(frequency: float, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """40 ms of a damped tone whose first sample is at the onset: mono float32, peak 1."""
    tone = damped_tone(np.arange(round(CLICK_SECONDS * sample_rate)) / sample_rate, frequency, _DECAY)
    return (tone / np.abs(tone).max()).astype(np.float32)


def click_track(
    onsets: Sequence[np.ndarray],
    seconds: float,
    sample_rate: int = SAMPLE_RATE,
    frequencies: Iterable[float] = tuple(CLICK_FREQUENCIES.values()),
) -> np.ndarray:
    """Clicks alone: mono float32 `(round(seconds * sample_rate),)` in [-1, 1].

    onsets       arrays of seconds, one for each frequency.
    frequencies  in Hz; by default those of the five classes.
    """
    waveform = np.zeros(round(seconds * sample_rate), dtype=np.float32)
    for frequency, times in zip(frequencies, onsets, strict=True):
        for start in np.rint(np.asarray(times) * sample_rate).astype(int):
            place(click(frequency, sample_rate), waveform, start)
    return waveform / max(1.0, float(np.abs(waveform).max(initial=0.0)))


def with_clicks(blocks: Iterable[np.ndarray], events: Sequence[DrumEvent], peak: float = 1.0) -> Iterator[np.ndarray]:
    """Blocks of a recording at 44.1 kHz, attenuated, with a click at each onset, in the pitch of its class.

    peak  the recording's highest sample: where it is quiet or above full scale, it is brought to full scale first, so that neither
          the clicks nor the recording are drowned.
    """
    gain = _RECORDING_PEAK * (1.0 if _QUIET <= peak <= 1 else min(1 / max(peak, 1e-9), _LARGEST_GAIN))
    starts = np.array([round(seconds * SAMPLE_RATE) for seconds, _, _ in events], dtype=np.int64)
    begin, longest = 0, round(CLICK_SECONDS * SAMPLE_RATE)
    for block in blocks:
        mixed = block * np.float32(gain)
        end = begin + len(block)
        for index in range(*np.searchsorted(starts, (begin - longest, end))):
            place(click(CLICK_FREQUENCIES[events[index][1]]), mixed, int(starts[index]) - begin, _CLICK_PEAK)
        begin = end
        yield mixed
