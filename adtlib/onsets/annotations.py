"""Annotations: files of labelled times in, one sorted array of onset times for each class out; frames and targets.

Onsets are a list of five float64 arrays, one for each class in the order of `adtlib.vocabulary.CLASSES`, in seconds
from the start of the recording, sorted, not quantised. A class without onsets has an empty array. Frames count from 0,
at FPS = 100 a second.

Two kinds of file are read:

text    "<seconds> <label>" a line, separated by blanks, tabs or a comma; further columns are ignored, as are blank
        lines, lines that begin with `#`, and a heading in the first line
MIDI    every note-on with a velocity above 0 is an onset, at the time that the file's tempo map gives it

A file without any content is an error, as it is nearly always the rest of a broken download. A text file that holds a
heading or a comment and no more states that there are no onsets; `write_onsets` writes such a heading.

Two instruments of one class that sound together (crash and ride) are two onsets here, as annotated. On frames they are
one, and a system can find one, so that the second is a miss: of one Slakh track of 1,076 onsets 38 are such doubles, of
150 performances of the Groove MIDI Dataset 9 in 48,234, of MDB Drums none.
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


_TEXT_HEADING = "# seconds\tclass"


_HEADING = re.compile(r"(time|onset|second|start)", re.IGNORECASE)


_DECIMAL_COMMA = re.compile(r"\d+,\d+\s+\D")


class AnnotationError(ValueError):
    """An annotation that cannot be read; the message names the file, the place and the remedy."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """What a file says: onsets, and how often each label occurs that is outside the vocabulary (ignored) or not known."""

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
    """Read an annotation file, text or MIDI by its suffix; of several files the events are merged.

    `drum_channel_only` takes of a MIDI file only the notes of channel 10; without it all notes count, for files that
    hold drums alone. `allow_empty` lets a file without content pass, which is right for the output of a system that
    found nothing.

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
        raise AnnotationError(f"{path}: not an annotation by its suffix; give it one of {known}")
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
    """The onsets of `read_annotation`; unknown labels are left out with a warning that counts them."""
    annotation = read_annotation(path, mapping, drum_channel_only, allow_empty)
    if annotation.unknown:
        warnings.warn(f"{path}: {describe_unknown(annotation.unknown, mapping)}", stacklevel=2)
    return annotation.onsets


def describe_unknown(unknown: Counter, mapping: Mapping) -> str:
    """One clause on labels that were left out: how many onsets, which labels, of which mapping."""
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
    times, labels, says_something = [], [], False
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if not content:
            continue
        if content.startswith("#") or (not says_something and _HEADING.match(content.lstrip("\"'"))):
            says_something = True
            continue
        says_something = True
        try:
            time, label = _parse_line(content)
        except ValueError as error:
            raise AnnotationError(
                f"{path}, line {number}: {content!r} is not '<seconds> <label>': {error}; correct or remove the line"
            ) from None
        times.append(time)
        labels.append(label)
    if not says_something and not allow_empty:
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
        raise AnnotationError(
            f"{path}: {n_other} notes and none of them on channel 10, where drums are; move the drums to channel 10"
        )
    if not len(times) and not allow_empty:
        raise AnnotationError(f"{path}: a MIDI file without notes; export the drum track again, or leave the file out")
    return times, pitches


# --- writing ---------------------------------------------------------------------------------------------------------


def write_onsets(path: Path | str, onsets: Onsets) -> None:
    """Write onsets: text to the microsecond, or MIDI on channel 10 to half a millisecond.

    The suffix decides. Text is "<seconds> <class>" a line, with a tab, in .csv a comma between the two; it begins with a
    heading, so that a file without onsets can be told from an empty one.
    """
    path = Path(path)
    events = _sorted_events(onsets)
    suffix = path.suffix.lower()
    if suffix in MIDI_SUFFIXES:
        midi.write_notes(path, [(time, MIDI_PITCH[CLASSES[index]]) for time, index in events])
    elif suffix in TEXT_SUFFIXES:
        separator = "," if suffix == ".csv" else "\t"
        heading = "seconds,class" if suffix == ".csv" else _TEXT_HEADING
        lines = [heading, *(f"{time:.6f}{separator}{CLASSES[index]}" for time, index in events)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        raise ValueError(f"{path}: onsets are written as one of {', '.join(TEXT_SUFFIXES + MIDI_SUFFIXES)}")


def _sorted_events(onsets: Onsets) -> list[tuple[float, int]]:
    check_onsets(onsets)
    return sorted((float(time), index) for index, times in enumerate(onsets) for time in times)
