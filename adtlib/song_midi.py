"""A transcription as a Standard MIDI File: the drums at their times, and a tempo map whose bar lines lie on the beats of the song.

Notes are not quantised unless asked for: they lie within half a millisecond of where they were heard, whatever the tempo map says.
Before the first bar line stands a bar as long as what is left of it, in sixteenths. A first bar line within half a sixteenth of the
start of the recording is put at the start, and the first bar is as much longer or shorter: a bar of a few milliseconds would show a
tempo that nobody plays.
"""

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction

import mido
import numpy as np

from adtlib.beats import BEATS_A_BAR, Beats
from adtlib.midi import DRUM_CHANNEL, tick_seconds

TICKS_A_BEAT = 960
QUANTISE = (4, 8, 12, 16, 24, 32, 48)  # parts of a whole note that a grid may have
_SIXTEENTH = TICKS_A_BEAT // 4
_NOTE_TICKS = TICKS_A_BEAT // 8
_STRAY = 0.005  # seconds that a beat may lie beside the tempo map, so that one tempo serves for many beats


def song_midi(
    notes: Sequence[tuple[float, str, int]],
    beats: Beats,
    pitches: Mapping[str, int],
    duration: float,
    name: str = "",
    quantise: int | None = None,
) -> bytes:
    """The file's content: format 1, a track of tempo and metre, one of drums on channel 10; equal arguments give equal bytes.

    notes     (seconds, class, velocity), sorted.
    pitches   of each class.
    duration  of the recording in seconds: the file is as long.
    quantise  parts of a whole note to move notes to (16: sixteenths, 12: triplets of eighths); of two notes of a pitch that fall on
              one place the louder stays. None leaves them where they were heard.

    Raises ValueError for another grid.
    """
    pickup, _, times = _from_the_first_bar(beats)
    tempos = _tempo_map(times, pickup)
    struck = placed_notes(notes, beats, pitches, quantise)
    end = int(_ticks(np.array([duration]), tempos)[0])
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_A_BEAT)
    file.tracks.append(_conductor(tempos, pickup, end, name))
    file.tracks.append(_drums(struck, end))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def placed_notes(
    notes: Sequence[tuple[float, str, int]], beats: Beats, pitches: Mapping[str, int], quantise: int | None = None
) -> dict[tuple[int, int], int]:
    """Velocity at each (tick, pitch) of the file. Arguments and error as for `song_midi`.

    As many entries fewer than notes as notes fell on one of their pitch that was there.
    """
    check_grid(quantise)
    pickup, first, times = _from_the_first_bar(beats)
    if quantise:
        parts = Fraction(quantise, 4)  # of a beat
        places = [round((float(beats.at(seconds)) - first) * parts) / parts for seconds, _, _ in notes]
        ticks = [max(0, round(place * TICKS_A_BEAT) + pickup) for place in places]
    else:
        ticks = _ticks(np.array([seconds for seconds, _, _ in notes]), _tempo_map(times, pickup)).tolist()
    struck: dict[tuple[int, int], int] = {}
    for tick, (_, label, velocity) in zip(ticks, notes, strict=True):
        key = tick, pitches[label]
        struck[key] = max(struck.get(key, 0), velocity)
    return struck


def check_grid(quantise: int | None) -> None:
    """ValueError for a grid that is none."""
    if quantise is not None and quantise not in QUANTISE:
        raise ValueError(f"quantise = {quantise}: choose one of {', '.join(map(str, QUANTISE))} parts of a whole note, or none")


def _from_the_first_bar(beats: Beats) -> tuple[int, int, np.ndarray]:
    """(ticks before the first bar line, index of the beat on it, seconds of the beats from there on, as the tempo map has them)."""
    near = 60 / beats.bpm / 8  # half a sixteenth
    late = beats.times > -near
    lines = np.flatnonzero((beats.positions == 1) & late)
    first = int(lines[0]) if len(lines) else int(np.argmax(late))  # a recording shorter than a bar
    times = beats.times[first:]
    if times[0] < near:
        return 0, first, times - times[0] * np.maximum(0, 1 - np.arange(len(times)) / BEATS_A_BAR)
    return max(1, round(4 * times[0] / (times[1] - times[0]))) * _SIXTEENTH, first, times


def _tempo_map(times: np.ndarray, pickup: int) -> list[tuple[int, int]]:
    """(tick, microseconds a beat) of tempos that hold for as many beats as lie evenly enough; `times[0]` is at tick `pickup`."""
    tempos = [(0, max(1, round(1e6 * times[0] * TICKS_A_BEAT / pickup)))] if pickup else []
    start = 0
    while start < len(times) - 1:
        stop = start + 1
        low, high = -np.inf, np.inf  # slopes of lines from here that pass near enough to every beat so far
        for end in range(start + 1, len(times)):
            count, passed = end - start, times[end] - times[start]
            if not low <= passed / count <= high:
                break
            stop = end
            low, high = max(low, (passed - _STRAY) / count), min(high, (passed + _STRAY) / count)
        period = (times[stop] - times[start]) / (stop - start)
        tempos.append((pickup + start * TICKS_A_BEAT, max(1, round(1e6 * period))))
        start = stop
    return tempos


def _ticks(seconds: np.ndarray, tempos: list[tuple[int, int]]) -> np.ndarray:
    """Nearest tick to each time: the inverse of `midi.tick_seconds`."""
    starts = np.array([tick for tick, _ in tempos])
    changes = tick_seconds(starts, tempos, TICKS_A_BEAT)
    region = np.maximum(np.searchsorted(changes, seconds, side="right") - 1, 0)
    ticks_a_second = 1e6 * TICKS_A_BEAT / np.array([tempo for _, tempo in tempos])
    return np.maximum(np.rint(starts[region] + (seconds - changes[region]) * ticks_a_second[region]), 0).astype(np.int64)


def _conductor(tempos: list[tuple[int, int]], pickup: int, end: int, name: str) -> mido.MidiTrack:
    """Name, metre and tempo."""
    events = [
        (tick, mido.MetaMessage("set_tempo", tempo=min(tempo, 2**24 - 1))) for tick, tempo in tempos if tick <= end or not tick
    ]
    if pickup and pickup != BEATS_A_BAR * TICKS_A_BEAT:
        length = Fraction(pickup, 4 * TICKS_A_BEAT)  # of a whole note
        unit = next(unit for unit in (4, 8, 16) if (length * unit).denominator == 1)
        events.append((0, mido.MetaMessage("time_signature", numerator=min(int(length * unit), 255), denominator=unit)))
    else:  # a whole bar before the first bar line is a bar as the others
        pickup = 0
    events.append((pickup, mido.MetaMessage("time_signature", numerator=BEATS_A_BAR, denominator=4)))
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name.encode("latin-1", "replace").decode("latin-1"))])
    now = 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(end - now, 0)))
    return track


def _drums(struck: Mapping[tuple[int, int], int], end: int) -> mido.MidiTrack:
    """The notes; one ends before the next of its pitch begins."""
    events, following = [], {}
    for (tick, pitch), velocity in sorted(struck.items(), reverse=True):
        stop = min(tick + _NOTE_TICKS, following.get(pitch, tick + _NOTE_TICKS))
        following[pitch] = tick
        events += [(tick, 1, "note_on", pitch, velocity), (stop, 0, "note_off", pitch, 0)]
    track = mido.MidiTrack([mido.MetaMessage("track_name", name="Drums")])
    now = 0
    for tick, _, kind, pitch, velocity in sorted(events):
        track.append(mido.Message(kind, channel=DRUM_CHANNEL, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(end - now, 0)))
    return track
