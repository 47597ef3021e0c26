"""Segments of 400 frames, four seconds: what training sees (thesis, 5.2.1)."""

import numpy as np
from torch.utils.data import Dataset

from adtlib.features import N_BANDS
from adtlib.onsets import seconds_to_frames, widen_targets
from adtlib.prepared import N_CLASSES, Prepared

SEGMENT_FRAMES = 400


class Segments(Dataset):
    """Segments of 400 frames of one split of one or several corpora: `((400, 84) features, (400, 5) widened targets)`, float32.

    A unit is cut from its start without overlap; its last segment is filled with silence (features 0, no onset). The
    targets of a segment's edge frames know the onsets just outside it.
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
        """Chance of each segment with which every corpus that has any is drawn from equally often: `(len(self),)`, sum 1."""
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
        # One frame more on either side, so that widening crosses the cut.
        targets = np.zeros((SEGMENT_FRAMES + 2, N_CLASSES), dtype=np.float32)
        for c, times in enumerate(unit.onsets):
            frames = seconds_to_frames(times) - (first - 1)
            targets[frames[(frames >= 0) & (frames < len(targets))], c] = 1
        return features, widen_targets(targets)[1:-1]
