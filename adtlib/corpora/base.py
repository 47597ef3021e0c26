"""The base class of corpora: tracks, facts about a corpus, and which part of it is on disk.

A corpus is opened at a root folder and read in the layout in which it is distributed. It may be incomplete: `tracks` gives
complete tracks, `missing` names the others. Each split is scanned once, when first needed; open the corpus again after
changing files.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from adtlib.audio import files as audio_files
from adtlib.markup import in_line
from adtlib.onsets import midi
from adtlib.onsets.annotations import MIDI_SUFFIXES, Annotation, read_annotation
from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import CLASSES, Mapping, UnknownLabel

SPLITS = ("train", "validation", "test")
# A file of this name marks generated corpora, so that nobody mistakes their results for those of the real ones.
MARKER = "MINIATURE"


class CorpusError(ValueError):
    """A corpus that cannot be read from disk; the message names the file and the remedy."""


@dataclass(frozen=True)
class Track:
    """One recording with its annotation.

    `audio` and `annotation` are tuples, as a recording may be the sum of several files (ENST: drums and accompaniment)
    and an annotation the union of several (Slakh: more than one drum stem). `id` is unique within the corpus and the
    same on every machine; of a file's name that holds bytes or signs that no table can hold, it has their numbers.
    """

    corpus: str
    id: str
    split: str
    audio: tuple[Path, ...]
    annotation: tuple[Path, ...]
    mapping: Mapping

    def __post_init__(self):
        object.__setattr__(self, "id", in_line(self.id))


@dataclass(frozen=True)
class CorpusInfo:
    """Facts about a corpus, whether or not it is on disk.

    `hours`, `n_tracks` and `sequences` (of 4 s, for each split) are those of the thesis, `n_units` the tracks or
    sequences of each split, `unit` which of the two. `remedy` says how to get the corpus and where to put it, `disk_gb`
    is the size of the download.
    """

    name: str
    slug: str
    title: str
    hours: float | None
    n_tracks: int | None
    unit: str
    accompaniment: bool
    synthetic: bool
    licence: str
    citation: str
    url: str
    remedy: str
    disk_gb: float | None
    sequences: dict[str, int] = field(default_factory=dict)
    n_units: dict[str, int] = field(default_factory=dict)


class Corpus(ABC):
    """A corpus of tracks; a subclass says how its layout is read, in `_scan`."""

    info: CorpusInfo
    splits: tuple[str, ...] = SPLITS
    quantised = False  # whether onset times are exact to one frame only
    drum_channel_only = False  # whether MIDI annotations hold other instruments too
    # Writes a small generated version below a root: `(root, size, seed)`, size "smoke" or "standard". The corpora of the thesis
    # leave it out: `adtlib.corpora.miniature` writes them together.
    write_miniature: Callable[[Path, str, int], None] | None = None

    def __init__(self, root: Path | str):
        """Open the corpus below the data folder `root`, which need not hold it."""
        self.root = Path(root)
        self._scanned: dict[str, tuple[list[Track], list[str]]] = {}
        self._left_out: dict[str, list[str]] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.root)!r})"

    def __getstate__(self) -> dict:
        """Without the lists of tracks: another process or machine is handed those that it is to read."""
        listed = {name for kind in type(self).__mro__ for name, value in vars(kind).items() if isinstance(value, cached_property)}
        return {name: value for name, value in vars(self).items() if name not in listed} | {"_scanned": {}, "_left_out": {}}

    @property
    def options(self) -> dict[str, str]:
        """Options besides the root that change the tracks: each choice is prepared separately."""
        return {}

    def tracks(self, split: str | None = None) -> list[Track]:
        """The tracks of a split, or of all, that are complete on disk, in the same order on every machine.

        CorpusError for a corpus that does not separate its recordings (ADTOF-YT).
        """
        return [track for name in self._names(split) for track in self._look(name)[0]]

    def missing(self, split: str | None = None) -> list[str]:
        """The missing files, relative to the root: one entry for each incomplete track.

        An entry says so if the track's name is not known. A miniature corpus is complete as written, so only tracks that
        have lost a file are named.
        """
        return [entry for name in self._names(split) for entry in self._look(name)[1]]

    def left_out(self, split: str | None = None) -> list[str]:
        """What is on disk but cannot be used: a sentence for each file or row, with its name, the reason, and the remedy."""
        for name in self._names(split):
            self._look(name)
        return [entry for name in self._names(split) for entry in self._left_out.get(name, [])]

    def remarks(self) -> list[str]:
        """What a user may want to know, though nothing is wrong: a sentence each."""
        return []

    @property
    def present(self) -> bool:
        """Whether anything usable was found."""
        return bool(self.tracks())

    @cached_property
    def miniature(self) -> bool:
        """Whether this is a generated corpus: the root or a folder above it holds the marker file."""
        root = self.root.resolve()
        return any((folder / MARKER).is_file() for folder in (root, *root.parents))

    def found(self, split: str) -> int:
        """Number of units of a split that are complete on disk: tracks, or sequences in a corpus without tracks."""
        return len(self.tracks(split))

    def expected(self, split: str | None = None) -> int | None:
        """Number of tracks (sequences) of the complete corpus in a split, or in all; None for miniature corpora."""
        names = self._names(split)
        if self.miniature or not self.info.n_units:
            return None
        return sum(self.info.n_units.get(name, 0) for name in names)

    def read_audio(self, track: Track) -> np.ndarray:
        """The recording, the sum of its files: mono float32 (n_samples,) at 44.1 kHz. Raises audio.AudioError."""
        return audio_files.read_audio(track)

    def read_annotation(self, track: Track) -> Annotation:
        """The annotation, with counts of labels that are ignored or unknown. Raises onsets.AnnotationError."""
        return read_annotation(track.annotation, track.mapping, drum_channel_only=self.drum_channel_only)

    def _names(self, split: str | None) -> tuple[str, ...]:
        if split is None:
            return self.splits
        if split not in self.splits:
            raise ValueError(f"{self.info.name} has no split {split!r}: choose from {', '.join(self.splits)}")
        return (split,)

    def _look(self, split: str) -> tuple[list[Track], list[str]]:
        if split not in self._scanned:
            self._scanned[split] = self._scan(split)
        return self._scanned[split]

    @abstractmethod
    def _scan(self, split: str) -> tuple[list[Track], list[str]]:
        """(tracks complete on disk, an entry for each missing one) of one split; `_leave_out` what cannot be used."""

    def _leave_out(self, split: str, sentence: str) -> None:
        """Add an entry to `left_out`."""
        self._left_out.setdefault(split, []).append(sentence)

    def _sort_in(self, track: Track, tracks: list[Track], missing: list[str]) -> None:
        """Add a track to `tracks` if all its files exist, else an entry to `missing`."""
        # Unlike Path.is_file it raises nothing for what may not be looked at.
        absent = [path for path in (*track.audio, *track.annotation) if not os.path.isfile(path)]
        if absent:
            missing.append(self._relative(*absent))
        else:
            tracks.append(track)

    def _relative(self, *files: Path) -> str:
        """Files as `missing` names them: relative to the root, joined by " + "."""
        names = (path.relative_to(self.root) if path.is_relative_to(self.root) else path for path in files)
        return " + ".join(name.as_posix() for name in names)

    def _unnamed(self, split: str, n_known: int, where: str) -> list[str]:
        """Entries for tracks of the complete corpus beyond the `n_known` whose names are known."""
        expected = self.expected(split)
        if expected is None or expected <= n_known:
            return []
        return [f"{where} (name not known)"] * (expected - n_known)


def first_folder(root: Path, places: Iterable[str], holds: Iterable[str]) -> Path | None:
    """The first of `places` below `root` that holds any of the named files or folders; None if none does."""
    holds = tuple(holds)
    for place in places:
        folder = root / place
        if any((folder / name).exists() for name in holds):
            return folder
    return None


def is_inside(name: str) -> bool:
    """Whether a path of a corpus's table stays below the corpus: it is relative, and never leads up."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and not set(name) & {"\\", "\0", ":"}


