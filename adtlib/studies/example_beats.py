"""Beats of a passage, needed for its notation: times of quarter notes in seconds, and the metre.

MDB Drums annotates beats and bars. MIDI states tempo and metre, but not reliably where the bars begin; ENST-Drums states the tempo
in the names of some tracks ("rock-113"); ADTOF-YT states nothing. Annotated beats and stated tempi and metres are used. The rest is
estimated from the reference onsets of the passage, never from a prediction:

    tempo      the one on whose grids of sixteenths or triplets, eighths, and (kick and snare) quarters the onsets agree best, as
               mean resultant length of their phases; a preference for 115 beats a minute decides between halves and doubles
    beat       the sixteenth or triplet position with the most kicks and snares
    bar line   the beat from which kicks fall on odd and snares on even beats

The estimate only affects readability: a grid at half or double tempo, or with another bar line, shows the same errors.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adtlib.corpora.base import Track
from adtlib.notation.beats import CLASS_WEIGHTS, LIKELY_TEMPO, extended, median_bpm
from adtlib.notation.patterns import beat_groups
from adtlib.onsets import smf
from adtlib.onsets.annotations import MIDI_SUFFIXES
from adtlib.onsets.frames import Onsets
from adtlib.onsets.midi import MidiError, tempos_of, tick_seconds

TEMPI = np.arange(70.0, 180.5, 0.5)  # beats a minute
_ENST_TEMPO = re.compile(r"^ENST/.*_MIDI-minus-one_.*-(\d{2,3})_")
_STATED_IS_WITHIN = 0.03  # largest relative deviation of the passage from a stated tempo


@dataclass(frozen=True, eq=False)
class BeatGrid:
    """`beat_times`: seconds of successive quarter notes, the first begins a bar; `source`: annotated, stated or estimated."""

    beat_times: np.ndarray
    meter: tuple[int, int]
    source: str

    @property
    def bpm(self) -> float:
        """Quarter notes a minute."""
        return median_bpm(self.beat_times)


def beat_grid(track: Track | None, onsets: Onsets, start: float, end: float) -> BeatGrid:
    """Beats of the passage from `start` to `end` (seconds): from a bar line at or before `start` to beyond `end`.

    track   source of annotated or stated beats; None if there is no track (ADTOF-YT).
    onsets  the reference, in seconds of the recording.

    Raises ValueError if no beats are annotated and fewer than four onsets lie in the passage.
    """
    annotated = _annotated_beats(track)
    if annotated is not None:
        times, position = annotated
        bars = np.flatnonzero((position == 1) & (times <= start))
        first = int(bars[-1]) if len(bars) else int(np.flatnonzero(position == 1)[0])
        counts = np.diff(np.flatnonzero(position == 1))
        beats = int(np.median(counts)) if len(counts) else 4
        return _until(times[first:], end, (beats, 4), "beats annotated")
    stated, meter = _stated_tempo(track, start)
    inside = [times[(times >= start) & (times < end)] for times in onsets]
    if sum(map(len, inside)) < 4:
        raise ValueError(f"{sum(map(len, inside))} onsets between {start:.2f} and {end:.2f} s: too few to find beats in")
    tempi = TEMPI if stated is None else stated * np.linspace(1 - _STATED_IS_WITHIN, 1 + _STATED_IS_WITHIN, 61)
    period = 60 / max(tempi, key=lambda bpm: _agreement(inside, 60 / bpm, stated or LIKELY_TEMPO))
    first = _bar_line(inside, period, meter)
    bar = period * float(sum(beat_groups(meter)))
    first -= bar * np.ceil((first - start) / bar - 1e-9)
    return _until(np.array([first, first + period]), end, meter, "tempo estimated" if stated is None else "tempo stated")


def _until(times: np.ndarray, end: float, meter: tuple[int, int], source: str) -> BeatGrid:
    """A grid continued at its last tempo until four bars beyond `end`."""
    if len(times) < 2:
        raise ValueError("fewer than two beats are annotated in the passage")
    return BeatGrid(extended(times, end, beyond=4 * meter[0]), meter, source)


# --- annotated and stated beats ----------------------------------------------------------------------------------------------


def _annotated_beats(track: Track | None) -> tuple[np.ndarray, np.ndarray] | None:
    """(seconds, position in the bar from 1) from MDB's file of beats beside an annotation; None if there is no such file."""
    if track is None or not track.id.startswith("MDB/"):
        return None
    path = Path(track.annotation[0]).parent.parent / "beats" / f"{track.id.removeprefix('MDB/')}_MIX.beats"
    if not path.is_file():
        return None
    table = np.loadtxt(path, ndmin=2)
    if len(table) < 2 or table.shape[1] < 2 or not (table[:, 1] == 1).any():
        return None
    return table[:, 0], table[:, 1]


