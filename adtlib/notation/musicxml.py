"""Drum patterns as MusicXML, for any notation program (thesis 2.4.1).

The notation is that of drum books (Weinberg, "Guide to Standardized Drumset Notation", 1998): a percussion clef, plain noteheads
for drums and crosses for cymbals, a line or space for each instrument, stems up for hands and down for feet. A stroke has no length
of its own: its note lasts until the next stroke of the same voice or to the end of its beat, whichever comes first, so that the
beats are visible.

`adtlib.notation.engraving` engraves MusicXML with verovio.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from adtlib.markup import in_line
from adtlib.notation.patterns import Pattern, beat_groups

DIVISIONS = 24  # of a quarter note: sixteenths, thirty-seconds, triplets and their halves are whole numbers of divisions
# Lengths that one notehead can have, longest first: divisions, MusicXML type, dots.
_PLAIN = (
    (36, "quarter", 1),
    (24, "quarter", 0),
    (18, "eighth", 1),
    (12, "eighth", 0),
    (9, "16th", 1),
    (6, "16th", 0),
    (3, "32nd", 0),
)
_TRIPLET = ((16, "quarter", 0), (8, "eighth", 0), (4, "16th", 0))  # two thirds of the length of their type
_REST = ((24, "quarter", 0), (12, "eighth", 0), (6, "16th", 0), (3, "32nd", 0))
_BEAMS = {"eighth": 1, "16th": 2, "32nd": 3}
_ACCENT, _GHOST = 105, 45  # velocities: above the first a stroke is an accent, below the second a ghost note


class Place(NamedTuple):
    """An instrument's position on the staff (step and octave as in treble clef), its notehead, and whether a foot plays it."""

    name: str
    step: str
    octave: int
    head: str = "normal"
    foot: bool = False
    open: bool = False


_KICK = Place("Kick drum", "F", 4, foot=True)
_SNARE, _SIDE_STICK = Place("Snare drum", "C", 5), Place("Side stick", "C", 5, "x")
_FLOOR_TOM, _MIDDLE_TOM, _HIGH_TOM = Place("Floor tom", "A", 4), Place("Middle tom", "D", 5), Place("High tom", "E", 5)
_CRASH, _RIDE, _BELL = Place("Crash cymbal", "A", 5, "x"), Place("Ride cymbal", "F", 5, "x"), Place("Ride bell", "F", 5, "diamond")
_CHINA, _SPLASH = Place("China cymbal", "B", 5, "circle-x"), Place("Splash cymbal", "B", 5, "x")
_HAT, _OPEN_HAT = Place("Hi-hat", "G", 5, "x"), Place("Open hi-hat", "G", 5, "x", open=True)
_PEDAL_HAT = Place("Pedal hi-hat", "D", 4, "x", foot=True)
_COWBELL = Place("Cowbell", "E", 5, "triangle")
# By General MIDI pitch.
PLACES = {35: _KICK, 36: _KICK, 37: _SIDE_STICK, 38: _SNARE, 39: _SIDE_STICK, 40: _SNARE}
PLACES |= {41: _FLOOR_TOM, 43: _FLOOR_TOM, 45: _MIDDLE_TOM, 47: _MIDDLE_TOM, 48: _HIGH_TOM, 50: _HIGH_TOM}
PLACES |= {42: _HAT, 44: _PEDAL_HAT, 46: _OPEN_HAT, 54: _HAT, 49: _CRASH, 57: _CRASH, 52: _CHINA, 55: _SPLASH}
PLACES |= {51: _RIDE, 59: _RIDE, 53: _BELL, 56: _COWBELL}


@dataclass
class RhythmEvent:
    """A chord (the indices of its strokes) or, without strokes, a rest: `start` in its bar and `length` in divisions."""

    start: int
    length: int
    kind: str
    dots: int
    hits: tuple[int, ...] = ()
    group: int = 0
    triplet: bool = False
    beams: tuple[str, ...] = ()


# --- rhythm ------------------------------------------------------------------------------------------------------------


