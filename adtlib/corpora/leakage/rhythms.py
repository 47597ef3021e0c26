"""Finding the same performance by the times of its strokes, independently of its sound.

E-GMD has each performance on many kits, and a song may be recorded again: features differ, the times of the strokes do not. Eight
successive strokes, their classes and the times between them to 10 ms, make a hash; tracks that share several hashes at one offset
are compared stroke by stroke. A repeated machine beat fits many songs without being a copy: a match does not count if a performance
fits itself at another time as well as it fits the other. Short fills count only if they are equal from beginning to end.
"""

import numpy as np

from adtlib.audio.features import FPS
from adtlib.corpora.leakage.fingerprints import FingerprintIndex
from adtlib.corpora.store import Unit
from adtlib.onsets.frames import Onsets

STROKES = 8  # per hash
MIN_VOTES = 6  # different hashes at one offset: then two tracks are compared
MIN_SHARE = 0.8  # of the strokes of either track within their overlap
MIN_STROKES = 16  # within the overlap
MIN_OVERLAP = 0.5  # of the duration of the shorter track
TOLERANCE = 0.01  # seconds: no drummer repeats a performance so exactly
LOOP_MARGIN = 0.02  # by which two performances must agree more than either with itself later on
LOOP_LAGS = 64  # lags tried, the times from the first stroke to the next ones of its class
# No musical interval is a whole number of frames plus this, so equal intervals are always rounded in the same direction.
_OFF_THE_GRID = 0.4871


def rhythm_hashes(onsets: Onsets) -> tuple[np.ndarray, np.ndarray]:
    """(hashes uint64, frames of their first strokes int64) of onsets, in order of time; empty for fewer than eight strokes."""
    times, classes = _sorted_strokes(onsets)
    n = len(times) - STROKES + 1
    if n <= 0:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    code = classes[:n].astype(np.uint64)
    for step in range(1, STROKES):
        apart = _frames(times[step : step + n] - times[:n]).astype(np.uint64)
        code = (code * np.uint64(len(onsets)) + classes[step : step + n].astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        code = (code ^ (code >> np.uint64(32))) + apart
    return code, _frames(times[:n])


def _sorted_strokes(onsets: Onsets) -> tuple[np.ndarray, np.ndarray]:
    """(times, classes) of all strokes by time; strokes within a millisecond in the order of the classes."""
    times = np.concatenate(onsets)
    classes = np.repeat(np.arange(len(onsets)), [len(part) for part in onsets])
    order = np.lexsort((classes, np.round(times, 3)))
    return times[order], classes[order]


def _frames(seconds: np.ndarray) -> np.ndarray:
    return np.floor(seconds * FPS + _OFF_THE_GRID).astype(np.int64)


def shared_rhythms(units: list[Unit], groups: list[int]) -> list[tuple[int, int, float, float, float]]:
    """(i, j, offset, seconds, share) of units i < j of different groups with the same performance; `groups` numbers each unit.

    Of units of one group with exactly equal strokes only the first is compared with others, as E-GMD has a performance on 43 kits.
    offset is how many seconds later it is played in the first; share is that of agreeing strokes within the overlap.
    """
    found, kept, firsts = [], [], {}
    with FingerprintIndex(sum(unit.n_frames for unit in units)) as index:
        for number, unit in enumerate(units):
            hashes, frames = rhythm_hashes(unit.onsets)
            if len(hashes) + STROKES - 1 < MIN_STROKES:
                continue
            first = firsts.setdefault(hashes.tobytes(), {})
            if groups[number] in first:
                continue
            # Equal from beginning to end: a match unless it is a loop.
            found += [_equal(other, number, units) for other in first.values() if repetition(unit.onsets) < 1 - LOOP_MARGIN]
            first[groups[number]] = number
            index.add_hashes(hashes, frames, groups[number])
            kept.append(number)
        pairs = index.pairs(MIN_VOTES)
    known = {(i, j) for i, j, *_ in found}
    for a, b, offset, _ in pairs.tolist():
        i, j = kept[a], kept[b]
        if (i, j) not in known and (row := _compare(units[i].onsets, units[j].onsets, offset / FPS)):
            known.add((i, j))
            found.append((i, j, *row))
    return sorted(found)


def _equal(i: int, j: int, units: list[Unit]) -> tuple[int, int, float, float, float]:
    first, second = (np.concatenate(units[number].onsets) for number in (i, j))
    return i, j, float(first.min() - second.min()), float(np.ptp(first)), 1.0


def _compare(first: Onsets, second: Onsets, offset: float) -> tuple[float, float, float] | None:
    """(offset, seconds, share) of strokes that agree near `offset`; None if too few do, or if they are a loop."""
    offset = _refined(first, second, offset)
    moved = [times + offset for times in second]
    spans = [(np.concatenate(onsets).min(), np.concatenate(onsets).max()) for onsets in (first, moved)]
    start, end = max(low for low, _ in spans) - TOLERANCE, min(high for _, high in spans) + TOLERANCE
    if end - start < MIN_OVERLAP * min(high - low for low, high in spans):
        return None
    both = [[times[(times >= start) & (times <= end)] for times in onsets] for onsets in (first, moved)]
    if min(sum(map(len, onsets)) for onsets in both) < MIN_STROKES:
        return None
    share = min(_share(*both), _share(*both[::-1]))
    if share < MIN_SHARE or max(map(repetition, (*both, first, second))) > share - LOOP_MARGIN:
        return None
    return offset, float(end - start), share


def _refined(first: Onsets, second: Onsets, offset: float) -> float:
    """The offset to the millisecond: the median difference of strokes that lie within two frames of each other."""
    differences = [_differences(a, b + offset) for a, b in zip(first, second, strict=True)]
    near = np.concatenate([d[np.abs(d) <= 2 / FPS] for d in differences])
    return offset + (float(np.median(near)) if len(near) else 0.0)


def _differences(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """For each time of `a` its difference from the nearest of `b` (positive: later); inf if `b` is empty."""
    if not len(b):
        return np.full(len(a), np.inf)
    right = np.searchsorted(b, a).clip(max=len(b) - 1)
    left = (right - 1).clip(min=0)
    return np.where(np.abs(a - b[left]) < np.abs(a - b[right]), a - b[left], a - b[right])


def _share(first: Onsets, second: Onsets) -> float:
    """Share of the strokes of `first` that have one of their class in `second`."""
    near = [np.abs(_differences(a, b)) <= TOLERANCE for a, b in zip(first, second, strict=True)]
    return float(np.concatenate(near).mean())


def repetition(onsets: Onsets) -> float:
    """Share of the strokes that are repeated at the best of several lags, up to half the duration: 1 for a loop."""
    begin = np.concatenate(onsets).min()
    onsets = [times - begin for times in onsets]
    last, best = np.concatenate(onsets).max(), 0.0
    busiest = max(onsets, key=len)
    for lag in busiest[1 : LOOP_LAGS + 1] - busiest[0]:
        if lag > last / 2:
            break
        head = [times[times <= last - lag + TOLERANCE] for times in onsets]
        if sum(map(len, head)):
            best = max(best, _share(head, [times - lag for times in onsets]))
    return best
