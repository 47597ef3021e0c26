"""Segments, of 400 frames, four seconds, unless stated otherwise: what training sees (thesis, 5.2.1).

They are gathered from the memory maps of prepared corpora, many at a time, and the same way whatever the corpus: tracks, sequences,
rendered clips.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import Dataset

from adtlib.audio.features import FPS, N_BANDS
from adtlib.corpora.store import Prepared
from adtlib.onsets.frames import SEGMENT_FRAMES, seconds_to_frames
from adtlib.vocabulary import KINDS, N_CLASSES

_FEW = 256  # onsets of a unit that are looked through at once; among more, those of a segment are searched for first

_BESIDE = np.array([[-1], [1]])  # the neighbours of an onset, which are 0.5 in widened targets: see `onsets.frames.widen_targets`


class Gathering:
    """Features and widened targets of any T frames, 400 by default, of the units of one or several corpora."""

    def __init__(self, prepared: list[Prepared], split: str, n_frames: int = SEGMENT_FRAMES, kinds: bool = False):
        """List the units; no features or onsets are read yet.

        n_frames  T
        kinds     whether kinds of strokes are targets, too: PreparedError where a corpus does not have them.
        """
        self.n_frames, self.kinds = n_frames, kinds
        self.tables = [corpus.table(split) for corpus in prepared]
        for table in self.tables if kinds else ():
            table.require_kinds()
        rows = [table.rows for table in self.tables]
        self.corpora = np.repeat(np.arange(len(rows)), [len(each) for each in rows])
        """The corpus of each unit, by its place in `prepared`."""
        self.frames, self._shards, self._starts, self._onset, self._onsets = (
            np.concatenate([each[name] for each in rows]) if rows else np.zeros(0, np.int64)
            for name in ("frames", "shard", "start", "onset", "onsets")
        )

    @property
    def without_drums(self) -> np.ndarray:
        """The units that have no onset."""
        return np.flatnonzero(self._onsets == 0)

    def gather(self, units: np.ndarray, firsts: np.ndarray) -> tuple[np.ndarray, ...]:
        """The T frames from frame `firsts[i]` on of unit `units[i]`, for all i at once.

        Returns `(B, T, 84)` features and `(B, T, 5)` widened targets, float32, and with kinds a third array, their widened
        targets `(B, T, K)` in the order of `vocabulary.KINDS`. What is beyond the end of a unit is silence: features 0, no onset.
        """
        length = self.n_frames
        features = torch.empty((len(units), length, N_BANDS))
        stored = np.empty((length, N_BANDS), dtype=np.float16)  # of one segment, which stays in the processor's cache
        as_tensor = torch.from_numpy(stored)
        begins = (self._starts[units] + firsts).tolist()
        sizes = np.minimum(self.frames[units] - firsts, length).tolist()
        places = zip(self.corpora[units].tolist(), self._shards[units].tolist(), begins, sizes, strict=True)
        for row, (corpus, shard, begin, size) in enumerate(places):
            stored[:size] = self.tables[corpus].shard(shard)[begin : begin + size]
            if size < length:
                stored[size:] = 0
            features[row] = as_tensor  # torch converts in a fifth of NumPy's time, to the same numbers
        return features.numpy(), *self.targets(units, firsts)

    def targets(self, units: np.ndarray, firsts: np.ndarray) -> list[np.ndarray]:
        """Widened targets of segments, as `gather` gives them. Onsets just outside widen into the edge frames."""
        length, corpora = self.n_frames, self.corpora[units]
        sizes = [N_CLASSES, len(KINDS)] if self.kinds else [N_CLASSES]
        targets = [np.zeros((len(units), length, size), dtype=np.float32) for size in sizes]
        for corpus, table in enumerate(self.tables):
            mine = np.flatnonzero(corpora == corpus)
            times, classes = table.onsets
            labels = [classes, table.kinds] if self.kinds else [classes]
            begin, end = self._around(times, units[mine], firsts[mine])
            counts = end - begin
            row = np.repeat(mine, counts)
            at = np.arange(len(row)) + np.repeat(begin - np.cumsum(counts) + counts, counts)
            frame = seconds_to_frames(times[at]) - firsts[row]
            beside = frame + _BESIDE  # (2, n)
            near, inside = (beside >= 0) & (beside < length), (frame >= 0) & (frame < length)
            for target, size, label in zip(targets, sizes, labels, strict=True):
                value, flat = (row * length + frame) * size + label[at], target.reshape(-1)  # each onset's place among all values
                # Neighbours first, so that no onset is lowered.
                flat[(value + _BESIDE * size)[near]] = 0.5
                flat[value[inside]] = 1.0
        return targets

    def _around(self, times: np.ndarray, units: np.ndarray, firsts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where in `times` the onsets of some segments begin and end, or some more of the same units."""
        begin, end = self._onset[units], self._onset[units] + self._onsets[units]
        if not len(units) or self._onsets[units].max() <= _FEW:
            return begin, end
        earliest, latest = (firsts - 2) / FPS, (firsts + self.n_frames + 2) / FPS  # a frame more than can be reached
        return _first_from(times, begin, end, earliest), _first_from(times, begin, end, latest)


