"""Pitch, frequency and the mel filterbank (thesis, 2.3.7), for comparison with the logarithmic one in `features`.

A filterbank is `(n_bins, n_bands)`; a magnitude spectrogram `(T, n_bins)` times it gives `(T, n_bands)`. Frequencies are Hz.
"""

import re

import numpy as np
import pandas as pd

from adtlib.audio.features import FRAME_SIZE, MAX_FREQUENCY, MIN_FREQUENCY, N_BANDS, REFERENCE_FREQUENCY, SAMPLE_RATE

_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NOTE = re.compile(r"([A-G])([#b]?)(-?\d+)")


def note_frequency(note: str) -> float:
    """Frequency of a note of the equally tempered scale with A4 = 440 Hz: "A2", "F#5", "Bb1". Raises ValueError for other names."""
    match = _NOTE.fullmatch(note)
    if not match:
        raise ValueError(f"note {note!r}: expected a letter, an optional # or b, and an octave, as in F#5")
    semitone = _SEMITONES[match[1]] + {"": 0, "#": 1, "b": -1}[match[2]] + 12 * (int(match[3]) - 4)
    return float(REFERENCE_FREQUENCY * 2 ** ((semitone - _SEMITONES["A"]) / 12))


# --- the mel scale -----------------------------------------------------------------------------------------------------

_BREAK, _LINEAR = 1_000.0, 200 / 3  # Slaney: below 1 kHz 200/3 Hz a mel, above it a factor of 6.4 in 27 mels
_STEP = np.log(6.4) / 27


def _check_scale(scale: str) -> None:
    if scale not in ("htk", "slaney"):
        raise ValueError(f"mel scale {scale!r}: choose htk or slaney")


def hertz_to_mel(frequency, scale: str = "htk"):
    """Mels of frequencies, scalar or array.

    scale  "htk": 2595 log10(1 + f / 700) (O'Shaughnessy 1987), 1,000 mels at 1 kHz; "slaney": linear up to 1 kHz, logarithmic
           above (Slaney 1998), 15 mels at 1 kHz, librosa's default.
    """
    _check_scale(scale)
    frequency = np.asarray(frequency, dtype=float)
    if scale == "htk":
        return (2595.0 * np.log10(1.0 + frequency / 700.0))[()]
    above = _BREAK / _LINEAR + np.log(np.maximum(frequency, _BREAK) / _BREAK) / _STEP
    return np.where(frequency < _BREAK, frequency / _LINEAR, above)[()]


def mel_to_hertz(mel, scale: str = "htk"):
    """The inverse of `hertz_to_mel`."""
    _check_scale(scale)
    mel = np.asarray(mel, dtype=float)
    if scale == "htk":
        return (700.0 * (10.0 ** (mel / 2595.0) - 1.0))[()]
    above = _BREAK * np.exp(_STEP * np.maximum(mel - _BREAK / _LINEAR, 0.0))
    return np.where(mel < _BREAK / _LINEAR, mel * _LINEAR, above)[()]


def mel_filterbank(n_bands: int = N_BANDS) -> np.ndarray:
    """Triangles whose corners are evenly spaced in mels from 20 Hz to 20 kHz, each of unit area over frequency: `(1025, n_bands)`.

    Equal to librosa.filters.mel(htk=True, norm="slaney") times the width of a bin, so that a column sums to about 1, as in
    `features.log_filterbank`.
    """
    bins = np.arange(FRAME_SIZE // 2 + 1)[:, None] * SAMPLE_RATE / FRAME_SIZE  # (n_bins, 1)
    corners = _corners(n_bands)
    start, centre, stop = corners[:-2], corners[1:-1], corners[2:]
    triangles = np.minimum((bins - start) / (centre - start), (stop - bins) / (stop - centre))
    return np.maximum(triangles, 0.0) * 2 / (stop - start) * SAMPLE_RATE / FRAME_SIZE


def mel_centres() -> np.ndarray:
    """Peak frequencies of the 84 triangles of `mel_filterbank`: `(84,)` in Hz."""
    return _corners(N_BANDS)[1:-1]


def _corners(n_bands: int) -> np.ndarray:
    return mel_to_hertz(np.linspace(*hertz_to_mel([MIN_FREQUENCY, MAX_FREQUENCY]), n_bands + 2))


# --- comparing filterbanks ---------------------------------------------------------------------------------------------


def interval_table(intervals) -> pd.DataFrame:
    """Distances of pairs of notes in Hz, in mels and in semitones: one row for each pair."""
    rows = []
    for low, high in intervals:
        below, above = note_frequency(low), note_frequency(high)
        mels = hertz_to_mel(above) - hertz_to_mel(below)
        step = {"interval": f"{low} to {high}", "from_hz": below, "to_hz": above, "hz": above - below, "mels": mels}
        rows.append(step | {"semitones": 12 * np.log2(above / below)})
    return pd.DataFrame(rows)


def share_of_bands(centres: dict[str, np.ndarray], ranges: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """Percentage of the bands whose centre lies in each range of Hz: one row for each range, one column for each filterbank."""
    shares = {
        name: [100 * np.mean((values >= low) & (values < high)) for low, high in ranges.values()]
        for name, values in centres.items()
    }
    return pd.DataFrame(shares, index=list(ranges))


def unfilter(filtered: np.ndarray, filterbank: np.ndarray) -> np.ndarray:
    """Magnitudes `(T, n_bins)` estimated from the bands `(T, n_bands)`: least squares, negative values set to 0."""
    return np.maximum(filtered @ np.linalg.pinv(filterbank), 0.0)
