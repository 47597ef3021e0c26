"""Writing Standard MIDI Files: transcriptions, drum patterns, and parts of the miniature corpora.

The notes of a transcription keep their times, and its tempo map puts bar lines on the beats of the song. Notes are quantised only
on request: otherwise they lie within half a millisecond of the transcribed onsets. The time before the first bar line is a shorter
bar, rounded to sixteenths. A first bar line within half a sixteenth of the start of the recording is moved to the start, and the
first bar becomes longer or shorter by this amount: a bar of a few milliseconds would need an unplayable tempo.

Equal notes give equal bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import mido
import numpy as np

from adtlib import paths
from adtlib.notation.beats import Beats, check_grid
from adtlib.notation.time_signatures import Meter
from adtlib.onsets import midi, smf
from adtlib.onsets.midi import Note, tick_seconds
from adtlib.onsets.own import midi_mark
from adtlib.vocabulary import INSTRUMENTS

if TYPE_CHECKING:
    import pandas as pd

    from adtlib.notation.patterns import Pattern

TICKS_A_QUARTER, _PATTERN_TICKS = 960, 480  # of songs; of patterns
_SIXTEENTH = TICKS_A_QUARTER // 4
_NOTE_TICKS = TICKS_A_QUARTER // 8
_TOLERANCE = 0.005  # seconds by which a beat may differ from the tempo map, so that one tempo can hold for many beats


def song_midi(
    notes: Sequence[tuple[float, str, int]],
    beats: Beats,
    pitches: Mapping[str, int],
    duration: float,
    name: str = "",
    quantise: int | None = None,
    marked: bool = False,
) -> bytes:
    """A transcription as a MIDI file of format 1: a track of tempo and metre, and a track of drums on channel 10.

    notes     (seconds, class, velocity), sorted.
    pitches   of each class.
    duration  of the recording in seconds, and of the file.
    quantise  parts of a whole note, the grid that notes are moved to (16: sixteenths, 12: triplets of eighths). Of two notes of
              one pitch at one position the louder is kept. None: notes are not moved.
    marked    with a text event by which `onsets.own` recognises that nobody corrected it.

    Raises ValueError for a grid that is not in `beats.QUANTISE`.
    """
    pickup, _, times = _from_the_first_bar(beats)
    tempos = _tempo_map(times, pickup, beats.unit)
    velocities = placed_notes(notes, beats, pitches, quantise)
    end = int(_ticks(np.array([duration]), tempos)[0])
    drums = [(0, mido.MetaMessage("track_name", name="Drums")), *_strokes([(*at, v) for at, v in velocities.items()], _NOTE_TICKS)]
    mark = midi_mark((*at, velocity) for at, velocity in velocities.items()) if marked else ""
    conductor = _conductor(tempos, pickup, beats.meter, end, name, mark)
    return midi.file_bytes([conductor, midi.track(drums, end)], TICKS_A_QUARTER, kind=1)


def placed_notes(
    notes: Sequence[tuple[float, str, int]], beats: Beats, pitches: Mapping[str, int], quantise: int | None = None
) -> dict[tuple[int, int], int]:
    """Velocity at each (tick, pitch) of the file. Arguments and error as for `song_midi`.

    There are fewer entries than notes where notes of one pitch coincide.
    """
    check_grid(quantise)
    pickup, first, times = _from_the_first_bar(beats)
    if quantise:
        parts = Fraction(quantise, 4)  # of a quarter note
        places = [round((float(beats.at(seconds)) - first) * beats.unit * parts) / parts for seconds, _, _ in notes]
        ticks = [max(0, round(place * TICKS_A_QUARTER) + pickup) for place in places]
    else:
        ticks = _ticks(np.array([seconds for seconds, _, _ in notes]), _tempo_map(times, pickup, beats.unit)).tolist()
    velocities: dict[tuple[int, int], int] = {}
    for tick, (_, label, velocity) in zip(ticks, notes, strict=True):
        key = tick, pitches[label]
        velocities[key] = max(velocities.get(key, 0), velocity)
    return velocities


def _from_the_first_bar(beats: Beats) -> tuple[int, int, np.ndarray]:
    """(ticks before the first bar line, index of the beat on it, seconds of the beats from there on in the tempo map)."""
    near = 60 / beats.tempo / 8  # half a sixteenth
    late = beats.times > -near
    lines = np.flatnonzero((beats.positions == 1) & late)
    first = int(lines[0]) if len(lines) else int(np.argmax(late))  # a recording shorter than a bar
    times = beats.times[first:]
    if times[0] < near:
        return 0, first, times - times[0] * np.maximum(0, 1 - np.arange(len(times)) / beats.a_bar)
    return max(1, round(float(4 * beats.unit) * times[0] / (times[1] - times[0]))) * _SIXTEENTH, first, times


def _tempo_map(times: np.ndarray, pickup: int, unit: Fraction) -> list[tuple[int, int]]:
    """(tick, microseconds a quarter note) of tempos, each for as many beats as are evenly spaced; `times[0]` is at tick `pickup`.

    times, unit  of beats: seconds, and quarter notes in each.
    """
    tempos, beat_ticks = [(0, max(1, round(1e6 * times[0] * TICKS_A_QUARTER / pickup)))] if pickup else [], TICKS_A_QUARTER * unit
    start = 0
    while start < len(times) - 1:
        stop = start + 1
        low, high = -np.inf, np.inf  # slopes of lines from here that pass all beats so far within the tolerance
        for end in range(start + 1, len(times)):
            count, passed = end - start, times[end] - times[start]
            if not low <= passed / count <= high:
                break
            stop = end
            low, high = max(low, (passed - _TOLERANCE) / count), min(high, (passed + _TOLERANCE) / count)
        period = (times[stop] - times[start]) / (stop - start)
        tempos.append((pickup + int(start * beat_ticks), max(1, round(1e6 * period / float(unit)))))
        start = stop
    return tempos


def _ticks(seconds: np.ndarray, tempos: list[tuple[int, int]]) -> np.ndarray:
    """The tick nearest to each time: the inverse of `midi.tick_seconds`."""
    starts = np.array([tick for tick, _ in tempos])
    changes = tick_seconds(starts, tempos, TICKS_A_QUARTER)
    region = np.maximum(np.searchsorted(changes, seconds, side="right") - 1, 0)
    ticks_a_second = 1e6 * TICKS_A_QUARTER / np.array([tempo for _, tempo in tempos])
    return np.maximum(np.rint(starts[region] + (seconds - changes[region]) * ticks_a_second[region]), 0).astype(np.int64)


def _conductor(tempos: list[tuple[int, int]], pickup: int, meter: Meter, end: int, name: str, mark: str) -> mido.MidiTrack:
    """The first track: name, mark if any, metre and tempo."""
    events = [(0, mido.MetaMessage("track_name", name=name.encode("latin-1", "replace").decode("latin-1")))]
    events += [(0, mido.MetaMessage("text", text=mark))] if mark else []
    events += [midi.tempo_event(tick, tempo) for tick, tempo in tempos if tick <= end or not tick]
    length = Fraction(pickup, 4 * TICKS_A_QUARTER)  # of a whole note
    if pickup and length != Fraction(*meter):
        unit = next(unit for unit in (4, 8, 16) if (length * unit).denominator == 1)
        events.append((0, mido.MetaMessage("time_signature", numerator=min(int(length * unit), 255), denominator=unit)))
    else:  # a whole bar before the first bar line is an ordinary bar
        pickup = 0
    events.append((pickup, mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1])))
    return midi.track(events, end)


def _strokes(notes: Sequence[tuple[int, int, int]], length: int) -> list[midi.TimedMessage]:
    """Messages of (tick, pitch, velocity) on the drum channel; at equal ticks the lower pitch comes first."""
    return sorted(midi.note_events(notes, length), key=lambda event: (event[1].note, event[1].velocity))


# --- patterns ----------------------------------------------------------------------------------------------------------


def pattern_midi(pattern: "Pattern") -> bytes:
    """A Standard MIDI File of one track on the drum channel; equal patterns give equal bytes."""
    beats, unit = pattern.meter
    events = [(0, mido.MetaMessage("time_signature", numerator=beats, denominator=unit))]
    events.append(midi.tempo_event(0, round(60e6 / pattern.bpm)))
    notes = [(round(hit.beat * _PATTERN_TICKS), hit.pitch, hit.velocity) for hit in pattern.hits]
    end = round(pattern.n_bars * pattern.bar_length * _PATTERN_TICKS)
    return midi.file_bytes([midi.track([*events, *_strokes(notes, _PATTERN_TICKS // 8)], end)], _PATTERN_TICKS)


def write_midi(path: Path | str, pattern: "Pattern") -> Path:
    """Write `pattern_midi(pattern)`, creating the parent folders; returns the path."""
    path = Path(path)
    paths.write_atomically(path, pattern_midi(pattern))
    return path


def midi_events(path: Path | str) -> "pd.DataFrame":
    """The messages of a MIDI file's first track, in order: one row for each.

    Columns: delta and tick (ticks since the previous message, and from the start), beat (quarter notes from the start), seconds,
    event, value (of messages other than notes), bytes (hexadecimal, repeated status bytes included), pitch, instrument and
    velocity (0 and "" for messages other than notes). Raises `midi.MidiError` for a file that cannot be read.
    """
    import pandas as pd  # not needed for transcribing

    file = smf.read_file(path)
    rows, last = [], 0
    for event in file.tracks[0]:
        tick, status, first, second = event
        row = {"delta": tick - last, "tick": tick, "beat": tick / file.division, "event": _event_name(event)}
        row |= {"value": "", "bytes": _event_bytes(event).hex(" ").upper(), "pitch": 0, "instrument": "", "velocity": 0}
        if status == smf.META and first == smf.SET_TEMPO:
            row["value"] = f"{60e6 / int.from_bytes(second, 'big'):g} a minute"
        elif status == smf.META and first == smf.TIME_SIGNATURE:
            row["value"] = "{}/{}".format(*smf.meter(second) or ("?", "?"))
        elif status & 0xE0 == 0x80:
            row |= {"pitch": first, "instrument": INSTRUMENTS.get(first, "other"), "velocity": second}
        rows.append(row)
        last = tick
    table = pd.DataFrame(rows)
    table.insert(3, "seconds", tick_seconds(table["tick"].to_numpy(), midi.tempos_of(file), file.division))
    return table


_CHANNEL_EVENTS = ("note off", "note on", "polytouch", "control change", "program change", "aftertouch", "pitchwheel")
_META_EVENTS = {0: "sequence number", 1: "text", 2: "copyright", 3: "track name", 4: "instrument name", 5: "lyrics", 6: "marker"}
_META_EVENTS |= {0x07: "cue marker", 0x09: "device name", 0x20: "channel prefix", 0x21: "midi port", 0x2F: "end of track"}
_META_EVENTS |= {0x51: "set tempo", 0x54: "smpte offset", 0x58: "time signature", 0x59: "key signature", 0x7F: "sequencer specific"}


def _event_name(event: smf.Event) -> str:
    _, status, kind, _ = event
    if status < smf.SYSEX:
        return _CHANNEL_EVENTS[(status >> 4) - 8]
    return _META_EVENTS.get(kind, "unknown meta") if status == smf.META else "sysex"


def _event_bytes(event: smf.Event) -> bytes:
    """The bytes of a message, with its status."""
    _, status, first, second = event
    if status < smf.SYSEX:
        return bytes((status, first, second)[: 1 + smf.data_bytes(status)])
    return bytes([status, first]) + smf.variable_length(len(second)) + second if status == smf.META else bytes([status]) + second


def midi_notes(events: "pd.DataFrame") -> tuple[Note, ...]:
    """The strokes in a table of `midi_events`, in seconds."""
    note_ons = events[(events["event"] == "note on") & (events["velocity"] > 0)]
    return tuple(Note(float(row.seconds), int(row.pitch), int(row.velocity)) for row in note_ons.itertuples())


@dataclass(frozen=True)
class MidiPart:
    """One instrument: `notes` are (start, end, pitch, velocity) in seconds; `controls` are (control, value) at the start."""

    name: str
    program: int
    channel: int
    notes: Sequence[tuple[float, float, int, int]]
    controls: Sequence[tuple[int, int]] = field(default=())


@dataclass(frozen=True)
class TempoMap:
    """Tempo changes: from `seconds[i]` on a beat lasts `beats[i]` seconds. The first change is at 0."""

    seconds: tuple[float, ...] = (0.0,)
    beats: tuple[float, ...] = (0.5,)

    def ticks(self, seconds: float, ticks_per_beat: int) -> int:
        """Ticks from the start, rounded, with tempos in whole microseconds a beat, as MIDI files store them."""
        total = 0
        for index, start in enumerate(self.seconds):
            end = self.seconds[index + 1] if index + 1 < len(self.seconds) else float("inf")
            if index and seconds <= start:
                break
            total += (min(seconds, end) - start) / (round(self.beats[index] * 1e6) / 1e6) * ticks_per_beat
        return round(total)

    @classmethod
    def following(cls, beat_times: np.ndarray, every: int = 4) -> "TempoMap":
        """A tempo change every few beats, as written by a sequencer that followed a drummer."""
        marks = np.asarray(beat_times)[::every]
        lengths = np.diff(marks) / every
        return cls((0.0, *map(float, marks[1:-1])), tuple(map(float, lengths)))


def parts_midi(
    parts: Sequence[MidiPart],
    tempo: TempoMap | None = None,
    ticks_per_beat: int = 480,
    kind: int = 0,
    head: Sequence[mido.MetaMessage] = (),
    end: float | None = None,
) -> bytes:
    """A Standard MIDI File of format 0 (one track) or 1 (a tempo track, then one for each part), as `kind` says.

    head  messages at the start of the first track.
    end   of the tracks in seconds; by default each ends with its last note.
    """
    tempo = tempo or TempoMap()
    conductor = [(0, message) for message in (*head, mido.MetaMessage("time_signature", numerator=4, denominator=4))]
    for start, beat in zip(tempo.seconds, tempo.beats, strict=True):
        conductor.append(midi.tempo_event(tempo.ticks(start, ticks_per_beat), round(beat * 1e6)))
    events = [_part_events(part, tempo, ticks_per_beat, named=kind == 1) for part in parts]
    tracks = [conductor, *events] if kind == 1 else [conductor + [event for part in events for event in part]]
    last = 0 if end is None else tempo.ticks(end, ticks_per_beat)
    ends = [max(last, 1 + max(tick for tick, _ in track)) for track in tracks]  # at least a tick after the last message
    return midi.file_bytes([midi.track(*track) for track in zip(tracks, ends, strict=True)], ticks_per_beat, kind)


def write_parts(path: Path, parts: Sequence[MidiPart], **options) -> None:
    """Write `parts_midi(parts, **options)`, creating the parent folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(parts_midi(parts, **options))


def _part_events(part: MidiPart, tempo: TempoMap, ticks_per_beat: int, named: bool) -> list[midi.TimedMessage]:
    events = [(0, mido.MetaMessage("track_name", name=part.name))] if named else []
    events.append((0, mido.Message("program_change", channel=part.channel, program=part.program)))
    for control, value in part.controls:
        events.append((0, mido.Message("control_change", channel=part.channel, control=control, value=value)))
    for start, end, pitch, velocity in part.notes:
        on = tempo.ticks(start, ticks_per_beat)
        off = max(tempo.ticks(end, ticks_per_beat), on + 1)
        key = {"channel": part.channel, "note": int(pitch)}
        events.append((on, mido.Message("note_on", velocity=int(velocity), **key)))
        events.append((off, mido.Message("note_on", velocity=0, **key)))  # a note-off, as most files write it
    return events
