"""Beats and bar lines of a whole song, tracked from its drum onsets; the tempo may drift.

`beat_model` says how likely onsets are, given beats; `bar_pointer` finds the likeliest beats, of 0.26 to 1.2 s, in steps of 20 ms.
Then beats are moved towards their onsets as far as the tempo stays smooth; before the first stroke and after the last they go on at
the tempo beside them. `time_signatures` says how many of them are a bar.
benchmarks/beat_tracking.py evaluates.

A preference for LIKELY_TEMPO decides between half and double tempo where the strokes do not. A tempo that is stated is kept but for
small deviations, and so is a time signature.
(`adtlib.studies.example_beats` finds the even grid of a short passage.)
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from adtlib.notation import time_signatures
from adtlib.notation.bar_pointer import best_beats
from adtlib.notation.beat_model import STEPS_A_SECOND
from adtlib.notation.time_signatures import COMMON, Bars, Meter, beat_length, beats_a_bar, check_meter, find_bars
from adtlib.onsets.frames import Onsets

SLOWEST, FASTEST = 50, 230  # beats a minute
LIKELY_TEMPO, TEMPO_SPREAD = 115.0, 0.7  # beats a minute; octaves, standard deviation
STATED = (20.0, 400.0)  # beats a minute that may be stated
_DEVIATION = 0.1  # of beats from a stated tempo: natural logarithm, largest
_STATED_SPREAD = 0.1  # octaves, standard deviation
FEWEST_ONSETS = 8
DEFAULT_TEMPO = 120.0  # for too few onsets
QUANTISE = (4, 8, 12, 16, 24, 32, 48)  # parts of a whole note: the grids for quantising
_STIFFNESS, _REACH = 10.0, 0.05  # of the tempo when beats are moved to onsets; largest distance (s) between both
_UNPLAYED, _BESIDE = 4, 32  # beats of a passage without strokes that are laid anew; of those beside it, whose tempo it has
CLASS_WEIGHTS = (2.0, 2.0, 1.0, 1.0, 1.0)  # of onsets near a beat: kick and snare carry it


@dataclass(frozen=True, eq=False)
class Beats:
    """Beats of a song.

    times      seconds, rising, from before the first onset to beyond the end of the recording; the first may be negative.
    positions  of each beat in its bar, from 1.
    found      whether the beats were found in the onsets; false for too few onsets, where the tempo is 120 beats a minute.
    meter      the time signature: (4, 4). A beat is a quarter in 3/4, a dotted quarter in 6/8, an eighth in 7/8.
    """

    times: np.ndarray
    positions: np.ndarray
    found: bool = True
    meter: Meter = COMMON

    @property
    def bpm(self) -> float:
        """Beats a minute: the median."""
        return median_bpm(self.times)

    @property
    def tempo(self) -> float:
        """Quarter notes a minute: the median."""
        return self.bpm * float(self.unit)

    @property
    def unit(self) -> Fraction:
        """Quarter notes in a beat."""
        return beat_length(self.meter)

    @property
    def a_bar(self) -> int:
        """Beats in a bar."""
        return beats_a_bar(self.meter)

    @property
    def in_words(self) -> str:
        """Time signature and tempo, as in "3/4, 96 beats a minute"."""
        quarters = "beats" if self.unit == 1 else "quarter notes"
        return f"{time_signatures.in_words(self.meter)}, {self.tempo:.0f} {quarters} a minute"

    @property
    def phase(self) -> int:
        """Beats from a bar line to the first beat."""
        return int(self.positions[0]) - 1

    @property
    def downbeats(self) -> np.ndarray:
        """Seconds at which bars begin."""
        return self.times[self.positions == 1]

    def with_bar_at(self, seconds: float) -> "Beats":
        """The same beats; bars are counted in both directions from the beat nearest to `seconds`.

        In 6/8, 9/8 and 12/8 from the nearest eighth: the beats are moved to it.
        """
        eighths = 3 if self.unit == Fraction(3, 2) else 1
        nearest = round(float(np.clip(self.at(seconds), 0, len(self.times) - 1)) * eighths)
        beat, rest = divmod(nearest, eighths)
        times = self.seconds(np.arange(len(self.times)) + rest / eighths) if rest else self.times
        return replace(self, times=times, positions=(np.arange(len(times)) - beat) % self.a_bar + 1)

    def at(self, seconds) -> np.ndarray:
        """Positions of times, in beats from the first; the tempo continues before and after the beats."""
        times = self.times
        return beat_positions(seconds, times, times[1] - times[0], times[-1] - times[-2])

    def grid(self, quantise: int | None) -> int | None:
        """Parts of a quarter note of a grid in QUANTISE, parts of a whole note; None for None. ValueError for another grid.

        Beats lie on the grid: where they are eighths or dotted quarters, grids without eighths (4 and 12) are halved.
        """
        check_grid(quantise)
        parts = quantise and quantise // 4
        return 2 * parts if parts and parts % 2 and self.unit.denominator == 2 else parts

    def seconds(self, beats) -> np.ndarray:
        """The inverse of `at`."""
        times, last = self.times, len(self.times) - 1
        beats = np.asarray(beats, dtype=np.float64)
        found = np.interp(beats, np.arange(len(times)), times)
        found = found + np.minimum(beats, 0) * (times[1] - times[0])
        return found + np.maximum(beats - last, 0) * (times[last] - times[last - 1])


def track_beats(onsets: Onsets, duration: float, tempo: float | None = None, meter: Meter | None = None) -> Beats:
    """Beats of a recording.

    onsets    five sorted arrays of seconds.
    duration  of the recording in seconds; the beats continue beyond it.
    tempo     in quarter notes a minute, 20 to 400, if it is known: no beat is longer or shorter by more than a tenth.
    meter     the time signature, if it is known: (3, 4), (7, 8), ...

    With fewer than 8 onsets the tempo is `tempo`, or 120 beats a minute, from 0 s on. Raises ValueError for a negative or infinite
    duration, and for another tempo or time signature.
    """
    if not 0 <= duration < np.inf:
        raise ValueError(f"duration = {duration}: it must be finite and 0 s or more")
    check_tempo(tempo)
    check_meter(meter)
    end = max([duration, *(float(times[-1]) for times in onsets if len(times))])
    if sum(map(len, onsets)) < FEWEST_ONSETS:
        return _even_beats(end, tempo, meter or COMMON)
    if tempo is None:
        slowest, fastest, likely = SLOWEST, FASTEST, (LIKELY_TEMPO, TEMPO_SPREAD)
    else:
        dotted = meter is not None and beat_length(meter) > 1
        tracked = tempo / 1.5 if dotted else tempo
        slowest, fastest, likely = tracked * np.exp(-_DEVIATION), tracked * np.exp(_DEVIATION), (tracked, _STATED_SPREAD)
    lengths = np.arange(int(60 * STEPS_A_SECOND / fastest), int(60 * STEPS_A_SECOND / slowest) + 1)
    begun, ternary = best_beats(onsets, end, lengths, *likely)
    times, ternary = _where_nobody_plays(_drawn_to_onsets(begun, onsets), ternary, onsets)
    times = extended(times, end)
    ternary = np.concatenate([ternary, np.repeat(ternary[-1:], len(times) - len(ternary))])
    return _in_bars(times, find_bars(onsets, times, ternary, meter, tempo is not None))


def _even_beats(end: float, tempo: float | None, meter: Meter) -> Beats:
    """From 0 s on, at `tempo` or DEFAULT_TEMPO."""
    period = 60 / (tempo or DEFAULT_TEMPO) * float(beat_length(meter))
    index = np.arange(int(np.ceil(end / period)) + 1 + beats_a_bar(meter))
    return Beats(index * period, index % beats_a_bar(meter) + 1, False, meter)


def _in_bars(tracked: np.ndarray, bars: Bars) -> Beats:
    """The beats of a time signature from tracked beats, at least from the first to the last of these."""
    n, before = beats_a_bar(bars.meter), int(np.ceil(bars.start / bars.beat))  # beats before the first bar line
    first = float(bars.start - before * bars.beat)
    times = tracked
    if bars.beat != 1 or first:
        count = int(np.ceil((len(tracked) - 1 - first) / float(bars.beat))) + 1
        times = Beats(tracked, np.ones(len(tracked), dtype=int)).seconds(first + float(bars.beat) * np.arange(count))
    return Beats(times, (np.arange(len(times)) - before) % n + 1, True, bars.meter)


def median_bpm(beat_times: np.ndarray) -> float:
    """Beats a minute: the median."""
    return 60 / float(np.median(np.diff(beat_times)))


def beat_positions(seconds, beat_times: np.ndarray, first_period: float, last_period: float) -> np.ndarray:
    """Positions of times in beats, 0 at the first of `beat_times`; the periods (s) hold before the first and after the last."""
    seconds = np.asarray(seconds, dtype=np.float64)
    positions = np.interp(seconds, beat_times, np.arange(len(beat_times)))
    before, after = np.minimum(seconds - beat_times[0], 0), np.maximum(seconds - beat_times[-1], 0)
    return positions + before / first_period + after / last_period


def even_period(beat_times: np.ndarray) -> float:
    """Seconds from one to the next of the evenly spaced beats around which these lie, by least squares."""
    index = np.arange(len(beat_times)) - (len(beat_times) - 1) / 2
    return float(index @ beat_times / (index @ index))


def extended(beat_times: np.ndarray, end: float, beyond: int = 1) -> np.ndarray:
    """Beats continued at their last tempo until `beyond` beats after `end` (seconds)."""
    last = float(np.median(np.diff(beat_times[-5:])))
    more = max(0, int(np.ceil((end - beat_times[-1]) / last)) + beyond)
    return np.concatenate([beat_times, beat_times[-1] + last * np.arange(1, more + 1)])


def _drawn_to_onsets(beats: np.ndarray, onsets: Onsets) -> np.ndarray:
    """Beats moved towards the onsets near them while their distances stay even: least squares with a stiffness."""
    if len(beats) < 3:
        return beats
    from scipy.linalg import solveh_banded

    times = np.concatenate(onsets)
    weights = np.repeat(CLASS_WEIGHTS, [len(column) for column in onsets])
    order = np.argsort(times, kind="stable")
    times, weights = times[order], weights[order]
    low, high = np.searchsorted(times, beats - _REACH), np.searchsorted(times, beats + _REACH)
    total = np.concatenate([[0], np.cumsum(weights)])
    moment = np.concatenate([[0], np.cumsum(weights * times)])
    weight = total[high] - total[low]
    target = np.where(weight > 0, (moment[high] - moment[low]) / np.maximum(weight, 1e-9), beats)
    weight = np.minimum(weight, 4.0) + 1e-6
    n = len(beats)
    bands = np.zeros((3, n))  # of the sum over beats of squared second differences, upper form
    for start, factor in enumerate((1, -2, 1)):
        bands[2, start : start + n - 2] += factor**2
    bands[1, 1 : n - 1] -= 2
    bands[1, 2:n] -= 2
    bands[0, 2:] += 1
    bands *= _STIFFNESS
    bands[2] += weight
    return solveh_banded(bands, weight * target)


def _where_nobody_plays(beats: np.ndarray, ternary: np.ndarray, onsets: Onsets) -> tuple[np.ndarray, np.ndarray]:
    """Beats and what is known of them; where they are more than _UNPLAYED before the first stroke or after the last, laid anew.

    There nothing but a preference held them: now they have the tempo of the played beats beside them.
    """
    strokes = np.concatenate(onsets)
    first = max(0, int(np.searchsorted(beats, strokes.min() + _REACH)) - 1)  # the beat at the first stroke or before it
    last = min(len(beats) - 1, int(np.searchsorted(beats, strokes.max() - _REACH)))  # at the last one or after it
    beside = min(_BESIDE, last - first)
    if beside < 2:
        return beats, ternary
    if len(beats) - 1 - last > _UNPLAYED:
        period = even_period(beats[last - beside : last + 1])
        after = int(np.ceil((beats[-1] - beats[last]) / period))
        beats = np.concatenate([beats[: last + 1], beats[last] + period * np.arange(1, after + 1)])
        ternary = np.concatenate([ternary[: last + 1], np.repeat(ternary[last : last + 1], after, axis=0)])
    if first > _UNPLAYED:
        period = even_period(beats[first : first + beside + 1])
        before = int(np.ceil((beats[first] - beats[0]) / period))
        beats = np.concatenate([beats[first] - period * np.arange(before, 0, -1), beats[first:]])
        ternary = np.concatenate([np.repeat(ternary[first : first + 1], before, axis=0), ternary[first:]])
    return beats, ternary


def check_grid(quantise: int | None) -> None:
    """ValueError for a grid that is not in QUANTISE."""
    if quantise is not None and quantise not in QUANTISE:
        raise ValueError(f"quantise = {quantise}: choose one of {', '.join(map(str, QUANTISE))} parts of a whole note, or None")


def check_tempo(tempo: float | None) -> None:
    """ValueError for a stated tempo outside STATED."""
    if tempo is not None and not STATED[0] <= tempo <= STATED[1]:
        raise ValueError(f"tempo = {tempo:g}: state it in quarter notes a minute, {STATED[0]:.0f} to {STATED[1]:.0f}")
