"""Time signatures: how many beats a bar has, found by how strokes repeat.

Drummers play much the same in bar after bar. So a bar is the span of tracked beats from whose strokes those that follow can best be
told: each stroke is predicted from the strokes at its position in the bars before, older ones counting less, and the logarithms of
these probabilities are summed (prediction by a cache, Kuhn and De Mori 1990; repetition as the sign of metre: Gouyon and Herrera
2003). No bar lines are needed for that, nor a pattern known before. A song is in 4/4 unless another bar predicts it clearly better;
it has one time signature.

Bars begin where kick and rare cymbals (crashes) are, where the snare is not, and where toms end (fills). Of three quarters, 3/4 has
its backbeat on the second or third of them, 6/8 between them, in the middle.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from adtlib.onsets.frames import Onsets
from adtlib.vocabulary import CLASSES

Meter = tuple[int, int]  # numerator and denominator, (6, 8)

COMMON: Meter = (4, 4)
MOST_BEATS = 16  # numerator, largest
_SLOTS = 12  # positions in a tracked beat: both sixteenths and triplets' halves are whole numbers of them
_WEIGHTS = np.array([1.5, 1.5, 1.0, 1.0, 1.0], dtype=np.float32)  # of the classes: as in beat_model
_BARS, _FADING = 6, 0.7  # bars before that predict, and the weight of each next one relative to the one after it
_RAREST = 0.02  # probability of a stroke or of silence, at least
_COMMON_LAGS = (1, 2, 4, 8)  # tracked beats: bars of 4/4, their parts and their pairs
_OTHER_LAGS = tuple(Fraction(sixteenths, 4) for sixteenths in (5, 6, 7, 10, 12, 14, 18, 20, 28))
_MARGIN = 30.0  # nats by which another bar must predict better; chosen on the training split of Groove MIDI
_AS_GOOD = 10.0  # nats: a shorter bar that predicts worse by less is preferred to two of them
_FASTEST_QUARTERS = 200.0  # a minute: faster ones are written as eighths
_SLOWEST_TRIPLETS = 76.0  # beats a minute: slower beats of three full eighths are dotted quarters
_CLEARLY = 0.3  # strokes a bar by which 6/8 must have better bar lines than 3/4: it has twice as many places to choose from
_TIME_KEEPERS = [CLASSES.index("HH"), CLASSES.index("CY")]


class Bars(NamedTuple):
    """Bars on tracked beats: `beat` is the length of a beat in tracked ones, `start` where a bar begins, in tracked beats."""

    meter: Meter
    beat: Fraction
    start: Fraction


def check_meter(meter: Meter | None) -> None:
    """ValueError for a time signature that is not n/4 or n/8 with n in 2 to 16."""
    if meter is not None and not (2 <= meter[0] <= MOST_BEATS and meter[1] in (4, 8)):
        raise ValueError(f"meter = {in_words(meter)}: give 2 to {MOST_BEATS} quarters or eighths, as in 3/4 or 7/8")


def in_words(meter: Meter) -> str:
    """The time signature as it is written: "3/4"."""
    return f"{meter[0]}/{meter[1]}"


def bar_length(meter: Meter) -> Fraction:
    """Quarter notes in a bar: 3 in 3/4 and 6/8, 7/2 in 7/8."""
    return Fraction(4 * meter[0], meter[1])


def beat_length(meter: Meter) -> Fraction:
    """Quarter notes in a beat: 1 in 3/4, 3/2 in 6/8, 9/8 and 12/8, 1/2 in 5/8 and 7/8."""
    beats, unit = meter
    return Fraction(3, 2) if unit == 8 and beats % 3 == 0 else Fraction(4, unit)


def beats_a_bar(meter: Meter) -> int:
    """Beats in a bar: 3 in 3/4, 2 in 6/8, 7 in 7/8."""
    return int(bar_length(meter) / beat_length(meter))


def find_bars(
    onsets: Onsets,
    times: np.ndarray,
    ternary: np.ndarray,
    meter: Meter | None = None,
    tempo_known: bool = False,
) -> Bars:
    """The bars of a song.

    times, ternary  of the tracked beats: seconds; whether a beat has triplets.
    meter           the time signature, if it is known.
    tempo_known     whether the tracked beats are the quarters, or the dotted quarters of a known compound metre.
    """
    strokes, share, bpm = _strokes(onsets, times, ternary), float(ternary.mean()), 60 / float(np.median(np.diff(times)))
    if meter is None:
        readings = _likeliest(strokes, share, bpm, tempo_known)
    else:
        beats = _possible_beats(meter, share > 0.5, tempo_known)
        readings = [(meter, max(beats, key=lambda beat: repetition(strokes, _bar(meter, beat))))]
    starts = [_start(strokes, *reading) for reading in readings]
    second = len(starts) > 1 and starts[1][0] > starts[0][0] + _CLEARLY * len(times) / 3
    return Bars(*readings[second], starts[second][1])


def repetition(strokes: np.ndarray, bar: Fraction) -> float:
    """How well strokes are told from those at their position in the bars before: log-likelihood in nats, weighted by class.

    strokes  `(beats * 12, 5)` of 0 and 1.
    bar      in beats, a whole number of twelfths.
    """
    lag, n_beats = int(bar * _SLOTS), len(strokes) // _SLOTS
    share = strokes.reshape(n_beats, _SLOTS, -1).mean(axis=0)
    struck = np.tile(share, (n_beats, 1))  # before the second bar, positions in a beat tell most
    total = np.ones((len(strokes), 1), dtype=np.float32)
    for number in range(_BARS):
        back = (number + 1) * lag
        struck[back:] += _FADING**number * strokes[: max(len(strokes) - back, 0)]
        total[back:] += _FADING**number
    expected = np.clip(struck / total, _RAREST, 1 - _RAREST)
    likelihood = np.log(np.where(strokes > 0, expected, 1 - expected)).sum(axis=0)
    return float(likelihood @ _WEIGHTS)


def _strokes(onsets: Onsets, times: np.ndarray, ternary: np.ndarray) -> np.ndarray:
    """Where strokes are: `(beats * 12, 5)` of 0 and 1, on sixteenths, or on halves of triplets in ternary beats."""
    strokes = np.zeros((len(times) * _SLOTS, len(CLASSES)), dtype=np.float32)
    for index, seconds in enumerate(onsets):
        at = np.interp(seconds, times, np.arange(len(times)))
        beat = np.minimum(at.astype(int), len(times) - 1)
        parts = np.where(ternary[beat], 6, 4)
        slot = beat * _SLOTS + (np.rint((at - beat) * parts) * (_SLOTS // parts)).astype(int)
        strokes[slot[slot < len(strokes)], index] = 1
    return strokes


def _bar(meter: Meter, beat: Fraction) -> Fraction:
    """Tracked beats in a bar."""
    return beats_a_bar(meter) * beat


# --- which time signature ------------------------------------------------------------------------------------------------


def _likeliest(strokes: np.ndarray, ternary: float, bpm: float, tempo_known: bool) -> list[tuple[Meter, Fraction]]:
    """Readings (time signature, length of its beat in tracked beats) of the likeliest bar: two where bars of both are as long."""
    common = {lag: repetition(strokes, Fraction(lag)) for lag in _COMMON_LAGS}
    finest = 1 if ternary >= 0.5 else 2 if tempo_known else 4  # bars in quarters of tracked beats would double the tempo
    lags = [lag for lag in _OTHER_LAGS if lag.denominator <= finest]
    other = {lag: repetition(strokes, lag) for lag in lags}
    bar = max(other, key=other.__getitem__)
    half = bar / 2
    bar = half if other.get(half, -np.inf) > other[bar] - _AS_GOOD else bar
    dotted = not tempo_known and _in_dotted_quarters(strokes, ternary, bpm)
    if other[bar] < max(common.values()) + _MARGIN:
        if not dotted:
            return [(COMMON, Fraction(1))]
        return [((6, 8) if common[2] > common[4] - _AS_GOOD else (12, 8), Fraction(1))]
    if ternary >= 0.5:
        return [((3 * int(bar), 8) if dotted else (int(bar), 4), Fraction(1))]
    if bar == 3:
        return [((3, 4), Fraction(1)), ((6, 8), Fraction(3, 2))]
    if bar == Fraction(9, 2):
        return [((9, 8), Fraction(3, 2))]
    if bar.denominator == 1:
        return [((int(bar), 4), Fraction(1))]
    if bar.denominator == 4:
        return [((int(4 * bar), 8), Fraction(1, 4))]
    if not tempo_known and 2 * bpm <= _FASTEST_QUARTERS:  # the tracked beats are half notes
        return [((int(2 * bar), 4), Fraction(1, 2))]
    return [((6, 8), Fraction(3, 2)) if bar == Fraction(3, 2) else ((int(2 * bar), 8), Fraction(1, 2))]


def _in_dotted_quarters(strokes: np.ndarray, ternary: float, bpm: float) -> bool:
    """Whether beats are slow and have three full eighths: hi-hat or cymbals on the second of them, as well as on the first."""
    if ternary < 0.9 or bpm > _SLOWEST_TRIPLETS:
        return False
    first, second = strokes.reshape(-1, _SLOTS, len(CLASSES))[:, [0, _SLOTS // 3]][..., _TIME_KEEPERS].any(axis=2).sum(axis=0)
    return bool(2 * second > first > 0)


def _possible_beats(meter: Meter, ternary: bool, tempo_known: bool) -> Sequence[Fraction]:
    """Lengths that a beat of a known time signature may have in tracked beats, which may have half or double its tempo."""
    one, half = Fraction(1), Fraction(1, 2)
    length = beat_length(meter)
    if tempo_known:
        return [half if length == half else one]
    if meter == COMMON:
        return [one]
    if length == Fraction(3, 2):
        return [one if ternary else length]
    if length == half:
        return [half, one]
    thirds = [Fraction(2, 3)] if ternary and meter[0] % 3 == 0 else []  # eighths in three, tracked as triplets
    return [one, half, 2 * one, *thirds]


# --- where bars begin ----------------------------------------------------------------------------------------------------


def _start(strokes: np.ndarray, meter: Meter, beat: Fraction) -> tuple[float, Fraction]:
    """(how many strokes speak for it, tracked beats from the first to a bar line).

    A bar begins with a beat, but where quarters were tracked for dotted ones, or the reverse, with any eighth.
    """
    bar, step = int(_bar(meter, beat) * _SLOTS), int(beat * _SLOTS)
    kick, snare, toms = (_folded(strokes[:, index], bar) for index in range(3))
    evidence = kick - snare + 2 * _folded(_rare(strokes[:, CLASSES.index("CY")]), bar)
    evidence += np.sum([np.roll(toms, before) for before in range(1, _SLOTS)], axis=0)
    backbeats = {(3, 4): [step, 2 * step], (6, 8): [step]}.get(meter, [])
    if backbeats:
        evidence += np.max([np.roll(snare, -at) for at in backbeats], axis=0)
    eighths = {Fraction(3, 2): 3, Fraction(2, 3): 2}.get(beat, 1)  # of a beat
    starts = np.arange(0, bar, step // eighths)
    best = starts[int(evidence[starts].argmax())]
    return float(evidence[best]), Fraction(int(best), _SLOTS)


def _folded(column: np.ndarray, bar: int) -> np.ndarray:
    """Number of bars with a stroke at each position: `(bar,)`."""
    n_bars = -(-len(column) // bar)
    return np.pad(column, (0, n_bars * bar - len(column))).reshape(n_bars, bar).sum(axis=0)


def _rare(column: np.ndarray) -> np.ndarray:
    """Strokes with none in the two beats before."""
    at = np.flatnonzero(column)
    found = np.zeros_like(column)
    found[at[np.diff(at, prepend=-2 * _SLOTS) >= 2 * _SLOTS]] = 1
    return found
