"""Sounds for the notebooks on signals (10 to 12) and for panels: strokes and a bar on one kit, tones and glides.

Waveforms are mono, at 44.1 kHz unless stated otherwise; times are seconds. Equal arguments give equal sounds, so that figures are
reproducible.
"""

import functools
from collections.abc import Sequence

import numpy as np
import soxr

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import to_peak
from adtlib.notation.midi_files import MidiPart
from adtlib.onsets.frames import Onsets
from adtlib.onsets.midi import DRUM_CHANNEL, Note
from adtlib.synthesis.soundfont import ROOM, KitDesign, build_kit, render_drums, synthesise
from adtlib.vocabulary import CLASSES, MIDI_PITCH

KIT = KitDesign("studio", ROOM, tune={"toms": 0.94}, wet=0.04)
LEAD = 0.05  # seconds before the first stroke of `bar` and `four_strokes`
# One bar at 120 beats a minute in sixteenths: every class is struck, the toms in a fill at its end.
_BAR = {49: "X...............", 36: "X.....x.X.......", 38: "....X.......X...", 42: "..x.x.x.x.x.x..."}
_BAR |= {50: ".............x..", 47: "..............x.", 43: "...............X"}
_VELOCITY = {"X": 112, "x": 88}


# --- strokes -------------------------------------------------------------------------------------------------------------


def play(notes: Sequence[Note], duration: float, seed: int = 0, design: KitDesign = KIT, peak: float = 0.9) -> np.ndarray:
    """Notes on a kit: `(round(duration * 44100),)` float32 with this peak; the same for the same seed."""
    return to_peak(render_drums(notes, build_kit(design), duration, np.random.default_rng(seed)), peak)


def play_onsets(onsets: Onsets, duration: float) -> np.ndarray:
    """Onsets of the five classes on one instrument each, equally hard: `(round(duration * 44100),)` float32."""
    notes = [Note(float(time), MIDI_PITCH[name], 100) for name, times in zip(CLASSES, onsets, strict=True) for time in times]
    return play(sorted(notes), duration)


def play_with_strokes(
    notes: Sequence[Note], duration: float, pitches: Sequence[int], seed: int = 0, design: KitDesign = KIT
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """As `play`, and for each pitch one second of a single stroke, as loud as at velocity 110 in the recording."""
    recording = render_drums(notes, build_kit(design), duration, np.random.default_rng(seed))
    gain = np.float32(0.9 / max(float(np.abs(recording).max(initial=0.0)), 1e-9))
    return recording * gain, {pitch: stroke(pitch, 1.0, design=design) * gain for pitch in pitches}


def stroke(pitch: int, duration: float, velocity: int = 110, lead_in: float = 0.0, design: KitDesign = KIT) -> np.ndarray:
    """One stroke of a General MIDI pitch after `lead_in` seconds of silence: `(round(duration * 44100),)` float32.

    Different strokes keep the balance that they have on the kit.
    """
    return render_drums([Note(lead_in, pitch, velocity)], build_kit(design), duration, np.random.default_rng(0))


@functools.lru_cache(maxsize=1)
def bar() -> np.ndarray:
    """A bar of rock of two seconds: crash, kick, snare, hi-hat, and a fill over three toms; `(88200,)` float32, read-only."""
    notes = [
        Note(LEAD + 0.125 * step, pitch, _VELOCITY[symbol])
        for pitch, pattern in _BAR.items()
        for step, symbol in enumerate(pattern)
        if symbol != "."
    ]
    waveform = play(notes, 2.0)
    waveform.flags.writeable = False
    return waveform


def four_strokes(apart: float = 0.15) -> np.ndarray:
    """Kick, hi-hat, snare, hi-hat, `apart` seconds from each other, the first after 50 ms: `(n,)` float32."""
    notes = [Note(LEAD + apart * index, pitch, 105) for index, pitch in enumerate((36, 42, 38, 42))]
    return play(notes, LEAD + 4 * apart)


# Notes over `bar`: (step in sixteenths, steps long, pitch). Congas and a shaker for DTP; bass and an organ's chord for DTM.
_CONGAS = [*((step, 1, pitch) for step, pitch in ((0, 64), (3, 63), (6, 62), (8, 64), (10, 63), (11, 63), (14, 62)))]
_CONGAS += [(step, 1, 70) for step in range(16)]
_BASS = [(0, 5, 40), (6, 2, 40), (8, 5, 43), (14, 2, 45)]
_ORGAN = [(step, 7, pitch) for step, chord in ((0, (64, 67, 71)), (8, (62, 67, 71))) for pitch in chord]


def task_example(task: str) -> np.ndarray:
    """Two seconds of what each task of the field hears: `(88200,)` float32.

    task  "DSC": a stroke; "DTD": a bar of drums; "DTP": with congas and a shaker; "DTM": with bass and organ.

    Raises ValueError for another task.
    """
    if task == "DSC":
        return to_peak(stroke(38, 2.0, lead_in=LEAD))
    others = {
        "DTD": [],
        "DTP": [("percussion", 0, DRUM_CHANNEL, _CONGAS)],
        "DTM": [("bass", 33, 0, _BASS), ("organ", 16, 1, _ORGAN)],
    }
    if task not in others:
        raise ValueError(f"task {task!r}: choose DSC, {', '.join(others)}")
    parts = [
        MidiPart(name, program, channel, [(LEAD + 0.125 * at, LEAD + 0.125 * (at + long), pitch, 90) for at, long, pitch in notes])
        for name, program, channel, notes in others[task]
    ]
    if not parts:
        return bar()
    played = synthesise(parts, 2.0).mean(axis=1)[: len(bar())]
    mixed = bar().copy()
    mixed[: len(played)] += 0.5 * to_peak(played)
    return to_peak(mixed)


# --- tones ---------------------------------------------------------------------------------------------------------------


def tones_and_clicks(frequencies=(1_000.0, 1_100.0), clicks=(0.30, 0.32), seconds: float = 0.65) -> np.ndarray:
    """Two tones, which a long frame resolves, and two clicks of one sample, which a short one resolves: `(n,)` float64."""
    sound = tone(frequencies, seconds, amplitudes=0.05)
    sound[np.rint(np.multiply(clicks, SAMPLE_RATE)).astype(int)] += 0.85
    return sound


def tone(frequencies, seconds: float, sample_rate: float = SAMPLE_RATE, amplitudes=1.0) -> np.ndarray:
    """A sum of sines `(n,)`, sampled at any rate without a filter: frequencies above half the rate are aliased."""
    frequencies, amplitudes = np.broadcast_arrays(np.atleast_1d(np.asarray(frequencies, dtype=float)), amplitudes)
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    return amplitudes @ np.sin(2 * np.pi * frequencies[:, None] * t)


def glide(start: float, end: float, seconds: float, sample_rate: float = SAMPLE_RATE) -> np.ndarray:
    """A sine whose frequency moves evenly from `start` to `end` Hz, sampled without a filter: `(n,)`."""
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.sin(2 * np.pi * (start * t + (end - start) * t**2 / (2 * seconds)))


def to_listen(samples: np.ndarray, sample_rate: float, peak: float = 0.7) -> np.ndarray:
    """The sound of samples after a converter: the signal below half their rate, at 44.1 kHz, faded over 5 ms at both ends."""
    sound = soxr.resample(np.asarray(samples, dtype=np.float64), sample_rate, SAMPLE_RATE, quality="HQ")
    edge = np.arange(len(sound)) / (0.005 * SAMPLE_RATE)
    return sound * np.minimum(1.0, np.minimum(edge, edge[::-1])) * peak / np.max(np.abs(sound), initial=1e-9)
