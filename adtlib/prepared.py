"""Features and onsets of a corpus on disk, computed once; segments of 400 frames for training (thesis, 5.2.1).

A prepared corpus is a folder of parts below `cache/prepared/`. A part is one track, or up to 256 sequences of ADTOF-YT:

    SPLIT/NAME.npy    (T, 84) float16 features of its units, one after the other, read through a memory map
    SPLIT/NAME.npz    onsets in seconds from each unit's start (float64), sums for standardising, fingerprint of the source
    index.json        written last: every part of every split, totals, and what went wrong

Each file is written under another name and then renamed, features first: a part whose .npz is there is whole, whatever was killed.
Memory does not grow with the corpus: units hold paths and numbers, features stay on disk, onsets are read when asked for.
"""

import hashlib
import io
import json
import os
import re
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from adtlib import paths
from adtlib.audio import AudioError
from adtlib.corpora.base import Corpus, CorpusError, Track
from adtlib.features import FPS, N_BANDS, SAMPLE_RATE, FeatureConfig, Standardizer, log_filter_spectrogram
from adtlib.onsets import (
    AnnotationError,
    Onsets,
    onsets_from_targets,
    seconds_to_frames,
    widen_targets,
)
from adtlib.vocabulary import CLASSES

FORMAT = 1
SEGMENT_FRAMES = 400
SEQUENCES_PER_PART = 256
MAX_LATE_SHARE = 0.05  # of the onsets of a track may lie past its end; more, and annotation and audio do not belong together
N_CLASSES = len(CLASSES)


class PreparedError(ValueError):
    """Prepared data that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class Unit:
    """What is scored as one: a track, or a sequence of ADTOF-YT."""

    id: str
    part: Path  # without suffix
    index: int  # among the units of the part
    start: int  # first frame within the part
    n_frames: int

    @property
    def features(self) -> np.ndarray:
        """`(n_frames, 84)` float16, a view of the memory map."""
        return _map_features(self.part)[self.start : self.start + self.n_frames]

    @property
    def onsets(self) -> Onsets:
        """One sorted float64 array of seconds for each class; an onset before time 0 or past the end does not occur."""
        part = _load_part(self.part)
        mine = part["onset_units"] == self.index
        times, classes = part["onset_times"][mine], part["onset_classes"][mine]
        return [times[classes == c] for c in range(N_CLASSES)]

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.n_frames / FPS


# Few maps are open at once: a corpus of 45,537 tracks would run out of file handles.
@lru_cache(maxsize=64)
def _map_features(part: Path) -> np.ndarray:
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
def _load_part(part: Path) -> dict[str, np.ndarray]:
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
    """Sums over one split: what weights and standardising need."""

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
        """Open `folder`. Raises PreparedError where it is not whole or of another version."""
        self.folder = Path(folder)
        path = self.folder / "index.json"
        try:
            index = json.loads(path.read_text())
        except FileNotFoundError:
            raise PreparedError(f"{path} is missing: run 'adt prepare' to finish what was interrupted") from None
        except ValueError as error:
            raise PreparedError(f"{path} is damaged ({error}): delete it and run 'adt prepare' again") from error
        if index.get("format") != FORMAT:
            raise PreparedError(
                f"{path} is of format {index.get('format')}, this version reads {FORMAT}: "
                f"delete {self.folder} and run 'adt prepare' again"
            )
        self._index = index
        self.corpus_name: str = index["corpus"]
        self.unit: str = index["unit"]
        self.quantised: bool = index["quantised"]
        self.miniature: bool = index["miniature"]
        self.version: str = index["features"]
        self.problems: list[str] = [problem for split in index["splits"].values() for problem in split["problems"]]

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that were prepared, the empty ones too."""
        return tuple(self._index["splits"])

    @property
    def fingerprint(self) -> str:
        """Changes when the recordings, their annotations or the features do: part of what makes a run what it is."""
        stated = {split: [part["source"] for part in content["parts"]] for split, content in self._index["splits"].items()}
        return hashlib.sha256(json.dumps([self.version, stated], sort_keys=True).encode()).hexdigest()[:16]

    def missing(self, split: str) -> int:
        """How many tracks of the split the whole corpus holds beyond those found (0 where that is not known)."""
        return self._index["splits"].get(split, {}).get("missing", 0)

    def units(self, split: str) -> list[Unit]:
        """All units of a split in a fixed order; empty where nothing was found. ValueError for a split never prepared."""
        if split not in self._index["splits"]:
            raise ValueError(f"{self.corpus_name} has no prepared split {split!r}, only {', '.join(self.splits)}")
        units = []
        for part in self._index["splits"][split]["parts"]:
            start = 0
            for index, (unit_id, n_frames) in enumerate(part["units"]):
                units.append(Unit(unit_id, self.folder / part["file"], index, start, n_frames))
                start += n_frames
        return units

    def totals(self, split: str) -> Totals:
        """Sums over the split."""
        parts = self._index["splits"].get(split, {}).get("parts", [])
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
    """Where `prepare` puts a corpus: the same corpus at another root, or with other options, gets a folder of its own."""
    where = hashlib.sha256(f"{corpus.root.resolve()}|{corpus.options}".encode()).hexdigest()[:8]
    return paths.CACHE / "prepared" / f"{corpus.info.slug}-{version}-{where}"


