"""Ticks of a song: where its beats, its bar lines and its onsets lie in MIDI files and in the charts of games.

Tick 0 is the start of the recording, and each beat lies on a multiple of a beat after the first one, so that the tempos between
put an onset at the tick nearest to its time: within half a millisecond. What lies before the first beat is an upbeat of some
thirty-seconds or sixteenths, at the tempo that makes it as long as it is. Notation programs show it as a rest, and the first bar
begins with its first stroke. A first beat within a sixteenth of a quarter note of the start (some 30 ms) is moved to the start
instead, as a still shorter upbeat would need an unplayable tempo; the first bar takes up the difference.

Who plays to a click is not on it with each stroke, and a tempo map that follows every beat wanders about the click's tempo. Where
beats lie around even ones, a `steady` map has the click's tempo after the upbeat or the first bar; a beat as tracked is then up to
0.1 s from its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from adtlib.notation.beats import Beats, even_period
from adtlib.notation.time_signatures import Meter, bar_length
from adtlib.onsets.midi import tick_seconds

TICKS_A_QUARTER = 960
SIXTEENTH, THIRTY_SECOND = TICKS_A_QUARTER // 4, TICKS_A_QUARTER // 8
_NEAR = 1 / 16  # of a quarter note: a first beat closer to the start is moved there; notation programs round to thirty-seconds
# Beats are taken for those of a click where their deviations from even ones, in seconds, have this root mean square at most, and
# none is larger than the other. A song of four minutes that slows down by a hundredth deviates by 0.3 s.
_SPREAD, _FARTHEST, _FEWEST = 0.025, 0.1, 16
_TOLERANCE = 0.005  # seconds by which a beat may differ from the tempo map, so that one tempo can hold for many beats


@dataclass(frozen=True)
class TickMap:
    """The ticks of a song.

    lead    ticks before the first beat of the recording.
    first   quarter notes to that beat from the first of the song's; negative where an intro is longer than a beat: its beats are
            added.
    pickup  ticks before the first bar line.
    tempos  (tick, microseconds a quarter note), the first at tick 0.
    meter   the time signature.
    """

    lead: int
    first: Fraction
    pickup: int
    tempos: list[tuple[int, int]]
    meter: Meter

    def at(self, seconds) -> np.ndarray:
        """The tick nearest to each time, int64: the inverse of `midi.tick_seconds`."""
        seconds = np.asarray(seconds, dtype=np.float64)
        starts = np.array([tick for tick, _ in self.tempos])
        changes = tick_seconds(starts, self.tempos, TICKS_A_QUARTER)
        region = np.maximum(np.searchsorted(changes, seconds, side="right") - 1, 0)
        ticks_a_second = 1e6 * TICKS_A_QUARTER / np.array([tempo for _, tempo in self.tempos])
        return np.maximum(np.rint(starts[region] + (seconds - changes[region]) * ticks_a_second[region]), 0).astype(np.int64)

    def of_quarter(self, position: Fraction | int) -> int:
        """The tick of a position in quarter notes from the first of the song's beats; 0 if it lies before the recording."""
        return max(0, round((position - self.first) * TICKS_A_QUARTER) + self.lead)

    @property
    def bar(self) -> int:
        """Ticks in a bar."""
        return int(bar_length(self.meter) * TICKS_A_QUARTER)

    @property
    def meters(self) -> list[tuple[int, int, int]]:
        """(tick, numerator, denominator): of the upbeat, if there is one, and of the song. A whole bar is an ordinary one."""
        if self.pickup in (0, self.bar):
            return [(0, *self.meter)]
        length = Fraction(self.pickup, 4 * TICKS_A_QUARTER)  # of a whole note
        units = (unit for unit in (4, 8, 16, 32) if unit >= self.meter[1])
        unit = next(unit for unit in units if (length * unit).denominator == 1)
        return [(0, int(length * unit), unit), (self.pickup, *self.meter)]


def tick_map(beats: Beats, steady: bool = False, upbeat: int = SIXTEENTH) -> TickMap:
    """The ticks of a song with these beats.

    steady  at one tempo where the beats are those of a click.
    upbeat  ticks of which what lies before the first beat has a whole number, unless it is shorter: SIXTEENTH or THIRTY_SECOND.
            Notes on a grid of sixteenths are then on that of programs, too, which count from tick 0 and ignore time signatures.
    """
    given = _even(beats.times) if steady else beats.times
    period = float(given[1] - given[0])
    near = _NEAR * 60 / beats.tempo
    before = max(0, int((given[0] + near) // period))  # beats of an intro before the first that is known
    known = np.concatenate([given[0] - period * np.arange(before, 0, -1), given])
    late = int(np.argmax(known > -near))
    first, times = late - before, known[late:].copy()
    heard = beats.times[first] if first >= 0 else times[0]  # which may lie nearer than the even beat
    if min(times[0], heard) < near:
        lead = 0
        times -= times[0] * np.maximum(0, 1 - np.arange(len(times)) / beats.a_bar)
    else:
        ticks = float(times[0] / (times[1] - times[0]) * float(beats.unit)) * TICKS_A_QUARTER
        lead = max(THIRTY_SECOND, round(ticks / upbeat) * upbeat if ticks >= 1.5 * THIRTY_SECOND else 0)
    to_the_bar = -(beats.phase + first) % beats.a_bar  # beats before the first bar line
    pickup = lead + int(to_the_bar * beats.unit * TICKS_A_QUARTER)
    return TickMap(lead, first * beats.unit, pickup, _tempos(times, lead, beats.unit), beats.meter)


def _even(times: np.ndarray) -> np.ndarray:
    """The evenly spaced beats around which these lie, by least squares; beats that are not those of a click as they are."""
    if len(times) < _FEWEST:
        return times
    even = times.mean() + even_period(times) * (np.arange(len(times)) - (len(times) - 1) / 2)
    away = np.abs(times - even)
    return even if away.max() <= _FARTHEST and np.sqrt(np.mean(away**2)) <= _SPREAD else times


def _tempos(times: Sequence[float], lead: int, unit: Fraction) -> list[tuple[int, int]]:
    """Tempos, each for as many beats as are evenly spaced; `times[0]` is at tick `lead`, and a beat has `unit` quarter notes."""
    tempos = [(0, max(1, round(1e6 * times[0] * TICKS_A_QUARTER / lead)))] if lead else []
    start = 0
    while start < len(times) - 1:
        stop = start + 1
        low, high = -np.inf, np.inf  # slopes of lines from here that pass all beats so far within the tolerance
        for end in range(start + 1, len(times)):
            count, passed = end - start, times[end] - times[start]
            if not low <= passed / count <= high:
                break
            stop = end
            low, high = max(low, (passed - _TOLERANCE) / count), min(high, (passed + _TOLERANCE) / count)
        period = (times[stop] - times[start]) / (stop - start)
        tempos.append((lead + int(start * unit * TICKS_A_QUARTER), max(1, round(1e6 * period / float(unit)))))
        start = stop
    return tempos
