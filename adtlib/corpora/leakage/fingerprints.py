"""Fingerprints of features, to find recordings of the same music at another offset, level or codec.

After the landmarks of Wang (2003) and the quads of Sonnleitner and Widmer (2016): spectral peaks, four of which make a hash of
their bands and the frames between them. A hash depends on neither time nor level, so a shifted or louder copy has the same hashes;
a codec or noise moves some peaks, and the hashes of the others remain. Features are `(T, 84)` at 100 frames a second; only the
order of their values matters, which a change of level does not alter.

Memory is bounded for any number of recordings: hashes are distributed over files by their bits, so that equal ones are in one file,
and each file is processed separately. Pairs of recordings are again distributed over files, by pair, and counted there.

For all corpora together one hash in nine is kept. Measured on songs of MDB Drums against sequences of 4 s cut from them, with
features computed differently: of 26 sequences all are found with every hash, 23 with one in nine; all four songs are found with
either. A corpus compared with itself, as in notebooks 21 to 25, keeps more of its hashes.
"""

import tempfile
from contextlib import ExitStack
from itertools import combinations
from pathlib import Path

import numpy as np

from adtlib import paths

PEAK_FRAMES, PEAK_BANDS = 8, 4  # a peak is the largest value within this many frames and bands on either side
LOUDEST = 0.5  # share of a recording's values below which no peaks are taken
FLOOR = 0.003  # log10(magnitude + 1): below is silence, or the noise of a codec
REACH = 127  # largest number of frames from the first peak of a hash to its last
STEP = 4  # frames: resolution of times, as the peaks of a copy whose frames lie between ours are one earlier or later
# The peaks after the first that make a hash: any three but the very next, so that a hash spans more than one stroke (two
# recordings of the same drum samples would share single ones); many combinations, so that a lost peak spoils only some.
FOLLOWING = tuple(combinations(range(2, 9), 3))
_TIME_BITS, _PART_BITS = 5, 12  # REACH // STEP < 32, and 84 bands < 128


