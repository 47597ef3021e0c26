"""Notes of MIDI files: their onset times in seconds and their pitches; and the parts of which MIDI files are written.

`smf` parses the bytes. Ticks are converted to seconds here, for all notes at once. The ends of notes mean nothing for drums and are
not read. mido writes.
"""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np

from adtlib import paths
from adtlib.onsets.frames import LATEST
from adtlib.onsets.smf import META, SET_TEMPO, MidiError, MidiFile, read_file

DRUM_CHANNEL = 9  # channel 10 of General MIDI, counted from 0

# Of files that `write_notes` writes: at 125 beats a minute and 960 ticks a beat a tick is half a millisecond, so that every
# frame is a whole number of ticks.
_TEMPO, _TICKS_A_BEAT, _TICKS_A_SECOND = 480_000, 960, 2000
_NOTE_TICKS, _VELOCITY = 40, 100


TimedMessage = tuple[int, mido.Message | mido.MetaMessage]  # tick from the start, message


class Note(NamedTuple):
    """One stroke: seconds from the start, General MIDI pitch, velocity 1 to 127."""

    seconds: float
    pitch: int
    velocity: int


class Notes(NamedTuple):
    """Notes in the order of their file: `seconds` float64, `pitches` and `velocities` (1 to 127) int64.

    n_other  notes on channels that were not asked for.
    remarks  what may have been lost, a clause for each.
    """

    seconds: np.ndarray
    pitches: np.ndarray
    velocities: np.ndarray
    n_other: int
    remarks: list[str]


def read_notes(path: Path | str, channel: int | None = None) -> tuple[np.ndarray, np.ndarray, int]:
    """The first two columns and `n_other` of `read_velocities`: (seconds float64, pitches int64, notes on other channels)."""
    notes = read_velocities(path, channel)
    return notes.seconds, notes.pitches, notes.n_other


def read_velocities(path: Path | str, channel: int | None = None) -> Notes:
    """Notes of all tracks together, or of one channel (from 0).

    Every note-on with a velocity above 0 counts. Raises MidiError for a damaged file, for format 2 with several patterns, for a
    time division of 0, for a tempo that cannot be read, and for notes later than `frames.LATEST`.
    """
    file = read_file(path)
    if file.kind == 2 and len(file.tracks) > 1:
        raise MidiError("MIDI format 2 (patterns without a common time); export it as format 0 or 1")
    ticks, pitches, velocities, n_other = [], [], [], 0
    for events in file.tracks:
        for tick, status, pitch, velocity in events:
            if status & 0xF0 == 0x90 and velocity:
                if channel is not None and status & 0x0F != channel:
                    n_other += 1
                    continue
                ticks.append(tick)
                pitches.append(pitch)
                velocities.append(min(velocity, 127))
    seconds = tick_seconds(np.array(ticks, dtype=np.int64), tempos_of(file), file.division)
    if len(seconds) and seconds.max() > LATEST:
        raise MidiError(
            f"a note at {seconds.max():.3g} s, later than {LATEST / 3600:g} hours: a time before it is damaged; export it again, "
            "or move the note"
        )
    return Notes(seconds, np.array(pitches, dtype=np.int64), np.array(velocities, dtype=np.int64), n_other, file.remarks)


def tempos_of(file: MidiFile) -> list[tuple[int, int]]:
    """(tick, microseconds a beat) of the tempos of all tracks. MidiError for one that states no time."""
    tempos = []
    for number, events in enumerate(file.tracks, start=1):
        for tick, status, kind, content in events:
            if status == META and kind == SET_TEMPO:
                tempo = int.from_bytes(content, "big")
                if len(content) != 3 or not tempo:
                    what = f"track {number} has a tempo of {len(content)} bytes, {content[:8].hex(' ') or 'none'}, at tick {tick:,}"
                    raise MidiError(f"damaged MIDI file ({what}); set the tempo again and export it")
                tempos.append((tick, tempo))
    return tempos


