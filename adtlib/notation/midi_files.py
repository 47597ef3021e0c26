"""Writing Standard MIDI Files: transcriptions, drum patterns, and parts of the miniature corpora.

The notes of a transcription keep their times, and its tempo map puts bar lines on the beats of the song, or on those of the click
that it was played to (`tick_map`). Notes are quantised only on request: otherwise they lie within half a millisecond of the
transcribed onsets.

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
from adtlib.notation.beats import Beats
from adtlib.notation.tick_map import SIXTEENTH, THIRTY_SECOND, TICKS_A_QUARTER, TickMap, tick_map
from adtlib.onsets import midi, smf
from adtlib.onsets.midi import Note, tick_seconds
from adtlib.onsets.own import midi_mark
from adtlib.vocabulary import INSTRUMENTS

if TYPE_CHECKING:
    import pandas as pd

    from adtlib.notation.patterns import Pattern

_PATTERN_TICKS = 480  # a quarter note, of patterns
_NOTE_TICKS = TICKS_A_QUARTER // 8


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

    notes     (seconds, label, velocity), sorted; a label is a class or a kind of stroke.
    pitches   of each label.
    duration  of the recording in seconds, and of the file.
    quantise  parts of a whole note, the grid that notes are moved to (16: sixteenths, 12: triplets of eighths). Of two notes of
              one pitch at one position the louder is kept. None: notes are not moved.
    marked    with a text event by which `onsets.own` recognises that nobody corrected it.

    Raises ValueError for a grid that is not in `beats.QUANTISE`.
    """
    ticks = _ticks(beats, quantise)
    velocities = placed_notes(notes, beats, pitches, quantise)
    end = int(ticks.at(duration))
    drums = [(0, mido.MetaMessage("track_name", name="Drums")), *_strokes([(*at, v) for at, v in velocities.items()], _NOTE_TICKS)]
    mark = midi_mark((*at, velocity) for at, velocity in velocities.items()) if marked else ""
    return midi.file_bytes([_conductor(ticks, end, name, mark), midi.track(drums, end)], TICKS_A_QUARTER, kind=1)


def placed_notes(
    notes: Sequence[tuple[float, str, int]], beats: Beats, pitches: Mapping[str, int], quantise: int | None = None
) -> dict[tuple[int, int], int]:
    """Velocity at each (tick, pitch) of the file. Arguments and error as for `song_midi`.

    There are fewer entries than notes where notes of one pitch coincide.
    """
    parts, unit = beats.grid(quantise), float(beats.unit)
    song = _ticks(beats, quantise)
    if parts:
        ticks = [song.of_quarter(Fraction(round(float(beats.at(seconds)) * unit * parts), parts)) for seconds, _, _ in notes]
    else:
        ticks = song.at([seconds for seconds, _, _ in notes]).tolist()
    velocities: dict[tuple[int, int], int] = {}
    for tick, (_, label, velocity) in zip(ticks, notes, strict=True):
        key = tick, pitches[label]
        velocities[key] = max(velocities.get(key, 0), velocity)
    return velocities


def _ticks(beats: Beats, quantise: int | None) -> TickMap:
    return tick_map(beats, steady=True, upbeat=SIXTEENTH if quantise else THIRTY_SECOND)


def _conductor(ticks: TickMap, end: int, name: str, mark: str) -> mido.MidiTrack:
    """The first track: name, mark if any, metre and tempo."""
    events = [(0, mido.MetaMessage("track_name", name=name.encode("latin-1", "replace").decode("latin-1")))]
    events += [(0, mido.MetaMessage("text", text=mark))] if mark else []
    events += [midi.tempo_event(tick, tempo) for tick, tempo in ticks.tempos if tick <= end or not tick]
    for tick, numerator, denominator in ticks.meters:
        events.append((tick, mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)))
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
