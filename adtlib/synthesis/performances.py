"""Human performances: drummers of the Groove MIDI Dataset and songs with all their parts, in beats, by split.

Times are in beats (quarter notes), not seconds, because a performance is played at another tempo and with other instruments.

Splits: Groove MIDI has its own; one song in eight, chosen by a hash of its name, is for validation. No performance is in both.
"""

import io
import json
import os
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from adtlib import paths
from adtlib.onsets import midi, smf
from adtlib.onsets.midi import DRUM_CHANNEL
from adtlib.provenance import hash_of
from adtlib.synthesis.sources import SourceError

SPLITS = ("train", "validation")
VERSION = 1
COLUMNS = ("beats", "lengths", "pitches", "velocities")  # of a `Part`


@dataclass(frozen=True, eq=False)
class Part:
    """Notes of one player: `beats`, `lengths` in beats (float64), `pitches`, `velocities` (int64); `program` -1 for drums."""

    program: int
    beats: np.ndarray
    lengths: np.ndarray
    pitches: np.ndarray
    velocities: np.ndarray

    def select(self, notes: slice | np.ndarray) -> "Part":
        """The part with some of its notes: a slice, indices or booleans."""
        return replace(self, **{column: getattr(self, column)[notes] for column in COLUMNS})

    def within(self, start: float, end: float) -> "Part":
        """The notes that begin from beat `start` to before `end`; beats are counted from `start`."""
        part = self.select(slice(*np.searchsorted(self.beats, (start, end))))
        return replace(part, beats=part.beats - start)


@dataclass(frozen=True, eq=False)
class Song:
    """A performance or song: `kind` "groove", "fill" or "song", tempo in beats a minute, beats in all, drums, other parts."""

    name: str
    kind: str
    split: str
    bpm: float
    n_beats: float
    drums: Part
    others: tuple[Part, ...] = ()


def read_song(path: Path, name: str, kind: str, split: str, bpm: float | None = None) -> Song:
    """Read a MIDI file: channel 10 is the drums, each other pair of track, channel and program a part.

    With `bpm` None the tempo is the file's. SourceError if the file is damaged.
    """
    try:
        file = smf.read_file(path)
        tempos = midi.tempos_of(file)
    except midi.MidiError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    division = file.division
    if division <= 0:
        raise SourceError(f"{path}: its times are not in beats (time division {division}); export it with ticks a beat")
    for remark in file.remarks:
        warnings.warn(f"{path}: {remark}", stacklevel=2)
    notes = {}
    last = max(_read_track(index, events, notes) for index, events in enumerate(file.tracks))
    if bpm is None:
        bpm = _main_bpm(tempos, last)
    drums = _part(-1, [note for (_, channel, _), of in notes.items() if channel == DRUM_CHANNEL for note in of], division)
    others = tuple(_part(program, of, division) for (_, channel, program), of in sorted(notes.items()) if channel != DRUM_CHANNEL)
    return Song(name, kind, split, float(bpm), last / division, drums, others)


def _read_track(index: int, events: list[smf.Event], notes: dict) -> int:
    """Add a track's notes (tick, length in ticks, pitch, velocity) under (track, channel, program); return its last tick."""
    tick, programs, sounding = 0, {}, {}
    for tick, status, first, second in events:
        kind, channel = status & 0xF0, status & 0x0F
        if kind == 0xC0:
            programs[channel] = min(first, 127)
        elif kind == 0x90 and second:
            sounding.setdefault((channel, min(first, 127)), []).append((tick, min(second, 127)))
        elif kind in (0x80, 0x90) and sounding.get((channel, min(first, 127))):
            pitch = min(first, 127)
            start, velocity = sounding[channel, pitch].pop(0)
            key = (index, channel, programs.get(channel, 0))
            notes.setdefault(key, []).append((start, tick - start, pitch, velocity))
    return tick


def _main_bpm(tempos: list, last: int) -> float:
    """The tempo that holds for the most ticks; 120 if none is set."""
    changes = sorted(tempos) or [(0, 500_000)]
    ends = [tick for tick, _ in changes[1:]] + [max(last, changes[-1][0] + 1)]
    held: dict[int, int] = {}
    for (start, tempo), end in zip(changes, ends, strict=True):
        held[tempo] = held.get(tempo, 0) + end - start
    return 60e6 / max(held, key=held.get)


def _part(program: int, notes: list, division: int) -> Part:
    table = np.array(sorted(notes), dtype=np.float64).reshape(-1, 4)
    pitches, velocities = table[:, 2].astype(np.int64), table[:, 3].astype(np.int64)
    return Part(program, table[:, 0] / division, table[:, 1] / division, pitches, velocities)