def voice_events(hits: dict[int, tuple[int, ...]], groups: Sequence[Fraction], bar_rest: bool = True) -> list[RhythmEvent]:
    """Chords and rests of one voice in one bar.

    hits      indices of strokes by division of the bar.
    bar_rest  write an empty bar as one rest of the kind "measure", whatever its length; else as rests of its beats.
    """
    if bar_rest and not hits:
        return [RhythmEvent(0, round(sum(groups) * DIVISIONS), "measure", 0)]
    events, start = [], 0
    for number, length in enumerate(groups):
        end = start + round(length * DIVISIONS)
        inside = sorted(at for at in hits if start <= at < end)
        triplet = end - start == DIVISIONS and any((at - start) % 3 for at in inside)
        marks = [at for at in inside if at > start]
        for at, until in zip([start, *marks], [*marks, end], strict=True):
            events += _fill(at, until - at, hits.get(at, ()), number, triplet)
        start = end
    events = _joined_rests(events, groups)
    _add_beams(events, groups)
    return events


def _fill(start: int, length: int, hits: tuple[int, ...], group: int, triplet: bool) -> list[RhythmEvent]:
    """A chord with the longest notehead that fits into `length`, and rests for the remainder."""
    events = []
    while length > 0:
        values = _TRIPLET if triplet else (_PLAIN if hits else _REST)
        fitting = [value for value in values if value[0] <= length]
        if not fitting:
            raise ValueError(f"a stroke lies {start} of {DIVISIONS} parts into its beat: quantise to sixteenths or triplets first")
        # A rest does not cross the middle of the beat; a note takes its longest value first.
        size, kind, dots = fitting[0] if hits or triplet or not start % 12 else _first_to(fitting, start)
        events.append(RhythmEvent(start, size, kind, dots, hits, group, triplet))
        start, length, hits = start + size, length - size, ()
    return events


def _first_to(values, start: int):
    """The longest rest that does not extend beyond the next half of a beat."""
    return next((value for value in values if value[0] <= 12 - start % 12), values[-1])


def _joined_rests(events: list[RhythmEvent], groups: Sequence[Fraction]) -> list[RhythmEvent]:
    """Combine rests of half a bar in 4/4, and of a dotted quarter in compound metres."""
    joined, half = [], 2 * DIVISIONS
    for event in events:
        last = joined[-1] if joined else None
        free = last and not last.hits and not event.hits
        if free and list(groups) == [1] * 4 and event.start % half == DIVISIONS == last.length == event.length:
            joined[-1] = RhythmEvent(last.start, half, "half", 0, group=last.group)
        elif (
            free
            and last.group == event.group
            and last.length == 24
            and event.length == 12
            and groups[event.group] == Fraction(3, 2)
        ):
            joined[-1] = RhythmEvent(last.start, 36, "quarter", 1, group=last.group)
        else:
            joined.append(event)
    return joined


def _add_beams(events: list[RhythmEvent], groups: Sequence[Fraction]) -> None:
    """Beam notes shorter than a quarter within each beat; in even metres, nothing but eighths within half a bar."""
    runs, run, key = [], [], None
    for event in events:
        here = _beam_key(event, events, groups)
        if event.hits and event.kind in _BEAMS:
            if run and here != key:
                runs.append(run)
                run = []
            run.append(event)
            key = here
        elif run:
            runs.append(run)
            run = []
    for beamed in [*runs, run]:
        if len(beamed) > 1:
            levels = [_BEAMS[event.kind] for event in beamed]
            for index, event in enumerate(beamed):
                event.beams = tuple(_beam(levels, index, level) for level in range(1, levels[index] + 1))