def prepare(corpus: Corpus, splits=None, version: str = "madmom", workers: int | None = None, progress: bool = True) -> Prepared:
    """Compute features and onsets of each track once; interrupted work resumes; a changed source is computed anew.

    corpus    any `Corpus`; what is found is used, a broken track is left out, named in `Prepared.problems` and warned of.
    splits    which of its splits; all by default. Splits prepared earlier stay.
    version   features "madmom" or "thesis"; ADTOF-YT is distributed with the first only.
    workers   threads (decoding, FFT and matrix products release the interpreter lock); by default one a core.
    """
    FeatureConfig(version)
    splits = tuple(splits or corpus.splits)
    unknown = set(splits) - set(corpus.splits)
    if unknown:
        raise ValueError(f"{corpus.info.name} has no split {', '.join(sorted(unknown))}: choose from {corpus.splits}")
    if corpus.info.unit == "sequence" and version != "madmom":
        raise ValueError(f"{corpus.info.name} is distributed as madmom features: version {version!r} cannot be computed")
    folder = prepared_folder(corpus, version)
    index = _read_index(folder) or {"splits": {}}
    for split in splits:
        jobs = _sequence_parts if corpus.info.unit == "sequence" else _track_parts
        parts, problems = jobs(corpus, split, folder, version, workers or os.cpu_count() or 1, progress)
        index["splits"][split] = {"parts": parts, "problems": problems, "missing": len(corpus.missing(split))}
        for problem in problems:
            warnings.warn(problem, stacklevel=2)
    order = [split for split in corpus.splits if split in index["splits"]]
    index = {
        "format": FORMAT,
        "corpus": corpus.info.name,
        "unit": corpus.info.unit,
        "quantised": bool(getattr(corpus, "quantised", False)),
        "miniature": corpus.miniature,
        "features": version,
        "splits": {split: index["splits"][split] for split in order},
    }
    paths.write_atomically(folder / "index.json", json.dumps(index).encode())
    return Prepared(folder)


def _read_index(folder: Path) -> dict | None:
    """The index of an earlier `prepare`, or None; PreparedError where another version wrote it."""
    return Prepared(folder)._index if (folder / "index.json").is_file() else None


