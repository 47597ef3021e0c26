"""Drum patterns as Guitar Pro 5 files, which Guitar Pro, TuxGuitar and MuseScore read. PyGuitarPro writes them.

One track on the drum channel, whose frets are General MIDI pitches. As in `musicxml`, a stroke lasts until the next one or to the
end of its beat. One tempo holds for the whole song.
"""

import io
from fractions import Fraction

from adtlib.notation.musicxml import DIVISIONS, RhythmEvent, voice_events
from adtlib.notation.patterns import VELOCITIES, Pattern, beat_groups
from adtlib.vocabulary import GENERAL_MIDI

_VALUES = {"measure": 1, "half": 2, "quarter": 4, "eighth": 8, "16th": 16, "32nd": 32}
_STRINGS = ("CY", "HH", "TT", "SD", "KD")  # classes, from the first string on
_DIRECT = 7  # strings that a beat can hold


def guitar_pro(pattern: Pattern, title: str = "") -> bytes:
    """A .gp5 file. Raises ModuleNotFoundError without PyGuitarPro, ValueError for strokes off the grid of `musicxml`."""
    import guitarpro

    models = guitarpro.models
    song = models.Song(title=title.encode("cp1252", "replace").decode("cp1252"), tempo=max(20, min(round(pattern.bpm), 400)))
    song.tracks.clear()
    song.measureHeaders.clear()
    length = round(pattern.bar_length * models.Duration.quarterTime)
    eighths = [round(2 * beat) for beat in beat_groups(pattern.meter)]  # that are beamed together; the format holds four numbers
    beams = [*eighths, 0, 0, 0][:4] if len(eighths) <= 4 else [2, 2, 2, 2]
    for bar in range(pattern.n_bars):
        header = models.MeasureHeader(number=bar + 1, start=models.Duration.quarterTime + bar * length)
        header.timeSignature.numerator, header.timeSignature.denominator.value = pattern.meter
        header.timeSignature.beams = beams
        song.measureHeaders.append(header)
    strings = [models.GuitarString(number, 0) for number in range(1, _DIRECT)]
    track = models.Track(song, number=1, name="Drums", isPercussionTrack=True, strings=strings)
    track.channel.channel = track.channel.effectChannel = 9
    song.tracks.append(track)
    for bar, measure in enumerate(track.measures):
        _fill(models, measure.voices[0], pattern, bar)
    buffer = io.BytesIO()
    guitarpro.write(song, buffer, version=(5, 1, 0))
    return buffer.getvalue()


def _fill(models, voice, pattern: Pattern, bar: int) -> None:
    """Write the strokes and rests of a bar into a voice."""
    start = bar * pattern.bar_length
    hits: dict[int, tuple[int, ...]] = {}
    for index, hit in enumerate(pattern.hits):
        if start <= hit.beat < start + pattern.bar_length:
            at = _division(hit.beat - start)
            hits[at] = (*hits.get(at, ()), index)
    # PyGuitarPro has no rest of a whole bar but the whole rest, which is as long as four quarters.
    for event in voice_events(hits, beat_groups(pattern.meter), bar_rest=pattern.bar_length == 4):
        beat = models.Beat(voice, duration=_duration(models, event))
        beat.status = models.BeatStatus.normal if event.hits else models.BeatStatus.rest
        for index in event.hits:
            hit = pattern.hits[index]
            name = GENERAL_MIDI.class_of(hit.pitch)
            string = 1 + _STRINGS.index(name) if name in _STRINGS else _DIRECT - 1
            note = models.Note(beat, value=hit.pitch, velocity=hit.velocity, string=string, type=models.NoteType.normal)
            note.effect.ghostNote = hit.velocity <= VELOCITIES["g"]
            beat.notes.append(note)
        voice.beats.append(beat)


def _division(position: Fraction) -> int:
    at = position * DIVISIONS
    if at.denominator != 1:
        raise ValueError(
            f"a stroke {position} quarter notes into its bar: quantise to sixteenths, thirty-seconds or triplets first"
        )
    return int(at)


def _duration(models, event: RhythmEvent):
    duration = models.Duration(value=_VALUES[event.kind], isDotted=bool(event.dots))
    if event.triplet:
        duration.tuplet = models.Tuplet(3, 2)
    return duration
