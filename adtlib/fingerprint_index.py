"""Which recordings of different groups share fingerprints, and at which offset: for any number of them in bounded memory.

Hashes of all recordings go to files, sorted apart by their bits, so that equal ones meet in one file; each file is then taken by
itself. What two recordings share goes to files again, sorted apart by the two, and is counted there.

At the size of all corpora together one hash in nine is kept. Measured on songs of MDB Drums against sequences of 4 s made of them
with features computed otherwise: of 26 sequences all are found with every hash, 23 with one in nine; of the four songs all, both
ways. A corpus compared by itself, as in notebooks 21 to 25, keeps more of its hashes.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.fingerprints import find_peaks, hash_peaks

ENTRY = np.dtype([("hash", "u8"), ("unit", "u4"), ("frame", "u4")])
MAX_ENTRIES = 300_000_000  # hashes stored, 4.8 GB on disk while it runs: of more frames fewer of the hashes are kept
ENTRIES_A_FILE = 4_000_000  # some 300 MB of memory
HASHES_A_FRAME = 9  # measured on recorded music: 8 to 10
COMMON = 16  # a hash that occurs more often tells nothing: the sound of one stroke of a kit that many recordings have
_UNIT_BITS, _OFFSET_BITS = 19, 24
_MIDDLE = 1 << (_OFFSET_BITS - 1)


class FingerprintIndex:
    """Hashes of recordings, each of a group (a split of a corpus); `pairs` compares recordings of different groups only.

    A context manager: its files, below `cache/`, go with it.
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
        """Take in the next recording, `(T, 84)`; recordings are numbered from 0."""
        self.add_hashes(*hash_peaks(*find_peaks(features), self.one_in), group)

    def add_hashes(self, hashes: np.ndarray, frames: np.ndarray, group: int) -> None:
        """Take in the next recording by its hashes (uint64) and their frames. ValueError for too many or too long ones."""
        if len(self.groups) >= 1 << _UNIT_BITS or frames.max(initial=0) >= _MIDDLE:
            raise ValueError(f"recording {len(self.groups)}: at most 2^{_UNIT_BITS} recordings of at most 23 h can be compared")
        entries = np.empty(len(hashes), ENTRY)
        entries["hash"], entries["unit"], entries["frame"] = hashes, len(self.groups), frames
        self.groups.append(group)
        _deal(entries, entries["hash"], self._files)

    def pairs(self, min_votes: int, most: int = 1_000_000) -> np.ndarray:
        """`(n, 4)` int64: recordings a < b of different groups, offset, votes; sorted by a, b, and most votes first.

        The offset is the frame in a minus that in b of the same sound. Votes are the different hashes that agree on it, to a frame.
        Of more than `most` rows those with most votes are given.
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
    # The higher bits of a product spread over the files, however the numbers lie.
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
    """Rows (a, b, offset, votes) of the keys of all hashes; an offset that lies between two frames has votes on both."""
    keys, votes = np.unique(keys, return_counts=True)
    total = votes.copy()
    for step in (-1, 1):
        near = np.searchsorted(keys, keys + step).clip(max=max(len(keys) - 1, 0))
        total += np.where(keys[near] == keys + step, votes[near], 0)
    kept = total >= min_votes
    keys, total, votes = keys[kept], total[kept], votes[kept]
    order = np.argsort(-votes, kind="stable")  # of two such offsets the fuller one first
    keys, total = keys[order], total[order]
    a, b = keys >> (_UNIT_BITS + _OFFSET_BITS), (keys >> _OFFSET_BITS) & ((1 << _UNIT_BITS) - 1)
    return np.column_stack([a, b, (keys & ((1 << _OFFSET_BITS) - 1)) - _MIDDLE, total])


def _shared(entries: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """A key (a, b, offset) for each hash that recordings of two groups share, once for each hash."""
    order = np.argsort(entries["hash"])
    hashes = entries["hash"][order]
    starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]])) if len(hashes) else np.empty(0, np.int64)
    times = np.diff(starts, append=len(hashes))
    # Most hashes occur once: only the others are looked at further.
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
    # A hash that comes again and again in a loop votes once for each offset.
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    new = np.ones(len(keys), bool)
    new[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    return keys[new]
