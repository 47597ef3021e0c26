"""The likeliest sequence of beats for the onsets of a song: the Viterbi algorithm over tempo, beat of the bar and metre.

A bar-pointer model (Whiteley, Cemgil and Godsill 2006; Krebs, Böck and Widmer 2015) whose beats are segments of time, in steps of
20 ms. A tempo allows two lengths of a beat, a number of steps or one more: so none is preferred for being a whole number of steps.
The tempo may change a little from one beat to the next, the metre seldom.
"""

import numpy as np

from adtlib.notation.beat_model import BEATS_A_BAR, METRES, STATES, STEPS_A_SECOND, beat_scores
from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import CLASSES

_CHANGE = 100.0  # cost of a change of tempo: nats for a factor of e from one beat to the next
_OTHER_METRE = 30.0  # cost of a change of metre: nats
_PREFERENCE = 1.0  # cost of an unlikely tempo: nats a second at one standard deviation
_BLOCK = 2_000  # steps scored at once


def best_beats(onsets: Onsets, end: float, lengths: np.ndarray, likely: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """(seconds at which beats begin, their positions in the bar from 1): the first may be before 0, the last reaches `end`.

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
    return (steps - longest) / STEPS_A_SECOND, states % BEATS_A_BAR + 1


class _Search:
    """One run of the algorithm over `last` steps: arrays are `(steps, tempi, STATES)`."""

    def __init__(self, lengths: np.ndarray, last: int) -> None:
        self.lengths, self.last = lengths, last
        self.shortest, self.longest = int(lengths[0]), int(lengths[-1])
        n_tempi = len(lengths) - 1
        self.tempi = np.arange(n_tempi)
        self.log_period = (_CHANGE * np.log(lengths[:-1] + 0.5)).astype(np.float32)[:, None]
        # How a beat that begins here was reached: 0, the song begins here; else 1 + the number of its source, `_source`.
        self.came_from = np.zeros((last, n_tempi, STATES), dtype=np.uint8 if 4 * n_tempi < 256 else np.uint16)
        # Best scores of paths to the end of a beat with the shorter or longer length of its tempo, by the step where it begins.
        self.ends = np.full((2, self.longest + _BLOCK, n_tempi, STATES), -np.inf, dtype=np.float32)
        self.best, self.best_at = -np.inf, (0, 0, 0)

    def run(self, counts: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(steps at which the beats of the best path begin, their states)."""
        for block in range(0, self.last, _BLOCK):
            stop = min(block + _BLOCK, self.last)
            scores = beat_scores(counts, block, stop, self.lengths) + prior[:, None]
            # A beat lasts `shortest` steps or more, so that the beats of a chunk do not depend on each other.
            for chunk in range(block, stop, self.shortest):
                at = np.arange(chunk, min(chunk + self.shortest, stop))
                self._begin(at, scores[at - block], block)
            self.ends[:, : self.longest] = self.ends[:, stop - block : stop - block + self.longest].copy()
            self.ends[:, self.longest :] = -np.inf
        return self._traced()

    def _begin(self, at: np.ndarray, scores: np.ndarray, block: int) -> None:
        """Beats that begin at these steps: the best way to each, and the scores at their ends."""
        before = at[:, None] - self.lengths[:-1] - block + self.longest  # in `ends`: where a beat that ends here began
        shorter, longer = self.ends[0][before, self.tempi], self.ends[1][np.maximum(before - 1, 0), self.tempi]
        reached, source = self._changed(np.maximum(shorter, longer), longer > shorter)
        begun = np.where(at <= self.longest, np.float32(0), np.float32(-np.inf))[:, None, None]  # anywhere in a bar
        self.came_from[at] = np.where(reached > begun, source + 1, 0)
        reached = np.maximum(reached, begun)
        block_at = slice(int(at[0]) - block + self.longest, int(at[-1]) + 1 - block + self.longest)
        for which in (0, 1):
            ended = reached + scores[:, which : which + len(self.tempi)]
            by_beat = ended.reshape(*ended.shape[:2], -1, BEATS_A_BAR)
            following = self.ends[which, block_at].reshape(by_beat.shape)
            following[..., 1:], following[..., 0] = by_beat[..., :-1], by_beat[..., -1]
            closing = at[:, None] + self.lengths[which : which + len(self.tempi)] >= self.last
            if closing.any():
                candidate = np.where(closing[:, :, None], ended, -np.inf)
                where = np.unravel_index(candidate.argmax(), candidate.shape)
                if candidate[where] > self.best:
                    self.best, self.best_at = candidate[where], (int(at[where[0]]), int(where[1]), int(where[2]))

    def _changed(self, ends: np.ndarray, longer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Best scores after a change of metre and of tempo, and the number of each one's source.

        The cost of a change of tempo is proportional to its logarithm: the best of all slower tempi, and of all faster ones, are
        running maxima.
        """
        metres = ends.reshape(*ends.shape[:2], len(METRES), BEATS_A_BAR)
        others = metres[:, :, ::-1] - np.float32(_OTHER_METRE)
        other = (others > metres).reshape(ends.shape)
        kept = np.where(other, others.reshape(ends.shape), ends)
        longer = np.where(other, longer.reshape(metres.shape)[:, :, ::-1].reshape(ends.shape), longer)
        faster, from_faster = _running_best(kept + self.log_period)
        slower, from_slower = _running_best((kept - self.log_period)[:, ::-1])
        faster, slower = faster - self.log_period, slower[:, ::-1] + self.log_period
        take = slower > faster
        tempo = np.where(take, len(self.tempi) - 1 - from_slower[:, ::-1], from_faster)
        tempo = tempo.astype(np.intp)
        return np.where(take, slower, faster), 4 * tempo + np.take_along_axis(2 * other + longer, tempo, axis=1)

    def _traced(self) -> tuple[np.ndarray, np.ndarray]:
        """The path to the best last beat, from its beginning."""
        step, tempo, state = self.best_at
        path = []
        while True:
            path.append((step, state))
            source = int(self.came_from[step, tempo, state]) - 1
            if source < 0:
                break
            tempo, other, longer = source // 4, source // 2 % 2, source % 2
            metre, beat = divmod(state, BEATS_A_BAR)
            state = (1 - metre if other else metre) * BEATS_A_BAR + (beat - 1) % BEATS_A_BAR
            step -= int(self.lengths[tempo + longer])
        steps, states = np.array(path[::-1]).T
        return steps, states


def _running_best(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(running maximum along axis 1, its index)."""
    best = np.maximum.accumulate(values, axis=1)
    index = np.where(values >= best, np.arange(values.shape[1], dtype=np.int16)[:, None], np.int16(0))
    return best, np.maximum.accumulate(index, axis=1)
