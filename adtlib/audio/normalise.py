"""Loudness normalisation: recordings are scaled to the level of mastered music, whatever level they were recorded at.

In a recording much softer than the training data a network misses hi-hats and finds cymbals that are not there: at -20 dB a rock
mix lost a quarter of its F1. So the loud parts of each recording are scaled to one peak level before its features are computed.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from adtlib.audio.defects import CLICK_SECONDS, RUMBLE_HZ, clicks_in_words, repaired, without_rumble
from adtlib.audio.features import SAMPLE_RATE

# Chosen on the seven available songs of MDB Drums: from -6 to -3 dB F1 is highest, on drums alone and on mixes.
LOUD_DB = -4.0  # of full scale: target level of the peaks of loud windows
LOUD_QUANTILE = 0.95  # of the peaks of all windows that are not pauses
MAX_GAIN_DB = 60.0  # a recording that needs more contains only quantisation noise
KEPT_SAMPLES = 20_000_000  # 80 MB, seven and a half minutes
PEAK = 0.95  # of sound files that are written
_PAUSE_DB = -40.0  # relative to the loudest peak
_WINDOW = SAMPLE_RATE // 20  # samples
# Events that do not count: at most three, of half a second or 1 % of the recording, 26 dB above the rest, which is four times as
# long.
_EVENTS, _EVENT_WINDOWS, _EVENT_SHARE, _REST = 3, 10, 0.01, 4
_FAR_BELOW, _GAP = 0.1, 0.05  # 20 and 26 dB
_MOVING = 1.3  # the loud windows of music exceed its middle by more; those of steady noise by 1.14
_RUMBLE = 0.1  # share of the level


def loudness_gain(blocks: Iterable[np.ndarray]) -> float:
    """Factor that scales a recording to the common level. The blocks hold samples `(n,)` at 44.1 kHz and may have any lengths.

    1 for silence, and for recordings that would need a gain of more than 60 dB. Up to three short events that are 26 dB louder than
    all the rest do not count if the rest is music, nor do clicks.
    """
    return _Measured(blocks).gain


class _Measured:
    """What one pass through a recording finds of each window: its peak, its mean, and whether the peak is a click."""

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        found, rest = [np.zeros((3, 0), dtype=np.float32)], np.zeros(0, dtype=np.float32)
        for block in blocks:
            samples = np.concatenate([rest, block])
            whole = len(samples) // _WINDOW * _WINDOW
            found.append(_windows(samples[:whole].reshape(-1, _WINDOW)))
            rest = samples[whole:]
        if len(rest):
            found.append(_windows(rest[None]))
        self._levels, self._means, narrow = np.concatenate(found, axis=1)
        self._levels = _without_clicks(self._levels, narrow > 0)

    @property
    def gain(self) -> float:
        loud = _loud(_without_events(self._levels))
        gain = 10 ** (LOUD_DB / 20) / loud if loud else 1.0
        return gain if gain <= 10 ** (MAX_GAIN_DB / 20) else 1.0

    @property
    def rumbles(self) -> bool:
        """Whether an offset or what is below hearing makes up much of the level. Means of windows hold what is below 20 Hz."""
        return len(self._means) > 0 and float(np.median(np.abs(self._means))) > _RUMBLE * _loud(self._levels)


def _windows(windows: np.ndarray) -> np.ndarray:
    """`(3, n)` of windows `(n, samples)`: the peak, the mean, and 1 where only a click of 2 ms at most comes near the peak."""
    absolute, each = np.abs(windows), np.full(windows.shape[1], 1 / windows.shape[1], dtype=np.float32)
    peaks = absolute.max(axis=1)
    narrow = absolute @ each < _FAR_BELOW * peaks  # nearly all others are seen by their mean not to be
    near = np.count_nonzero(absolute[narrow] > _FAR_BELOW * peaks[narrow, None], axis=1)
    narrow[narrow] = near <= CLICK_SECONDS * SAMPLE_RATE
    return np.stack([peaks, windows @ each, narrow]).astype(np.float32)


def _loud(levels: np.ndarray) -> float:
    """The peak level of loud windows, 0 for silence."""
    loudest = float(levels.max(initial=0.0))
    return float(np.quantile(levels[levels >= loudest * 10 ** (_PAUSE_DB / 20)], LOUD_QUANTILE)) if loudest else 0.0


def _without_clicks(levels: np.ndarray, narrow: np.ndarray) -> np.ndarray:
    """The levels of windows; of those with a click far above the windows around and the loud ones, the level around it."""
    others = np.where(narrow, np.float32(0), levels)  # many clicks may lie close to each other
    loud = _loud(others)
    if loud == 0 or not np.any(narrow):
        return levels
    around = np.max([np.pad(others, 2)[shift : shift + len(levels)] for shift in (0, 1, 3, 4)], axis=0)
    clicks = narrow & (around < _FAR_BELOW * levels) & (loud < _GAP * levels)
    return np.where(clicks, around, levels)


def _without_events(levels: np.ndarray) -> np.ndarray:
    """The levels of windows without those of a few short events, such as a door or a plug, far above music that is soft."""
    for _ in range(_EVENTS):
        if (loudest := float(levels.max(initial=0.0))) == 0:
            break
        events = levels >= loudest * _FAR_BELOW
        fading = _with_decays(events, levels)
        rest = levels[~fading]
        softer = float(rest.max(initial=0.0))
        music = rest[(rest > 0) & (rest >= softer * _FAR_BELOW)]
        few = np.count_nonzero(events) <= max(_EVENT_WINDOWS, _EVENT_SHARE * len(levels))
        few &= len(_runs(events)) <= _EVENTS and _REST * np.count_nonzero(events) <= len(music)
        # What does not move is noise between strokes.
        if not few or not len(music) or softer > _GAP * loudest or np.quantile(music, LOUD_QUANTILE) < _MOVING * np.median(music):
            break
        levels = np.where(fading, np.float32(0), levels)
    return levels


def _runs(mask: np.ndarray) -> np.ndarray:
    """`(n, 2)`: first and last index of each run of true values."""
    edges = np.diff(np.concatenate([[0], mask, [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1], axis=1)


def _with_decays(events: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The events with the window before each, and those after it as long as they grow softer, two at least."""
    fading = events.copy()
    if len(runs := _runs(events)) > _EVENTS:
        return fading
    for first, last in runs:
        end = last + 2
        while end + 1 < len(levels) and levels[end + 1] < levels[end]:
            end += 1
        fading[max(0, first - 1) : end + 1] = True
    return fading


