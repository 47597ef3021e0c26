"""Features and onsets of a corpus on disk, as `preparation` writes them (thesis, 5.2.1): read here, never computed.

A prepared corpus is a folder of parts below `cache/prepared/`. A part is one track, or up to 256 sequences of ADTOF-YT:

    SPLIT/NAME.npy, SPLIT/NAME.npz    see `parts`
    index.json                        written last: every part of every split, totals, and problems
    checked.json                      which parts were read and found whole, when

Memory does not grow with the corpus: units hold paths and numbers, features stay on disk, onsets are read when needed.
"""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.audio.features import FPS, N_BANDS, Standardizer
from adtlib.corpora.base import Corpus
from adtlib.corpora.parts import FORMAT, Checked, OtherFormat, PreparedError, load_part, map_features
from adtlib.onsets.frames import Onsets
from adtlib.provenance import sealed, unsealed
from adtlib.vocabulary import N_CLASSES

INDEX = "index.json"
NAMED = 3  # damaged files that a message names


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
        """`(n_frames, 84)` float16, a view of the memory map. PreparedError where the file is damaged."""
        found = map_features(self.part)[self.start : self.start + self.n_frames]
        if len(found) != self.n_frames:
            raise PreparedError(f"{self.part}.npy ends before its frame {self.start + self.n_frames:,}: run 'adt prepare' again")
        return found

    @property
    def onsets(self) -> Onsets:
        """One sorted float64 array of seconds for each class; there are no onsets before 0 or past the end."""
        part = load_part(self.part)
        mine = part["onset_units"] == self.index
        times, classes = part["onset_times"][mine], part["onset_classes"][mine]
        return [times[classes == c] for c in range(N_CLASSES)]

    @property
    def kinds(self) -> list[np.ndarray]:
        """For each class the number in `vocabulary.KINDS` of each onset, uint8. PreparedError where they were not stored."""
        part = load_part(self.part)
        if "onset_kinds" not in part:
            raise PreparedError(f"{self.part}.npz does not say of what kind its strokes are: render the clips again")
        mine = part["onset_units"] == self.index
        kinds, classes = part["onset_kinds"][mine], part["onset_classes"][mine]
        return [kinds[classes == c] for c in range(N_CLASSES)]

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.n_frames / FPS


@dataclass(frozen=True, eq=False)
class HeldUnit:
    """A recording whose features `(T, 84)` are in memory, with the attributes of a `Unit` that scoring and comparing use."""

    features: np.ndarray
    id: str = ""
    onsets: Onsets = field(default_factory=list)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.features)

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.n_frames / FPS


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

    def __init__(self, folder: Path, made_by: str = "adt prepare"):
        """Open `folder`. PreparedError, naming the command `made_by`, if it is incomplete, damaged or of another version."""
        self.folder, self.made_by = Path(folder), made_by
        index = _read_index(self.folder / INDEX, made_by)
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

    def damage(self, *splits: str, anew: bool = False) -> dict[str, str]:
        """What of some splits, by default of all, is not as it was written: by the name of the part, a sentence with the file's.

        Everything is read, but for what was read within a day and has not been touched since; `anew` reads that as well.
        """
        checked = Checked(self.folder)

        def look(entry: dict) -> str | None:
            try:
                checked.check(self.folder / entry["file"], entry, anew)
            except PreparedError as error:
                return str(error).replace("adt prepare", self.made_by)
            return None

        entries = [part for split in splits or self.splits for part in self.index["splits"].get(split, {}).get("parts", [])]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(look, entries))
        checked.save()
        return {entry["file"]: sentence for entry, sentence in zip(entries, found, strict=True) if sentence}

    def check(self, *splits: str) -> None:
        """PreparedError, naming the files, where something of these splits is damaged: see `damage`."""
        if found := list(self.damage(*splits).values()):
            more = f" (and {len(found) - NAMED:,} more)" if len(found) > NAMED else ""
            raise PreparedError("; ".join(found[:NAMED]) + more)

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


def _read_index(path: Path, made_by: str) -> dict:
    """The index as `write_index` wrote it: its seal stands for its shape."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise PreparedError(f"{path} is missing: run '{made_by}' to finish an interrupted run") from None
    form = _format_of(content)
    if form != FORMAT and form is not None:
        raise OtherFormat(f"{path} is of format {form}, this version reads {FORMAT}: run '{made_by}' again")
    try:
        return unsealed(content)
    except ValueError as error:
        raise PreparedError(f"{path} is damaged ({error}): run '{made_by}' again, which makes it anew") from error


def _format_of(content: bytes) -> object:
    try:
        return json.loads(content).get("format")
    except (ValueError, AttributeError, RecursionError):
        return None


def write_index(folder: Path, index: dict) -> None:
    """Write the index of a prepared corpus, when all its parts are there."""
    paths.write_atomically(folder / INDEX, sealed({"format": FORMAT} | index))


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
