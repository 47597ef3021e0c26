"""Accompaniment in the miniature corpora: bass, chords, melody and pads that follow the beats of a performance.

A song has a key and a chord progression of one chord per bar. The bass plays with the kick drum or walks, chords are held, stabbed
or broken, a melody moves by steps through the scale, with chord notes at the beginnings of bars. All notes follow the drummer's
beat times, with a little scatter, and are played through the same sound font as the drums.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adtlib.audio.mixing import rms
from adtlib.notation.midi_files import MidiPart
from adtlib.synthesis.grooves import BEATS_PER_BAR, KICK, Performance

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
# Scale degrees (0 = tonic), one per bar.
_PROGRESSIONS = {
    "major": ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 0, 4), (0, 0, 3, 3, 0, 0, 4, 3), (3, 4, 0, 5)),
    "minor": ((0, 5, 2, 6), (0, 3, 6, 2), (0, 6, 5, 6), (0, 0, 3, 4), (0, 5, 6, 0)),
    "jazz": ((1, 4, 0, 5), (0, 5, 1, 4), (2, 5, 1, 4)),
}


@dataclass(frozen=True)
class Instrument:
    """Sound and role of a part: "bass", "held", "stabs", "broken" or "melody"; names as in Slakh's metadata."""

    role: str
    program: int
    program_name: str
    inst_class: str


BASSES = (
    Instrument("bass", 33, "Electric Bass (finger)", "Bass"),
    Instrument("bass", 34, "Electric Bass (pick)", "Bass"),
    Instrument("bass", 38, "Synth Bass 1", "Bass"),
)
ACOUSTIC_BASS = Instrument("bass", 32, "Acoustic Bass", "Bass")
OTHERS = (
    Instrument("stabs", 0, "Acoustic Grand Piano", "Piano"),
    Instrument("broken", 25, "Acoustic Guitar (steel)", "Guitar"),
    Instrument("held", 48, "String Ensemble 1", "Strings (continued)"),
    Instrument("melody", 73, "Flute", "Pipe"),
    Instrument("held", 16, "Drawbar Organ", "Organ"),
    Instrument("melody", 26, "Electric Guitar (jazz)", "Guitar"),
    Instrument("stabs", 61, "Brass Section", "Brass"),
    Instrument("broken", 4, "Electric Piano 1", "Piano"),
    Instrument("melody", 80, "Lead 1 (square)", "Synth Lead"),
    Instrument("held", 89, "Pad 2 (warm)", "Synth Pad"),
    Instrument("stabs", 27, "Electric Guitar (clean)", "Guitar"),
)
DISTORTED = Instrument("stabs", 30, "Distortion Guitar", "Guitar")
DENSE = Instrument("held", 81, "Lead 2 (sawtooth)", "Synth Lead")


def choose_instruments(style: str, n_parts: int, rng: np.random.Generator) -> list[Instrument]:
    """A bass and `n_parts` - 1 different other instruments that suit the style."""
    bass = ACOUSTIC_BASS if style in ("jazz", "bossa") else BASSES[rng.integers(len(BASSES))]
    pool = [DISTORTED, *OTHERS] if style in ("rock", "punk", "metal") else list(OTHERS)
    fixed = [DISTORTED] if style in ("punk", "metal") else []
    order = [pool[i] for i in rng.permutation(len(pool)) if pool[i] not in fixed]
    return [bass, *(fixed + order)[: n_parts - 1]]


def compose(
    performance: Performance, instruments: Sequence[Instrument], rng: np.random.Generator, loud: tuple[int, int] = (0, 0)
) -> list[MidiPart]:
    """A part for each instrument, from the first beat to the last; in the bars of `loud` (from, to) all play hard."""
    song = _Song(performance, rng, loud)
    parts = []
    for index, instrument in enumerate(instruments):
        notes = {"bass": song.bass, "held": song.held, "stabs": song.stabs, "broken": song.broken, "melody": song.melody}[
            instrument.role
        ]()
        channel = index if index < 9 else index + 1  # the tenth channel is the drums'
        controls = ((7, 100), (10, int(np.clip(64 + rng.normal(0, 22), 10, 118))), (91, 40))
        parts.append(MidiPart(instrument.program_name, instrument.program, channel, notes, controls))
    return parts


def balance(drums: np.ndarray, accompaniment: np.ndarray, decibels: float) -> np.ndarray:
    """`accompaniment` scaled so that the drums are `decibels` above it in root mean square."""
    level = rms(accompaniment)
    if level == 0 or rms(drums) == 0:
        return accompaniment
    return (accompaniment * np.float32(rms(drums) / level / 10 ** (decibels / 20))).astype(np.float32)


