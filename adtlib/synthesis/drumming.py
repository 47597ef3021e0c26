"""The strokes of a clip: part of a performance, edited, in seconds.

Most are human performances: grooves, into which fills are inserted, as toms are rare without them; sequences of fills; drum parts
of songs. The rest comes from the project's own groove generator, which plays more toms and half-open hats than the drummers did.
Edits add what these lack: hi-hat and ride exchanged, snare strokes moved to toms, side stick, brushes, ghost notes, loose
hi-hats, hi-hats played by foot, flams, a tambourine.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from adtlib.synthesis.articulations import OF_PITCH, OTHER_PITCHES
from adtlib.synthesis.groove_styles import STYLES
from adtlib.synthesis.grooves import perform
from adtlib.synthesis.performances import COLUMNS, Part, Song

BAR = 4.0  # beats
# Softer notes are crosstalk of the recorded pads: nobody played them.
_SOFTEST = {49: 20, 57: 20, 46: 16}
_SOFTEST_OTHERS = 9
FLOOR_DB = -22.0  # lowest level of a ghost note relative to the loud strokes of its drum: softer ones are inaudible in music


class Stroke(NamedTuple):
    """One stroke: `velocity` 1 to 127 chooses the layer, `level` is in dB relative to the loud strokes of its drum."""

    seconds: float
    articulation: str
    velocity: float
    level: float
    annotated: bool = True


@dataclass(frozen=True, eq=False)
class Drumming:
    """Drums in beats from the start of the clip, their tempo, and the song they are from, with the beat where they begin in it."""

    part: Part
    bpm: float
    song: Song | None = None
    start: float = 0.0


def choose(songs: tuple[Song, ...], seconds: float, rng: np.random.Generator) -> Drumming:
    """Draw `seconds` of drumming from the performances of one split."""
    kind = rng.choice(["groove", "fills", "song", "generated"], p=[0.62, 0.10, 0.15, 0.13])
    if kind == "generated":
        return _generated(seconds, rng)
    of_kind = [song for song in songs if song.kind == {"fills": "fill"}.get(kind, kind) and len(song.drums.beats) >= 6]
    lengths = np.minimum([song.n_beats for song in of_kind], 200.0)
    song = of_kind[rng.choice(len(of_kind), p=lengths / lengths.sum())]
    bpm = float(np.clip(song.bpm * np.exp(rng.uniform(-0.18, 0.18)), 50, 230))
    n_beats = seconds * bpm / 60
    fills = [other for other in songs if other.kind == "fill"]
    if kind == "fills":
        return Drumming(_chain([song, *rng.choice(fills, 8)], n_beats), bpm)
    start = BAR * rng.integers(0, max(1, int((song.n_beats - n_beats) / BAR) + 1))
    part = song.drums.within(start, start + n_beats)
    if song.n_beats - start < n_beats - BAR:  # a short performance is played again
        part = _chain([song] * (int(n_beats / max(song.n_beats, BAR)) + 2), n_beats)
    if kind == "groove" and rng.random() < 0.5:
        part = _cut_in_fills(part, fills, n_beats, rng)
    if kind == "song":
        return Drumming(part, bpm, song, start)
    return Drumming(part, bpm)


def _generated(seconds: float, rng: np.random.Generator) -> Drumming:
    style, bpm = str(rng.choice(sorted(STYLES))), float(rng.uniform(70, 190))
    n_bars = int(seconds * bpm / 60 / BAR) + 1
    notes = perform(style, bpm, n_bars, rng, lead_in=0.05).notes
    beats = np.array([(note.seconds - 0.05) * bpm / 60 for note in notes])
    table = np.array([(note.pitch, note.velocity) for note in notes])
    return Drumming(Part(-1, np.maximum(beats, 0), np.zeros(len(beats)), table[:, 0], table[:, 1]), bpm)


def join(parts: list[Part]) -> Part:
    """Several parts as one, sorted by time."""
    joined = Part(parts[0].program, *(np.concatenate([getattr(part, column) for part in parts]) for column in COLUMNS))
    return joined.select(np.argsort(joined.beats, kind="stable"))


def _chain(songs, n_beats: float) -> Part:
    """Performances one after the other, each starting at a bar line, until there are `n_beats`."""
    parts, at = [], 0.0
    for song in songs:
        parts.append(replace(song.drums, beats=song.drums.beats + at))
        at += BAR * max(1, round(song.n_beats / BAR))
        if at >= n_beats:
            break
    return join(parts).within(0, n_beats)


def _cut_in_fills(part: Part, fills: list[Song], n_beats: float, rng: np.random.Generator) -> Part:
    """Every two or four bars a fill replaces the last beats of the groove."""
    every, parts, at = BAR * int(rng.choice([2, 4])), [], 0.0
    while at < n_beats:
        fill = fills[rng.integers(len(fills))]
        length = min(float(rng.choice([1, 2, 4, 4])), fill.n_beats)
        edge = at + every - length
        parts.append(_shift(part.within(at, edge), at))
        parts.append(_shift(fill.drums.within(0, length), edge))
        at += every
    return join(parts).within(0, n_beats)


def _shift(part: Part, by: float) -> Part:
    return replace(part, beats=part.beats + by)


# --- from notes to strokes -----------------------------------------------------------------------------------------------


def swing(beats: np.ndarray, at: float) -> np.ndarray:
    """Move the second eighth of each beat to `at` of the beat (0.5: straight, 0.67: triplet) and all between in proportion."""
    whole = np.floor(beats)
    return whole + np.interp(beats - whole, (0, 0.5, 1), (0, at, 1))


def strokes(drumming: Drumming, swing_at: float, rng: np.random.Generator, edited: bool = True) -> list[Stroke]:
    """The strokes of a clip, edited or as played, sorted by time; seconds count from the drumming's first beat."""
    part = drumming.part
    beats = swing(part.beats, swing_at)
    seconds = beats * 60 / drumming.bpm
    if drumming.song is not None:  # programmed on the grid
        seconds = np.abs(seconds + rng.normal(0, rng.uniform(0.001, 0.008), len(seconds)))
    contrast = rng.uniform(0.6, 1.6)  # of loud and soft
    loud = {}
    for pitch in np.unique(part.pitches).tolist():
        loud[pitch] = max(20.0, float(np.percentile(part.velocities[part.pitches == pitch], 80)))
    found = []
    for second, pitch, velocity in zip(seconds.tolist(), part.pitches.tolist(), part.velocities.tolist(), strict=True):
        if velocity < _SOFTEST.get(pitch, _SOFTEST_OTHERS):
            continue
        articulation = OF_PITCH.get(pitch) or (f"other_{pitch}" if pitch in OTHER_PITCHES else None)
        if articulation is not None:
            level = max(FLOOR_DB, contrast * 20 * np.log10(velocity / loud[pitch]))
            found.append(Stroke(second, articulation, velocity, level))
    return sorted(_edit(found, 60 / drumming.bpm, rng) if edited else found)


