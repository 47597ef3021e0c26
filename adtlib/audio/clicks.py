"""Clicks at onsets, one pitch for each class: for hearing whether onsets are where they belong."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.fourier import damped_tone
from adtlib.audio.playback import LISTEN_RATE
from adtlib.vocabulary import CLASSES


def clicks_at(onset_times: np.ndarray, frequency: float, seconds: float, peak: float = 0.45) -> np.ndarray:
    """A short click, a damped tone of `frequency` Hz, at each onset: `(round(seconds * 44100),)` float64."""
    sound = np.zeros(round(seconds * SAMPLE_RATE))
    click = peak * damped_tone(np.arange(round(0.04 * SAMPLE_RATE)) / SAMPLE_RATE, frequency, 0.006)
    for start in np.rint(np.asarray(onset_times) * SAMPLE_RATE).astype(int):
        if 0 <= start < len(sound):
            sound[start : start + len(click)] += click[: len(sound) - start]
    return sound


def add(stem: np.ndarray, waveform: np.ndarray, start: int, gain: float) -> None:
    """Add a waveform at a sample of the stem; what lies outside is lost."""
    if start < 0:
        waveform, start = waveform[-start:], 0
    part = stem[start : start + len(waveform)]
    part += np.float32(gain) * waveform[: len(part)]


CLICK_FREQUENCIES = dict(zip(CLASSES, (220.0, 440.0, 660.0, 1_760.0, 2_640.0), strict=True))  # Hz, deep to bright


# --- listening ---------------------------------------------------------------------------------------------------------


def click_track(onsets: Sequence[np.ndarray], seconds: float, sample_rate: int = LISTEN_RATE) -> np.ndarray:
    """A short tone at each onset, deep for the kick, bright for the cymbals: mono float32 in [-1, 1]."""
    waveform = np.zeros(round(seconds * sample_rate), dtype=np.float32)
    t = np.arange(round(0.05 * sample_rate)) / sample_rate
    for frequency, times in zip(CLICK_FREQUENCIES.values(), onsets, strict=True):
        click = (np.sin(2 * np.pi * frequency * t) * np.exp(-t / 0.012)).astype(np.float32)
        for time in np.asarray(times):
            first = round(float(time) * sample_rate)
            if 0 <= first < len(waveform):
                part = waveform[first : first + len(click)]
                part += click[: len(part)]
    return waveform / max(1.0, float(np.abs(waveform).max(initial=0.0)))


_CLICK, _UNDER = 0.35, 0.7  # peak of a click; gain of the recording below the clicks


Struck = tuple[float, str, int]  # seconds, class, velocity


# --- clicks ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _click(name: str) -> np.ndarray:
    """40 ms of a damped tone, its first sample at the onset."""
    time = np.arange(round(0.04 * SAMPLE_RATE)) / SAMPLE_RATE
    frequency = CLICK_FREQUENCIES[name]
    tone = np.sin(2 * np.pi * frequency * time) * np.exp(-time / 0.008)
    return (_CLICK * tone / np.abs(tone).max()).astype(np.float32)


def with_clicks(blocks: Iterable[np.ndarray], struck: Sequence[Struck]) -> Iterator[np.ndarray]:
    """Blocks of a recording at 44.1 kHz, softer, with a click at each onset, of another pitch for each class."""
    starts = np.array([round(seconds * SAMPLE_RATE) for seconds, _, _ in struck], dtype=np.int64)
    begin, longest = 0, round(0.04 * SAMPLE_RATE)
    for block in blocks:
        mixed = block * np.float32(_UNDER)
        end = begin + len(block)
        for index in range(*np.searchsorted(starts, (begin - longest, end))):
            add(mixed, _click(struck[index][1]), int(starts[index]) - begin, gain=1.0)
        begin = end
        yield mixed
