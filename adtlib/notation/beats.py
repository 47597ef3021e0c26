"""Beats and bar lines of a whole song, tracked from its drum onsets; the tempo may drift.

`beat_model` says how likely onsets are, given beats; `bar_pointer` finds the likeliest beats, of 0.26 to 1.2 s, in steps of 20 ms.
Then beats are moved towards their onsets as far as the tempo stays smooth. benchmarks/beat_tracking.py evaluates.

Bars have four beats: for a song in three the beats are right and the bar lines wrong. A preference for LIKELY_TEMPO decides between
half and double tempo where the strokes do not. A tempo that is stated is kept but for small deviations.
(`adtlib.studies.example_beats` finds the even grid of a short passage.)
"""

from dataclasses import dataclass, replace

import numpy as np

from adtlib.notation.bar_pointer import best_beats
from adtlib.notation.beat_model import BEATS_A_BAR, STEPS_A_SECOND
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
CLASS_WEIGHTS = (2.0, 2.0, 1.0, 1.0, 1.0)  # of onsets near a beat: kick and snare carry it


@dataclass(frozen=True, eq=False)
class Beats:
    """Beats of a song.

    times      seconds, rising, from before the first onset to beyond the end of the recording; the first may be negative.
    positions  of each beat in its bar, from 1.
    found      whether the beats were found in the onsets; false for too few onsets, where the tempo is 120 beats a minute.
    """

    times: np.ndarray
    positions: np.ndarray
    found: bool = True

    @property
    def bpm(self) -> float:
        """Beats a minute: the median."""
        return median_bpm(self.times)

    @property
    def phase(self) -> int:
        """Beats from a bar line to the first beat."""
        return int(self.positions[0]) - 1

    @property
    def downbeats(self) -> np.ndarray:
        """Seconds at which bars begin."""
        return self.times[self.positions == 1]

    def with_bar_at(self, seconds: float) -> "Beats":
        """The same beats; bars are counted in both directions from the beat nearest to `seconds`."""
        nearest = int(np.abs(self.times - seconds).argmin())
        return replace(self, positions=(np.arange(len(self.times)) - nearest) % BEATS_A_BAR + 1)

    def at(self, seconds) -> np.ndarray:
        """Positions of times, in beats from the first; the tempo continues before and after the beats."""
        times = self.times
        return beat_positions(seconds, times, times[1] - times[0], times[-1] - times[-2])

    def seconds(self, beats) -> np.ndarray:
        """The inverse of `at`."""
        times, last = self.times, len(self.times) - 1
        beats = np.asarray(beats, dtype=np.float64)
        found = np.interp(beats, np.arange(len(times)), times)
        found = found + np.minimum(beats, 0) * (times[1] - times[0])
        return found + np.maximum(beats - last, 0) * (times[last] - times[last - 1])


def track_beats(onsets: Onsets, duration: float, tempo: float | None = None) -> Beats:
    """Beats of a recording.

    onsets    five sorted arrays of seconds.
    duration  of the recording in seconds; the beats continue beyond it.
    tempo     in beats a minute, 20 to 400, if it is known: no beat is longer or shorter by more than a tenth.

    With fewer than 8 onsets the tempo is `tempo`, or 120 beats a minute, from 0 s on. Raises ValueError for a negative or infinite
    duration and for another tempo.
    """
    if not 0 <= duration < np.inf:
        raise ValueError(f"duration = {duration}: it must be finite and 0 s or more")
    check_tempo(tempo)
    end = max([duration, *(float(times[-1]) for times in onsets if len(times))])
    if sum(map(len, onsets)) < FEWEST_ONSETS:
        period = 60 / (tempo or DEFAULT_TEMPO)
        count = int(np.ceil(end / period)) + 1 + BEATS_A_BAR
        return Beats(np.arange(count) * period, np.arange(count) % BEATS_A_BAR + 1, found=False)
    if tempo is None:
        slowest, fastest, likely = SLOWEST, FASTEST, (LIKELY_TEMPO, TEMPO_SPREAD)
    else:
        slowest, fastest, likely = tempo * np.exp(-_DEVIATION), tempo * np.exp(_DEVIATION), (tempo, _STATED_SPREAD)
    lengths = np.arange(int(60 * STEPS_A_SECOND / fastest), int(60 * STEPS_A_SECOND / slowest) + 1)
    begun, positions = best_beats(onsets, end, lengths, *likely)
    times = extended(_drawn_to_onsets(begun, onsets), end)
    return Beats(times, (positions[0] - 1 + np.arange(len(times))) % BEATS_A_BAR + 1)


def median_bpm(beat_times: np.ndarray) -> float:
    """Beats a minute: the median."""
    return 60 / float(np.median(np.diff(beat_times)))


def beat_positions(seconds, beat_times: np.ndarray, first_period: float, last_period: float) -> np.ndarray:
    """Positions of times in beats, 0 at the first of `beat_times`; the periods (s) hold before the first and after the last."""
    seconds = np.asarray(seconds, dtype=np.float64)
    positions = np.interp(seconds, beat_times, np.arange(len(beat_times)))
    before, after = np.minimum(seconds - beat_times[0], 0), np.maximum(seconds - beat_times[-1], 0)
    return positions + before / first_period + after / last_period


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


def check_grid(quantise: int | None) -> None:
    """ValueError for a grid that is not in QUANTISE."""
    if quantise is not None and quantise not in QUANTISE:
        raise ValueError(f"quantise = {quantise}: choose one of {', '.join(map(str, QUANTISE))} parts of a whole note, or None")


def check_tempo(tempo: float | None) -> None:
    """ValueError for a stated tempo outside STATED."""
    if tempo is not None and not STATED[0] <= tempo <= STATED[1]:
        raise ValueError(f"tempo = {tempo:g}: state it in quarter notes a minute, {STATED[0]:.0f} to {STATED[1]:.0f}")