def _track_parts(corpus, split, folder, version, workers, progress):
    """Prepare the tracks of one split: (entries of the index, problems). Broken tracks are reported, the others done."""
    tracks = corpus.tracks(split)
    parts, problems, unknown = [], [], Counter()

    def job(track: Track):
        return _prepare_track(corpus, track, folder / split / _file_name(track.id), version)

    bar = tqdm(total=len(tracks), desc=f"prepare {corpus.info.name} {split}", unit="track", disable=not progress or None)
    with ThreadPoolExecutor(workers) as pool, bar:
        futures = [pool.submit(job, track) for track in tracks]
        try:
            for future in futures:
                try:
                    entry = future.result()
                except (AudioError, AnnotationError, CorpusError) as error:
                    problems.append(f"{corpus.info.name} {split}: left out: {error}")
                else:
                    unknown.update(entry.pop("unknown"))
                    problems.extend(f"{corpus.info.name} {split}: {note}" for note in entry.pop("notes"))
                    parts.append(entry)
                bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if unknown:
        listed = ", ".join(f"{label} ({count})" for label, count in sorted(unknown.items(), key=str))
        problems.append(f"{corpus.info.name} {split}: labels outside the mapping, not transcribed: {listed}")
    return parts, problems


def _file_name(unit_id: str) -> str:
    """A name that every file system takes (SADTP's hold `<` and accents), kept apart by a hash of the true one."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", unit_id)[-60:].strip("._")
    return f"{readable}-{hashlib.sha256(unit_id.encode()).hexdigest()[:8]}"


def _source_fingerprint(track: Track) -> str:
    stats = [path.stat() for path in (*track.audio, *track.annotation)]
    return ";".join(f"{stat.st_size}:{stat.st_mtime_ns}" for stat in stats)


def _prepare_track(corpus: Corpus, track: Track, part: Path, version: str) -> dict:
    source = _source_fingerprint(track)
    if done := _done(part, source):
        return done
    waveform = corpus.read_audio(track)
    annotation = corpus.read_annotation(track)
    features = log_filter_spectrogram(waveform, version=version)
    onsets, notes = _within(annotation.onsets, len(features), len(waveform) / SAMPLE_RATE, track)
    unknown = {str(label): count for label, count in annotation.unknown.items()}
    return _write_part(part, [(track.id, features, onsets)], source, notes, unknown)


def _within(onsets: Onsets, n_frames: int, duration: float, track: Track) -> tuple[Onsets, list[str]]:
    """Drop onsets past the end of the audio. AnnotationError where they are so many that the two do not belong together."""
    kept = [times[(seconds_to_frames(times) < n_frames)] for times in onsets]
    total, late = sum(map(len, onsets)), sum(map(len, onsets)) - sum(map(len, kept))
    if not late:
        return kept, []
    last = max(times[-1] for times in onsets if len(times))
    what = (
        f"{' + '.join(map(str, track.annotation))}: {late} of {total} onsets lie past the end of the audio "
        f"({duration:.2f} s; the last at {last:.2f} s)"
    )
    if late > MAX_LATE_SHARE * total:
        raise AnnotationError(f"{what}: check that {track.audio[0]} is whole and belongs to this annotation")
    return kept, [f"{what}: these are left out; check that the recording is whole"]


def _write_part(part: Path, units, source: str, notes: list[str], unknown: dict[str, int]) -> dict:
    """Write one part from `(id, features (T, 84), onsets)` of its units; return its entry of the index."""
    features = np.concatenate([feature for _, feature, _ in units]).astype(np.float16)
    # Of the rounded values: what standardising sees is what training reads.
    exact = features.astype(np.float64)
    times = [times for _, _, onsets in units for times in onsets]
    classes = [np.full(len(t), c, np.uint8) for _, _, onsets in units for c, t in enumerate(onsets)]
    owners = [np.full(len(t), u, np.uint32) for u, (_, _, onsets) in enumerate(units) for t in onsets]
    arrays = {
        "format": np.int64(FORMAT),
        "onset_times": np.concatenate(times).astype(np.float64),
        "onset_classes": np.concatenate(classes),
        "onset_units": np.concatenate(owners),
    }
    entry = {
        "file": f"{part.parent.name}/{part.name}",
        "source": source,
        "units": [[unit_id, len(feature)] for unit_id, feature, _ in units],
        "onset_counts": np.bincount(arrays["onset_classes"], minlength=N_CLASSES).tolist(),
        "feature_sum": float(exact.sum()),
        "feature_squares": float(np.square(exact).sum()),
        "notes": notes,
        "unknown": unknown,
    }
    arrays["entry"] = np.array(json.dumps(entry))
    for suffix, save in ((".npy", lambda file: np.save(file, features)), (".npz", lambda file: np.savez(file, **arrays))):
        buffer = io.BytesIO()
        save(buffer)
        paths.write_atomically(part.with_name(part.name + suffix), buffer.getbuffer())
    return entry


def _done(part: Path, source: str) -> dict | None:
    """The index entry of a part that is whole and of this source, or None."""
    if not (part.with_name(part.name + ".npz").is_file() and part.with_name(part.name + ".npy").is_file()):
        return None
    _load_part.cache_clear()
    entry = json.loads(str(_load_part(part)["entry"]))
    if entry["source"] != source:
        _map_features.cache_clear()
        return None
    return entry


def _sequence_parts(corpus, split, folder, version, workers, progress):
    """Prepare a stream of (features, targets): parts of 256 sequences. What precedes a broken element is kept."""
    problems = []
    try:
        total = corpus.count(split)
    except CorpusError as error:
        return [], [f"{corpus.info.name} {split}: left out: {error}"]
    if total == 0:
        return [], []
    source = corpus.source_fingerprint(split)
    parts = _stored_parts(folder / split, source)
    done = sum(len(part["units"]) for part in parts)
    pending = []

    def write():
        if pending:
            parts.append(_write_part(folder / split / f"part-{len(parts):05d}", pending, source, [], {}))
            pending.clear()

    if done < total:
        bar = tqdm(total=total, desc=f"prepare {corpus.info.name} {split}", unit="sequence", disable=not progress or None)
        with bar:
            try:
                for index, (features, targets) in enumerate(corpus.sequences(split)):
                    bar.update()
                    if index < done:  # a stream has no other way to its middle than through its beginning
                        continue
                    pending.append((f"{split}/{index:06d}", features, onsets_from_targets(targets)))
                    if len(pending) == SEQUENCES_PER_PART:
                        write()
            except CorpusError as error:
                problems.append(f"{corpus.info.name} {split}: cut short: {error}")
            write()
    return [_index_entry(part) for part in parts], problems


def _index_entry(part: dict) -> dict:
    return {key: value for key, value in part.items() if key not in ("notes", "unknown")}


def _stored_parts(folder: Path, source: str) -> list[dict]:
    """Entries of the full parts that an earlier `prepare` left of this source, without a gap; the last may be shorter."""
    entries = []
    while entry := _done(folder / f"part-{len(entries):05d}", source):
        entries.append(entry)
        if len(entry["units"]) < SEQUENCES_PER_PART:
            break
    return entries


def standardizer(prepared: list[Prepared], split: str = "train") -> Standardizer:
    """Mean and standard deviation over one split of one or several corpora together."""
    gathered = Standardizer()
    for corpus in prepared:
        totals = corpus.totals(split)
        gathered.add(totals.n_frames * N_BANDS, totals.feature_sum, totals.feature_squares)
    return gathered


class Segments(Dataset):
    """Segments of 400 frames of one split of one or several corpora: `((400, 84) features, (400, 5) widened targets)`, float32.

    A unit is cut from its start without overlap; its last segment is filled with silence (features 0, no onset). The
    targets of a segment's edge frames know the onsets just outside it.
    """

    def __init__(self, prepared: list[Prepared], split: str):
        """List the segments; nothing is read yet."""
        self.units = [unit for corpus in prepared for unit in corpus.units(split)]
        lengths = np.array([-(-unit.n_frames // SEGMENT_FRAMES) for unit in self.units], dtype=np.int64)
        self._ends = np.cumsum(lengths)

    def __len__(self) -> int:
        """Number of segments."""
        return int(self._ends[-1]) if len(self._ends) else 0

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
