"""Drum patterns: strokes at positions in beats, the link between onsets in seconds and notation or MIDI (thesis 2.4.1, 2.4.2).

Positions are exact fractions of quarter notes from the start of the first bar, in every metre; tempo is in quarter notes a minute.
Strokes have General MIDI pitches, so that a pattern distinguishes open and closed hi-hats; onsets of the five classes get the
pitch that represents their class.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from adtlib.notation.beats import Beats, beat_positions, median_bpm
from adtlib.notation.drum_maps import DRUM_MAPS
from adtlib.notation.time_signatures import bar_length
from adtlib.onsets.frames import Onsets
from adtlib.onsets.midi import Note
from adtlib.vocabulary import CLASSES, GENERAL_MIDI, KINDS, MIDI_PITCH

VELOCITIES = {"X": 112, "x": 84, "-": 62, "g": 34}  # accent, stroke, soft stroke, ghost note


# Model for choosing sixteenths or triplets: drummers are not exact, and they seldom change between both.
_GRIDS = (4, 3)  # steps a beat
_SPREAD, _MAX_MISFIT = 0.03, 0.1  # beats: standard deviation of strokes around their grid; larger distances count as this
_SIMULTANEOUS = 0.05  # beats: strokes as close as this (simultaneous drums, flams) count once
_CHANGE = 3.5  # cost in nats of another grid from one beat to the next: three strokes in triplets justify two changes
EARLY = 1 / 8  # of a quarter note: an onset at most this much before a bar line belongs to the bar after it
_GHOST = 32  # velocity of a snare stroke below which it is a ghost note


@dataclass(frozen=True, order=True)
class Hit:
    """One stroke: quarter notes from the start, General MIDI pitch, velocity 1 to 127."""

    beat: Fraction
    pitch: int
    velocity: int = VELOCITIES["x"]


@dataclass(frozen=True)
class Pattern:
    """Strokes in whole bars.

    hits   sorted by position.
    bpm    quarter notes a minute.
    meter  (beats, unit): (4, 4), (6, 8), ...
    """

    hits: tuple[Hit, ...]
    n_bars: int
    bpm: float = 100.0
    meter: tuple[int, int] = (4, 4)

    def __post_init__(self):
        beat_groups(self.meter)  # raises for an impossible metre
        if not self.bpm > 0:
            raise ValueError(f"bpm is {self.bpm}: it must be above 0")
        end = self.n_bars * self.bar_length
        if outside := [hit for hit in self.hits if not 0 <= hit.beat < end]:
            raise ValueError(f"a stroke at beat {outside[0].beat} lies outside {self.n_bars} bars of {float(end):g} quarter notes")

    @property
    def bar_length(self) -> Fraction:
        """Quarter notes in a bar."""
        return bar_length(self.meter)

    @property
    def duration(self) -> float:
        """Seconds from the first beat to the end of the last bar."""
        return float(self.n_bars * self.bar_length) * 60 / self.bpm

    def seconds(self, beat) -> float:
        """Seconds of a position, from the first beat."""
        return float(beat) * 60 / self.bpm

    def notes(self, lead_in: float = 0.0) -> tuple[Note, ...]:
        """The strokes in seconds; the first beat is at `lead_in`."""
        return tuple(Note(lead_in + self.seconds(hit.beat), hit.pitch, hit.velocity) for hit in self.hits)

    def onsets(self, lead_in: float = 0.0) -> Onsets:
        """Seconds of the strokes of each class; pitches outside the vocabulary are left out."""
        return note_onsets(self.notes(lead_in))


def note_onsets(notes: Sequence[Note]) -> Onsets:
    """Seconds of each class's notes, by their General MIDI pitch; other percussion is left out."""
    classes = [GENERAL_MIDI.class_index(note.pitch) for note in notes]
    return [np.array(sorted(n.seconds for n, c in zip(notes, classes, strict=True) if c == i)) for i in range(len(CLASSES))]


