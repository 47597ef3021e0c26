"""Computing features and onsets of a corpus once (thesis, 5.2.1); `store` describes the files and reads them.

Each file is written under another name and then renamed, features first: a part with a .npz is complete, even if a process was
killed. Interrupted work resumes, a changed source is computed again, a broken track is left out and named. Each core works on one
track at a time and keeps nothing of it, so that memory does not grow with the corpus.
"""

import hashlib
import os
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from adtlib import paths
from adtlib.audio.features import SAMPLE_RATE, FeatureConfig, log_filter_spectrogram
from adtlib.audio.files import AudioError
from adtlib.corpora.base import Corpus, CorpusError, Track
from adtlib.corpora.parts import Checked, PreparedError, stored_part, write_part
from adtlib.corpora.store import INDEX, Prepared, prepared_folder, write_index
from adtlib.onsets.annotations import AnnotationError
from adtlib.onsets.frames import Onsets, onsets_from_targets, seconds_to_frames
from adtlib.provenance import file_checksum

SEQUENCES_PER_PART = 256
FILES_NAMED = 10  # with unknown labels, one by one
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
    earlier, checked = _earlier_splits(folder), Checked(folder)
    index = dict(earlier)
    for split in splits:
        if corpus.info.unit == "sequence":
            found = _sequence_parts(corpus, split, folder, earlier.get(split, {}), checked, progress)
        else:
            found = _track_parts(corpus, split, folder, version, checked, workers or os.cpu_count() or 1, progress)
        left_out = [f"{corpus.info.name} {split}: left out: {entry}" for entry in corpus.left_out(split)]
        problems = list(dict.fromkeys(left_out + found["problems"]))  # a stream that is not read again has them already
        index[split] = found | {"problems": problems, "missing": len(corpus.missing(split))}
        for problem in problems:
            warnings.warn(problem, stacklevel=2)
    about = {
        "corpus": corpus.info.name,
        "unit": corpus.info.unit,
        "quantised": bool(getattr(corpus, "quantised", False)),
        "miniature": corpus.miniature,
        "features": version,
    }
    checked.save()
    write_index(folder, about | {"splits": {split: index[split] for split in corpus.splits if split in index}})
    return Prepared(folder)


def _earlier_splits(folder: Path) -> dict[str, dict]:
    """The splits in the index of an earlier `prepare`; none, with a warning, if it is damaged or of another version."""
    if not (folder / INDEX).is_file():
        return {}
    try:
        return Prepared(folder).index["splits"]
    except PreparedError as error:
        warnings.warn(_anew(error), stacklevel=3)
        return {}


def _anew(error: PreparedError) -> str:
    return f"{str(error).partition(': run ')[0]}: made anew"


def _whole_part(part: Path, source: str, checked: Checked) -> dict | None:
    """`stored_part`; None as well, with a warning, where it is damaged."""
    try:
        return stored_part(part, source, checked)
    except PreparedError as error:
        warnings.warn(_anew(error), stacklevel=3)
        return None


# ---- tracks -------------------------------------------------------------------------------------------------------------


def _track_parts(corpus, split, folder, version, checked, workers, progress):
    """Prepare the tracks of one split; returns its part of the index. Broken tracks are reported and left out."""
    tracks = corpus.tracks(split)
    parts, problems, unknown = [], [], {}

    def job(track: Track):
        return _prepare_track(corpus, track, folder / split / _file_name(track.id), version, checked)

    bar = tqdm(total=len(tracks), desc=f"prepare {corpus.info.name} {split}", unit="track", disable=not (progress and tracks))
    # One track per thread: matrix products that use all cores as well would slow each other down.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as pool, bar:
        futures = [pool.submit(job, track) for track in tracks]
        try:
            for track, future in zip(tracks, futures, strict=True):
                try:
                    entry = future.result()
                except paths.WriteError:  # a full disk is no fault of the track
                    raise
                except Exception as error:  # whatever one track does, the others go on
                    problems.append(f"left out: {_reason(track, error)}")
                else:
                    if labels := entry.pop("unknown"):
                        unknown[" + ".join(map(str, track.annotation))] = labels
                    problems.extend(entry.pop("notes"))
                    parts.append(entry)
                bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    problems += _unknown_labels(unknown)
    return {"parts": parts, "problems": [f"{corpus.info.name} {split}: {problem}" for problem in problems]}


def _reason(track: Track, error: Exception) -> str:
    """Why a track was left out, in words, with the file's name."""
    if isinstance(error, AudioError | AnnotationError | CorpusError):
        return str(error)
    named = " + ".join(map(str, track.audio + track.annotation))
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or named}: {error.strerror}"
    return f"{named}: {type(error).__name__}: {error}"