def _edit(strokes: list[Stroke], beat: float, rng: np.random.Generator) -> list[Stroke]:
    for share, edit in _EDITS:
        if rng.random() < share:
            strokes = edit(strokes, beat, rng)
    return strokes


def _rename(strokes, names: dict[str, str], share: float, rng) -> list[Stroke]:
    chosen = rng.random(len(strokes)) < share
    return [
        stroke._replace(articulation=names.get(stroke.articulation, stroke.articulation)) if take else stroke
        for stroke, take in zip(strokes, chosen, strict=True)
    ]


def _exchange_hat_and_ride(strokes, beat, rng):
    return _rename(strokes, {"hat_closed": "ride", "hat_open": "crash", "ride": "hat_closed", "ride_bell": "hat_open"}, 1.0, rng)


def _loosen_hats(strokes, beat, rng):
    return _rename(strokes, {"hat_closed": "hat_half_open"}, rng.choice([0.3, 1.0]), rng)


def _ride_the_crash(strokes, beat, rng):
    return _rename(strokes, {"hat_closed": "crash", "ride": "crash", "hat_half_open": "crash"}, 1.0, rng)


def _side_stick(strokes, beat, rng):
    return _rename(strokes, {"snare": "side_stick", "snare_edge": "side_stick"}, 1.0, rng)


def _snare_to_toms(strokes, beat, rng):
    """Single strokes, or all strokes of some beats, which makes a run over the toms."""
    toms = ["tom_high", "tom_mid", "tom_low"]
    if rng.random() < 0.5:
        return _rename(strokes, {"snare": str(rng.choice(toms))}, rng.uniform(0.15, 0.5), rng)
    moved = []
    for stroke in strokes:
        position = stroke.seconds / beat % 8
        if stroke.articulation.startswith("snare") and position >= 6:
            stroke = stroke._replace(articulation=toms[min(2, int((position - 6) * 1.5))], level=stroke.level / 2)
        moved.append(stroke)
    return moved


def _hat_to_tom(strokes, beat, rng):
    return _rename(strokes, {"hat_closed": "tom_low", "ride": "tom_low"}, 1.0, rng)


def _to_tambourine(strokes, beat, rng):
    return _rename(strokes, {"hat_closed": "tambourine"}, 1.0, rng)


