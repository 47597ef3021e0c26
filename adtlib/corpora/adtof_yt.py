"""ADTOF-YT: popular music with crowd-sourced annotations, distributed as features and targets, without audio.

    adtof/adtof_yt_{train,validation,test}/          a saved TensorFlow dataset each (read by `tfdata`)

An element is one sequence of 400 frames: features (400, 84, 1), log-filtered by madmom at 100 frames a second, and
targets (400, 5), widened. The corpus does not state which sequences belong to one recording, so here a sequence is the
unit and there are no tracks. Onset times are exact to one frame only.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from adtlib.corpora.base import Corpus, CorpusError, CorpusInfo, Track
from adtlib.corpora.tfdata import count_elements, read_saved_dataset

N_FRAMES, N_BANDS, N_CLASSES = 400, 84, 5


class AdtofYt(Corpus):
    """ADTOF-YT: a stream of sequences; memory holds one at a time."""

    quantised = True
    info = CorpusInfo(
        name="ADTOF-YT",
        slug="adtof_yt",
        title="ADTOF-YT",
        hours=245.0,
        n_tracks=2_924,
        unit="sequence",
        accompaniment=True,
        synthetic=False,
        licence="for research, on request (see its address)",
        citation="Zehren, Alunno and Bientinesi, High-quality and reproducible automatic drum transcription from "
        "crowdsourced data, Signals 4(4), 2023",
        url="https://doi.org/10.5281/zenodo.10084510",
        remedy="request it at its address and unpack it, so that adtof/adtof_yt_train/snapshot.metadata lies in the data folder",
        disk_gb=26.0,
        sequences={"train": 134_332, "validation": 28_984, "test": 18_650},
        n_units={"train": 134_332, "validation": 28_984, "test": 18_650},
    )

    def folder(self, split: str) -> Path:
        """Path of the saved dataset of a split, whether or not it exists."""
        self._names(split)
        name = f"adtof_yt_{split}"
        return self.root / name if (self.root / name).is_dir() else self.root / "adtof" / name

    def _scan(self, split: str) -> tuple[list[Track], list[str]]:
        """There are no tracks: the corpus does not separate its recordings."""
        raise CorpusError(f"{self.info.name} has no tracks, only sequences of 4 s; use sequences(split)")

    def found(self, split: str) -> int:
        """Number of sequences that the split's metadata states; no tensor is decoded.

        0 if the split is absent, and, with a warning, if it is too damaged to state a number.
        """
        try:
            return self._count(split)
        except CorpusError as error:
            warnings.warn(str(error), stacklevel=2)
            return 0

    def _count(self, split: str) -> int:
        folder = self.folder(split)
        return count_elements(folder) if folder.is_dir() else 0

    @property
    def present(self) -> bool:
        """Whether the snapshot of any split was found."""
        return any(self._readable(split) for split in self.splits)

    def missing(self, split: str | None = None) -> list[str]:
        """One entry for each sequence of the complete corpus beyond those found."""
        entries = []
        for name in self._names(split):
            found, expected = self._readable(name), self.expected(name) or 0
            place = self._relative(self.folder(name))
            entries += [f"{place}, sequence {index}" for index in range(found, expected)]
        return entries

    def left_out(self, split: str | None = None) -> list[str]:
        """Nothing is known before the sequences are read: `sequences` warns."""
        return []

    def _readable(self, split: str) -> int:
        try:
            return self._count(split)
        except CorpusError:  # `found` and `sequences` report it
            return 0

    def source_fingerprint(self, split: str) -> str:
        """Changes with the files of a split; empty if the split is absent."""
        files = sorted(path for path in self.folder(split).rglob("*") if path.is_file())
        stats = [(path.relative_to(self.folder(split)).as_posix(), path.stat()) for path in files]
        return ";".join(f"{name}:{stat.st_size}:{stat.st_mtime_ns}" for name, stat in stats)

    def sequences(self, split: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Stream (features (400, 84), targets (400, 5)), both float32.

        A sequence whose data do not have their checksum, or hold NaN or infinite values, is left out with a warning. Yields all
        that can be read, then raises CorpusError if a file is missing or truncated, or an element has another shape.
        """
        folder = self.folder(split)
        if not folder.is_dir():
            raise CorpusError(f"{folder}: no such folder; {self.info.remedy}")

        def warn(error: CorpusError) -> None:
            warnings.warn(f"left out: {error}", stacklevel=3)

        for index, element in enumerate(read_saved_dataset(folder, warn)):
            features, targets = _checked(element, folder, index)
            if np.isfinite(features).all() and np.isfinite(targets).all():
                yield features, targets
            else:
                warnings.warn(f"{folder}: sequence {index} holds NaN or infinite values and is left out", stacklevel=2)


def _checked(element: list[np.ndarray], folder: Path, index: int) -> tuple[np.ndarray, np.ndarray]:
    shapes = [array.shape for array in element]
    if shapes not in ([(N_FRAMES, N_BANDS, 1), (N_FRAMES, N_CLASSES)], [(N_FRAMES, N_BANDS), (N_FRAMES, N_CLASSES)]):
        raise CorpusError(
            f"{folder}: sequence {index} has the shapes {shapes}, not ({N_FRAMES}, {N_BANDS}, 1) and "
            f"({N_FRAMES}, {N_CLASSES}); put ADTOF-YT's own dataset there"
        )
    features, targets = element
    return features.reshape(N_FRAMES, N_BANDS).astype(np.float32, copy=False), targets.astype(np.float32, copy=False)
