"""Drum performances generated from a seed, for the miniature corpora.

Task: given a style, a tempo and a number of bars, return the notes of a drummer's performance in seconds, General MIDI pitch and
velocity. A performance is a sequence of phrases of two to eight bars. In each phrase one voice keeps time (hi-hat closed or half
open, ride, crash, floor tom), patterns of the style vary from bar to bar, with ghost notes and open hi-hats, and a fill over snare
and toms ends the phrase; the next one begins with a crash.

Timing is human, with the components that studies of drummers separate (Hellmer and Madison, "Quantifying microtiming patterning
and variability in drum kit recordings", Music Perception 33(2), 2015): the tempo drifts, each limb is early or late by its own
habit, and single strokes scatter by a few milliseconds, correlated from stroke to stroke.

Notes are sorted by time and can be played by two hands and two feet: at most two notes of either fall together, and no drum is
struck twice within 40 ms.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from adtlib.onsets.midi import Note
from adtlib.synthesis.groove_styles import STYLES, Style

BEATS_PER_BAR = 4
KICK, SNARE, SIDE_STICK, RIM_SNARE = 36, 38, 37, 40
CLOSED_HAT, PEDAL_HAT, OPEN_HAT = 42, 44, 46
RIDE, RIDE_BELL, CRASH, CRASH_2, CHINA, SPLASH = 51, 53, 49, 57, 52, 55
# High, middle and floor tom: each performance draws one of General MIDI's two pitches for each.
TOM_CHOICES = ((50, 48), (47, 45), (43, 41))
FEET = frozenset({KICK, 35, PEDAL_HAT})
_VELOCITY = {"X": 106, "x": 84, "-": 58, "g": 34, "o": 92, "b": 100, "h": 96, "m": 98, "l": 100}
_MIN_REPEAT = 0.04  # seconds between two strokes on one drum


@dataclass(frozen=True)
class Performance:
    """The notes played and the times of the beats in seconds, one more than there are beats: the last is the end."""

    style: str
    bpm: float
    notes: tuple[Note, ...]
    beat_times: np.ndarray
    duration: float

    @property
    def n_bars(self) -> int:
        """Whole bars of four beats."""
        return (len(self.beat_times) - 1) // BEATS_PER_BAR

    def seconds_at(self, beats) -> np.ndarray:
        """Seconds at positions in beats (0 is the first beat), interpolated between beats."""
        return np.interp(beats, np.arange(len(self.beat_times)), self.beat_times)


class _Stroke(NamedTuple):
    step: int
    pitch: int
    velocity: float


def perform(
    style: str,
    bpm: float,
    n_bars: int,
    rng: np.random.Generator,
    lead_in: float = 0.3,
    tail: float = 1.2,
    fill_only: bool = False,
) -> Performance:
    """Play `n_bars` bars (at least 1) of a style at `bpm` (70 to 190).

    `lead_in` and `tail` are the seconds before the first beat and after the last one. With `fill_only` every bar is a fill, as
    in the recordings of single fills in the Groove MIDI Dataset. Raises ValueError for another style, tempo or number of bars.
    """
    if style not in STYLES:
        raise ValueError(f"unknown style {style!r}: choose one of {', '.join(STYLES)}")
    if not 70 <= bpm <= 190:
        raise ValueError(f"bpm is {bpm}: it must lie within 70 to 190")
    if n_bars < 1:
        raise ValueError(f"n_bars is {n_bars}: it must be at least 1")
    player = _Player(STYLES[style], bpm, rng)
    strokes = _playable(player.song(n_bars, fill_only), player.limb)
    beat_times = lead_in + np.concatenate([[0.0], np.cumsum(_beat_periods(bpm, n_bars * BEATS_PER_BAR, rng))])
    notes = player.humanise(strokes, beat_times)
    return Performance(style, float(bpm), notes, beat_times, float(beat_times[-1] + tail))


def bars_for(seconds: float, bpm: float) -> int:
    """Number of whole bars closest to `seconds` at `bpm`, at least one."""
    return max(1, round(seconds * bpm / 60 / BEATS_PER_BAR))


def _beat_periods(bpm: float, n_beats: int, rng: np.random.Generator) -> np.ndarray:
    """Length of each beat in seconds: a tempo that drifts by about half a percent, correlated from beat to beat."""
    drift, wandering = np.empty(n_beats), 0.0
    for beat in range(n_beats):
        wandering = 0.9 * wandering + rng.normal(0.0, 0.0025)
        drift[beat] = wandering
    return 60.0 / bpm * (1.0 + drift)


def _playable(strokes: list[_Stroke], limb) -> list[_Stroke]:
    """Leave out what two hands and two feet cannot play at one step; earlier strokes of the list take precedence."""
    kept, used = [], {}
    for stroke in strokes:
        taken = used.setdefault(stroke.step, [])
        side = "foot" if stroke.pitch in FEET else "hand"
        doubled = any(pitch == stroke.pitch or (side == "foot" and limb(pitch) == limb(stroke.pitch)) for pitch in taken)
        if not doubled and sum((pitch in FEET) == (side == "foot") for pitch in taken) < 2:
            taken.append(stroke.pitch)
            kept.append(stroke)
    return sorted(kept)


class _Player:
    """One drummer at one kit: habits are drawn once, patterns for each phrase, details for each bar."""

    def __init__(self, style: Style, bpm: float, rng: np.random.Generator):
        self.style, self.bpm, self.rng = style, bpm, rng
        self.bar_steps = style.steps * BEATS_PER_BAR
        self.toms = tuple(int(rng.choice(choice)) for choice in TOM_CHOICES)
        self.crashes = (CRASH, CRASH_2) if rng.random() < 0.7 else (CRASH, CHINA)
        self.habit = {limb: rng.normal(0.0, 0.0025) for limb in ("kick", "pedal", "right", "left")}
        self.habit["left"] += style.late / 1000
        self.scatter = rng.uniform(0.002, 0.0045)

    # --- strokes in steps --------------------------------------------------------------------------------------------

    def song(self, n_bars: int, fill_only: bool) -> list[_Stroke]:
        """All strokes on the grid, the most important ones of a step first."""
        strokes, bar = [], 0
        while bar < n_bars:
            length = min(int(self.rng.choice(self.style.fill_every)), n_bars - bar)
            strokes += self._phrase(bar, length, bar > 0 or self.rng.random() < 0.5, fill_only)
            bar += length
        end = n_bars * self.bar_steps
        if n_bars <= 4 or self.rng.random() < 0.7:  # a last crash on the beat after the end
            strokes += [_Stroke(end, KICK, 108), _Stroke(end, int(self.rng.choice(self.crashes)), 112)]
        return strokes

    def _phrase(self, first_bar: int, length: int, crash: bool, fill_only: bool) -> list[_Stroke]:
        style, rng = self.style, self.rng
        names = list(style.timekeepers)
        weights = np.array([style.timekeepers[name] for name in names])
        keeper = str(rng.choice(names, p=weights / weights.sum()))
        patterns = {v: str(rng.choice(getattr(style, v))) for v in ("kick", "snare", "hat", "ride", "pedal", "toms")}
        loudness = rng.uniform(0.9, 1.06)
        strokes = []
        for bar in range(first_bar, first_bar + length):
            last = bar == first_bar + length - 1
            beats = int(rng.choice((1, 1, 2, 2, 4) if style.steps == 4 else (1, 1, 2, 2))) if last else 0
            fill_from = (0 if fill_only else self.bar_steps - beats * style.steps) if last or fill_only else self.bar_steps
            start = bar * self.bar_steps
            accent = []
            if crash and bar == first_bar:
                cymbal = SPLASH if rng.random() < 0.06 else int(rng.choice(self.crashes, p=(0.65, 0.35)))
                accent = [_Stroke(start, cymbal, 112.0), _Stroke(start, KICK, 106.0)]
            groove = self._bar(start, patterns, keeper, fill_from)
            if accent:  # the hand that crashes does not keep time on this step
                groove = [s for s in groove if s.step != start or s.pitch in (KICK, SNARE, SIDE_STICK, PEDAL_HAT)]
            fill = self._fill(start + fill_from, start + self.bar_steps)
            strokes += [s._replace(velocity=s.velocity * loudness) for s in accent + groove + fill]
        return strokes

    def _bar(self, start: int, patterns: dict[str, str], keeper: str, fill_from: int) -> list[_Stroke]:
        """One bar's groove up to the step where a fill begins; the kick goes on, sparsely, beneath the fill."""
        rng, style = self.rng, self.style
        read = {voice: self._read(pattern, start) for voice, pattern in patterns.items()}
        kick = self._vary_kick(read["kick"])
        strokes = [_Stroke(start + s, KICK, _VELOCITY[c]) for s, c in kick if s < fill_from]
        snare = [(s, c) for s, c in read["snare"] if s < fill_from]
        taken = {s for s, _ in snare} | {s for s, _ in kick}
        snare += [(s, "g") for s in range(fill_from) if s % 2 and s not in taken and rng.random() < style.ghosts]
        strokes += [_Stroke(start + s, style.snare_pitch, _VELOCITY[c]) for s, c in snare]
        tom_of = dict(zip("hml", self.toms, strict=True))
        strokes += [_Stroke(start + s, tom_of[c], _VELOCITY[c]) for s, c in read["toms"] if s < fill_from]
        backbeats = {s for s, c in snare if c == "X"}
        strokes += self._timekeeping(start, read, keeper, fill_from, backbeats)
        return strokes

    def _read(self, pattern: str, start: int) -> list[tuple[int, str]]:
        """(step in the bar, symbol) of a pattern of one or two bars, for the bar that starts at step `start`."""
        cycle = max(len(pattern), self.bar_steps)
        offset = start % cycle
        bar = pattern.ljust(cycle, ".")[offset : offset + self.bar_steps]
        return [(step, symbol) for step, symbol in enumerate(bar) if symbol != "."]

    def _vary_kick(self, kick: list[tuple[int, str]]) -> list[tuple[int, str]]:
        if self.rng.random() >= self.style.busy:
            return kick
        kick = [(s, c) for s, c in kick if s == 0 or self.rng.random() > 0.2]
        free = sorted(set(range(2, self.bar_steps)) - {s for s, _ in kick})
        return sorted([*kick, (int(self.rng.choice(free)), "x")]) if free else kick

    def _timekeeping(self, start, read, keeper, fill_from, backbeats) -> list[_Stroke]:
        rng, style = self.rng, self.style
        pattern = read["ride"] if keeper in ("ride", "crash") else read["hat"]
        if keeper in ("crash", "floor"):  # quarters or eighths, not sixteenths
            pattern = [(s, "x" if c == "b" else c) for s, c in pattern if s % 2 == 0 or style.steps == 3]
        two_handed = style.two_handed or (style.steps == 4 and self.bpm > 106 and len(pattern) > 12)
        opened = -1
        if keeper == "hat" and rng.random() < style.open_hat:
            off_beats = [s for s, _ in pattern if s % style.steps == style.steps // 2 or (style.steps == 3 and s % 3 == 2)]
            opened = int(rng.choice(off_beats[-2:])) if off_beats else -1
        strokes = []
        for step, symbol in pattern:
            if step >= fill_from or (two_handed and step in backbeats and symbol != "o"):
                continue
            pitch = {"ride": RIDE, "crash": self.crashes[0], "floor": self.toms[2], "loose": OPEN_HAT}.get(keeper, CLOSED_HAT)
            if symbol == "b":
                pitch = RIDE_BELL
            elif keeper == "hat" and (symbol == "o" or step == opened):
                pitch = OPEN_HAT
            soft = {"crash": 4, "floor": -4, "ride": -6}.get(keeper, -2)
            strokes.append(_Stroke(start + step, pitch, _VELOCITY[symbol] + soft))
        if keeper != "loose" and (keeper != "hat" or len(read["pedal"]) > 2):
            pedal = read["pedal"] if read["pedal"] else [(s, "x") for s in range(style.steps, self.bar_steps, 2 * style.steps)]
            if style.steps == 4 or style.name == "jazz":
                free = {s.step for s in strokes if s.pitch in (CLOSED_HAT, OPEN_HAT)}
                strokes += [_Stroke(start + s, PEDAL_HAT, 70) for s, _ in pedal if s < fill_from and start + s not in free]
        return strokes

    def _fill(self, start: int, end: int) -> list[_Stroke]:
        """A fill from step `start` to `end`: snare and toms in groups, growing louder, the kick drum on the beats beneath."""
        rng, steps = self.rng, self.style.steps
        length = end - start
        if length <= 0:
            return []
        stride = 2 if steps == 4 and (self.bpm > 165 or rng.random() < 0.2) else 1
        high, middle, floor = self.toms
        routes = (
            (SNARE, high, middle, floor),
            (high, high, middle, floor),
            (SNARE, middle, floor, floor),
            (floor, middle, high, SNARE),
            (high, floor, middle, floor),
            (SNARE, high, SNARE, floor),
        )
        route = routes[rng.integers(len(routes))]
        group = max(1, round(length / stride / 4)) if rng.random() < 0.75 else 3
        linear = rng.random() < 0.2  # hand, hand, foot
        strokes = []
        for index, step in enumerate(range(start, end, stride)):
            grown = 88 + 24 * index * stride / max(length, 1)
            if linear and index % 3 == 2:
                strokes.append(_Stroke(step, KICK, grown))
            elif index == 0 or rng.random() < 0.9:
                strokes.append(_Stroke(step, route[min(index // group, 3) if length > group else 0], grown))
            if not linear and step % steps == 0 and rng.random() < 0.6:
                strokes.append(_Stroke(step, KICK, 92))
        return strokes

    # --- notes in seconds --------------------------------------------------------------------------------------------

    @staticmethod
    def limb(pitch: int) -> str:
        """The limb that usually plays a pitch, whose timing habit the note gets."""
        if pitch in (KICK, 35):
            return "kick"
        if pitch == PEDAL_HAT:
            return "pedal"
        return "left" if pitch in (SNARE, SIDE_STICK, RIM_SNARE) else "right"

    def humanise(self, strokes: list[_Stroke], beat_times: np.ndarray) -> tuple[Note, ...]:
        """Grid to seconds: swing, the drift of the beat, each limb's habit and scatter; velocities vary a little."""
        rng, style = self.rng, self.style
        last_scatter, last_struck, notes = dict.fromkeys(self.habit, 0.0), {}, []
        final_period = beat_times[-1] - beat_times[-2]
        for stroke in strokes:
            position = stroke.step / style.steps
            if style.steps == 4 and stroke.step % 2:
                position += style.swing / style.steps
            limb = self.limb(stroke.pitch)
            last_scatter[limb] = 0.4 * last_scatter[limb] + 0.9 * rng.normal(0.0, self.scatter)
            beyond = max(position - (len(beat_times) - 1), 0.0) * final_period
            seconds = float(np.interp(position, np.arange(len(beat_times)), beat_times) + beyond)
            seconds = max(seconds + self.habit[limb] + float(np.clip(last_scatter[limb], -0.012, 0.012)), 0.0)
            velocity = int(np.clip(round(stroke.velocity + rng.normal(0.0, 5.0)), 1, 127))
            if seconds - last_struck.get(stroke.pitch, -1.0) >= _MIN_REPEAT:
                last_struck[stroke.pitch] = seconds
                notes.append(Note(seconds, stroke.pitch, velocity))
        return tuple(sorted(notes))
