"""The strokes of a clip: part of a performance, in seconds; `edits` changes them.

Most are human performances: grooves, into which fills are inserted, as toms are rare without them; sequences of fills; drum parts
of songs. The rest comes from the project's own groove generator, which plays more toms and half-open hats than the drummers did.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from adtlib.synthesis.articulations import OF_PITCH, OTHER_PITCHES
from adtlib.synthesis.groove_styles import STYLES
from adtlib.synthesis.grooves import perform
from adtlib.synthesis.performances import COLUMNS, Part, Song
from adtlib.synthesis.recipe import Recipe, Streams

BAR = 4.0  # beats
# Softer notes are crosstalk of the recorded pads: nobody played them.
_SOFTEST = {49: 20, 57: 20, 46: 16}
_SOFTEST_OTHERS = 9
FLOOR_DB = -22.0  # lowest level of a ghost note relative to the loud strokes of its drum: softer ones are inaudible in music


# Shares of grooves, of sequences of fills, of drum parts of songs and of generated drumming, for each kind of performances.
_SOURCES = ("groove", "fills", "song", "generated")
_SHARES = {
    "all": (0.62, 0.10, 0.15, 0.13),
    "human": (0.86, 0.14, 0.0, 0.0),
    "grid": (0.86, 0.14, 0.0, 0.0),
    "generated": (0.0, 0.0, 0.0, 1.0),
}
_GRID = np.unique(np.concatenate([np.arange(5) / 4, np.arange(4) / 3]))  # sixteenths and triplets of a beat
_PROGRAMMED = (72, 105)  # velocities of soft and loud strokes on the grid


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


def choose(songs: tuple[Song, ...], seconds: float, streams: Streams, recipe: Recipe, only: Song | None = None) -> Drumming:
    """Draw `seconds` of drumming from the performances of one split; with `only` from that performance, without fills of others."""
    rng = streams("drumming")
    if only is not None:
        return Drumming(*_passage(only, seconds, rng)[:2])
    kind = rng.choice(_SOURCES, p=_SHARES[recipe.performances])
    if kind == "generated":
        return _generated(seconds, rng)
    of_kind = [song for song in songs if song.kind == {"fills": "fill"}.get(kind, kind) and len(song.drums.beats) >= 6]
    lengths = np.minimum([song.n_beats for song in of_kind], 200.0)
    song = of_kind[rng.choice(len(of_kind), p=lengths / lengths.sum())]
    fills = [other for other in songs if other.kind == "fill"]
    if kind == "fills":
        bpm, start = _bpm(song, rng), 0.0
        part = _chain([song, *(fills[number] for number in rng.integers(len(fills), size=8))], seconds * bpm / 60)
    else:
        part, bpm, start = _passage(song, seconds, rng)
    if kind == "groove" and rng.random() < 0.5:
        part = _cut_in_fills(part, fills, seconds * bpm / 60, rng)
    if recipe.performances == "grid":
        part = _on_the_grid(part)
    return Drumming(part, bpm, song, start) if kind == "song" else Drumming(part, bpm)


def _passage(song: Song, seconds: float, rng: np.random.Generator) -> tuple[Part, float, float]:
    """A passage of a performance, its tempo, somewhat faster or slower, and the beat where it begins, at a bar line.

    A short performance is played again.
    """
    bpm = _bpm(song, rng)
    n_beats = seconds * bpm / 60
    start = BAR * rng.integers(0, max(1, int((song.n_beats - n_beats) / BAR) + 1))
    if song.n_beats - start < n_beats - BAR:
        return _chain([song] * (int(n_beats / max(song.n_beats, BAR)) + 2), n_beats), bpm, start
    return song.drums.within(start, start + n_beats), bpm, start


def _bpm(song: Song, rng: np.random.Generator) -> float:
    return float(np.clip(song.bpm * np.exp(rng.uniform(-0.18, 0.18)), 50, 230))


def of_drummers(songs: tuple[Song, ...], count: int) -> tuple[Song, ...]:
    """The performances of the first `count` drummers of Groove MIDI, and all songs; 0: of all drummers."""
    names = sorted({song.name.split("/")[0] for song in songs if song.kind != "song"})
    kept = set(names[: count or None])
    return tuple(song for song in songs if song.kind == "song" or song.name.split("/")[0] in kept)


def _on_the_grid(part: Part) -> Part:
    """Each note at the nearest sixteenth or triplet, with one of two velocities: a pitch sounds once at a place."""
    whole = np.floor(part.beats)
    nearest = _GRID[np.abs((part.beats - whole)[:, None] - _GRID).argmin(axis=1)]
    loud = part.velocities >= 70
    placed = replace(part, beats=whole + nearest, velocities=np.where(loud, _PROGRAMMED[1], _PROGRAMMED[0]))
    _, first = np.unique(np.stack([placed.beats, placed.pitches]), axis=1, return_index=True)
    return placed.select(np.sort(first))


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


def strokes(drumming: Drumming, swing_at: float, rng: np.random.Generator) -> list[Stroke]:
    """The strokes of a clip as played, sorted by time; seconds count from the drumming's first beat."""
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
    return sorted(found)