def visible(folder: Path) -> list[Path]:
    """Contents of a folder, sorted by name, without hidden files (some systems add them); [] if there is no folder."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=lambda path: path.name)


SAME_TIME = 1e-6  # s


def velocities(corpus: Corpus, track: Track, onsets: Onsets) -> Onsets:
    """The velocity of each onset of a track, one float array for each class; NaN if the annotation does not state it."""
    # Two onsets of a class at one time, as of a crash and a ride, are one place for the notes of both.
    places = [np.unique(times, return_inverse=True) for times in onsets]
    found = [np.full(len(times), np.nan) for times, _ in places]
    files = [path for path in track.annotation if path.suffix.lower() in MIDI_SUFFIXES]
    for path in files:
        channel = midi.DRUM_CHANNEL if corpus.drum_channel_only else None
        notes = midi.read_velocities(path, channel)
        for pitch in np.unique(notes.pitches).tolist():
            try:
                index = track.mapping.class_index(pitch)
            except UnknownLabel:
                continue
            if index is not None and len(onsets[index]):
                struck = notes.pitches == pitch
                _fill(found[index], places[index][0], notes.seconds[struck], notes.velocities[struck])
    return [values[which] for values, (_, which) in zip(found, places, strict=True)]


def _fill(found: np.ndarray, times: np.ndarray, seconds: np.ndarray, played: np.ndarray) -> None:
    """Write the velocities of notes to where their times are, each once, in `times`; of two notes at one time the louder counts."""
    at = np.searchsorted(times, seconds - SAME_TIME).clip(max=len(times) - 1)
    there = np.abs(times[at] - seconds) <= SAME_TIME
    np.fmax.at(found, at[there], played[there].astype(float))


def no_velocities(onsets: Onsets) -> Onsets:
    """NaN for each onset, for annotations without velocities (text, targets)."""
    return [np.full(len(onsets[index]), np.nan) for index in range(len(CLASSES))]
