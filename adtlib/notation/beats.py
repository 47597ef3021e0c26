"""Beats and bar lines of a whole song, tracked from its drum onsets; the tempo may drift.

A bar-pointer model (Whiteley, Cemgil and Godsill 2006; Krebs, Böck and Widmer 2015) whose observations are the onsets of the five
classes. The distributions of onsets within a bar were counted in the Groove MIDI Dataset (`beat_positions.csv`; see
benchmarks/beat_tracking.py, which also evaluates). A beat is a segment of 0.26 to 1.2 s. Its score is the sum, over its onsets, of
the log-likelihood ratio of their positions and chance; the tempo may change a little from one beat to the next. The Viterbi
algorithm finds the best sequence. Time is searched in steps of 20 ms; then beats are moved towards their onsets as far as the tempo
stays smooth.

Bars have four beats: for a song in three the beats are right and the bar lines wrong. A preference for LIKELY_TEMPO decides between
half and double tempo. (`adtlib.studies.example_beats` finds the even grid of a short passage.)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import CLASSES

STEPS_A_SECOND = 50
SLOWEST, FASTEST = 50, 230  # beats a minute
LIKELY_TEMPO, TEMPO_SPREAD = 115.0, 0.7  # beats a minute; octaves, standard deviation
BEATS_A_BAR = 4
FEWEST_ONSETS = 8
DEFAULT_TEMPO = 120.0  # for too few onsets
QUANTISE = (4, 8, 12, 16, 24, 32, 48)  # parts of a whole note: the grids for quantising
POSITIONS = Path(__file__).resolve().parent / "beat_positions.csv"
PARTS = 12  # of a beat, in POSITIONS: sixteenths and triplets are whole numbers of parts
_CHANCE = 0.1  # share of onsets at random positions
_CHANGE = 100.0  # cost of a change of tempo: nats for a factor of e from one beat to the next
_PREFERENCE = 1.0  # cost of a tempo other than LIKELY_TEMPO: nats a second at one standard deviation
_BLOCK = 2_000  # steps scored at once
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


def track_beats(onsets: Onsets, duration: float) -> Beats:
    """Beats of a recording.

    onsets    five sorted arrays of seconds.
    duration  of the recording in seconds; the beats continue beyond it.

    With fewer than 8 onsets the tempo is 120 beats a minute, from 0 s on. Raises ValueError for a negative or infinite duration.
    """
    if not 0 <= duration < np.inf:
        raise ValueError(f"duration = {duration}: it must be finite and 0 s or more")
    end = max([duration, *(float(times[-1]) for times in onsets if len(times))])
    if sum(map(len, onsets)) < FEWEST_ONSETS:
        count = int(np.ceil(end * DEFAULT_TEMPO / 60)) + 1 + BEATS_A_BAR
        return Beats(np.arange(count) * 60 / DEFAULT_TEMPO, np.arange(count) % BEATS_A_BAR + 1, found=False)
    steps, positions = _best_path(onsets, end)
    times = extended(_drawn_to_onsets(steps / STEPS_A_SECOND, onsets), end)
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


# --- the model ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def position_densities() -> np.ndarray:
    """Likelihood of an onset of each class in each twelfth of a beat, relative to chance: `(5, 48)`, mean 1 in each row."""
    counts = np.loadtxt(POSITIONS, delimiter=",", skiprows=1, usecols=range(1, 1 + len(CLASSES))).T
    return counts / counts.mean(axis=1, keepdims=True)


def count_positions(performances: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Counts of onsets of each class in each twelfth of a beat of a bar: `(5, 48)`.

    performances  (positions in beats from a bar line, class indices) of each.
    """
    counts = np.zeros((len(CLASSES), PARTS * BEATS_A_BAR), dtype=np.int64)
    for beats, classes in performances:
        np.add.at(counts, (classes, np.rint(beats * PARTS).astype(int) % counts.shape[1]), 1)
    return counts