def _unknown_labels(by_file: dict[str, dict[str, int]]) -> Iterator[str]:
    """A sentence on each file with labels outside the mapping, and one on all files beyond the first FILES_NAMED."""
    for name, labels in list(by_file.items())[:FILES_NAMED]:
        yield f"{name}: labels outside the mapping, not transcribed: {_counted(labels)}"
    if rest := list(by_file.values())[FILES_NAMED:]:
        total: dict[str, int] = {}
        for labels in rest:
            total |= {label: total.get(label, 0) + count for label, count in labels.items()}
        yield f"{len(rest):,} more files: labels outside the mapping, not transcribed: {_counted(total)}"


def _counted(labels: dict[str, int]) -> str:
    return ", ".join(f"{label} ({count:,})" for label, count in sorted(labels.items(), key=str))


def _file_name(unit_id: str) -> str:
    """A name that every file system accepts (SADTP's hold `<` and accents), made unique by a hash of the id."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", unit_id)[-60:].strip("._")
    # A name that is not UTF-8, as in old archives, has its bytes as lone surrogates.
    return f"{readable}-{hashlib.sha256(unit_id.encode(errors='surrogateescape')).hexdigest()[:8]}"


def _source_fingerprint(track: Track) -> str:
    stats = [path.stat() for path in (*track.audio, *track.annotation)]
    return ";".join(f"{stat.st_size}:{stat.st_mtime_ns}" for stat in stats)


def _prepare_track(corpus: Corpus, track: Track, part: Path, version: str, checked: Checked) -> dict:
    source = _source_fingerprint(track)
    if done := _whole_part(part, source, checked):
        return done
    waveform = corpus.read_audio(track)
    annotation = corpus.read_annotation(track)
    inputs = tuple((path.absolute(), file_checksum(path)) for path in (*track.audio, *track.annotation))
    features = log_filter_spectrogram(waveform, version=version)
    onsets, notes = _onsets_within(annotation.onsets, len(features), len(waveform) / SAMPLE_RATE, track)
    notes += annotation.remarks
    unknown = {str(label): count for label, count in annotation.unknown.items()}
    entry = write_part(part, [(track.id, features, onsets)], source, notes, unknown, inputs)
    checked.note(part, entry)
    return entry


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


# ---- sequences ----------------------------------------------------------------------------------------------------------


def _sequence_parts(corpus, split, folder, before: dict, checked, progress) -> dict:
    """Prepare a stream of (features, targets) in parts of 256 sequences; returns its part of the index.

    Elements before a broken one are kept. `before` is the earlier entry: a stream that was read to its end is not read again,
    unless a part of it was lost.
    """
    source = corpus.source_fingerprint(split)
    stored = _stored_parts(folder / split, source, checked)
    if source and before.get("source") == source and len(stored) == len(before["parts"]):
        return before
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        total = corpus.found(split)
        cut_short = _write_parts(corpus, split, folder / split, source, stored, checked, total, progress) if total else []
    problems = [f"{corpus.info.name} {split}: {text}" for text in dict.fromkeys([str(w.message) for w in caught] + cut_short)]
    parts = [_index_entry(stored[number]) for number in sorted(stored)] if total else []
    return {"parts": parts, "problems": problems} | ({} if cut_short else {"source": source})


def _write_parts(corpus, split, folder, source, stored: dict[int, dict], checked, total, progress) -> list[str]:
    """Write the parts of a stream that are not `stored`, and add them to it; return why the stream ended early, if it did."""
    full = {number for number, entry in stored.items() if len(entry["units"]) == SEQUENCES_PER_PART}
    pending: list[tuple] = []

    def write(number: int) -> None:
        part = folder / f"part-{number:05d}"
        stored[number] = write_part(part, pending, source, [], {})
        checked.note(part, stored[number])
        pending.clear()

    index, cut_short = -1, []
    with tqdm(total=total, desc=f"prepare {corpus.info.name} {split}", unit="sequence", disable=not progress) as bar:
        try:
            for index, (features, targets) in enumerate(corpus.sequences(split)):
                bar.update()
                number = index // SEQUENCES_PER_PART
                if number in full:  # a stream cannot be entered in the middle
                    continue
                pending.append((f"{split}/{index:06d}", features, onsets_from_targets(targets)))
                if len(pending) == SEQUENCES_PER_PART:
                    write(number)
        except CorpusError as error:
            cut_short = [f"cut short: {error}"]
    if pending:
        write(index // SEQUENCES_PER_PART)
    return cut_short


def _index_entry(part: dict) -> dict:
    return {key: value for key, value in part.items() if key not in ("notes", "unknown")}


def _stored_parts(folder: Path, source: str, checked: Checked) -> dict[int, dict]:
    """Entries of the whole parts that an earlier `prepare` wrote from this source, by their numbers."""
    numbers = sorted(int(path.stem.removeprefix("part-")) for path in folder.glob("part-[0-9]*.npy"))
    entries = {number: _whole_part(folder / f"part-{number:05d}", source, checked) for number in numbers}
    return {number: entry for number, entry in entries.items() if entry}