def _first_from(times: np.ndarray, begin: np.ndarray, end: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each of several sorted stretches of `times` the place of its first time that is not before `wanted`: bisection."""
    low, high = begin.copy(), end.copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        before = open_ & (times[np.minimum(middle, len(times) - 1)] < wanted)
        low, high = np.where(before, middle + 1, low), np.where(open_ & ~before, middle, high)
    return low


class Segments(Dataset):
    """Segments of 400 frames of one split of one or several corpora: `((400, 84) features, (400, 5) widened targets)`, float32.

    A unit is cut from its start without overlap; its last segment is padded with silence (features 0, no onset). Onsets just
    outside a segment widen into its edge frames.
    """

    def __init__(self, prepared: list[Prepared], split: str):
        """List the segments; nothing is read yet."""
        self.source = Gathering(prepared, split)
        lengths = -(-self.source.frames // SEGMENT_FRAMES)
        self._ends = np.cumsum(lengths)
        self._begins = self._ends - lengths
        self.corpora = np.repeat(self.source.corpora, lengths)
        """The corpus of each segment, by its place in `prepared`: `(len(self),)`."""

    def __len__(self) -> int:
        """Number of segments."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def balancing_weights(self) -> np.ndarray:
        """Probability of each segment with which all corpora that have any are drawn equally often: `(len(self),)`, sum 1."""
        sizes = np.bincount(self.corpora)
        return 1 / (sizes[self.corpora] * np.count_nonzero(sizes))

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Segment `index`, counted through all units in order."""
        if not 0 <= index < len(self):
            raise IndexError(f"segment {index} of {len(self)}")
        features, targets = self.batch(np.array([index]))
        return features[0], targets[0]

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Some segments: `(B, 400, 84)` features and `(B, 400, 5)` widened targets, float32."""
        units = np.searchsorted(self._ends, indices, side="right")
        return self.source.gather(units, (indices - self._begins[units]) * SEGMENT_FRAMES)

    def order(self, seed: int, balance: bool = False) -> np.ndarray:
        """The segments of an epoch, `(len(self),)`: all of them shuffled, or as many drawn equally often from each corpus.

        It is the order of torch's DataLoader with a generator of this seed.
        """
        draws = torch.Generator().manual_seed(seed)
        torch.empty((), dtype=torch.int64).random_(generator=draws)  # DataLoader draws a seed for its workers first
        if not balance:
            return torch.randperm(len(self), generator=draws).numpy()
        return torch.multinomial(torch.from_numpy(self.balancing_weights()), len(self), True, generator=draws).numpy()


def in_batches(order: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Stretches of `size` of an order; the last may be shorter."""
    return (order[start : start + size] for start in range(0, len(order), size))


class Crops:
    """Segments at random places in units, of as many frames T, and with as many targets, as their source gathers."""

    def __init__(self, source: Gathering):
        """List the units of `source`: `every`, and those `without_drums`."""
        self.source = source
        self.every, self.without_drums = np.arange(len(source.frames)), source.without_drums

    def draw(self, units: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """`count` crops of `every` or `without_drums`: features and widened targets as `Gathering.gather` gives them."""
        chosen = units[rng.integers(len(units), size=count)]
        last = np.maximum(1, self.source.frames[chosen] - self.source.n_frames + 1)
        # One draw after the other: all at once they would be other numbers than in earlier versions.
        return self.source.gather(chosen, np.array([rng.integers(0, int(each)) for each in last]))

    def extra(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Features `(count, T, 84)` of crops without drums, for `augmentation.augment`; silence where no unit is without."""
        if not len(self.without_drums):
            return np.zeros((count, self.source.n_frames, N_BANDS), dtype=np.float32)
        return self.draw(self.without_drums, count, rng)[0]
