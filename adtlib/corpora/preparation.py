"""Computing features and onsets of a corpus once (thesis, 5.2.1); `store` describes the files and reads them.

Each file is written under another name and then renamed, features first: a part with a .npz is complete, even if a process was
killed. Interrupted work resumes, a changed source is computed again, a broken track is left out and named. Each core works on one
track at a time and keeps nothing of it, so that memory does not grow with the corpus.
"""

import hashlib
import io
import json
import os
import re
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE, FeatureConfig, log_filter_spectrogram
from adtlib.audio.files import AudioError
from adtlib.corpora.base import Corpus, CorpusError, Track
from adtlib.corpora.store import FORMAT, Prepared, load_part, map_features, prepared_folder
from adtlib.onsets.annotations import AnnotationError
from adtlib.onsets.frames import Onsets, onsets_from_targets, seconds_to_frames
from adtlib.vocabulary import N_CLASSES

SEQUENCES_PER_PART = 256
MAX_LATE_SHARE = 0.05  # of a track's onsets past its end: with more, annotation and audio do not belong together


def prepare(corpus: Corpus, splits=None, version: str = "madmom", workers: int | None = None, progress: bool = True) -> Prepared:
    """Compute features and onsets of each track once; interrupted work resumes; a changed source is computed again.

    corpus    any `Corpus`, complete or not; a broken track is left out, named in `Prepared.problems` and warned of.
    splits    those to prepare; all by default. Splits prepared earlier are kept.
    version   features "madmom" or "thesis"; ADTOF-YT is distributed with the first only.
    workers   threads (decoding, FFT and matrix products release the interpreter lock); by default one per core.
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
        before = index["splits"].get(split, {})
        if corpus.info.unit == "sequence":
            found = _sequence_parts(corpus, split, folder, before, progress)
        else:
            found = _track_parts(corpus, split, folder, version, workers or os.cpu_count() or 1, progress)
        found["problems"] = [f"{corpus.info.name} {split}: left out: {entry}" for entry in corpus.left_out(split)] + found[
            "problems"
        ]
        index["splits"][split] = found | {"missing": len(corpus.missing(split))}
        for problem in found["problems"]:
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
    return Prepared(folder).index if (folder / "index.json").is_file() else None


def _track_parts(corpus, split, folder, version, workers, progress):
    """Prepare the tracks of one split; returns its part of the index. Broken tracks are reported and left out."""
    tracks = corpus.tracks(split)
    parts, problems, unknown = [], [], Counter()

    def job(track: Track):
        return _prepare_track(corpus, track, folder / split / _file_name(track.id), version)

    bar = tqdm(total=len(tracks), desc=f"prepare {corpus.info.name} {split}", unit="track", disable=not (progress and tracks))
    # One track per thread: matrix products that use all cores as well would slow each other down.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as pool, bar:
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
    return {"parts": parts, "problems": problems}


def _file_name(unit_id: str) -> str:
    """A name that every file system accepts (SADTP's hold `<` and accents), made unique by a hash of the id."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", unit_id)[-60:].strip("._")
    return f"{readable}-{hashlib.sha256(unit_id.encode()).hexdigest()[:8]}"


def _source_fingerprint(track: Track) -> str:
    stats = [path.stat() for path in (*track.audio, *track.annotation)]
    return ";".join(f"{stat.st_size}:{stat.st_mtime_ns}" for stat in stats)


def _prepare_track(corpus: Corpus, track: Track, part: Path, version: str) -> dict:
    source = _source_fingerprint(track)
    if done := stored_part(part, source):
        return done
    waveform = corpus.read_audio(track)
    annotation = corpus.read_annotation(track)
    features = log_filter_spectrogram(waveform, version=version)
    onsets, notes = _onsets_within(annotation.onsets, len(features), len(waveform) / SAMPLE_RATE, track)
    notes += annotation.remarks
    unknown = {str(label): count for label, count in annotation.unknown.items()}
    return write_part(part, [(track.id, features, onsets)], source, notes, unknown)


def _onsets_within(onsets: Onsets, n_frames: int, duration: float, track: Track) -> tuple[Onsets, list[str]]:
    """Drop onsets past the end of the audio. AnnotationError if they are more than MAX_LATE_SHARE of all."""
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


def write_part(part: Path, units, source: str, notes: list[str], unknown: dict[str, int]) -> dict:
    """Write one part from `(id, features (T, 84), onsets)` of its units; return its entry for the index.

    source  fingerprint of what the part was computed from: `stored_part` compares it.
    """
    features = np.concatenate([feature for _, feature, _ in units]).astype(np.float16)
    # Sums of the rounded values, as training reads them.
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


def stored_part(part: Path, source: str) -> dict | None:
    """The index entry of a part, or None if it is incomplete or of another source."""
    if not (part.with_name(part.name + ".npz").is_file() and part.with_name(part.name + ".npy").is_file()):
        return None
    load_part.cache_clear()
    entry = json.loads(str(load_part(part)["entry"]))
    if entry["source"] != source:
        map_features.cache_clear()
        return None
    return entry


def _sequence_parts(corpus, split, folder, before: dict, progress) -> dict:
    """Prepare a stream of (features, targets) in parts of 256 sequences; returns its part of the index.

    Elements before a broken one are kept. `before` is the earlier entry: a stream that was read to its end is not read again.
    """
    source = corpus.source_fingerprint(split)
    if source and before.get("source") == source:
        return before
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        total = corpus.found(split)
        parts, cut_short = _stream_parts(corpus, split, folder / split, source, total, progress) if total else ([], [])
    problems = [f"{corpus.info.name} {split}: {text}" for text in dict.fromkeys([str(w.message) for w in caught] + cut_short)]
    return {"parts": [_index_entry(part) for part in parts], "problems": problems} | ({} if cut_short else {"source": source})


def _stream_parts(corpus, split, folder, source, total, progress) -> tuple[list[dict], list[str]]:
    """(parts, why the stream ended early): parts that an interrupted `prepare` left are not written again."""
    parts = _stored_parts(folder, source)
    done, pending = len(parts) * SEQUENCES_PER_PART, []

    def write():
        if pending:
            parts.append(write_part(folder / f"part-{len(parts):05d}", pending, source, [], {}))
            pending.clear()

    bar = tqdm(total=total, desc=f"prepare {corpus.info.name} {split}", unit="sequence", disable=not progress)
    with bar:
        try:
            for index, (features, targets) in enumerate(corpus.sequences(split)):
                bar.update()
                if index < done:  # a stream cannot be entered in the middle
                    continue
                pending.append((f"{split}/{index:06d}", features, onsets_from_targets(targets)))
                if len(pending) == SEQUENCES_PER_PART:
                    write()
        except CorpusError as error:
            write()
            return parts, [f"cut short: {error}"]
        write()
    return parts, []


def _index_entry(part: dict) -> dict:
    return {key: value for key, value in part.items() if key not in ("notes", "unknown")}


def _stored_parts(folder: Path, source: str) -> list[dict]:
    """Entries of the full parts that an earlier `prepare` wrote from this source, up to the first gap."""
    entries = []
    while (entry := stored_part(folder / f"part-{len(entries):05d}", source)) and len(entry["units"]) == SEQUENCES_PER_PART:
        entries.append(entry)
    return entries
