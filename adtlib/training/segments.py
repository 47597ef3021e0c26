"""Segments, of four seconds unless stated otherwise: what training sees (thesis, 5.2.1)."""

import numpy as np
from torch.utils.data import Dataset

from adtlib.audio.features import N_BANDS
from adtlib.corpora.store import Prepared, Unit
from adtlib.onsets.frames import SEGMENT_FRAMES, seconds_to_frames, widen_targets
from adtlib.vocabulary import KINDS, N_CLASSES


class Segments(Dataset):
    """Segments of 400 frames of one split of one or several corpora: `((400, 84) features, (400, 5) widened targets)`, float32.

    A unit is cut from its start without overlap; its last segment is padded with silence (features 0, no onset). Onsets just
    outside a segment widen into its edge frames.
    """

    def __init__(self, prepared: list[Prepared], split: str):
        """List the segments; nothing is read yet."""
        by_corpus = [corpus.units(split) for corpus in prepared]
        self.units = [unit for units in by_corpus for unit in units]
        lengths = np.array([-(-unit.n_frames // SEGMENT_FRAMES) for unit in self.units], dtype=np.int64)
        self._ends = np.cumsum(lengths)
        self.corpora = np.repeat(np.arange(len(prepared)), [len(units) for units in by_corpus]).repeat(lengths)
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
        number = int(np.searchsorted(self._ends, index, side="right"))
        unit = self.units[number]
        first = (index - (self._ends[number - 1] if number else 0)) * SEGMENT_FRAMES
        features = np.zeros((SEGMENT_FRAMES, N_BANDS), dtype=np.float32)
        part = unit.features[first : first + SEGMENT_FRAMES]
        features[: len(part)] = part
        return features, targets_around(*_onset_frames(unit), first)


class Crops:
    """Segments of equal length at random places in the units of a split."""

    def __init__(self, prepared: Prepared, split: str, n_frames: int = SEGMENT_FRAMES, kinds: bool = False):
        """List the units and their onsets; onsets looked up for each crop would be read from disk again and again.

        With `kinds` the kinds of strokes are targets, too: PreparedError where the corpus does not have them.
        """
        self.n_frames = n_frames
        # Frames of the onsets, their classes and, as a second target, their kinds.
        self.every = [
            (unit, *_onset_frames(unit), *((np.concatenate(unit.kinds),) if kinds else ())) for unit in prepared.units(split)
        ]
        self.without_drums = [entry for entry in self.every if not len(entry[1])]
        self.sizes = (N_CLASSES, len(KINDS)) if kinds else (N_CLASSES,)

    def draw(self, entries: list, count: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """`count` crops of `every` or `without_drums`, float32: features `(count, T, 84)`, widened targets `(count, T, 5)`.

        With kinds a third array, their widened targets `(count, T, K)` in the order of `vocabulary.KINDS`.
        """
        features = np.zeros((count, self.n_frames, N_BANDS), dtype=np.float32)
        targets = [np.zeros((count, self.n_frames, size), dtype=np.float32) for size in self.sizes]
        for row, number in enumerate(rng.integers(len(entries), size=count)):
            unit, frames, *labels = entries[number]
            first = int(rng.integers(0, max(1, unit.n_frames - self.n_frames + 1)))
            part = unit.features[first : first + self.n_frames]
            features[row, : len(part)] = part
            for target, which in zip(targets, labels, strict=True):
                target[row] = targets_around(frames, which, first, *target.shape[1:])
        return features, *targets


def targets_around(
    frames: np.ndarray, classes: np.ndarray, first: int, n_frames: int = SEGMENT_FRAMES, n_classes: int = N_CLASSES
) -> np.ndarray:
    """Widened targets `(n_frames, n_classes)` float32 of the segment that begins at frame `first`.

    frames, classes  of all onsets of the unit. Those just outside the segment widen into its edge frames.
    """
    targets = np.zeros((n_frames + 2, n_classes), dtype=np.float32)  # one frame more on either side
    rows = frames - (first - 1)
    inside = (rows >= 0) & (rows < len(targets))
    targets[rows[inside], classes[inside]] = 1
    return widen_targets(targets)[1:-1]


def _onset_frames(unit: Unit) -> tuple[np.ndarray, np.ndarray]:
    """Frames and classes of a unit's onsets."""
    onsets = unit.onsets
    return seconds_to_frames(np.concatenate(onsets)), np.repeat(np.arange(N_CLASSES), [len(times) for times in onsets])