@lru_cache(maxsize=1)
def _lengths() -> np.ndarray:
    """Possible lengths of a beat, in steps."""
    return np.arange(60 * STEPS_A_SECOND // FASTEST, 60 * STEPS_A_SECOND // SLOWEST + 1)


@lru_cache(maxsize=1)
def _kernels() -> list[np.ndarray]:
    """For each length L the scores of an onset: `(5 L, 4)`, by class and step within the beat, and by the beat's position."""
    fine = 8  # parts of a twelfth, to average densities over the width of a step
    table = np.repeat(position_densities(), fine, axis=1)
    table = np.roll(table, -fine // 2, axis=1)  # a twelfth is centred on its position
    size = table.shape[1]
    summed = np.concatenate([np.zeros((len(CLASSES), 1)), np.cumsum(np.tile(table, 3), axis=1)], axis=1)
    kernels = []
    for length in _lengths():
        centres = np.arange(BEATS_A_BAR * length) / (BEATS_A_BAR * length) * size + size
        half = size / (BEATS_A_BAR * length) / 2
        low, high = np.rint(centres - half).astype(int), np.rint(centres + half).astype(int)
        density = (summed[:, high] - summed[:, low]) / (high - low)
        score = np.log((1 - _CHANCE) * density + _CHANCE).reshape(len(CLASSES), BEATS_A_BAR, length)
        kernels.append(np.ascontiguousarray(score.transpose(0, 2, 1).reshape(-1, BEATS_A_BAR), dtype=np.float32))
    return kernels


def _segment_scores(counts: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Scores `(stop - start, 4, n lengths)` of beats that begin at these steps; `counts` (steps, 5) are those of onsets."""
    scores = np.empty((stop - start, BEATS_A_BAR, len(_lengths())), dtype=np.float32)
    for index, (length, kernel) in enumerate(zip(_lengths(), _kernels(), strict=True)):
        windows = sliding_window_view(counts[start : stop + length - 1], length, axis=0)  # (B, 5, L)
        scores[:, :, index] = windows.reshape(stop - start, -1) @ kernel
    return scores


def _best_path(onsets: Onsets, end: float) -> tuple[np.ndarray, np.ndarray]:
    """(steps at which beats begin, their positions in the bar): the first may be before 0, the last reaches `end`."""
    lengths = _lengths()
    shortest, longest = int(lengths[0]), int(lengths[-1])
    n_steps = int(np.ceil(end * STEPS_A_SECOND)) + 1
    # With `longest` steps before 0, where the first beat may begin, and after the end.
    counts = np.zeros((n_steps + 3 * longest, len(CLASSES)), dtype=np.float32)
    for index, times in enumerate(onsets):
        np.add.at(counts, (np.rint(np.asarray(times) * STEPS_A_SECOND).astype(int) + longest, index), 1)
    tempi = 60 * STEPS_A_SECOND / lengths
    away = np.log2(tempi / LIKELY_TEMPO) / TEMPO_SPREAD
    prior = (-_PREFERENCE * lengths / STEPS_A_SECOND * 0.5 * away**2).astype(np.float32)
    change = (-_CHANGE * np.abs(np.log(lengths[:, None] / lengths[None, :]))).astype(np.float32)  # to, from

    last = n_steps + longest
    came_from = np.zeros((last, BEATS_A_BAR, len(lengths)), dtype=np.uint8)
    # Score of the best path to the end of a beat that begins at a step, for the steps before which the next beat can begin.
    recent = np.full((longest + _BLOCK, BEATS_A_BAR, len(lengths)), -np.inf, dtype=np.float32)
    best, best_at = -np.inf, (0, 0, 0)
    columns = np.arange(len(lengths))
    for block in range(0, last, _BLOCK):
        stop = min(block + _BLOCK, last)
        scores = _segment_scores(counts, block, stop)
        # A beat lasts `shortest` steps or more, so that the beats of a chunk do not depend on each other.
        for chunk in range(block, stop, shortest):
            at = np.arange(chunk, min(chunk + shortest, stop))
            begun = np.where(at[:, None, None] <= longest, np.float32(0), np.float32(-np.inf))  # a song may begin anywhere in a bar
            begun = np.broadcast_to(begun, (len(at), BEATS_A_BAR, len(lengths))).copy()
            before = at[:, None] - lengths[None, :] - block + longest  # index in `recent` of the beats that end here
            ends = recent[np.maximum(before, 0)[:, None, :], np.arange(BEATS_A_BAR)[None, :, None], columns]
            ends = np.where((before >= 0)[:, None, :], np.roll(ends, 1, axis=1), -np.inf)
            reached = ends[:, :, None, :] + change  # (steps, beat, to, from)
            source = reached.argmax(axis=3)
            value = np.take_along_axis(reached, source[..., None], axis=3)[..., 0]
            came_from[at] = np.where(value > begun, source + 1, 0)  # 0: the song begins here
            recent[at - block + longest] = np.maximum(value, begun) + prior + scores[at - block]
            closing = (at[:, None, None] < last) & (at[:, None, None] + lengths >= last)
            if closing.any():
                candidate = np.where(closing, recent[at - block + longest], -np.inf)
                where = np.unravel_index(candidate.argmax(), candidate.shape)
                if candidate[where] > best:
                    best, best_at = candidate[where], (int(at[where[0]]), int(where[1]), int(where[2]))
        recent[:longest] = recent[stop - block : stop - block + longest]
        recent[longest:] = -np.inf
    return _traced(came_from, best_at, longest)


def _traced(came_from: np.ndarray, at: tuple[int, int, int], offset: int) -> tuple[np.ndarray, np.ndarray]:
    """The path that leads to the last beat `at`, from its beginning."""
    step, beat, length = at
    path = []
    while True:
        path.append((step - offset, beat + 1))
        source = int(came_from[step, beat, length])
        if source == 0:
            break
        length = source - 1
        step, beat = step - int(_lengths()[length]), (beat - 1) % BEATS_A_BAR
    steps, positions = np.array(path[::-1]).T
    return steps, positions


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
