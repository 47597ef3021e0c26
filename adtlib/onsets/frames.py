"""Onsets in seconds and in frames: the frame grid, targets `(T, 5)` and their widening (thesis 5.2.1)."""

import numpy as np

from adtlib.audio.features import FPS
from adtlib.vocabulary import CLASSES

SEGMENT_FRAMES = 400  # of a training example: 4 s
LATEST = 360_000.0  # seconds, 100 hours: later onsets are damaged numbers

Onsets = list[np.ndarray]  # seconds, one sorted array for each class


def check_onsets(onsets: Onsets) -> None:
    """ValueError where onsets are not five arrays of finite times from 0 s to LATEST."""
    if len(onsets) != len(CLASSES):
        raise ValueError(f"onsets need {len(CLASSES)} arrays, one for each of {CLASSES}; got {len(onsets)}")
    for name, times in zip(CLASSES, onsets, strict=True):
        times = np.asarray(times, dtype=np.float64)
        if not np.all(np.isfinite(times)) or np.any(times < 0):
            raise ValueError(f"onset times of {name} have to be finite and not negative")
        if np.any(times > LATEST):
            raise ValueError(f"an onset of {name} at {times.max():.3g} s: onset times reach to {LATEST:,.0f} s")


# --- frames and targets ----------------------------------------------------------------------------------------------


def seconds_to_frames(seconds: np.ndarray) -> np.ndarray:
    """Frame nearest to each time, int64: round(seconds * FPS); a time halfway between two goes to the even one.

    Raises ValueError for times that are not finite or too large for the numbers of frames.
    """
    frames = np.rint(np.asarray(seconds, dtype=np.float64) * FPS)
    if not np.all(np.abs(frames) < 2.0**62):
        raise ValueError("times have to be finite, and below 1e16 seconds, to lie on frames")
    return frames.astype(np.int64)


def frames_to_seconds(frames: np.ndarray) -> np.ndarray:
    """Time of each frame in seconds, float64."""
    return np.asarray(frames, dtype=np.float64) / FPS


def frame_targets(onsets: Onsets, n_frames: int) -> np.ndarray:
    """Targets (n_frames, 5) float32: 1 in the frame of an onset, else 0.

    Onsets after the last frame are left out without a warning (preparing a corpus warns of annotations past the end of the
    audio). Raises ValueError for times that are negative or not finite.
    """
    check_onsets(onsets)
    targets = np.zeros((n_frames, len(CLASSES)), dtype=np.float32)
    for index, times in enumerate(onsets):
        frames = seconds_to_frames(times)
        targets[frames[frames < n_frames], index] = 1.0
    return targets


def widen_targets(targets: np.ndarray, neighbour: float = 0.5) -> np.ndarray:
    """Targets (..., T, 5) with `neighbour` in the frames beside each 1; no value is lowered.

    With widened targets a prediction that is off by one frame costs less (thesis, section 5; 0.5 in its code). Raises ValueError
    for a `neighbour` outside [0, 1].
    """
    if not 0 <= neighbour <= 1:
        raise ValueError(f"neighbour has to lie in [0, 1], got {neighbour}")
    targets = np.asarray(targets)
    onset = targets >= 1
    widened = targets.copy()
    widened[..., 1:, :][onset[..., :-1, :]] = np.maximum(widened[..., 1:, :][onset[..., :-1, :]], neighbour)
    widened[..., :-1, :][onset[..., 1:, :]] = np.maximum(widened[..., :-1, :][onset[..., 1:, :]], neighbour)
    return widened


def onsets_from_targets(targets: np.ndarray) -> Onsets:
    """Onsets of targets (T, 5), widened or not: the times of the frames with a 1, so quantised to frames."""
    targets = np.asarray(targets)
    if targets.ndim != 2 or targets.shape[1] != len(CLASSES):
        raise ValueError(f"targets need the shape (T, {len(CLASSES)}), got {targets.shape}")
    return [frames_to_seconds(np.flatnonzero(targets[:, index] >= 1)) for index in range(len(CLASSES))]