def beat_groups(meter: tuple[int, int]) -> list[Fraction]:
    """Lengths of a bar's beats in quarter notes: dotted quarters in 6/8, 9/8 and 12/8; a long last beat in 5/8 and 7/8 (2 + 2 + 3).

    Raises ValueError for a metre whose unit is not 2, 4 or 8.
    """
    beats, unit = meter
    if unit not in (2, 4, 8) or beats < 1:
        raise ValueError(f"metre {beats}/{unit}: the unit must be 2, 4 or 8, and there must be one beat or more")
    if unit == 8 and beats % 3 == 0:
        return [Fraction(3, 2)] * (beats // 3)
    whole, rest = divmod(Fraction(4 * beats, unit), 1)
    lengths = [Fraction(1)] * int(whole)
    return [*lengths[:-1], 1 + rest] if rest and lengths else lengths or [rest]


# --- from rows, from onsets --------------------------------------------------------------------------------------------


def pattern_from_rows(
    rows: Mapping[int, str], bpm: float = 100.0, meter: tuple[int, int] = (4, 4), steps_per_beat: int = 4
) -> Pattern:
    """A pattern from one row of characters for each General MIDI pitch, one character for each step.

    `X` is an accent, `x` a stroke, `-` a soft stroke, `g` a ghost note, `.` silence; blanks and `|` are ignored. Raises
    ValueError for other characters, rows of different length, and rows that are not whole bars.
    """
    texts = {pitch: row.replace(" ", "").replace("|", "") for pitch, row in rows.items()}
    lengths = {len(text) for text in texts.values()}
    bar_steps = bar_length(meter) * steps_per_beat
    if len(lengths) != 1 or max(lengths) == 0 or max(lengths) % bar_steps:
        raise ValueError(f"rows of {sorted(lengths)} steps: all must have one length, in whole bars of {bar_steps} steps")
    if unknown := sorted(set("".join(texts.values())) - {*VELOCITIES, "."}):
        raise ValueError(f"{unknown[0]!r} is not a stroke: use {' '.join(VELOCITIES)} or .")
    hits = [
        Hit(Fraction(step, steps_per_beat), pitch, VELOCITIES[letter])
        for pitch, text in texts.items()
        for step, letter in enumerate(text)
        if letter != "."
    ]
    return Pattern(tuple(sorted(hits)), int(max(lengths) / bar_steps), bpm, meter)


def quantise(onsets: Onsets, beat_times: Sequence[float], meter: tuple[int, int] = (4, 4), n_bars: int | None = None) -> Pattern:
    """The pattern nearest to onsets in seconds, in sixteenths, or in triplets where the strokes of neighbouring beats fit better.

    onsets      five sorted arrays of seconds.
    beat_times  seconds of two or more successive quarter notes; the first begins a bar. The tempo continues after the last one.
    n_bars      by default as many as the onsets need, at least one.

    Two onsets of a class at one position become one. Raises ValueError for fewer than two or unsorted beats, and for onsets more
    than an eighth of a beat before the first beat: then the beats must begin a bar earlier.
    """
    positions = grid_positions(onsets, beat_times, meter)
    hits = {Hit(beat, MIDI_PITCH[name]) for name, beats in zip(CLASSES, positions, strict=True) for beat in beats}
    length = bar_length(meter)
    if n_bars is None:
        n_bars = max((math.floor(hit.beat / length) + 1 for hit in hits), default=1)
    kept = (hit for hit in hits if hit.beat < n_bars * length)
    return Pattern(tuple(sorted(kept)), n_bars, median_bpm(beat_times), meter)


def grid_positions(
    onsets: Onsets, beat_times: Sequence[float], meter: tuple[int, int] = (4, 4), steps: int | None = None
) -> list[list[Fraction]]:
    """The quantised position of each onset in quarter notes, class by class and in order, as in `quantise`.

    steps  of every beat; by default sixteenths or triplets are chosen for each beat, in metres of eighths sixteenths.

    Raises ValueError as `quantise` does.
    """
    beat_times = np.asarray(beat_times, dtype=np.float64)
    if len(beat_times) < 2 or not np.all(np.diff(beat_times) > 0):
        raise ValueError(f"{len(beat_times)} beat times: give two or more, in rising order")
    period = float(np.median(np.diff(beat_times)))
    exact = [beat_positions(times, beat_times, period, period) for times in onsets]
    for name, beats in zip(CLASSES, exact, strict=True):
        if early := [beat for beat in beats if beat < -1 / 8]:
            raise ValueError(f"{name} has an onset {-early[0]:.2f} beats before the first beat: let the beats begin a bar earlier")
    exact = [np.maximum(beats, 0.0) for beats in exact]
    if steps is None and meter[1] != 8:
        grids = _grids(np.sort(np.concatenate(exact)))
        return [[_nearest(at, grids[math.floor(at)]) for at in beats.tolist()] for beats in exact]
    return [[_nearest(at, steps or 4) for at in beats.tolist()] for beats in exact]


def _nearest(position: float, steps: int) -> Fraction:
    return Fraction(round(position * steps), steps)


def _grids(positions: np.ndarray) -> dict[int, int]:
    """Steps of each beat with strokes, 4 or 3: the most likely sequence (Viterbi), which begins with sixteenths and seldom changes.

    positions  in beats, sorted.

    If each beat were decided alone, a swung hi-hat, which lies between triplets and dotted eighths, would alternate between both.
    """
    beats, which = np.unique(np.floor(positions).astype(int), return_inverse=True)
    again = np.diff(positions, prepend=-np.inf) < _SIMULTANEOUS
    misfits = np.zeros((len(beats), len(_GRIDS)))
    for index, steps in enumerate(_GRIDS):
        away = np.minimum(np.abs(positions * steps - np.rint(positions * steps)) / steps, _MAX_MISFIT)
        np.add.at(misfits[:, index], which, np.where(again, 0, away**2 / (2 * _SPREAD**2)))
    total, changed = np.array([0.0, _CHANGE]), []
    for misfit in misfits:
        other = total[::-1] + _CHANGE
        changed.append(other < total)
        total = np.minimum(total, other) + misfit
    state, grids = int(total.argmin()), {}
    for beat, change in zip(beats[::-1].tolist(), changed[::-1], strict=True):
        grids[beat] = _GRIDS[state]
        state = 1 - state if change[state] else state
    return grids


class GridStroke(NamedTuple):
    """A stroke of a song on its grid: quarter notes from the first of the song's beats, class, velocity 1 to 127.

    kind  of stroke, of `vocabulary.KINDS`; "" where it is not known.
    """

    beat: Fraction
    name: str
    velocity: int
    kind: str = ""


def song_strokes(
    events: Sequence[tuple[float, str, int]], beats: Beats, quantise: int | None = None
) -> tuple[Fraction, list[GridStroke]]:
    """(where the bar of the first event begins, strokes sorted by place and class) of events (seconds, class or kind, velocity).

    Places are in quarter notes from the first of the song's beats.

    quantise  as in `midi_files.song_midi`. 48 parts of a whole note are too fine for notation and have the effect of None:
              sixteenths or triplets, whichever fit better. In metres of eighths triplets are not written, but sixteenths.

    Of two events of a class at one position the louder is kept. Raises ValueError for a grid that is not in `beats.QUANTISE`.
    """
    steps, meter, unit = beats.grid(quantise), beats.meter, beats.unit
    if quantise == 48 or (steps and steps % 3 == 0 and meter[1] == 8):
        steps = None
    if not events:
        return -beats.phase * unit, []
    first = float(beats.at(min(seconds for seconds, _, _ in events)))
    begin = math.floor((first + EARLY / float(unit) + beats.phase) / beats.a_bar) * beats.a_bar - beats.phase
    last = math.ceil(float(beats.at(max(seconds for seconds, _, _ in events)))) + beats.a_bar
    lines = beats.seconds(begin + np.arange(math.ceil((last - begin) * unit) + 1) / float(unit))  # of quarter notes
    by_class = [[event for event in events if KINDS.get(event[1], event[1]) == name] for name in CLASSES]
    # The first stroke may be early, by the tempo at the bar line; `grid_positions` would measure that by the median tempo.
    onsets = [np.array([max(seconds, lines[0]) for seconds, _, _ in own]) for own in by_class]
    loudest: dict[tuple[Fraction, str], tuple[int, str]] = {}  # (velocity, kind)
    start = begin * unit
    for name, positions, own in zip(CLASSES, grid_positions(onsets, lines, meter, steps), by_class, strict=True):
        for position, (_, label, velocity) in zip(positions, own, strict=True):
            key, stroke = (start + position, name), (velocity, label if label in KINDS else "")
            loudest[key] = max(loudest.get(key, stroke), stroke)
    strokes = [GridStroke(*key, *stroke) for key, stroke in loudest.items()]
    return start, sorted(strokes, key=lambda stroke: (stroke.beat, CLASSES.index(stroke.name)))


def is_ghost(stroke: GridStroke) -> bool:
    """Whether a stroke is so soft that it is written as a ghost note."""
    return stroke.name == "SD" and stroke.velocity < _GHOST


def song_pattern(events: Sequence[tuple[float, str, int]], beats: Beats, quantise: int | None = None) -> Pattern:
    """The notation of events (seconds, class or kind, velocity) as a pattern in whole bars; without events, one empty bar.

    Arguments and error as for `song_strokes`.
    """
    start, strokes = song_strokes(events, beats, quantise)
    pitch = DRUM_MAPS["general-midi"].pitch
    hits = [
        Hit(stroke.beat - start, pitch(stroke.kind or stroke.name), VELOCITIES["g" if is_ghost(stroke) else "x"])
        for stroke in strokes
    ]
    n_bars = max((math.floor(hit.beat / bar_length(beats.meter)) + 1 for hit in hits), default=1)
    return Pattern(tuple(sorted(hits)), n_bars, beats.tempo, beats.meter)
