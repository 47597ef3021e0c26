"""Reading and writing annotations: files of labelled times, as one sorted array of onset times for each class.

Onsets are a list of five float64 arrays, one for each class in the order of `adtlib.vocabulary.CLASSES`, in seconds
from the start of the recording, sorted, not quantised. A class without onsets has an empty array.

Two kinds of files are read:

text    lines of "<seconds> <label>", in columns as `text` describes them; further columns are ignored, and so are blank
        lines, lines that begin with `#`, and a heading in the first line
MIDI    every note-on with a velocity above 0 is an onset, at its time by the file's tempo map

A file without any content is an error, as it nearly always comes from a broken download. A text file with only a heading
or a comment states that there are no onsets; `write_onsets` writes such a heading.

Two instruments of one class that sound together (crash and ride) are two onsets here, as annotated. On frames they
coincide, and a system can find only one, so that the second is a miss. Such doubles are 38 of the 1,076 onsets of one
Slakh track, 9 of the 48,234 in 150 performances of the Groove MIDI Dataset, and 0 in MDB Drums.
"""

import functools
import warnings
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from adtlib import paths
from adtlib.onsets import midi, text
from adtlib.onsets.frames import Onsets, check_onsets
from adtlib.onsets.smf import MIDI_SUFFIXES
from adtlib.vocabulary import CLASSES, MIDI_PITCH, Mapping

TEXT_SUFFIXES = (".txt", ".csv", ".tsv", ".beats")
_MAX_BYTES = 2**24  # of a text file
_SHOWN = 8  # labels in a message
_LARGE_SHARE = 0.25  # of events outside the five classes, from which they may be drums of another kit


