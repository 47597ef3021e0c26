"""The likeliest sequence of beats for the onsets of a song: the Viterbi algorithm over tempo, beat of the bar and metre.

A bar-pointer model (Whiteley, Cemgil and Godsill 2006; Krebs, Böck and Widmer 2015) whose beats are segments of time, in steps of
20 ms. A tempo allows two lengths of a beat, a number of steps or one more: so none is preferred for being a whole number of steps.
The tempo may change a little from one beat to the next, the metre seldom.
"""

import numpy as np

from adtlib.notation.beat_model import BEATS_A_BAR, METRES, STEPS_A_SECOND, beat_scores
from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import CLASSES

_CHANGE = 100.0  # cost of a change of tempo: nats for a factor of e from one beat to the next
_OTHER_METRE = 30.0  # cost of a change of metre: nats
_PREFERENCE = 1.0  # cost of an unlikely tempo: nats a second at one standard deviation
_BLOCK = 2_000  # steps scored at once


def best_beats(onsets: Onsets, end: float, lengths: np.ndarray, likely: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """(seconds at which beats begin, whether they are ternary): the first may be before 0, the last reaches `end`.

    onsets          five arrays of seconds up to `end`, at least one onset.
    lengths         possible lengths of a beat: successive numbers of steps, two or more.
    likely, spread  the likeliest tempo in beats a minute, and the standard deviation around it in octaves.
    """
    longest = int(lengths[-1])
    n_steps = int(np.ceil(end * STEPS_A_SECOND)) + 1
    # With `longest` steps before 0, where the first beat may begin, and after the end.
    counts = np.zeros((n_steps + 3 * longest, len(CLASSES)), dtype=np.float32)
    for index, times in enumerate(onsets):
        np.add.at(counts, (np.rint(np.asarray(times) * STEPS_A_SECOND).astype(int) + longest, index), 1)
    away = np.log2(60 * STEPS_A_SECOND / lengths / likely) / spread
    prior = (-_PREFERENCE * lengths / STEPS_A_SECOND * 0.5 * away**2).astype(np.float32)
    steps, states = _Search(lengths, n_steps + longest).run(counts, prior)
    return (steps - longest) / STEPS_A_SECOND, states >= BEATS_A_BAR


class _Search:
    """One run of the algorithm over `last` steps: arrays are `(tempi, metres, steps, beats of a bar)`."""

    def __init__(self, lengths: np.ndarray, last: int) -> None:
        self.lengths, self.last = lengths, last
        self.shortest, self.longest = int(lengths[0]), int(lengths[-1])
        self.n_tempi = len(lengths) - 1
        self.log_period = (_CHANGE * np.log(lengths[:-1] + 0.5)).astype(np.float32)[:, None, None, None]
        self.kind = np.uint8 if 4 * self.n_tempi < 256 else np.uint16
        # How a beat that begins here was reached: 0, the song begins here; else 1 + the number of its source, `_changed`.
        self.came_from = np.zeros((self.n_tempi, len(METRES), last, BEATS_A_BAR), dtype=self.kind)
        # Best scores of paths to the end of a beat with the shorter or longer length of its tempo, by the step where it begins.
        self.ends = np.full((2, self.n_tempi, len(METRES), self.longest + _BLOCK, BEATS_A_BAR), -np.inf, dtype=np.float32)
        # Where, in the rows of `ends`, the beats began that end with their shorter length in the steps of a chunk.
        rows = self.ends[0, ..., 0].size // self.n_tempi * np.arange(self.n_tempi)[:, None, None]
        rows = rows + (self.longest + _BLOCK) * np.arange(len(METRES))[:, None] + self.longest + np.arange(self.shortest)
        self.began = rows - lengths[:-1, None, None]
        self.best, self.best_at = -np.inf, (0, 0, 0, 0)

    def run(self, counts: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(steps at which the beats of the best path begin, their states)."""
        for block in range(0, self.last, _BLOCK):
            stop = min(block + _BLOCK, self.last)
            scores = beat_scores(counts, block, stop, self.lengths)
            scores += prior[:, None]
            scores = scores.reshape(*scores.shape[:2], len(METRES), BEATS_A_BAR).transpose(1, 2, 0, 3).copy()
            # A beat lasts `shortest` steps or more, so that the beats of a chunk do not depend on each other.
            for chunk in range(0, stop - block, self.shortest):
                self._begin(block, chunk, scores[:, :, chunk : chunk + self.shortest])
            self.ends[..., : self.longest, :] = self.ends[..., stop - block : stop - block + self.longest, :].copy()
        return self._traced()

    def _begin(self, block: int, chunk: int, scores: np.ndarray) -> None:
        """Beats that begin at the steps of a chunk: the best way to each, and the scores at their ends."""
        first, count = block + chunk, scores.shape[2]
        began = self.began[..., :count] + chunk
        shorter, longer = self.ends.reshape(2, -1, BEATS_A_BAR)
        shorter, longer = shorter.take(began, axis=0), longer.take(began - 1, axis=0)
        reached, source = self._changed(_next_beat(np.maximum(shorter, longer)), _next_beat(longer > shorter))
        source += 1
        if first <= self.longest:  # the song may begin here, anywhere in a bar
            begins = (np.arange(first, first + count) <= self.longest)[:, None] & (reached <= 0)
            source[begins], reached[begins] = 0, 0
        self.came_from[:, :, first : first + count] = source
        for which in (0, 1):
            ended = self.ends[which, :, :, chunk + self.longest : chunk + self.longest + count]
            np.add(reached, scores[which : which + self.n_tempi], out=ended)
            if first + count + self.longest > self.last:
                self._close(first, ended, which)

    def _close(self, first: int, ended: np.ndarray, which: int) -> None:
        """Note the best of the beats that reach the last step."""
        steps = np.arange(first, first + ended.shape[2])
        closing = steps + self.lengths[which : which + self.n_tempi, None] >= self.last
        candidate = np.where(closing[:, None, :, None], ended, -np.inf).transpose(2, 0, 1, 3)
        where = np.unravel_index(candidate.argmax(), candidate.shape)
        if candidate[where] > self.best:
            step, tempo, metre, beat = map(int, where)
            self.best, self.best_at = candidate[where], (first + step, tempo, metre, beat)

    def _changed(self, ends: np.ndarray, longer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Best scores after a change of metre and of tempo, and the number of each one's source.

        The cost of a change of tempo is proportional to its logarithm: the best of all slower tempi, and of all faster ones, are
        running maxima.
        """
        others = ends[:, ::-1] - np.float32(_OTHER_METRE)
        other = others > ends
        kept = np.maximum(ends, others, out=others)
        how = 2 * other.view(np.uint8) + np.where(other, longer[:, ::-1], longer)
        costs = np.empty((2, *kept.shape), dtype=np.float32)
        np.add(kept, self.log_period, out=costs[0])
        np.subtract(kept, self.log_period, out=costs[1, ::-1])
        best, index = self._running_best(costs)
        faster, slower = best[0] - self.log_period, best[1, ::-1] + self.log_period
        tempo = np.where(slower > faster, self.kind(self.n_tempi - 1) - index[1, ::-1], index[0])
        n_states = kept[0].size
        at = tempo.reshape(-1, n_states) * np.intp(n_states) + np.arange(n_states)
        return np.maximum(faster, slower), 4 * tempo + how.ravel().take(at).reshape(tempo.shape)

    def _running_best(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(running maximum along the tempi, axis 1, its last index), over 1, 2, 4, ... tempi: fewer calls than one a tempo."""
        tempi = np.arange(self.n_tempi, dtype=self.kind)[:, None, None, None]
        best = _running_maximum(values)
        return best, _running_maximum((values >= best).view(np.uint8) * tempi)

    def _traced(self) -> tuple[np.ndarray, np.ndarray]:
        """The path to the best last beat, from its beginning."""
        step, tempo, metre, beat = self.best_at
        path = []
        while True:
            path.append((step, metre * BEATS_A_BAR + beat))
            source = int(self.came_from[tempo, metre, step, beat]) - 1
            if source < 0:
                break
            tempo, other, longer = source // 4, source // 2 % 2, source % 2
            metre, beat = 1 - metre if other else metre, (beat - 1) % BEATS_A_BAR
            step -= int(self.lengths[tempo + longer])
        steps, states = np.array(path[::-1]).T
        return steps, states


def _next_beat(values: np.ndarray) -> np.ndarray:
    """Values by the beat that ends as values by the beat that follows: the last axis rolled by one."""
    rolled = np.empty_like(values)
    flat = rolled.ravel()  # a view
    flat[1:] = values.ravel()[:-1]
    flat[::BEATS_A_BAR] = values[..., -1].ravel()
    return rolled


def _running_maximum(values: np.ndarray) -> np.ndarray:
    """Of an array along its axis 1."""
    best, step = values, 1
    while step < values.shape[1]:
        further = np.empty_like(best)
        further[:, :step] = best[:, :step]
        np.maximum(best[:, step:], best[:, :-step], out=further[:, step:])
        best, step = further, 2 * step
    return best
