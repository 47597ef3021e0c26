"""Reading and writing annotations: files of labelled times, as one sorted array of onset times for each class.

Onsets are a list of five float64 arrays, one for each class in the order of `adtlib.vocabulary.CLASSES`, in seconds
from the start of the recording, sorted, not quantised. A class without onsets has an empty array.

Two kinds of files are read:

text    lines of "<seconds> <label>", separated by blanks, tabs or a comma; further columns are ignored, and so are blank
        lines, lines that begin with `#`, and a heading in the first line
MIDI    every note-on with a velocity above 0 is an onset, at its time by the file's tempo map

A file without any content is an error, as it nearly always comes from a broken download. A text file with only a heading
or a comment states that there are no onsets; `write_onsets` writes such a heading.

Two instruments of one class that sound together (crash and ride) are two onsets here, as annotated. On frames they
coincide, and a system can find only one, so that the second is a miss. Such doubles are 38 of the 1,076 onsets of one
Slakh track, 9 of the 48,234 in 150 performances of the Groove MIDI Dataset, and 0 in MDB Drums.
"""

import math
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adtlib.onsets import midi
from adtlib.onsets.frames import Onsets, check_onsets
from adtlib.vocabulary import CLASSES, MIDI_PITCH, Mapping, UnknownLabel

TEXT_SUFFIXES = (".txt", ".csv", ".tsv", ".beats")
MIDI_SUFFIXES = (".mid", ".midi")
_HEADING = re.compile(r"(time|onset|second|start)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"\d+,\d+\s+\D")


class AnnotationError(ValueError):
    """An annotation that cannot be read; the message names the file, the place and the remedy."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """Content of a file: onsets, and the counts of labels that are unknown or outside the vocabulary (ignored)."""

    onsets: Onsets
    unknown: Counter
    ignored: Counter

    @property
    def n_events(self) -> int:
        """Number of events in the file: onsets, ignored and unknown ones together."""
        return sum(map(len, self.onsets)) + self.unknown.total() + self.ignored.total()


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

    Raises AnnotationError for a file that is missing, empty, damaged, of another kind, or without drums.
    """
    if not isinstance(path, (str, Path)):
        parts = [read_annotation(part, mapping, drum_channel_only, allow_empty) for part in path]
        if not parts:
            raise AnnotationError("no annotation file was given")
        return _merge(parts)
    path = Path(path)
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
    if suffix in MIDI_SUFFIXES:
        times, labels = _read_midi(path, drum_channel_only, allow_empty) if size else (np.empty(0), np.empty(0, int))
    else:
        times, labels = _read_text(path, allow_empty)
    return _classify(times, labels, mapping)


def read_onsets(
    path: Path | str | Sequence[Path | str],
    mapping: Mapping,
    drum_channel_only: bool = False,
    allow_empty: bool = False,
) -> Onsets:
    """The onsets of `read_annotation`; unknown labels are left out, with a warning that states their counts."""
    annotation = read_annotation(path, mapping, drum_channel_only, allow_empty)
    if annotation.unknown:
        warnings.warn(f"{path}: {describe_unknown(annotation.unknown, mapping)}", stacklevel=2)
    return annotation.onsets


def describe_unknown(unknown: Counter, mapping: Mapping) -> str:
    """A clause that describes the onsets with unknown labels: their number, the labels, and the mapping."""
    labels = ", ".join(f"{label} ({count})" for label, count in unknown.most_common())
    return f"{unknown.total()} onsets left out, whose labels are not those of {mapping.name}: {labels}"


def _merge(parts: list[Annotation]) -> Annotation:
    onsets = [np.sort(np.concatenate([part.onsets[index] for part in parts])) for index in range(len(CLASSES))]
    unknown = sum((part.unknown for part in parts), Counter())
    return Annotation(onsets, unknown, sum((part.ignored for part in parts), Counter()))


def _classify(times: np.ndarray, labels: np.ndarray, mapping: Mapping) -> Annotation:
    """Sort events into classes; each label is looked up once."""
    unknown, ignored = Counter(), Counter()
    unique, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    class_of = np.full(len(unique), -1)
    for index, (label, count) in enumerate(zip(unique.tolist(), counts.tolist(), strict=True)):
        try:
            found = mapping.class_index(label)
        except UnknownLabel:
            unknown[label] += count
            continue
        if found is None:
            ignored[label] += count
        else:
            class_of[index] = found
    event_class = class_of[inverse]
    onsets = [np.sort(times[event_class == index]) for index in range(len(CLASSES))]
    return Annotation(onsets, unknown, ignored)


def _read_text(path: Path, allow_empty: bool) -> tuple[np.ndarray, np.ndarray]:
    """(times in seconds, labels) of the lines of a text file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AnnotationError(f"{path}: not a text file in UTF-8; save it as one") from None
    times, labels, has_content = [], [], False
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if not content:
            continue
        if content.startswith("#") or (not has_content and _HEADING.match(content.lstrip("\"'"))):
            has_content = True
            continue
        has_content = True
        try:
            time, label = _parse_line(content)
        except ValueError as error:
            raise AnnotationError(
                f"{path}, line {number}: {content!r} is not '<seconds> <label>': {error}; correct or remove the line"
            ) from None
        times.append(time)
        labels.append(label)
    if not has_content and not allow_empty:
        raise AnnotationError(f"{path}: the file holds only blank lines, probably a broken download; get it again")
    return np.array(times, dtype=np.float64), np.array(labels, dtype=object)


def _parse_line(content: str) -> tuple[float, str]:
    """Time and label of a line; ValueError with the reason."""
    if _DECIMAL_COMMA.match(content):
        raise ValueError("the decimal sign has to be a point")
    fields = [field.strip(" \t\"'") for field in (content.split(",") if "," in content else content.split())]
    if len(fields) < 2 or not fields[1]:
        raise ValueError("the label is missing")
    try:
        time = float(fields[0])
    except ValueError:
        raise ValueError(f"{fields[0]!r} is not a number") from None
    if not math.isfinite(time):
        raise ValueError("the time is not finite")
    if time < 0:
        raise ValueError("the time is negative")
    return time, fields[1]


def _read_midi(path: Path, drum_channel_only: bool, allow_empty: bool) -> tuple[np.ndarray, np.ndarray]:
    """(times in seconds, pitches) of the notes of a MIDI file."""
    try:
        times, pitches, n_other = midi.read_notes(path, midi.DRUM_CHANNEL if drum_channel_only else None)
    except midi.MidiError as error:
        raise AnnotationError(f"{path}: {error}") from None
    if not len(times) and n_other:
        raise AnnotationError(f"{path}: {n_other} notes, but none on channel 10, the drum channel; move the drums to channel 10")
    if not len(times) and not allow_empty:
        raise AnnotationError(f"{path}: a MIDI file without notes; export the drum track again, or leave the file out")
    return times, pitches


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
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        raise ValueError(f"{path}: onsets are written as one of {', '.join(TEXT_SUFFIXES + MIDI_SUFFIXES)}")
