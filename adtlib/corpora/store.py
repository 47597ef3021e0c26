"""Features and onsets of a corpus on disk, as `preparation` writes them (thesis, 5.2.1): read here, never computed.

A prepared corpus is a folder of parts below `cache/prepared/`. A part is one track, or up to 256 sequences of ADTOF-YT:

    SPLIT/NAME.npy    (T, 84) float16 features of its units, one after the other, read through a memory map
    SPLIT/NAME.npz    onsets in seconds from each unit's start (float64), sums for standardising, fingerprint of the source
    index.json        written last: every part of every split, totals, and problems

Memory does not grow with the corpus: units hold paths and numbers, features stay on disk, onsets are read when needed.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.audio.features import FPS, N_BANDS, Standardizer
from adtlib.corpora.base import Corpus
from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import N_CLASSES

FORMAT = 1


class PreparedError(ValueError):
    """Prepared data that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class Unit:
    """The unit of scoring: a track, or a sequence of ADTOF-YT."""

    id: str
    part: Path  # without suffix
    index: int  # among the units of the part
    start: int  # first frame within the part
    n_frames: int

    @property
    def features(self) -> np.ndarray:
        """`(n_frames, 84)` float16, a view of the memory map."""
        return map_features(self.part)[self.start : self.start + self.n_frames]

    @property
    def onsets(self) -> Onsets:
        """One sorted float64 array of seconds for each class; there are no onsets before 0 or past the end."""
        part = load_part(self.part)
        mine = part["onset_units"] == self.index
        times, classes = part["onset_times"][mine], part["onset_classes"][mine]
        return [times[classes == c] for c in range(N_CLASSES)]

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.n_frames / FPS


# Only few maps are open at once: with 45,537 tracks a process would run out of file handles.
@lru_cache(maxsize=64)
def map_features(part: Path) -> np.ndarray:
    """Memory map of a part's features. PreparedError if it is damaged or of another version."""
    path = part.with_name(part.name + ".npy")
    try:
        features = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise PreparedError(f"{path} cannot be read ({error}): delete it and run 'adt prepare' again") from error
    if features.ndim != 2 or features.shape[1] != N_BANDS or features.dtype != np.float16:
        raise PreparedError(
            f"{path} holds {features.shape} {features.dtype}, not (T, {N_BANDS}) float16: "
            "it was written by another version; delete it and run 'adt prepare' again"
        )
    return features


@lru_cache(maxsize=256)
def load_part(part: Path) -> dict[str, np.ndarray]:
    """Arrays of a part's .npz. PreparedError if it is damaged or of another version."""
    path = part.with_name(part.name + ".npz")
    try:
        with np.load(path, allow_pickle=False) as file:
            loaded = {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError) as error:
        raise PreparedError(f"{path} cannot be read ({error}): delete it and run 'adt prepare' again") from error
    if int(loaded.get("format", -1)) != FORMAT:
        raise PreparedError(
            f"{path} is of format {loaded.get('format', 'unknown')}, this version reads {FORMAT}: "
            "delete it and run 'adt prepare' again"
        )
    return loaded


@dataclass(frozen=True)
class Totals:
    """Sums over one split, for class weights and standardising."""

    n_units: int
    n_frames: int
    onset_counts: tuple[int, ...]
    feature_sum: float
    feature_squares: float

    @property
    def hours(self) -> float:
        """Duration in hours."""
        return self.n_frames / FPS / 3600


class Prepared:
    """A prepared corpus, opened from its folder; see `prepare`."""

    def __init__(self, folder: Path):
        """Open `folder`. Raises PreparedError if it is incomplete or of another version."""
        self.folder = Path(folder)
        path = self.folder / "index.json"
        try:
            index = json.loads(path.read_text())
        except FileNotFoundError:
            raise PreparedError(f"{path} is missing: run 'adt prepare' to finish an interrupted run") from None
        except ValueError as error:
            raise PreparedError(f"{path} is damaged ({error}): delete it and run 'adt prepare' again") from error
        if index.get("format") != FORMAT:
            raise PreparedError(
                f"{path} is of format {index.get('format')}, this version reads {FORMAT}: "
                f"delete {self.folder} and run 'adt prepare' again"
            )
        self.index = index
        self.corpus_name: str = index["corpus"]
        self.unit: str = index["unit"]
        self.quantised: bool = index["quantised"]
        self.miniature: bool = index["miniature"]
        self.version: str = index["features"]
        self.problems: list[str] = [problem for split in index["splits"].values() for problem in split["problems"]]

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that were prepared, including empty ones."""
        return tuple(self.index["splits"])

    @property
    def fingerprint(self) -> str:
        """Changes with recordings, annotations or features; the same on every machine. It is part of the identity of a run.

        Features count by their sum, to four digits, as the last bits depend on the processor.
        """
        stated = {
            split: [
                [[part["units"], part["onset_counts"]] for part in content["parts"]],
                f"{sum(part['feature_sum'] for part in content['parts']):.3e}",
            ]
            for split, content in self.index["splits"].items()
        }
        return hashlib.sha256(json.dumps([self.version, stated], sort_keys=True).encode()).hexdigest()[:16]

    def missing(self, split: str) -> int:
        """Number of tracks of the split that the complete corpus has beyond those found (0 if unknown)."""
        return self.index["splits"].get(split, {}).get("missing", 0)

    def units(self, split: str) -> list[Unit]:
        """All units of a split in a fixed order; empty if nothing was found. ValueError for a split never prepared."""
        if split not in self.index["splits"]:
            raise ValueError(f"{self.corpus_name} has no prepared split {split!r}, only {', '.join(self.splits)}")
        units = []
        for part in self.index["splits"][split]["parts"]:
            start = 0
            for index, (unit_id, n_frames) in enumerate(part["units"]):
                units.append(Unit(unit_id, self.folder / part["file"], index, start, n_frames))
                start += n_frames
        return units

    def totals(self, split: str) -> Totals:
        """Sums over the split."""
        parts = self.index["splits"].get(split, {}).get("parts", [])
        frames = sum(n for part in parts for _, n in part["units"])
        counts = np.sum([part["onset_counts"] for part in parts], axis=0) if parts else np.zeros(N_CLASSES)
        return Totals(
            n_units=sum(len(part["units"]) for part in parts),
            n_frames=frames,
            onset_counts=tuple(int(c) for c in counts),
            feature_sum=sum(part["feature_sum"] for part in parts),
            feature_squares=sum(part["feature_squares"] for part in parts),
        )


def prepared_folder(corpus: Corpus, version: str = "madmom") -> Path:
    """Folder of a prepared corpus; the same corpus at another root, or with other options, has another folder."""
    where = hashlib.sha256(f"{corpus.root.resolve()}|{corpus.options}".encode(errors="surrogateescape")).hexdigest()[:8]
    return paths.CACHE / "prepared" / f"{corpus.info.slug}-{version}-{where}"


def standardizer(prepared: list[Prepared], split: str = "train") -> Standardizer:
    """Mean and standard deviation over one split of one or several corpora together."""
    gathered = Standardizer()
    for corpus in prepared:
        totals = corpus.totals(split)
        gathered.add(totals.n_frames * N_BANDS, totals.feature_sum, totals.feature_squares)
    return gathered
