"""Where in a bar drummers strike: the likelihood of onsets, given beats.

A bar of four beats is binary, with sixteenths, or ternary, with triplets and their halves. In either metre each class is played in
a few ways (a backbeat on the snare drum, a hi-hat in quarters, eighths or sixteenths), and in each beat the likeliest way counts.
So a tempo is not preferred because its grid is finer, and the triplets of one tempo are no sixteenths of another.

`beat_positions.csv` holds the share of strokes at each position for each way. benchmarks/beat_positions.py counted them in the
Groove MIDI Dataset. Strokes scatter around their position by milliseconds, not by parts of a beat; some are anywhere.
"""

import csv
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from adtlib.vocabulary import CLASSES

BEATS_A_BAR = 4
POSITIONS = Path(__file__).resolve().parent / "beat_positions.csv"
METRES = {"binary": 16, "ternary": 24}  # and their positions in a bar
STATES = len(METRES) * BEATS_A_BAR  # a metre and a beat of its bar
STEPS_A_SECOND = 50
_SCATTER = 0.02  # seconds: standard deviation of strokes around their position
_CHANCE = 0.1  # share of strokes that are anywhere
_RARITY = 0.5  # weight of how often a way is played: it is seldom changed, but counts anew in each beat
_PART = 128  # beats scored at once: their scores, of all lengths and ways, fit a processor's cache
_WEIGHTS = (1.5, 1.5, 1.0, 1.0, 1.0)  # of the classes: kick and snare say more of the metre than those that keep time


class Way(NamedTuple):
    """A way of playing a class: share of beats in which it is played, and shares of a bar's strokes at its 16 or 24 positions."""

    name: str
    often: float
    shares: np.ndarray


@lru_cache(maxsize=1)
def ways() -> dict[tuple[str, str], list[Way]]:
    """The ways of playing, by metre and class."""
    found: dict[tuple[str, str], list[Way]] = {}
    with open(POSITIONS, newline="") as file:
        for metre, label, name, often, *row in list(csv.reader(file))[1:]:
            shares = np.array(row[: METRES[metre]], dtype=np.float64)
            found.setdefault((metre, label), []).append(Way(name, float(often), shares))
    return found


@lru_cache(maxsize=1)
def _rarity() -> list[np.ndarray]:
    """Cost of each way in a beat, `(ways, STATES)` for each class: log-likelihood ratio of the commonest way and it, weighted."""
    costs = []
    for label in CLASSES:
        often = [np.array([way.often for way in ways()[metre, label]]) for metre in METRES]
        by_metre = np.array([_RARITY * np.log(part.max() / _filled(part, max(map(len, often)))) for part in often])
        costs.append(np.repeat(by_metre.T, BEATS_A_BAR, axis=1).astype(np.float32))
    return costs


def _filled(values: np.ndarray, n_ways: int) -> np.ndarray:
    """With the last way repeated, so that both metres have as many."""
    return np.concatenate([values, np.repeat(values[-1:], n_ways - len(values), axis=0)])


def _kernels(length: int) -> list[np.ndarray]:
    """Scores of an onset at each step of a beat of `length` steps, for each class `(length, ways * STATES)`.

    A score is the log-likelihood ratio of the position and chance.
    """
    from scipy.special import ndtr

    scatter, bar = _SCATTER * STEPS_A_SECOND, BEATS_A_BAR * length
    by_metre = []
    for metre, parts in METRES.items():
        away = np.arange(bar)[:, None] - np.arange(parts) * bar / parts
        away = (away + bar / 2) % bar - bar / 2
        spread = ndtr((away + 0.5) / scatter) - ndtr((away - 0.5) / scatter)  # (steps of the bar, positions)
        by_metre.append([np.array([way.shares for way in ways()[metre, label]]) @ spread.T * bar for label in CLASSES])
    kernels = []
    for weight, densities in zip(_WEIGHTS, zip(*by_metre, strict=True), strict=True):
        n_ways = max(map(len, densities))
        filled = np.array([_filled(density, n_ways) for density in densities])
        score = weight * np.log((1 - _CHANCE) * filled + _CHANCE)  # (metres, ways, steps of the bar)
        score = score.reshape(len(METRES), n_ways, BEATS_A_BAR, length).transpose(3, 1, 0, 2)
        kernels.append(np.ascontiguousarray(score.reshape(length, -1), dtype=np.float32))
    return kernels


def beat_scores(counts: np.ndarray, start: int, stop: int, lengths: np.ndarray) -> np.ndarray:
    """Scores `(stop - start, n lengths, STATES)` of beats that begin at steps `start` to `stop`, by length, metre and beat.

    counts   `(steps, 5)`: the number of onsets in each step; it reaches the longest length beyond `stop`.
    lengths  of a beat, in steps, rising.
    """
    from scipy.sparse import csr_array

    steps, longest = stop - start, int(lengths[-1])
    scores = np.zeros((steps, len(lengths), STATES), dtype=np.float32)
    for index, (table, rarity) in enumerate(zip(_tables(tuple(lengths.tolist())), _rarity(), strict=True)):
        at = np.flatnonzero(counts[start : stop + longest - 1, index])
        if not len(at):
            continue
        begin = at[:, None] - np.arange(longest)  # of the beats that may hold an onset, by how far within it is
        onset, within = np.nonzero((begin >= 0) & (begin < steps))
        begin = begin[onset, within]
        held = np.zeros(steps, dtype=bool)  # beats without an onset of the class have score 0
        held[begin] = True
        rows, row = np.flatnonzero(held), (np.cumsum(held) - 1)[begin]
        onsets = csr_array((counts[start + at[onset], index], (row, within)), shape=(len(rows), longest))
        for first in range(0, len(rows), _PART):
            by_way = (onsets[first : first + _PART] @ table).reshape(-1, len(rarity), len(lengths), STATES)
            by_way -= rarity[:, None]
            best = by_way[:, 0]
            for way in range(1, len(rarity)):
                np.maximum(best, by_way[:, way], out=best)
            scores[rows[first : first + _PART]] += best
    return scores


@lru_cache(maxsize=8)
def _tables(lengths: tuple[int, ...]) -> list[np.ndarray]:
    """The kernels of all lengths, for each class `(longest, ways * lengths * STATES)`: 0 for onsets beyond the beat."""
    tables = [np.zeros((lengths[-1], len(rarity), len(lengths), STATES), dtype=np.float32) for rarity in _rarity()]
    for column, length in enumerate(lengths):
        for table, kernel in zip(tables, _kernels(length), strict=True):
            table[:length, :, column] = kernel.reshape(length, -1, STATES)
    return [table.reshape(lengths[-1], -1) for table in tables]
