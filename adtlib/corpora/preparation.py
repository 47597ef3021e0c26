"""Computing features and onsets of a corpus once (thesis, 5.2.1); `store` describes the files and reads them.

Interrupted work resumes, a changed source is computed again, a broken track is left out and named. Recordings are decoded and
transformed in several threads, processes or machines, ahead of the one that is being written; what they return is written in the
order of the tracks, so that the files do not depend on who computed. Memory does not grow with the corpus.
"""

import multiprocessing
import os
import platform
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from adtlib import paths
from adtlib.audio.features import FPS, SAMPLE_RATE, check_version, log_filter_spectrogram
from adtlib.audio.files import AudioError
from adtlib.audio.pieces import told
from adtlib.corpora.ahead import Spread, caught, follow, in_order, passed_on
from adtlib.corpora.base import Corpus, CorpusError, Track
from adtlib.corpora.shard_set import ShardSet
from adtlib.corpora.shards import Checked, PreparedError, describe
from adtlib.corpora.store import INDEX, Prepared, prepared_folder, write_index
from adtlib.onsets.annotations import AnnotationError
from adtlib.onsets.frames import Onsets, onsets_from_targets, seconds_to_frames
from adtlib.provenance import file_checksum, hash_of

SEQUENCES_TOGETHER = 256  # in the fingerprint of a corpus of sequences, as they were in one file in format 2
FILES_NAMED = 10  # with unknown labels, one by one
MAX_LATE_SHARE = 0.05  # of a track's onsets past its end: with more, annotation and audio do not belong together
MANY_TRACKS = 2_000  # from here on processes, which take a second to start, beat threads, which wait for the interpreter lock
TRACKS_TOGETHER, BYTES_TOGETHER = 16, 2**25  # that a process or another machine is handed at a time, at most


def prepare(
    corpus: Corpus,
    splits=None,
    version: str = "madmom",
    workers: int | None = None,
    progress: bool = True,
    spread: Spread | None = None,
) -> Prepared:
    """Compute features and onsets of each track once; interrupted work resumes; a changed source is computed again.

    corpus    any `Corpus`, complete or not; a broken track is left out, named in `Prepared.problems` and warned of.
    splits    those to prepare; all by default. Splits prepared earlier are kept.
    version   features "madmom" or "thesis"; ADTOF-YT is distributed with the first only.
    workers   how many recordings are computed at a time, by default one for each core: in threads, or, where there are many
              recordings, in processes.
    spread    computes them elsewhere, as on a cluster that sees the same files.

    Two processes that prepare one corpus do it one after the other; the second finds it done.
    """
    check_version(version)
    splits = tuple(splits or corpus.splits)
    unknown = set(splits) - set(corpus.splits)
    if unknown:
        raise ValueError(f"{corpus.info.name} has no split {', '.join(sorted(unknown))}: choose from {corpus.splits}")
    if corpus.info.unit == "sequence" and version != "madmom":
        raise ValueError(f"{corpus.info.name} is distributed as madmom features: version {version!r} cannot be computed")
    folder = prepared_folder(corpus, version)
    with paths.locked(f"prepare-{folder.name}"), ExitStack() as ending:
        return _prepare(corpus, folder, splits, version, _Work(workers or os.cpu_count() or 1, spread, progress, ending))


@dataclass(frozen=True)
class _Work:
    """How the work is done: `workers` at a time here, or `spread` elsewhere; whether a bar shows it; what ends with it."""

    workers: int
    spread: Spread | None
    progress: bool
    ending: ExitStack

    @cached_property
    def processes(self) -> Executor:
        """The workers as processes, for all splits: starting them takes a second."""
        context = multiprocessing.get_context("spawn")  # as threads of the libraries do not survive a fork
        return self.ending.enter_context(ProcessPoolExecutor(self.workers, context, _start_worker, (os.getpid(),)))

    def bar(self, corpus: Corpus, split: str, total: int, done: int = 0) -> tqdm:
        label = f"prepare {corpus.info.name} {split}"
        return tqdm(total=total, initial=done, desc=label, unit=corpus.info.unit, disable=not (self.progress and total))


