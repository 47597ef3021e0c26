"""MIDI files from notes in seconds, as the miniature corpora need them.

Times are seconds from the start of the recording; the tempo map says how they are written in ticks, and reading the file
back gives them again to within half a tick (about 0.5 ms at 480 ticks and 120 beats a minute). mido writes no dates, so
equal notes give equal bytes.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mido
import numpy as np


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
        """Ticks from the start, rounded, with tempi as a MIDI file can state them (whole microseconds)."""
        total = 0
        for index, start in enumerate(self.seconds):
            end = self.seconds[index + 1] if index + 1 < len(self.seconds) else float("inf")
            if index and seconds <= start:
                break
            total += (min(seconds, end) - start) / (round(self.beats[index] * 1e6) / 1e6) * ticks_per_beat
        return round(total)

    @classmethod
    def following(cls, beat_times: np.ndarray, every: int = 4) -> "TempoMap":
        """A tempo change every few beats, as a sequencer writes that followed a drummer."""
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
    """A Standard MIDI File: kind 0 (one track) or 1 (a conductor's track, then one for each part).

    `head` comes first in the file; `end` (seconds) is where the last track ends, else it ends with its last note.
    """
    tempo = tempo or TempoMap()
    conductor = [(0, 0, message) for message in head]
    conductor.append((0, 1, mido.MetaMessage("time_signature", numerator=4, denominator=4)))
    for start, beat in zip(tempo.seconds, tempo.beats, strict=True):
        tick = tempo.ticks(start, ticks_per_beat)
        conductor.append((tick, 1, mido.MetaMessage("set_tempo", tempo=round(beat * 1e6))))
    events = [_part_events(part, tempo, ticks_per_beat, named=kind == 1) for part in parts]
    tracks = [conductor, *events] if kind == 1 else [conductor + [event for part in events for event in part]]
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks_per_beat)
    last = None if end is None else tempo.ticks(end, ticks_per_beat)
    file.tracks.extend(_track(track, last) for track in tracks)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def write_parts(path: Path, parts: Sequence[MidiPart], **options) -> None:
    """Write `parts_midi(parts, **options)`, making the folders above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(parts_midi(parts, **options))


def _part_events(part: MidiPart, tempo: TempoMap, ticks_per_beat: int, named: bool) -> list[tuple]:
    """(tick, order at equal ticks, message): settings, then note-offs, then note-ons."""
    events = [(0, 2, mido.MetaMessage("track_name", name=part.name))] if named else []
    events.append((0, 3, mido.Message("program_change", channel=part.channel, program=part.program)))
    for control, value in part.controls:
        events.append((0, 3, mido.Message("control_change", channel=part.channel, control=control, value=value)))
    for start, end, pitch, velocity in part.notes:
        on = tempo.ticks(start, ticks_per_beat)
        off = max(tempo.ticks(end, ticks_per_beat), on + 1)
        key = {"channel": part.channel, "note": int(pitch)}
        events.append((on, 5, mido.Message("note_on", velocity=int(velocity), **key)))
        events.append((off, 4, mido.Message("note_on", velocity=0, **key)))  # a note-off, as most files write it
    return events


def _track(events: list[tuple], last: int | None) -> mido.MidiTrack:
    track, now = mido.MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max((last or 0) - now, 1)))
    return track