def _add_tambourine(strokes, beat, rng):
    step = beat * rng.choice([0.5, 1.0, 2.0])
    times = _steady_times(strokes, step * rng.choice([0.0, 0.5, 1.0]), step, rng)
    return strokes + [Stroke(time, "tambourine", 90, rng.uniform(-6, 0)) for time in times]


def _steady_times(strokes, first: float, step: float, rng) -> list[float]:
    """Seconds from `first` to the last of the strokes, `step` apart, each a little early or late."""
    times = np.arange(first, max((stroke.seconds for stroke in strokes), default=0.0), step)
    return np.maximum(times + rng.normal(0, 0.006, len(times)), 0.0).tolist()


def _brushes(strokes, beat, rng):
    """Brushes on the snare keep time, as in ballads and swing, mostly with the hi-hat played by foot."""
    taps = dict.fromkeys(("snare", "snare_edge", "hat_closed", "ride"), "brush")
    brushed = _rename(strokes, taps, rng.uniform(0.7, 1.0), rng)
    return _pedal_on_backbeats(brushed, beat, rng) if rng.random() < 0.7 else brushed


def _pedal_on_backbeats(strokes, beat, rng):
    """The foot closes the hi-hat on the second and fourth beat; its other strokes mostly move to the ride."""
    if rng.random() < 0.7:
        strokes = _rename(strokes, {"hat_closed": "ride", "hat_half_open": "ride", "hat_pedal": "ride"}, 1.0, rng)
    times = _steady_times(strokes, beat, 2 * beat, rng)
    return strokes + [Stroke(time, "hat_pedal", 80, rng.uniform(-5, 1)) for time in times]


def _soften_snare(strokes, beat, rng):
    """Some strokes of the snare become ghost notes."""
    ghosts, softer = rng.random(len(strokes)) < rng.uniform(0.2, 0.7), rng.uniform(8, 18, len(strokes))
    return [
        stroke._replace(velocity=0.45 * stroke.velocity, level=max(FLOOR_DB, stroke.level - by))
        if ghost and stroke.articulation.startswith("snare")
        else stroke
        for stroke, ghost, by in zip(strokes, ghosts, softer.tolist(), strict=True)
    ]


def _add_ghosts(strokes, beat, rng):
    """Ghost notes on the snare between the strokes, on sixteenths or triplets."""
    step = beat * rng.choice([1 / 4, 1 / 3])
    last = max((stroke.seconds for stroke in strokes), default=0.0)
    taken = np.array([stroke.seconds for stroke in strokes if stroke.articulation.startswith(("snare", "brush"))])
    times = np.arange(0, last, step)
    times = times[rng.random(len(times)) < rng.uniform(0.1, 0.4)]
    free = [time for time in times.tolist() if not len(taken) or np.abs(taken - time).min() > 0.06]
    return strokes + [Stroke(abs(time + rng.normal(0, 0.006)), "snare", 40, rng.uniform(-20, -9)) for time in free]


def _add_crashes(strokes, beat, rng):
    near = [s for s in strokes if s.articulation == "kick" and s.seconds / beat % 8 < 0.1]
    return strokes + [Stroke(s.seconds + rng.normal(0, 0.004), "crash", 100, rng.uniform(-4, 2)) for s in near]


def _add_flams(strokes, beat, rng):
    """A grace note before some strokes of snare and toms: audible, but one onset with the stroke, as in annotations."""
    graces = [
        Stroke(max(s.seconds - rng.uniform(0.014, 0.034), 0.0), s.articulation, s.velocity / 2, s.level - rng.uniform(4, 12), False)
        for s in strokes
        if s.articulation.startswith(("snare", "tom")) and s.level > -8 and rng.random() < 0.15
    ]
    return strokes + graces


def _leave_out(strokes, beat, rng):
    """One kind of drum is not played at all."""
    absent = str(rng.choice(["kick", "snare", "hat", "hat", "ride", "crash"]))
    return [stroke for stroke in strokes if not stroke.articulation.startswith(absent)]


_EDITS = (
    (0.13, _exchange_hat_and_ride),
    (0.14, _loosen_hats),
    (0.04, _ride_the_crash),
    (0.08, _side_stick),
    (0.16, _snare_to_toms),
    (0.03, _hat_to_tom),
    (0.03, _to_tambourine),
    (0.05, _add_tambourine),
    (0.15, _add_crashes),
    (0.12, _add_flams),
    (0.06, _brushes),
    (0.06, _pedal_on_backbeats),
    (0.10, _soften_snare),
    (0.08, _add_ghosts),
    (0.06, _leave_out),
)