def _prepare(corpus: Corpus, folder: Path, splits: tuple[str, ...], version: str, work: _Work) -> Prepared:
    earlier, checked = _earlier_splits(folder), Checked(folder)
    index, sets = dict(earlier), {}
    for split in splits:
        sets[split] = ShardSet(folder / split, checked)
        make = _sequences if corpus.info.unit == "sequence" else partial(_tracks, version=version)
        found = make(corpus, split, sets[split], earlier.get(split, {}), work)
        left_out = [f"{corpus.info.name} {split}: left out: {entry}" for entry in corpus.left_out(split)]
        problems = list(dict.fromkeys(left_out + found["problems"]))  # a stream that is not read again has them already
        index[split] = found | {"problems": problems, "missing": len(corpus.missing(split))}
        for problem in problems:
            warnings.warn(problem, stacklevel=4)
    about = {
        "corpus": corpus.info.name,
        "unit": corpus.info.unit,
        "quantised": corpus.quantised,
        "miniature": corpus.miniature,
        "features": version,
    }
    together = SEQUENCES_TOGETHER if corpus.info.unit == "sequence" else 1
    write_index(folder, about | {"splits": {split: index[split] for split in corpus.splits if split in index}}, together)
    for split, shards in sets.items():
        shards.clean(index[split])
    checked.save()
    return Prepared(folder)


def _earlier_splits(folder: Path) -> dict[str, dict]:
    """The splits in the index of an earlier `prepare`; none, with a warning, if it is damaged or of another version."""
    if not (folder / INDEX).is_file():
        return {}
    try:
        return Prepared(folder).index["splits"]
    except PreparedError as error:
        warnings.warn(f"{str(error).partition(': run ')[0]}: made anew", stacklevel=5)
        return {}


# ---- tracks -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Computed:
    """What is stored of a track: its features `(T, 84)` float16, and what its line says of its content and its origin."""

    features: np.ndarray
    content: dict
    about: dict


def _tracks(corpus: Corpus, split: str, shards: ShardSet, before: dict, work: _Work, version: str) -> dict:
    """Prepare the tracks of one split; returns its part of the index. Broken tracks are reported and left out."""
    tracks = {track.id: track for track in corpus.tracks(split)}
    sources, failed = {}, {}
    for name, track in tracks.items():
        try:
            sources[name] = _source_fingerprint(track)
        except OSError as error:
            failed[name] = _reason(track, error)
    kept = shards.keep(sources)
    missing = [(tracks[name], source) for name, source in sources.items() if name not in kept]
    with work.bar(corpus, split, len(tracks), len(kept)) as bar:
        failed |= _compute_all(corpus, version, missing, shards, work, bar)
    names = [name for name in tracks if name not in failed]
    problems = [f"left out: {failed[name]}" for name in tracks if name in failed]
    unknown = {}
    for name in names:
        place = shards.places[name]
        problems += place.notes
        if place.unknown:
            unknown[" + ".join(map(str, tracks[name].annotation))] = dict(place.unknown)
    problems += _unknown_labels(unknown)
    shards.copy_together(names)
    return shards.finish(names, before) | {"problems": [f"{corpus.info.name} {split}: {problem}" for problem in problems]}


def _compute_all(corpus, version, missing: list, shards: ShardSet, work: _Work, bar: tqdm) -> dict[str, str]:
    """Compute tracks, each with its source, and store them; returns by id why some could not be."""
    failed, frames, began = {}, 0, time.perf_counter()
    spread = work.spread
    # A class of a script or a notebook is known in no other process.
    many = len(missing) >= MANY_TRACKS and work.workers > 1 and type(corpus).__module__ != "__main__"
    with _spread_here(work, many) if spread is None else _nothing_here(spread) as (spread, together):
        try:
            compute = partial(_compute if work.spread is None else _compute_there, corpus, version)
            for results in spread(compute, _in_groups(missing, together)):
                for name, result in results:
                    if isinstance(result, str):
                        failed[name] = result
                    else:
                        shards.add(name, result.features, result.content, result.about)
                        frames += len(result.features)
                    bar.update()
                seconds = frames / FPS
                speed = seconds / (time.perf_counter() - began)
                bar.set_postfix_str(f"{seconds / 3600:,.1f} h of sound, {speed:,.0f} x real time", refresh=False)
        finally:
            shards.close()
    return failed


@contextmanager
def _spread_here(work: _Work, processes: bool) -> Iterator[tuple[Spread, int]]:
    """A spread over the cores of this machine, and how many tracks each call is to have."""
    # One track per thread: matrix products that use all cores as well would slow each other down.
    with threadpool_limits(1, "blas"):
        if processes:
            yield partial(_from_processes, work.processes, work.workers), TRACKS_TOGETHER
        else:
            with ThreadPoolExecutor(work.workers) as pool:
                yield lambda function, items: in_order(pool, function, items, 2 * work.workers), 1


@contextmanager
def _nothing_here(spread: Spread) -> Iterator[tuple[Spread, int]]:
    yield spread, TRACKS_TOGETHER


def _start_worker(parent: int) -> None:
    follow(parent)
    threadpool_limits(1, "blas")