def tick_seconds(ticks: np.ndarray, tempos: list[tuple[int, int]], division: int) -> np.ndarray:
    """Seconds of MIDI ticks.

    `tempos` holds (tick, microseconds a beat). A positive `division` means ticks a beat. A negative one means time code (frames
    a second and ticks a frame), which ignores the tempo; 29 stands for 30 / 1.001 frames a second. Raises MidiError for 0.
    """
    if division < 0:
        frames, ticks_a_frame = -(division >> 8), division & 0xFF
        if ticks_a_frame:
            return ticks / ((30 / 1.001 if frames == 29 else frames) * ticks_a_frame)
    if division <= 0:
        raise MidiError(f"damaged MIDI file (time division {division}); export or download it again")
    # The tempo is 120 beats a minute until the first change; of several changes at one tick the last one counts.
    changes = dict([(0, 500_000), *sorted(tempos, key=lambda change: change[0])])
    change_ticks = np.array(list(changes), dtype=np.int64)
    seconds_a_tick = np.array(list(changes.values())) / (1e6 * division)
    change_seconds = np.concatenate([[0.0], np.cumsum(np.diff(change_ticks) * seconds_a_tick[:-1])])
    region = np.searchsorted(change_ticks, ticks, side="right") - 1
    return change_seconds[region] + (ticks - change_ticks[region]) * seconds_a_tick[region]


# --- writing -----------------------------------------------------------------------------------------------------------


def write_notes(path: Path | str, notes: Iterable[tuple[float, int]]) -> None:
    """Write notes (seconds, pitch) as a MIDI file of one track on the drum channel; times are rounded to half a millisecond."""
    placed = [(round(seconds * _TICKS_A_SECOND), pitch, _VELOCITY) for seconds, pitch in notes]
    events = [tempo_event(0, _TEMPO), *note_events(placed, _NOTE_TICKS)]
    paths.write_atomically(Path(path), file_bytes([track(events)], _TICKS_A_BEAT))


def note_events(notes: Iterable[tuple[int, int, int]], length: int, channel: int = DRUM_CHANNEL) -> list[TimedMessage]:
    """A note-on and a note-off for each note (tick, pitch, velocity), the last note first.

    A note lasts `length` ticks, but ends where the next one of its pitch begins.
    """
    events, next_start = [], {}
    for tick, pitch, velocity in sorted(notes, reverse=True):
        stop = min(tick + length, next_start.get(pitch, tick + length))
        next_start[pitch] = tick
        events.append((tick, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        events.append((stop, mido.Message("note_off", channel=channel, note=pitch, velocity=0)))
    return events


def tempo_event(tick: int, tempo: int) -> TimedMessage:
    """A tempo from `tick` on, in microseconds a beat; the longest beat that a file can state is 16.8 s."""
    return tick, mido.MetaMessage("set_tempo", tempo=min(tempo, 2**24 - 1))


def track(events: Iterable[TimedMessage], end: int = 0) -> mido.MidiTrack:
    """A track of messages at ticks from the start. It ends at tick `end`, or with its last message.

    At equal ticks settings come before note-offs, and these before note-ons; otherwise the order given is kept.
    """

    def rank(message: mido.Message | mido.MetaMessage) -> int:
        return 0 if not message.type.startswith("note_") else 2 if message.type == "note_on" and message.velocity else 1

    messages, now = mido.MidiTrack(), 0
    for tick, message in sorted(events, key=lambda event: (event[0], rank(event[1]))):
        messages.append(message.copy(time=tick - now))
        now = tick
    messages.append(mido.MetaMessage("end_of_track", time=max(end - now, 0)))
    return messages


def file_bytes(tracks: Sequence[mido.MidiTrack], ticks_per_beat: int, kind: int = 0) -> bytes:
    """The content of a Standard MIDI File of format `kind`. mido writes no dates, so equal tracks give equal bytes."""
    buffer = io.BytesIO()
    mido.MidiFile(type=kind, ticks_per_beat=ticks_per_beat, tracks=tracks).save(file=buffer)
    return buffer.getvalue()