class AnnotationError(ValueError):
    """An annotation that cannot be read; the message names the file, the place and the remedy."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """Content of a file: onsets, and the counts of labels that are unknown or outside the vocabulary (ignored).

    remarks  what else may have been lost, a sentence with the name of the file for each.
    """

    onsets: Onsets
    unknown: Counter
    ignored: Counter
    remarks: tuple[str, ...] = ()

    @property
    def n_events(self) -> int:
        """Number of events in the file: onsets, ignored and unknown ones together."""
        return sum(map(len, self.onsets)) + self.unknown.total() + self.ignored.total()

    @property
    def many_ignored(self) -> bool:
        """Whether so many events are outside the vocabulary that they may be drums of another kit."""
        return self.ignored.total() >= max(1, _LARGE_SHARE * self.n_events)


# --- reading ---------------------------------------------------------------------------------------------------------


def read_annotation(
    path: Path | str | Sequence[Path | str],
    mapping: Mapping,
    drum_channel_only: bool = False,
    allow_empty: bool = False,
) -> Annotation:
    """Read an annotation file, text or MIDI by its suffix; the events of several files are merged.

    drum_channel_only  read only channel 10 of MIDI files; else all notes count, for files that contain only drums.
    allow_empty        accept a file without content, for example the output of a system that found nothing.

    Raises AnnotationError for a file that is missing, empty, damaged, of another kind, or without drums, and where not one label
    is known.
    """
    paths = [Path(path)] if isinstance(path, (str, Path)) else [Path(part) for part in path]
    if not paths:
        raise AnnotationError("no annotation file was given")
    remarks: list[str] = []
    events = [_read_events(part, mapping, drum_channel_only, allow_empty, remarks) for part in paths]
    annotation = _classify(*map(np.concatenate, zip(*events, strict=True)), mapping, tuple(remarks))
    if annotation.unknown and annotation.unknown.total() == annotation.n_events:
        raise AnnotationError(f"{' + '.join(map(str, paths))}: {_nothing_known(annotation.unknown, mapping)}")
    return annotation


def count_labels(path: Path | str | Sequence[Path | str], mapping: Mapping, drum_channel_only: bool = False) -> Counter[Hashable]:
    """How often each label or pitch occurs. Arguments and errors as for `read_annotation`, but unknown labels are no error."""
    paths = [path] if isinstance(path, (str, Path)) else path
    return Counter(label for part in paths for label in _read_events(Path(part), mapping, drum_channel_only, False, [])[1].tolist())


def _read_events(
    path: Path, mapping: Mapping, drum_channel_only: bool, allow_empty: bool, remarks: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """(times in seconds, labels or pitches) of a file; what else may have been lost is added to `remarks`."""
    suffix = path.suffix.lower()
    if suffix not in TEXT_SUFFIXES + MIDI_SUFFIXES:
        known = ", ".join(TEXT_SUFFIXES + MIDI_SUFFIXES)
        raise AnnotationError(f"{path}: not the suffix of an annotation; use one of {known}")
    try:
        size = path.stat().st_size
    except OSError:
        raise AnnotationError(f"{path}: no such annotation file; put it there or name another") from None
    if size == 0 and not allow_empty:
        raise AnnotationError(f"{path}: the file is empty, probably a broken download; get it again")
    if suffix in TEXT_SUFFIXES:
        return _read_text(path, mapping, allow_empty)
    return _read_midi(path, drum_channel_only, allow_empty, remarks) if size else (np.empty(0), np.empty(0, int))


def read_onsets(
    path: Path | str | Sequence[Path | str],
    mapping: Mapping,
    drum_channel_only: bool = False,
    allow_empty: bool = False,
) -> Onsets:
    """The onsets of `read_annotation`, with a warning of unknown labels, which are left out, and of its remarks."""
    annotation = read_annotation(path, mapping, drum_channel_only, allow_empty)
    if annotation.unknown:
        warnings.warn(f"{path}: {describe_unknown(annotation.unknown, mapping)}", stacklevel=2)
    for remark in annotation.remarks:
        warnings.warn(remark, stacklevel=2)
    return annotation.onsets


def read_users_annotation(
    path: Path | str | Sequence[Path | str],
    mapping: Mapping,
    drum_channel_only: bool = False,
    allow_empty: bool = False,
) -> Annotation:
    """`read_annotation` for a user's file, whose labels or pitches may be those of another scheme.

    AnnotationError also where all are outside the five classes; a remark where a quarter of them or more is.
    """
    annotation = read_annotation(path, mapping, drum_channel_only, allow_empty)
    if not annotation.many_ignored:
        return annotation
    ignored, events = annotation.ignored, annotation.n_events
    name = path if isinstance(path, (str, Path)) else " + ".join(map(str, path))
    numbers = all(isinstance(label, int) for label in ignored)
    remedy = f"say so with --mapping, as in {next(iter(ignored))}=HH" if numbers else "give them names of the five classes"
    what = f"{name}: {ignored.total()} of {events} onsets are percussion outside the five classes to {mapping.name}"
    what = f"{what}: {listed_labels(ignored)}; if they are drums, {remedy}"
    if not any(map(len, annotation.onsets)):
        raise AnnotationError(what)
    return replace(annotation, remarks=(*annotation.remarks, what))


def describe_ignored(ignored: Counter) -> str:
    """A sentence on events outside the vocabulary."""
    return f"percussion outside the five classes, not counted: {ignored.total():,} onsets, {listed_labels(ignored)}"


def describe_unknown(unknown: Counter, mapping: Mapping) -> str:
    """A clause that describes the onsets with unknown labels: their number, the labels, and the mapping."""
    return f"{unknown.total()} onsets left out, whose labels are not those of {mapping.name}: {listed_labels(unknown)}"


def listed_labels(counts: Counter) -> str:
    """The most frequent labels with their counts."""
    listed = ", ".join(f"{str(label)[:40]} ({count})" for label, count in counts.most_common(_SHOWN))
    return listed + (f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else "")


def _nothing_known(unknown: Counter, mapping: Mapping) -> str:
    remedy = "name them KD, SD, TT, HH, CY or as in General MIDI, in a column of their own"
    if all(isinstance(label, int) for label in unknown):
        remedy = "move the drums to the pitches of General MIDI, or state what they are with --mapping"
    return f"not one of its labels is known as one of {mapping.name}: {listed_labels(unknown)}; {remedy}"


def _classify(times: np.ndarray, labels: np.ndarray, mapping: Mapping, remarks: tuple[str, ...]) -> Annotation:
    """Sort events into classes; each label is looked up once."""
    unknown, ignored = Counter(), Counter()
    listed = labels.tolist()
    class_of: dict[Hashable, int] = {}
    for label, count in Counter(listed).items():
        name = mapping.class_of(label)
        class_of[label] = CLASSES.index(name) if name in CLASSES else -1
        if name not in CLASSES:
            (ignored if name else unknown)[label] += count
    event_class = np.array([class_of[label] for label in listed], dtype=np.int64)
    onsets = [np.sort(times[event_class == index]) for index in range(len(CLASSES))]
    return Annotation(onsets, unknown, ignored, remarks)


def _read_text(path: Path, mapping: Mapping, allow_empty: bool) -> tuple[np.ndarray, np.ndarray]:
    """(times in seconds, labels) of the lines of a text file."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise AnnotationError(f"{path}: larger than {_MAX_BYTES / 2**20:.0f} MiB, so probably no annotation; name another file")
        content = text.decoded(path.read_bytes())
        times, labels, has_content = text.read_text(content, functools.lru_cache(mapping.class_of))
    except OSError as error:
        raise AnnotationError(f"{path}: it cannot be opened ({error.strerror}); check the file") from None
    except text.TextError as error:
        raise AnnotationError(f"{path}{', ' if str(error).startswith('line ') else ': '}{error}") from None
    if not has_content and not allow_empty:
        raise AnnotationError(f"{path}: the file holds only blank lines, probably a broken download; get it again")
    return times, labels