def _from_processes(pool: Executor, workers: int, function, items: Iterable) -> Iterator:
    for found in in_order(pool, partial(caught, function), items, 2 * workers):
        yield passed_on(found)


def _in_groups(missing: list[tuple[Track, str]], together: int) -> Iterator[list[tuple[Track, str]]]:
    """Up to `together` tracks at a time, and only one that is large."""
    group, size = [], 0
    for track, source in missing:
        group.append((track, source))
        size += sum(int(part.partition(":")[0]) for part in source.split(";"))
        if len(group) >= together or size > BYTES_TOGETHER:
            yield group
            group, size = [], 0
    if group:
        yield group


def _compute(corpus: Corpus, version: str, group: list[tuple[Track, str]]) -> list[tuple[str, _Computed | str]]:
    """Tracks by id, computed; of one that cannot be, the reason in words: whatever one track does, the others go on."""
    results: list[tuple[str, _Computed | str]] = []
    for track, source in group:
        with told() as remarks:
            try:
                results.append((track.id, _computed(corpus, track, source, version, remarks)))
            except Exception as error:
                results.append((track.id, "; ".join([_reason(track, error), *remarks])))
    return results


def _compute_there(corpus: Corpus, version: str, group: list[tuple[Track, str]]) -> list[tuple[str, _Computed | str]]:
    """The same on another machine. CorpusError where it does not see the files: it would leave all of them out."""
    for path in (path for track, _ in group for path in (*track.audio, *track.annotation)):
        if not path.is_file():
            raise CorpusError(
                f"{platform.node()} does not see {path}: put {corpus.info.name} where all machines do, or prepare it here"
            )
    return _compute(corpus, version, group)


def _computed(corpus: Corpus, track: Track, source: str, version: str, remarks: list[str]) -> _Computed:
    """A track, computed; `remarks` has what is said of its recordings while they are read."""
    waveform = corpus.read_audio(track)
    annotation = corpus.read_annotation(track)
    inputs = [[str(path.absolute()), file_checksum(path)] for path in (*track.audio, *track.annotation)]
    features = log_filter_spectrogram(waveform, version=version).astype(np.float16)
    onsets, notes = _onsets_within(annotation.onsets, len(features), len(waveform) / SAMPLE_RATE, track)
    about = {"source": source, "inputs": inputs}
    if notes := [*remarks, *notes, *annotation.remarks]:
        about["notes"] = notes
    if annotation.unknown:
        about["unknown"] = {str(label): count for label, count in annotation.unknown.items()}
    return _Computed(features, describe(features, onsets), about)


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


def _source_fingerprint(track: Track) -> str:
    stats = [path.stat() for path in (*track.audio, *track.annotation)]
    return ";".join(f"{stat.st_size}:{stat.st_mtime_ns}" for stat in stats)


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


def _sequences(corpus, split: str, shards: ShardSet, before: dict, work: _Work) -> dict:
    """Prepare a stream of (features, targets); returns its part of the index.

    Elements before a broken one are kept. A stream that was read to its end is not read again, unless something of it was lost:
    then all of it is read, as it cannot be entered in the middle, and what is missing is stored.
    """
    fingerprint = corpus.source_fingerprint(split)
    source = fingerprint and hash_of(fingerprint)
    kept = shards.keep(dict.fromkeys(_in_sequence(shards.places), source))
    if source and before.get("source") == source and len(kept) == before["n_units"]:
        shards.copy_together(list(kept))
        return before | shards.finish(list(kept), before)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        total = corpus.found(split)
        names, cut_short = _store_sequences(corpus, split, source, shards, kept, work, total) if total else ([], [])
    problems = [f"{corpus.info.name} {split}: {text}" for text in dict.fromkeys([str(w.message) for w in heard] + cut_short)]
    shards.copy_together(names)
    return shards.finish(names, before) | {"problems": problems} | ({} if cut_short else {"source": source})


def _store_sequences(corpus, split, source, shards: ShardSet, kept, work: _Work, total: int) -> tuple[list[str], list[str]]:
    """Store the sequences of a stream that are not `kept`; returns the ids of all, and why it ended early, if it did."""
    names, cut_short = [], []
    with work.bar(corpus, split, total) as bar:
        try:
            for index, (features, targets) in enumerate(corpus.sequences(split)):
                bar.update()
                names.append(f"{split}/{index:06d}")
                if names[-1] not in kept:
                    stored = features.astype(np.float16)
                    shards.add(names[-1], stored, describe(stored, onsets_from_targets(targets)), {"source": source})
        except CorpusError as error:
            cut_short = [f"cut short: {error}"]
        finally:
            shards.close()
    return names, cut_short


def _in_sequence(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: int(name.rpartition("/")[2]))