def find_peaks(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(frames, bands) of the spectral peaks of `(T, 84)` features of 0 or more, both int64, in order of time; empty in silence."""
    # Float16 numbers of 0 or more have the order of their bits, and integers are compared many times faster.
    order = np.ascontiguousarray(features, dtype=np.float16).view(np.uint16)
    if not len(order):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    highest = _sliding_maximum(_sliding_maximum(order, PEAK_FRAMES, 0), PEAK_BANDS, 1)
    some = order[:: max(1, len(order) // 1_000)].ravel()  # the quantile need not be exact
    middle = int(LOUDEST * (len(some) - 1))
    floor = max(np.partition(some, middle)[middle], np.float16(FLOOR).view(np.uint16))
    return np.nonzero((order == highest) & (order > floor))


def _sliding_maximum(values: np.ndarray, reach: int, axis: int) -> np.ndarray:
    """The largest value within `reach` places on either side along an axis, by maxima of maxima, in few fast passes."""
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

    one_in  keep only one in this many of all possible hashes, the same in every recording: less storage, less reliable detection.
    """
    hashes, starts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    n = len(frames)
    parts, near = {}, {}  # for each step: band and time of the later peak in 12 bits; whether it is within reach
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
    """A number whose every bit depends on the whole hash, so that selecting by it prefers no bands or times."""
    code = (code ^ (code >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    return code ^ (code >> np.uint64(29))


ENTRY = np.dtype([("hash", "u8"), ("unit", "u4"), ("frame", "u4")])
MAX_ENTRIES = 300_000_000  # hashes stored, 4.8 GB on disk while it runs; with more frames a smaller share is kept
ENTRIES_A_FILE = 4_000_000  # some 300 MB of memory
HASHES_A_FRAME = 9  # measured on recorded music: 8 to 10
COMMON = 16  # a hash that occurs more often is ignored: it is the stroke of a kit in many recordings
_UNIT_BITS, _OFFSET_BITS = 19, 24
_MIDDLE = 1 << (_OFFSET_BITS - 1)


class FingerprintIndex:
    """Hashes of recordings, each in a group (a split of a corpus); `pairs` compares recordings of different groups only.

    A context manager that deletes its files, below `cache/`, at the end.
    """

    def __init__(self, n_frames: int):
        """An index for recordings of `n_frames` frames in all."""
        expected = n_frames * HASHES_A_FRAME
        self.one_in = max(1, -(-int(expected) // MAX_ENTRIES))
        self.n_files = max(1, round(expected / self.one_in / ENTRIES_A_FILE))
        self.groups: list[int] = []

    def __enter__(self):
        paths.CACHE.mkdir(parents=True, exist_ok=True)
        self._opened = ExitStack()
        folder = Path(self._opened.enter_context(tempfile.TemporaryDirectory(prefix="fingerprints-", dir=paths.CACHE)))
        self._files, self._key_files = (
            [self._opened.enter_context((folder / f"{kind}-{number}").open("w+b")) for number in range(self.n_files)]
            for kind in ("hashes", "keys")
        )
        return self

    def __exit__(self, *_):
        self._opened.close()

    def add(self, features: np.ndarray, group: int) -> None:
        """Add the next recording, `(T, 84)`; recordings are numbered from 0."""
        self.add_hashes(*hash_peaks(*find_peaks(features), self.one_in), group)

    def add_hashes(self, hashes: np.ndarray, frames: np.ndarray, group: int) -> None:
        """Add the next recording by its hashes (uint64) and their frames. ValueError for too many or too long recordings."""
        if len(self.groups) >= 1 << _UNIT_BITS or frames.max(initial=0) >= _MIDDLE:
            raise ValueError(f"recording {len(self.groups)}: at most 2^{_UNIT_BITS} recordings of at most 23 h can be compared")
        entries = np.empty(len(hashes), ENTRY)
        entries["hash"], entries["unit"], entries["frame"] = hashes, len(self.groups), frames
        self.groups.append(group)
        _deal(entries, entries["hash"], self._files)

    def pairs(self, min_votes: int, most: int = 1_000_000) -> np.ndarray:
        """`(n, 4)` int64: recordings a < b of different groups, offset, votes; sorted by a, b, and most votes first.

        The offset is the frame of a sound in a minus its frame in b. Votes are the different hashes that agree on it to a frame.
        At most `most` rows, those with the most votes.
        """
        groups = np.asarray(self.groups, dtype=np.int64)
        for file in self._files:
            keys = _shared(_content(file, ENTRY), groups)
            _deal(keys, (keys >> _OFFSET_BITS).astype(np.uint64), self._key_files)
        found = np.empty((0, 4), np.int64)
        for file in self._key_files:
            found = np.concatenate([found, _count(_content(file, np.int64), min_votes)])
            if len(found) > most:
                found = found[np.argsort(-found[:, 3], kind="stable")[:most]]
        return found[np.lexsort((-found[:, 3], found[:, 1], found[:, 0]))]


def _deal(records: np.ndarray, by: np.ndarray, files: list) -> None:
    """Append records to files, those with equal `by` (uint64) to the same one."""
    if len(files) == 1:
        files[0].write(records.tobytes())
        return
    # The higher bits of the product spread evenly over the files.
    place = ((by * np.uint64(0xD6E8FEB86659FD93)) >> np.uint64(40)) % np.uint64(len(files))
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(np.bincount(place.astype(np.int64), minlength=len(files)))
    for file, part in zip(files, np.split(records[order], ends[:-1]), strict=True):
        file.write(part.tobytes())


def _content(file, dtype) -> np.ndarray:
    file.flush()
    file.seek(0)
    return np.fromfile(file, dtype)


def _count(keys: np.ndarray, min_votes: int) -> np.ndarray:
    """Rows (a, b, offset, votes) of the keys of all hashes; an offset between two frames has votes on both."""
    keys, votes = np.unique(keys, return_counts=True)
    total = votes.copy()
    for step in (-1, 1):
        near = np.searchsorted(keys, keys + step).clip(max=max(len(keys) - 1, 0))
        total += np.where(keys[near] == keys + step, votes[near], 0)
    kept = total >= min_votes
    keys, total, votes = keys[kept], total[kept], votes[kept]
    order = np.argsort(-votes, kind="stable")  # of two such offsets the one with more votes first
    keys, total = keys[order], total[order]
    a, b = keys >> (_UNIT_BITS + _OFFSET_BITS), (keys >> _OFFSET_BITS) & ((1 << _UNIT_BITS) - 1)
    return np.column_stack([a, b, (keys & ((1 << _OFFSET_BITS) - 1)) - _MIDDLE, total])


def _shared(entries: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """A key (a, b, offset) for each hash that recordings of two groups share, once for each hash."""
    order = np.argsort(entries["hash"])
    hashes = entries["hash"][order]
    starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]])) if len(hashes) else np.empty(0, np.int64)
    times = np.diff(starts, append=len(hashes))
    # Most hashes occur once; only the others are compared.
    rare = np.repeat((times > 1) & (times <= COMMON), times)
    where = np.repeat(np.arange(len(starts)), times)[rare]
    hashes, order = hashes[rare], order[rare]
    units, frames = entries["unit"][order].astype(np.int64), entries["frame"][order].astype(np.int64)
    keys = [np.empty(0, np.int64)]
    owners = [np.empty(0, np.int64)]
    for step in range(1, COMMON):
        equal = np.flatnonzero(hashes[step:] == hashes[:-step])
        if not len(equal):
            break
        equal = equal[groups[units[equal]] != groups[units[equal + step]]]
        first, second = equal, equal + step
        swapped = units[first] > units[second]
        a, b = np.where(swapped, second, first), np.where(swapped, first, second)
        key = (units[a] << (_UNIT_BITS + _OFFSET_BITS)) | (units[b] << _OFFSET_BITS) | (frames[a] - frames[b] + _MIDDLE)
        keys.append(key)
        owners.append(where[first])
    keys, owners = np.concatenate(keys), np.concatenate(owners)
    # A hash that is repeated in a loop votes once for each offset.
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    new = np.ones(len(keys), bool)
    new[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    return keys[new]