def _beam_key(event: RhythmEvent, events: list[RhythmEvent], groups: Sequence[Fraction]) -> tuple[int, int]:
    """Notes with the same key may be beamed together: those of a beat, or of a pair of beats with nothing but eighths."""
    pair = event.group // 2
    if len(groups) % 2 == 0 and set(groups) == {Fraction(1)}:
        both = [other for other in events if other.group // 2 == pair]
        if all(other.kind == "eighth" and not other.dots and not other.triplet and other.hits for other in both):
            return -1, pair
    return event.group, 0


def _beam(levels: list[int], index: int, level: int) -> str:
    """MusicXML's value for one beam of one note in a group."""
    before = index > 0 and levels[index - 1] >= level
    after = index + 1 < len(levels) and levels[index + 1] >= level
    if before and after:
        return "continue"
    if before or after:
        return "end" if before else "begin"
    return "backward hook" if index else "forward hook"


# --- MusicXML ----------------------------------------------------------------------------------------------------------


def to_musicxml(pattern: Pattern, bars_per_line: int | None = None, tempo: bool = True, key: bool = False, title: str = "") -> str:
    """The notation of a pattern as MusicXML 4.0; the note of stroke i has the id `hit-i`.

    bars_per_line  bars after which lines are broken; by default the width of the page decides.
    tempo          write the tempo above the first bar.
    key            a list of instruments instead of music: without tempo, metre and rests.
    title          of the work; an empty one is not written.

    Raises ValueError for strokes off the grid of thirty-seconds and triplets, KeyError for pitches without a place on the staff.
    """
    used = sorted({hit.pitch for hit in pattern.hits})
    if missing := [pitch for pitch in used if pitch not in PLACES]:
        raise KeyError(f"General MIDI pitch {missing[0]} is not an instrument of the drum set")
    root = ET.Element("score-partwise", version="4.0")
    if title:
        _text(ET.SubElement(root, "work"), "work-title", in_line(title))
    part = ET.SubElement(ET.SubElement(root, "part-list"), "score-part", id="P1")
    _text(part, "part-name", "Drum set", **{"print-object": "no"})
    for pitch in used:
        _text(ET.SubElement(part, "score-instrument", id=f"P1-{pitch}"), "instrument-name", PLACES[pitch].name)
    for pitch in used:
        midi = ET.SubElement(part, "midi-instrument", id=f"P1-{pitch}")
        _text(midi, "midi-channel", 10)
        _text(midi, "midi-unpitched", pitch + 1)  # counts from 1, unlike MIDI itself
    body = ET.SubElement(root, "part", id="P1")
    in_bar: dict[int, list[int]] = {}
    for index, hit in enumerate(pattern.hits):
        in_bar.setdefault(int(hit.beat // pattern.bar_length), []).append(index)
    groups = beat_groups(pattern.meter)
    for bar in range(pattern.n_bars):
        measure = ET.SubElement(body, "measure", number=str(bar + 1))
        if bars_per_line and bar and bar % bars_per_line == 0:
            ET.SubElement(measure, "print", {"new-system": "yes"})
        if bar == 0:
            _attributes(measure, pattern, not key)
            if tempo and not key:
                _tempo(measure, pattern)
        _bar(measure, pattern, bar, in_bar.get(bar, []), groups, not key)
        if bar == pattern.n_bars - 1:
            _text(ET.SubElement(measure, "barline", location="right"), "bar-style", "light-heavy")
    ET.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    return head + '"http://www.musicxml.org/dtds/partwise.dtd">\n' + ET.tostring(root, encoding="unicode") + "\n"


def _text(parent: ET.Element, tag: str, text, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = str(text)
    return element


def _attributes(measure: ET.Element, pattern: Pattern, shown: bool) -> None:
    attributes = ET.SubElement(measure, "attributes")
    _text(attributes, "divisions", DIVISIONS)
    _text(ET.SubElement(attributes, "key"), "fifths", 0)
    time = ET.SubElement(attributes, "time", {} if shown else {"print-object": "no"})
    _text(time, "beats", pattern.meter[0])
    _text(time, "beat-type", pattern.meter[1])
    _text(ET.SubElement(attributes, "clef"), "sign", "percussion")


def _tempo(measure: ET.Element, pattern: Pattern) -> None:
    compound = beat_groups(pattern.meter)[0] == Fraction(3, 2)
    direction = ET.SubElement(measure, "direction", placement="above")
    metronome = ET.SubElement(ET.SubElement(direction, "direction-type"), "metronome")
    _text(metronome, "beat-unit", "quarter")
    if compound:
        ET.SubElement(metronome, "beat-unit-dot")
    _text(metronome, "per-minute", f"{pattern.bpm / (1.5 if compound else 1):.0f}")
    ET.SubElement(direction, "sound", tempo=f"{pattern.bpm:g}")


def _bar(measure: ET.Element, pattern: Pattern, bar: int, inside: Sequence[int], groups: Sequence[Fraction], rests: bool) -> None:
    """Write a bar: hands, then back to its start, then feet. A bar without feet has one voice. inside: indices of its strokes."""
    start = bar * pattern.bar_length
    voices: list[dict[int, tuple[int, ...]]] = [{}, {}]
    for index in inside:
        hit = pattern.hits[index]
        at = (hit.beat - start) * DIVISIONS
        if at.denominator != 1:
            raise ValueError(f"a stroke at beat {hit.beat}: quantise to sixteenths, thirty-seconds or triplets first")
        voice = voices[PLACES[hit.pitch].foot]
        voice[int(at)] = (*voice.get(int(at), ()), index)
    for number, voice in enumerate(voices):
        if number == 1:
            if not voice:
                break
            _text(ET.SubElement(measure, "backup"), "duration", round(pattern.bar_length * DIVISIONS))
        events = voice_events(voice, groups)
        for index, event in enumerate(events):
            neighbours = [events[i] if 0 <= i < len(events) else None for i in (index - 1, index + 1)]
            ends = [n is None or not n.triplet or n.group != event.group for n in neighbours]
            note = _write_event(measure, pattern, event, number + 1, ends)
            if not (event.hits or rests):
                note.set("print-object", "no")


def _write_event(measure: ET.Element, pattern: Pattern, event: RhythmEvent, voice: int, triplet_ends: list[bool]) -> ET.Element:
    """Write a rest or a chord and return its last note. `triplet_ends`: whether it begins and whether it ends its triplet."""
    for order, index in enumerate(event.hits or (None,)):
        hit = None if index is None else pattern.hits[index]
        note = ET.SubElement(measure, "note", {} if hit is None else {"id": f"hit-{index}"})
        if order:
            ET.SubElement(note, "chord")
        if hit is None:
            ET.SubElement(note, "rest", {"measure": "yes"} if event.kind == "measure" else {})
        else:
            place = PLACES[hit.pitch]
            unpitched = ET.SubElement(note, "unpitched")
            _text(unpitched, "display-step", place.step)
            _text(unpitched, "display-octave", place.octave)
        _text(note, "duration", event.length)
        if hit is not None:
            ET.SubElement(note, "instrument", id=f"P1-{hit.pitch}")
        _text(note, "voice", voice)
        if event.kind != "measure":
            _text(note, "type", event.kind)
        for _ in range(event.dots):
            ET.SubElement(note, "dot")
        if event.triplet:
            modification = ET.SubElement(note, "time-modification")
            _text(modification, "actual-notes", 3)
            _text(modification, "normal-notes", 2)
        if hit is not None:
            _text(note, "stem", "down" if voice == 2 else "up")
            ghost = {"parentheses": "yes"} if hit.velocity < _GHOST else {}
            _text(note, "notehead", PLACES[hit.pitch].head, **ghost)
            for number, beam in enumerate(event.beams if order == 0 else (), start=1):
                _text(note, "beam", beam, number=str(number))
        if order == 0:
            _notations(note, event, [pattern.hits[i] for i in event.hits], triplet_ends, "below" if voice == 2 else "above")
    return note


def _notations(note: ET.Element, event: RhythmEvent, hits, triplet_ends: list[bool], side: str) -> None:
    """Triplet brackets on the side of the stems, accents, and the circle over an open hi-hat."""
    notations = ET.Element("notations")
    if event.triplet:
        for end, kind in zip(triplet_ends, ("start", "stop"), strict=True):
            if end:
                ET.SubElement(notations, "tuplet", type=kind, bracket="no" if event.beams else "yes", placement=side)
    if any(PLACES[hit.pitch].open for hit in hits):
        ET.SubElement(ET.SubElement(notations, "technical"), "open-string")
    if any(hit.velocity > _ACCENT for hit in hits):
        ET.SubElement(ET.SubElement(notations, "articulations"), "accent")
    if len(notations):
        note.append(notations)