def _read_midi(path: Path, drum_channel_only: bool, allow_empty: bool, remarks: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """(times in seconds, pitches) of the notes of a MIDI file."""
    try:
        notes = midi.read_velocities(path, midi.DRUM_CHANNEL if drum_channel_only else None)
    except midi.MidiError as error:
        raise AnnotationError(f"{path}: {error}") from None
    remarks += [f"{path}: {remark}" for remark in notes.remarks]
    if not len(notes.seconds) and notes.n_other:
        what = f"{notes.n_other} notes, but none on channel 10, the drum channel"
        raise AnnotationError(f"{path}: {what}; move the drums to channel 10")
    if not len(notes.seconds) and not allow_empty:
        raise AnnotationError(f"{path}: a MIDI file without notes; export the drum track again, or leave the file out")
    return notes.seconds, notes.pitches


# --- writing ---------------------------------------------------------------------------------------------------------


def write_onsets(path: Path | str, onsets: Onsets) -> None:
    """Write onsets: text to the microsecond, or MIDI on channel 10 to half a millisecond.

    The suffix decides. Text has lines of "<seconds> <class>", separated by a tab, in .csv by a comma. It begins with a heading,
    which distinguishes a file without onsets from an empty one. Raises ValueError for other suffixes.
    """
    path = Path(path)
    check_onsets(onsets)
    events = sorted((float(time), index) for index, times in enumerate(onsets) for time in times)
    suffix = path.suffix.lower()
    if suffix in MIDI_SUFFIXES:
        midi.write_notes(path, [(time, MIDI_PITCH[CLASSES[index]]) for time, index in events])
    elif suffix in TEXT_SUFFIXES:
        separator = "," if suffix == ".csv" else "\t"
        heading = "seconds,class" if suffix == ".csv" else "# seconds\tclass"
        lines = [heading, *(f"{time:.6f}{separator}{CLASSES[index]}" for time, index in events)]
        paths.write_atomically(path, ("\n".join(lines) + "\n").encode())
    else:
        raise ValueError(f"{path}: onsets are written as one of {', '.join(TEXT_SUFFIXES + MIDI_SUFFIXES)}")