def normalised(make: Callable[[], Iterator[np.ndarray]], name: str = "the recording") -> Iterator[np.ndarray]:
    """The blocks of `make()` at the common level: read once to measure it, and again if longer than KEPT_SAMPLES.

    Rumble below hearing that would decide the level is removed, and clicks far above the music; a warning that begins with
    `name` tells of both.
    """
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

    def blocks() -> Iterator[np.ndarray]:
        again = kept if all_kept else make()
        return without_rumble(again) if rumbles else iter(again)

    measured = _Measured(keeping())
    if rumbles := measured.rumbles:
        measured = _Measured(blocks())
        warnings.warn(
            f"{name}: rumble below {RUMBLE_HZ:.0f} Hz, or an offset, is louder than the music allows: removed", stacklevel=2
        )
    gain, begin, clicks = np.float32(measured.gain), 0, []
    for block in blocks():
        block, found = repaired(gain * block, SAMPLE_RATE)
        # Where it ends, a resampled offset leaves one.
        clicks += [(begin + sample) / SAMPLE_RATE for sample in found if begin + sample < n_samples - _WINDOW or not rumbles]
        begin += len(block)
        yield block
    if clicks:
        warnings.warn(f"{name}: {clicks_in_words(clicks)}", stacklevel=2)


def scaled_to_peak(make: Callable[[], Iterator[np.ndarray]], raise_to_peak: bool = False) -> Iterator[np.ndarray]:
    """The blocks of `make()` scaled so that their peak is at most PEAK. They are made twice, first to find the loudest sample.

    raise_to_peak  scale softer sounds up to PEAK, too.
    """
    loudest = max((float(np.abs(block).max(initial=0.0)) for block in make()), default=0.0)
    gain = PEAK / loudest if loudest > PEAK or (raise_to_peak and loudest > 0) else 1.0
    for block in make():
        yield block * np.float32(gain)
