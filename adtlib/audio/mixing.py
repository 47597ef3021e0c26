"""Putting sounds together: place one in another, measure a level, scale to a peak."""

import numpy as np


def place(waveform: np.ndarray, stem: np.ndarray, start: int, gain: float = 1.0) -> None:
    """Add `gain` times the waveform to the stem, in place, from sample `start` on; what lies outside the stem is cut off."""
    if start < 0:
        waveform, start = waveform[-start:], 0
    part = stem[start : start + len(waveform)]
    part += np.float32(gain) * waveform[: len(part)]


def rms(waveform: np.ndarray) -> float:
    """Root mean square over all samples and channels; 0 for an empty waveform."""
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))) if waveform.size else 0.0


def to_peak(waveform: np.ndarray, peak: float = 0.9) -> np.ndarray:
    """Scale to a peak level (at most 0.98, so that 16 bits never clip); silence stays silence."""
    loudest = float(np.max(np.abs(waveform), initial=0.0))
    return waveform if loudest == 0 else (waveform * np.float32(min(peak, 0.98) / loudest)).astype(np.float32)