# --- all performances -------------------------------------------------------------------------------------------------------


def _groove(root: Path, splits: tuple[str, ...] = SPLITS) -> list[Song]:
    """Performances of the Groove MIDI Dataset in some of its splits."""
    info = root / "groove" / "info.csv"
    if not info.is_file():
        raise SourceError(f"{info} is missing: `adt corpora --fetch 'Groove MIDI'` gets it, with --data {root} (CC BY 4.0)")
    songs = []
    for row in pd.read_csv(info).itertuples():
        if row.split in splits and row.time_signature in ("4-4", "3-4", "6-8"):
            kind = "groove" if row.beat_type == "beat" else "fill"
            songs.append(read_song(root / "groove" / row.midi_filename, row.id, kind, row.split, float(row.bpm)))
    return songs


def _freedoom(root: Path) -> list[Song]:
    """Songs of Freedoom (BSD-3-Clause) with other instruments than drums; identical files count once."""
    folder = root / "midi_songs_freedoom"
    files = sorted(folder.glob("*.mid"))
    if not files:
        raise SourceError(f"{folder} holds no MIDI files: download the songs of Freedoom and put them there")
    unique = {path.read_bytes(): path for path in reversed(files)}
    songs = []
    for path in sorted(unique.values()):
        split = "validation" if zlib.crc32(path.stem.encode()) % 8 == 0 else "train"
        song = read_song(path, path.stem, "song", split)
        if any(len(part.beats) >= 16 for part in song.others):
            songs.append(song)
    return songs


def songs_folder() -> Path:
    """Folder in which `gather` stores the notes of all performances."""
    return paths.CACHE / "rendered" / "performances"


def gather(root: Path, folder: Path | None = None) -> Path:
    """Read all performances and songs for training and validation below the data folder, once; returns the file that stores them.

    folder  where it is; by default `songs_folder`. Another data folder, or one whose files changed, has another file there.
    """
    return _stored(folder, f"notes-{VERSION}", root, lambda: _groove(root) + _freedoom(root))


def accompanies_tests(song: Song) -> bool:
    """Whether a song is among the half of the validation songs that accompanies the performances of tests."""
    return song.kind == "song" and song.split != "train" and zlib.crc32(song.name.encode()) % 16 == 8


def gather_tests(root: Path, folder: Path | None = None) -> Path:
    """The same of the performances that are for testing: the test split of Groove MIDI, with the accompaniment of validation songs.

    The accompaniment is not what is tested: the drums of those songs are not among the performances.
    """

    def songs() -> list[Song]:
        accompaniment = [replace(song, split="test") for song in _freedoom(root) if accompanies_tests(song)]
        return _groove(root, ("test",)) + accompaniment

    return _stored(folder, f"notes-{VERSION}-test", root, songs)


def _state(root: Path) -> str:
    """A hash of where the data folder is, and of the sizes and times of the files of which performances are read."""
    groove, songs = root / "groove", root / "midi_songs_freedoom"
    files = sorted([*groove.glob("info.csv"), *groove.rglob("*.mid*"), *songs.glob("*.mid")])
    stats = [f"{stat.st_size} {stat.st_mtime_ns}" for stat in (path.stat() for path in files)]
    return hash_of(os.fsencode(root.resolve()), *(os.fsencode(path.relative_to(root)) for path in files), *stats)[:8]


def _stored(folder: Path | None, name: str, root: Path, read: Callable[[], list[Song]]) -> Path:
    path = (folder or songs_folder()) / f"{name}-{_state(root)}.npz"
    if not path.is_file():
        songs = read()
        parts = [part for song in songs for part in (song.drums, *song.others)]
        arrays = {column: np.concatenate([getattr(part, column) for part in parts]) for column in COLUMNS}
        about = []
        for song in songs:
            sizes = [[part.program, len(part.beats)] for part in (song.drums, *song.others)]
            about.append([song.name, song.kind, song.split, song.bpm, song.n_beats, sizes])
        buffer = io.BytesIO()
        np.savez(buffer, about=np.array(json.dumps(about)), **arrays)
        paths.write_atomically(path, buffer.getbuffer())
    return path


@lru_cache(maxsize=4)
def load(path: Path) -> tuple[Song, ...]:
    """All performances and songs that `gather` stored."""
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        columns = [file[column] for column in COLUMNS]
    songs, start = [], 0
    for name, kind, split, bpm, n_beats, sizes in about:
        parts = []
        for program, size in sizes:
            parts.append(Part(program, *(column[start : start + size] for column in columns)))
            start += size
        songs.append(Song(name, kind, split, bpm, n_beats, parts[0], tuple(parts[1:])))
    return tuple(songs)