def _stated_tempo(track: Track | None, at: float) -> tuple[float | None, tuple[int, int]]:
    """(quarter notes a minute, metre) stated by MIDI at a time in seconds, or by a name of ENST; without them None and 4/4."""
    if track is None:
        return None, (4, 4)
    if Path(track.annotation[0]).suffix.lower() not in MIDI_SUFFIXES:
        named = _ENST_TEMPO.search(track.id)
        return (float(named[1]) if named else None), (4, 4)
    try:
        file = smf.read_file(track.annotation[0])
        tempos = tempos_of(file)
    except MidiError:  # `adt prepare` names the file; beats can be estimated
        return None, (4, 4)
    events = [event for events in file.tracks for event in events if event[1] == smf.META and event[2] == smf.TIME_SIGNATURE]
    meters = [(event[0], stated) for event in events if (stated := smf.meter(event[3]))]
    if not tempos or file.division <= 0:
        return None, (4, 4)

    def at_time(changes: list) -> tuple:
        changes = sorted(changes, key=lambda change: change[0])
        seconds = tick_seconds(np.array([tick for tick, _ in changes]), tempos, file.division)
        return changes[max(0, int(np.searchsorted(seconds, at, side="right")) - 1)][1]

    meter = at_time(meters) if meters else (4, 4)
    return 60e6 / at_time(tempos), meter if meter[1] in (2, 4, 8) else (4, 4)


# --- estimated beats ---------------------------------------------------------------------------------------------------


def _resultant(onsets: Onsets, step: float, classes=range(5)) -> complex:
    """Mean of the onsets' phases on a grid of `step` seconds: length 1 if all lie on one grid, the angle is its offset."""
    times = np.concatenate([onsets[c] for c in classes])
    weights = np.concatenate([np.full(len(onsets[c]), CLASS_WEIGHTS[c]) for c in classes])
    return complex((weights * np.exp(2j * np.pi * times / step)).sum() / weights.sum()) if len(times) else 0j


def _division(onsets: Onsets, period: float) -> int:
    """Sixteenths (4) or triplets (3), whichever fits the onsets better."""
    return max((4, 3), key=lambda parts: abs(_resultant(onsets, period / parts)))


def _agreement(onsets: Onsets, period: float, likely: float) -> float:
    finest = abs(_resultant(onsets, period / _division(onsets, period)))
    quarters = abs(_resultant(onsets, period, (0, 1)))
    return finest + 0.5 * abs(_resultant(onsets, period / 2)) + quarters - 0.5 * np.log2(60 / period / likely) ** 2


def _bar_line(onsets: Onsets, period: float, meter: tuple[int, int]) -> float:
    """Time in seconds of a beat that begins a bar."""
    parts = _division(onsets, period)
    step = period / parts
    shifts = (np.angle(_resultant(onsets, step)) / (2 * np.pi) + np.arange(parts)) * step
    beat = max(
        shifts, key=lambda shift: sum(w * _near(times, shift, period) for w, times in zip(CLASS_WEIGHTS, onsets, strict=True))
    )
    n_beats = round(float(sum(beat_groups(meter)))) or 1

    def fits(first: float) -> float:
        """Kicks on odd beats, with more weight on the first; snares on even ones; cymbals on the first."""
        bar = n_beats * period
        odd = [_near(onsets[0], first + k * period, bar) for k in range(0, n_beats, 2)]
        even = [_near(onsets[1], first + k * period, bar) for k in range(1, n_beats, 2)]
        wrong = [_near(onsets[1], first + k * period, bar) for k in range(0, n_beats, 2)]
        return sum(odd) + 0.5 * odd[0] + sum(even) - sum(wrong) + 0.5 * _near(onsets[4], first, bar)

    return float(max((beat + k * period for k in range(n_beats)), key=fits))


def _near(times: np.ndarray, at: float, every: float) -> int:
    """Number of times within 40 ms of `at`, `at + every`, ..."""
    away = (times - at + every / 2) % every - every / 2
    return int(np.count_nonzero(np.abs(away) < 0.04))
