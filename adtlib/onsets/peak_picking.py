"""From activation functions to onsets (thesis 2.4.3; Böck et al. 2012, parameters of Vogl et al. 2018).

Activations are `(T, 5)` in [0, 1], 100 frames a second. Frame n is an onset where all of these hold:

    y[n] = max(y[n - m], ..., y[n + m])
    y[n] >= mean(y[n - a], ..., y[n + a]) + delta
    y[n] >= threshold
    n >= last onset + w

Windows include both ends and are cut off at the edges of the recording; the first frame of a plateau is the peak.

The finished thesis's code differs in three ways, each available as an option: it requires n > last + w (`strict_wait`; onsets
20 ms apart merge) and y > threshold (`strict_threshold`; differs only where an activation equals the threshold), and it loses
peaks in the first two frames of a sequence (`skip_first=2`).

Beyond the thesis, of two onsets of a class within `double` frames the weaker is dropped unless both activations reach `strong`:
networks tend to hear one stroke twice, at its attack and in what rings on, while both strokes of flams and rolls are heard clearly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np

from adtlib.audio.features import FPS
from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import CLASSES

LONGEST = 100  # frames of a window to one side: a second; memory grows with it


@dataclass(frozen=True)
class PeakPicking:
    """Parameters in frames of 10 ms; the defaults are those of the thesis."""

    max_window: int = 2
    mean_window: int = 2
    delta: float = 0.1
    wait: int = 2
    threshold: float | tuple[float, ...] = 0.5  # one for all classes, or one for each class
    strict_wait: bool = False
    strict_threshold: bool = False
    skip_first: int = 0
    double: int = 0  # 0: none is dropped
    strong: float = 0.85

    def __post_init__(self):
        endless = dict.fromkeys(("wait", "skip_first", "double"), math.inf)
        for name, most in {"max_window": LONGEST, "mean_window": LONGEST, **endless}.items():
            value = getattr(self, name)
            if not _is_number(value) or not 0 <= value <= most or value != int(value):
                reach = f"0 to {most}" if most < math.inf else "0 or more"
                raise ValueError(f"{name} = {value!r}: it must be a whole number of frames, {reach}")
        if not _is_number(self.delta):
            raise ValueError(f"delta = {self.delta!r}: it must be a number")
        if isinstance(self.threshold, list):
            object.__setattr__(self, "threshold", tuple(self.threshold))  # JSON has lists only
        if isinstance(self.threshold, tuple) and len(self.threshold) != len(CLASSES):
            raise ValueError(f"{len(self.threshold)} thresholds: give one, or one for each of {', '.join(CLASSES)}")
        values = self.threshold if isinstance(self.threshold, tuple) else (self.threshold,)
        if not all(_is_number(value) and 0 <= value <= 1 for value in values):
            raise ValueError(f"threshold = {self.threshold}: activations lie in [0, 1]")
        if not _is_number(self.strong) or not 0 <= self.strong <= 1:
            raise ValueError(f"strong = {self.strong!r}: activations lie in [0, 1]")
        for name in ("strict_wait", "strict_threshold"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} = {getattr(self, name)!r}: it must be true or false")


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def pick_peaks(activations: np.ndarray, config: PeakPicking = PeakPicking()) -> Onsets:
    """Onsets of each class: a list of five sorted float64 arrays of seconds.

    activations  `(T, 5)` in [0, 1]; T may be 0.

    Raises ValueError for other shapes and for NaN.
    """
    activations = np.asarray(activations)
    if activations.ndim != 2 or activations.shape[1] != len(CLASSES):
        raise ValueError(f"activations of shape {activations.shape}: expected (T, {len(CLASSES)})")
    if np.isnan(activations).any():
        raise ValueError("activations hold NaN: did the training diverge?")
    found = [_wait(frames, config) for frames in _candidates(activations, config)]
    if config.double:
        found = [_without_doubles(frames, column[frames], config) for frames, column in zip(found, activations.T, strict=True)]
    return [frames / FPS for frames in found]


def _candidates(y: np.ndarray, config: PeakPicking) -> list[np.ndarray]:
    """Frames of each class that meet the conditions that do not depend on earlier onsets."""
    length, m, a = len(y), config.max_window, config.mean_window
    reach = max(m, a, 1)
    # One row a class, with room for the windows of the first and the last frame: what is beside a frame is beside it in `values`.
    padded = np.full((len(CLASSES), length + 2 * reach), -np.inf, dtype=y.dtype)
    edges = padded[:, :reach], padded[:, reach + length :]
    padded[:, reach : reach + length] = y.T
    values = padded.ravel()
    threshold = np.broadcast_to(np.asarray(config.threshold, dtype=y.dtype), len(CLASSES))[:, None]
    peaks = padded > threshold if config.strict_threshold else padded >= threshold
    peaks[:, : reach + config.skip_first] = False
    # Each condition looks only at the frames that met those before it.
    at = np.flatnonzero(peaks)
    at = at[values[at] > values[at - 1]]
    for distance in range(1, m + 1):
        at = at[values[at] >= np.maximum(values[at - distance], values[at + distance])]
    for edge in edges:
        edge[:] = 0
    row, frames = np.divmod(at, padded.shape[1])
    frames -= reach
    # In float64: with a float32 mean, rounding would decide the cases that are exactly at delta.
    summed = sum(values[at + k].astype(np.float64) for k in range(-a, a + 1))
    width = np.minimum(frames + a, length - 1) - np.maximum(frames - a, 0) + 1
    kept = values[at] >= summed / width + config.delta
    return np.split(frames[kept], np.searchsorted(row[kept], np.arange(1, len(CLASSES))))


def _wait(frames: np.ndarray, config: PeakPicking) -> np.ndarray:
    """Drop peaks that follow an accepted one too closely."""
    distance = config.wait + config.strict_wait
    if len(frames) < 2 or np.diff(frames).min() >= distance:
        return frames
    kept, last = [], -np.inf
    for frame in frames.tolist():
        if frame >= last + distance:
            kept.append(frame)
            last = frame
    return np.asarray(kept, dtype=frames.dtype)


def _without_doubles(frames: np.ndarray, values: np.ndarray, config: PeakPicking) -> np.ndarray:
    """Of peaks within `double` frames of each other the strongest, and others only where both are strong."""
    kept: list[tuple[int, float]] = []
    for frame, value in zip(frames.tolist(), values.tolist(), strict=True):
        if not kept or frame - kept[-1][0] > config.double or min(value, kept[-1][1]) >= config.strong:
            kept.append((frame, value))
        elif value > kept[-1][1]:
            kept[-1] = (frame, value)
    return np.asarray([frame for frame, _ in kept], dtype=frames.dtype)


def thresholds_by_class(picking: PeakPicking) -> dict[str, float]:
    """The threshold of each class, also where there is one for all."""
    given = picking.threshold
    return dict(zip(CLASSES, given if isinstance(given, tuple) else [float(given)] * len(CLASSES), strict=True))


def with_thresholds(picking: PeakPicking, thresholds: float | Sequence[float] | Mapping[str, float]) -> PeakPicking:
    """Peak picking with other thresholds: one for all classes, five in the order of CLASSES, or some by class name.

    Raises ValueError for an unknown class, a wrong number of thresholds, or a threshold outside [0, 1].
    """
    if isinstance(thresholds, Mapping):
        if unknown := [name for name in thresholds if name not in CLASSES]:
            raise ValueError(f"{unknown[0]!r} is not a class: thresholds are for {', '.join(CLASSES)}")
        thresholds = thresholds_by_class(picking) | dict(thresholds)
        return replace(picking, threshold=tuple(float(thresholds[name]) for name in CLASSES))
    if isinstance(thresholds, int | float):
        return replace(picking, threshold=float(thresholds))
    return replace(picking, threshold=tuple(float(value) for value in thresholds))
