"""Fingerprints of features: numbers by which a recording is known again at another offset, level or codec.

After the landmarks of Wang (2003) and the quads of Sonnleitner and Widmer (2016): spectral peaks, four of which make a hash of
their bands and the frames between them. A hash holds no time and no level, so a copy that is shifted or louder has the same ones;
a codec or noise moves some of the peaks, and the hashes of the others remain. Features are `(T, 84)` at 100 frames a second; of
their values only the order counts, which a change of level leaves as it is.
"""

from itertools import combinations

import numpy as np

PEAK_FRAMES, PEAK_BANDS = 8, 4  # a peak is the largest value within so many frames and bands to either side
LOUDEST = 0.5  # share of a recording's values below which no peaks are taken
FLOOR = 0.003  # log10(magnitude + 1): less is silence, or the noise of a codec
REACH = 127  # frames from the first peak of a hash to its last, at most
STEP = 4  # frames, to which times are known: a copy whose frames lie between ours has its peaks one earlier or later
# Which of the peaks that follow its first make a hash: any three but the very next, so that a hash spans more than one stroke
# (two recordings of the same drum samples would share those), and in many ways, so that a lost peak spoils some and not all.
FOLLOWING = tuple(combinations(range(2, 9), 3))
_TIME_BITS, _PART_BITS = 5, 12  # REACH // STEP < 32, and 84 bands < 128


def find_peaks(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(frames, bands) of the spectral peaks of `(T, 84)` features of 0 or more, both int64, in order of time; none in silence."""
    # Of numbers of 0 or more in float16 the order is that of their bits, and integers are compared many times faster.
    order = np.ascontiguousarray(features, dtype=np.float16).view(np.uint16)
    if not len(order):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    highest = _sliding_maximum(_sliding_maximum(order, PEAK_FRAMES, 0), PEAK_BANDS, 1)
    some = order[:: max(1, len(order) // 1_000)].ravel()  # the quantile need not be exact
    middle = int(LOUDEST * (len(some) - 1))
    floor = max(np.partition(some, middle)[middle], np.float16(FLOOR).view(np.uint16))
    return np.nonzero((order == highest) & (order > floor))


def _sliding_maximum(values: np.ndarray, reach: int, axis: int) -> np.ndarray:
    """The largest value within `reach` places to either side along an axis, by maxima of maxima: few and fast passes."""
    padding = [(0, 0), (0, 0)]
    padding[axis] = (reach, reach)
    found, width, target = np.pad(values, padding), 1, 2 * reach + 1
    while width < target:
        step = min(width, target - width)
        earlier = [slice(None), slice(None)]
        later = [slice(None), slice(None)]
        earlier[axis], later[axis] = slice(None, -step), slice(step, None)
        found = np.maximum(found[tuple(earlier)], found[tuple(later)])
        width += step
    return found


def hash_peaks(frames: np.ndarray, bands: np.ndarray, one_in: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(hashes uint64, frames of their first peaks int64) of peaks in order of time.

    one_in  keep of all possible hashes one in so many, the same ones in every recording: less to store, and found less surely.
    """
    hashes, starts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    n = len(frames)
    parts, near = {}, {}  # of each step: band and time of the later peak in 12 bits; whether it is within reach
    for step in sorted({step for steps in FOLLOWING for step in steps}):
        apart = frames[step:] - frames[: max(n - step, 0)]
        near[step] = apart <= REACH
        parts[step] = ((bands[step:] << _TIME_BITS) | (np.minimum(apart, REACH) // STEP)).astype(np.uint64)
    first = bands.astype(np.uint64) << np.uint64(3 * _PART_BITS)
    for i, j, k in FOLLOWING:
        within = np.flatnonzero(near[k])
        code = first[within]
        for place, step in enumerate((k, j, i)):
            code |= parts[step][within] << np.uint64(place * _PART_BITS)
        if one_in > 1:
            kept = _mixed(code) % np.uint64(one_in) == 0
            code, within = code[kept], within[kept]
        hashes.append(code)
        starts.append(frames[within])
    return np.concatenate(hashes), np.concatenate(starts)


def _mixed(code: np.ndarray) -> np.ndarray:
    """A number whose every bit depends on the whole hash, so that what is kept is no choice of bands or times."""
    code = (code ^ (code >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    return code ^ (code >> np.uint64(29))