class _Song:
    """Key, chords and beats that the parts share."""

    def __init__(self, performance: Performance, rng: np.random.Generator, loud: tuple[int, int]):
        self.performance, self.rng, self.loud = performance, rng, loud
        mode = "minor" if rng.random() < 0.55 else "major"
        mode = "jazz" if performance.style in ("jazz", "bossa") else mode
        self.scale = MINOR if mode == "minor" else MAJOR
        self.seventh = mode == "jazz"
        self.tonic = int(rng.integers(12))
        choices = _PROGRESSIONS[mode]
        self.degrees = choices[rng.integers(len(choices))]
        self.riff = [0.0, *sorted(rng.choice(np.arange(1, 8), size=int(rng.integers(2, 5)), replace=False) / 2)]

    def _note(self, start: float, end: float, pitch: int, velocity: float) -> tuple[float, float, int, int]:
        """A note from beats to seconds, with a player's scatter and the loudness of its bar."""
        first, last = self.performance.seconds_at([start, end])
        first = max(first + self.rng.normal(0.002, 0.005), 0.0)
        if self.loud[0] <= start // BEATS_PER_BAR < self.loud[1]:
            velocity += 26
        velocity = int(np.clip(round(velocity + self.rng.normal(0, 5)), 1, 127))
        return float(first), float(max(last - 0.01, first + 0.03)), int(pitch), velocity

    def _degree_pitch(self, degree: int, lowest: int) -> int:
        octave, step = divmod(degree, 7)
        pitch = self.tonic + self.scale[step] + 12 * octave
        return lowest + (pitch - lowest) % 12

    def _chord(self, bar: int, lowest: int) -> list[int]:
        """A bar's chord in close position from `lowest` upwards, so that common notes stay from chord to chord."""
        root = self.degrees[bar % len(self.degrees)]
        return sorted(self._degree_pitch(root + third, lowest) for third in ((0, 2, 4, 6) if self.seventh else (0, 2, 4)))

    def _bars(self) -> range:
        return range(self.performance.n_bars)

    def bass(self) -> list:
        """Notes with the kick drum; in jazz one note per beat, walking towards the next root."""
        notes = []
        walking = self.performance.style == "jazz"
        kicks = np.array([note.seconds for note in self.performance.notes if note.pitch == KICK])
        beats = np.interp(kicks, self.performance.beat_times, np.arange(len(self.performance.beat_times)))
        for bar in self._bars():
            root = self._degree_pitch(self.degrees[bar % len(self.degrees)], 28)
            following = self._degree_pitch(self.degrees[(bar + 1) % len(self.degrees)], 28)
            first = bar * BEATS_PER_BAR
            if walking:
                line = [root, root + 4 if self.scale is MAJOR else root + 3, root + 7, following + int(self.rng.choice((-1, 1)))]
                notes += [self._note(first + i, first + i + 0.9, pitch, 92) for i, pitch in enumerate(line)]
                continue
            in_bar = beats[(beats > first - 0.1) & (beats < first + BEATS_PER_BAR - 0.1)] - first
            starts = sorted({0.0, *(round(float(b) * 2) / 2 for b in in_bar[:6])})
            for start, end in zip(starts, [*starts[1:], float(BEATS_PER_BAR)], strict=True):
                if end > start:
                    pitch = root + (12 if start > 2 and self.rng.random() < 0.15 else 0)
                    notes.append(self._note(first + start, first + min(end, start + 1.5), pitch, 94))
        return notes

    def held(self) -> list:
        """Chords held for whole bars."""
        return [
            self._note(bar * BEATS_PER_BAR, (bar + 1) * BEATS_PER_BAR, pitch, 70)
            for bar in self._bars()
            for pitch in self._chord(bar, 55)
        ]

    def stabs(self) -> list:
        """Chords in the song's own rhythm, the same in each bar except for random rests."""
        notes = []
        for bar in self._bars():
            for start in self.riff:
                if start == 0 or self.rng.random() < 0.85:
                    first = bar * BEATS_PER_BAR + start
                    notes += [self._note(first, first + 0.45, pitch, 82) for pitch in self._chord(bar, 52)]
        return notes

    def broken(self) -> list:
        """Broken chords in eighths."""
        notes = []
        for bar in self._bars():
            chord = self._chord(bar, 55)
            chord = [*chord, chord[0] + 12]
            for i in range(2 * BEATS_PER_BAR):
                first = bar * BEATS_PER_BAR + i / 2
                notes.append(self._note(first, first + 0.9, chord[(0, 1, 2, 3, 2, 1, 2, 1)[i] % len(chord)], 76))
        return notes

    def melody(self) -> list:
        """Steps through the scale in quarters and eighths, rests between phrases."""
        notes, degree, position = [], 7, 0.0
        end = self.performance.n_bars * BEATS_PER_BAR
        while position < end:
            length = float(self.rng.choice((0.5, 0.5, 1.0, 1.0, 1.5, 2.0)))
            bar = int(position // BEATS_PER_BAR)
            if position % BEATS_PER_BAR == 0:  # a chord note begins a bar
                root = self.degrees[bar % len(self.degrees)]
                degree = min((root + third + 7 * k for third in (0, 2, 4) for k in (0, 1)), key=lambda d: abs(d - degree))
            else:
                degree = int(np.clip(degree + self.rng.choice((-2, -1, -1, 1, 1, 2)), 0, 13))
            if self.rng.random() < 0.82:
                octave, step = divmod(degree, 7)
                pitch = 60 + self.tonic % 12 + 12 * octave + self.scale[step]
                notes.append(self._note(position, min(position + length, end), pitch, 86))
            position += length
        return notes
