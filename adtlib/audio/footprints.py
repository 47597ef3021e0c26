"""The audible footprint of a stroke: its range of frequencies and its duration (thesis 2.2)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from adtlib.audio.features import FRAME_SIZE, SAMPLE_RATE
from adtlib.vocabulary import CLASSES, GENERAL_MIDI, INSTRUMENTS

_HOP = 128  # samples: finer than the hop of the features, for display
_QUIET = 1e-12


def spectrum_levels(waveform: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spectrogram of 2,048 samples with a Hann window: seconds `(T,)`, frequencies `(1025,)` in Hz, levels `(T, 1025)` in dB.

    Frame t is centred on sample 128 t. 0 dB is a magnitude of 1; the caller chooses the reference.
    """
    padded = np.pad(np.asarray(waveform, dtype=np.float64), FRAME_SIZE // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SIZE)[::_HOP]
    magnitude = np.abs(np.fft.rfft(frames * np.hanning(FRAME_SIZE), axis=1))
    times = np.arange(len(frames)) * _HOP / SAMPLE_RATE
    return times, np.fft.rfftfreq(FRAME_SIZE, 1 / SAMPLE_RATE), 20 * np.log10(magnitude + _QUIET)


def footprint_table(strokes: Mapping[int, np.ndarray], lead_in: float = 0.0) -> pd.DataFrame:
    """One row for each stroke. Columns: instrument, class, peak_db (relative to the loudest stroke), low_hz and high_hz (the
    middle 80 % of its energy lies between them), strongest_hz, ms_to_20_db (after which it stays 20 dB below its highest level).

    strokes  waveforms `(n,)` at 44.1 kHz by General MIDI pitch, each struck after `lead_in` seconds.
    """
    loudest = max(np.abs(waveform).max() for waveform in strokes.values())
    rows = []
    for pitch, waveform in strokes.items():
        power = np.abs(np.fft.rfft(waveform.astype(np.float64))) ** 2
        frequencies = np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE)
        share = np.cumsum(power) / power.sum()
        low, high = frequencies[np.searchsorted(share, [0.1, 0.9])]
        window = round(0.01 * SAMPLE_RATE)
        level = np.sqrt(np.convolve(waveform.astype(np.float64) ** 2, np.full(window, 1 / window), mode="same"))
        loud = np.flatnonzero(level > level.max() / 10)
        decay = (loud[-1] / SAMPLE_RATE - lead_in) * 1000
        index = GENERAL_MIDI.class_index(pitch)
        label = "" if index is None else CLASSES[index]
        level_db = 20 * np.log10(np.abs(waveform).max() / loudest)
        rows.append((INSTRUMENTS[pitch], label, level_db, low, high, frequencies[power.argmax()], decay))
    return pd.DataFrame(rows, columns=["instrument", "class", "peak_db", "low_hz", "high_hz", "strongest_hz", "ms_to_20_db"])
