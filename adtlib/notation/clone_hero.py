"""Charts for Clone Hero, YARG and other drum games: `notes.chart` and `notes.mid`, difficulty expert, with cymbals ("pro drums").

Strokes lie on the grid of sheet music, in sixteenths and triplets or a grid that is asked for, so that what sounds together is
struck together; the tempo map follows the beats of the recording, and tick 0 is its start. Kick, red snare, yellow hi-hat, blue
toms, green cymbals; where kinds of strokes are known, the ride is the blue cymbal, and the high and the low tom are yellow and
green. A tom that is struck with a cymbal of its colour takes another. Ghost notes are marked.

Source of both formats: "Drums.md" for .chart and .mid in github.com/TheNathannator/GuitarGame_ChartFormats, doc/FileFormats.
"""

from collections.abc import Sequence
from typing import NamedTuple

import mido

from adtlib.markup import in_line
from adtlib.notation.patterns import GridStroke, is_ghost
from adtlib.notation.tick_map import TICKS_A_QUARTER, TickMap
from adtlib.onsets import midi

_RESOLUTION = 480  # ticks a quarter note; all positions are multiples of 1/24 of one
_PARTS = TICKS_A_QUARTER // _RESOLUTION


class _Lane(NamedTuple):
    """A lane: its number in .chart files, the flag that makes it a cymbal, or the MIDI note that makes it a tom."""

    chart: int
    cymbal: int | None = None
    tom: int | None = None


_CYMBALS = {number: _Lane(number, cymbal=64 + number) for number in (2, 3, 4)}  # yellow, blue, green
_TOMS = {number: _Lane(number, tom=108 + number) for number in (3, 4, 2)}
_LANES = {"KD": _Lane(0), "SD": _Lane(1), "HH": _CYMBALS[2], "TT": _TOMS[3], "CY": _CYMBALS[4]}
_OF_KIND = {"ride": _CYMBALS[3], "ride_bell": _CYMBALS[3], "tom_high": _TOMS[2], "tom_low": _TOMS[4]}
_GHOST_RED = 40  # flag of .chart files
_EXPERT_KICK = 96  # MIDI note of the kick; other lanes follow
_NORMAL, _GHOST = 100, 1  # velocities that MIDI charts with dynamics know; 127 is an accent
_LENGTH = _RESOLUTION // 8  # ticks of a note


def chart(strokes: Sequence[GridStroke], ticks: TickMap, name: str = "", sound: str = "", end: float = 0.0) -> str:
    """A .chart file.

    strokes  of the song, on its grid (`patterns.song_strokes`);  ticks  of the song.
    sound    name of the recording's file;  end  of the recording in seconds.
    """
    song = {"Name": _quoted(name), "Charter": '"adt transcribe"', "Offset": "0", "Resolution": str(_RESOLUTION)}
    song |= {"Player2": "bass", "Difficulty": "0", "Genre": '"unknown"', "MediaType": '"cd"'}
    song |= {"MusicStream": _quoted(sound)} if sound else {}
    sync = [(tick // _PARTS, f"TS {beats} {unit.bit_length() - 1}") for tick, beats, unit in ticks.meters]
    sync += [(tick // _PARTS, f"B {round(60e9 / tempo)}") for tick, tempo in ticks.tempos]  # thousandths of a quarter note a minute
    notes = []
    for tick, lane, ghost in _placed(strokes, ticks):
        flags = [flag for flag in (lane.cymbal, _GHOST_RED if ghost else None) if flag is not None]
        notes += [(tick, f"N {number} 0") for number in (lane.chart, *flags)]
    parts = [
        _section("Song", [f"{key} = {value}" for key, value in song.items()]),
        _section(
            "SyncTrack", [f"{tick} = {what}" for tick, what in sorted(sync, key=lambda entry: (entry[0], entry[1][0] == "B"))]
        ),
        _section("Events", [f'{int(ticks.at(end)) // _PARTS} = E "end"'] if end else []),
        _section("ExpertDrums", [f"{tick} = {what}" for tick, what in notes]),
    ]
    return "".join(parts)


def chart_midi(strokes: Sequence[GridStroke], ticks: TickMap, name: str = "", end: float = 0.0) -> bytes:
    """A notes.mid file. Arguments as for `chart`."""
    last = int(ticks.at(end)) // _PARTS
    conductor = [(0, mido.MetaMessage("track_name", name=name.encode("latin-1", "replace").decode("latin-1")))]
    for tick, beats, unit in ticks.meters:
        conductor.append((tick // _PARTS, mido.MetaMessage("time_signature", numerator=beats, denominator=unit)))
    conductor += [midi.tempo_event(tick // _PARTS, tempo) for tick, tempo in ticks.tempos]
    drums = [(0, mido.MetaMessage("track_name", name="PART DRUMS")), (0, mido.MetaMessage("text", text="[ENABLE_CHART_DYNAMICS]"))]
    struck = []
    for tick, lane, ghost in _placed(strokes, ticks):
        struck.append((tick, _EXPERT_KICK + lane.chart, _GHOST if ghost else _NORMAL))
        struck += [(tick, lane.tom, _NORMAL)] if lane.tom else []
    drums += sorted(midi.note_events(struck, _LENGTH, channel=0), key=lambda event: event[1].note)
    return midi.file_bytes([midi.track(conductor, last), midi.track(drums, last)], _RESOLUTION, kind=1)


def _placed(strokes: Sequence[GridStroke], ticks: TickMap) -> list[tuple[int, _Lane, bool]]:
    """(tick, lane, whether it is a ghost note), sorted, each once: what lies before the recording falls on its start."""
    found = {(ticks.of_quarter(stroke.beat) // _PARTS, stroke.name): stroke for stroke in strokes}
    lanes = {key: _OF_KIND.get(stroke.kind, _LANES[stroke.name]) for key, stroke in found.items()}
    for (tick, name), lane in lanes.items():
        if name == "TT":
            taken = [lanes[tick, other].chart for other in ("HH", "CY") if (tick, other) in lanes]
            lanes[tick, name] = next(each for each in (lane, *_TOMS.values()) if each.chart not in taken)
    return sorted((tick, lanes[tick, name], is_ghost(stroke)) for (tick, name), stroke in found.items())


def _section(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"[{name}]", "{", *(f"  {line}" for line in lines), "}", ""])


def _quoted(text: str) -> str:
    return '"' + in_line(text).replace('"', "'") + '"'
