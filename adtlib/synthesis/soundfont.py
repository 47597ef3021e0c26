"""Kits built from a sound font that comes with pip, and performances rendered on them.

The General MIDI sound font TimGM6mb, which pretty_midi ships, holds eight drum kits; midirenderer plays it. Each stroke of a kit is
rendered once, cut so that it starts at sample 0, and then shaped by a `KitDesign`: tuned, damped, balanced, equalised. So a few
recordings make many kits. In the sound font velocity changes only the loudness; a soft stroke on a real drum is also duller, so
three layers of brightness are made. Its open hi-hats are poor and its snares rumble: the former get the sizzle of a crash cymbal,
the latter a high-pass filter.

`render_drums` places strokes at exact samples: an onset in the sound lies within 2 ms of the note's time. Waveforms are float32 at
44.1 kHz, `(n_samples,)` or `(n_samples, 2)`.
"""

import functools
import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
import soxr

from adtlib.audio.features import SAMPLE_RATE
from adtlib.audio.mixing import place
from adtlib.notation.midi_files import MidiPart, parts_midi
from adtlib.onsets.midi import DRUM_CHANNEL, Note
from adtlib.synthesis.playing import PITCH_DB, amplitude, fade_out

# Programs of the drum kits in the sound font.
STANDARD, ROOM, POWER, ELECTRONIC, TR_808, JAZZ, BRUSH, ORCHESTRA = 0, 8, 16, 24, 25, 32, 40, 48

_GROUPS = {
    "kick": (35, 36),
    "snare": (37, 38, 39, 40),
    "toms": (41, 43, 45, 47, 48, 50),
    "hat": (42, 44, 46, 54),
    "cymbals": (49, 51, 52, 53, 55, 57, 59),
}
_GROUP_OF = {pitch: group for group, pitches in _GROUPS.items() for pitch in pitches}
_RING = {"kick": 0.5, "snare": 0.5, "toms": 0.9, "hat": 0.9, "cymbals": 1.8}  # seconds
_PAN = {35: 0, 36: 0, 42: 0.5, 44: 0.5, 46: 0.5, 50: 0.3, 48: 0.25, 47: 0.0, 45: -0.1, 43: -0.4, 41: -0.5, 49: 0.6}
_PAN |= {57: -0.6, 51: -0.5, 53: -0.5, 59: -0.5, 52: -0.7, 55: 0.3}
_RECORDED = 2.2  # seconds of each stroke rendered from the sound font
_ATTACK = 22  # samples kept before a stroke passes a tenth of its peak
_LAYERS = ((0, -9.0), (60, -4.0), (95, 0.0))  # from this velocity on: high shelf at 3 kHz in decibels
_VARIANTS = (0.993, 1.007)  # two tunings, so that equal strokes are not equal samples
_CHOKED_BY = {46: (42, 44)}
_CHOKE = 0.03  # seconds in which a choked open hi-hat fades


@dataclass(frozen=True)
class KitDesign:
    """A kit: a program of the sound font and how it is shaped.

    tune        factor on pitch for each group of drums ("kick", "snare", "toms", "hat", "cymbals").
    damp        factor on how long a group rings; below 1 shorter.
    level       decibels added to a group.
    tilt        decibels between 100 Hz and 10 kHz, over the whole kit (positive: brighter).
    room, wet   seconds of reverberation, and its level (0 none, 1 as loud as the kit).
    drive       saturation: 0 none, 3 strong.
    """

    name: str
    program: int
    tune: dict[str, float] = field(default_factory=dict)
    damp: dict[str, float] = field(default_factory=dict)
    level: dict[str, float] = field(default_factory=dict)
    tilt: float = 0.0
    room: float = 0.35
    wet: float = 0.12
    drive: float = 0.0


# --- kits ------------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1)
def sound_font() -> bytes:
    """The sound font that pretty_midi ships, found without importing the package."""
    spec = importlib.util.find_spec("pretty_midi")
    path = Path(spec.origin).parent / "TimGM6mb.sf2" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise FileNotFoundError("TimGM6mb.sf2 is not in the installed pretty_midi: pip install 'pretty_midi>=0.2.10,<0.3'")
    return path.read_bytes()


def synthesise(parts: Sequence[MidiPart], end: float) -> np.ndarray:
    """Play parts through the sound font: `(n_samples, 2)` float32 at 44.1 kHz, `end` seconds long."""
    import midirenderer

    data = midirenderer.render_wave_from(sound_font(), parts_midi(parts, ticks_per_beat=500, kind=1, end=end))
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    samples = soxr.resample(samples, rate, SAMPLE_RATE, quality="HQ")
    length = round(end * SAMPLE_RATE)
    return np.pad(samples, ((0, max(0, length - len(samples))), (0, 0)))[:length]


@functools.lru_cache(maxsize=256)
def _raw_shot(program: int, pitch: int) -> np.ndarray:
    """One stroke of a program of the sound font: mono, from its onset on, peak 1."""
    # Reverb and chorus (controls 91 and 93) are off: rooms are added later.
    part = MidiPart("kit", program, DRUM_CHANNEL, [(0.0, _RECORDED, pitch, 115)], ((91, 0), (93, 0)))
    return _from_onset(synthesise([part], end=_RECORDED).mean(axis=1))


def _from_onset(stroke: np.ndarray) -> np.ndarray:
    """The stroke from half a millisecond before its first sample above a tenth of the peak, faded in until there; peak 1."""
    stroke = stroke / np.max(np.abs(stroke))
    first = int(np.argmax(np.abs(stroke) > 0.1))
    lead = min(first, _ATTACK)
    stroke = stroke[first - lead :].copy()
    stroke[:lead] *= np.linspace(0.0, 1.0, lead, endpoint=False, dtype=stroke.dtype)
    return stroke


class Kit:
    """The kit of a design; each drum is rendered when first used."""

    def __init__(self, design: KitDesign):
        """Renders nothing yet."""
        self.design = design
        self._shots: dict[int, tuple[tuple[np.ndarray, ...], ...]] = {}

    def shot(self, pitch: int, velocity: int, variant: int) -> np.ndarray:
        """One stroke at full loudness but with the brightness of its velocity: `(n,)` float32 from its onset on.

        `variant` chooses between two tunings. KeyError for a pitch that the kits do not have.
        """
        if pitch not in self._shots:
            self._shots[pitch] = self._make(pitch)
        layer = sum(velocity >= least for least, _ in _LAYERS) - 1
        return self._shots[pitch][layer][variant]

    def _make(self, pitch: int) -> tuple[tuple[np.ndarray, ...], ...]:
        group = _GROUP_OF[pitch]
        stroke = _repaired_shot(self.design.program, pitch)
        gain = np.float32(10 ** ((PITCH_DB[pitch] + self.design.level.get(group, 0.0)) / 20))
        variants = [_shape(stroke, group, self.design, factor) * gain for factor in _VARIANTS]
        return tuple(tuple(_shelf(v, shelf) for v in variants) for _, shelf in _LAYERS)


_KITS: dict[str, Kit] = {}
_KEPT = 8


def build_kit(design: KitDesign) -> Kit:
    """The kit of a design; the last few are kept in memory (some 10 MB each)."""
    key = repr(design)
    if key not in _KITS:
        if len(_KITS) >= _KEPT:
            del _KITS[next(iter(_KITS))]
        _KITS[key] = Kit(design)
    return _KITS[key]


@functools.lru_cache(maxsize=256)
def _repaired_shot(program: int, pitch: int) -> np.ndarray:
    """One stroke, its faults in the sound font repaired."""
    stroke = _raw_shot(program, pitch)
    if pitch in (38, 40):  # the snares rumble like a kick drum and sound without wires
        stroke = _shelf(_filter(stroke, 180.0, "highpass"), 7.0, 1500.0)
    elif pitch in (42, 44, 54):
        stroke = _filter(stroke, 400.0, "highpass")
    elif pitch == 46:  # a tap of the closed hi-hat, its own ring, and the sizzle of a crash
        tap, sizzle = _raw_shot(program, 42), _filter(_raw_shot(program, 57), 5000.0, "highpass")
        sizzle = sizzle * np.exp(-np.arange(len(sizzle)) / (0.28 * SAMPLE_RATE))
        ring = _filter(stroke, 900.0, "highpass")
        n = min(len(ring), len(sizzle), len(tap))
        stroke = tap[:n] + 0.3 * ring[:n] / np.max(np.abs(ring)) + 0.6 * sizzle[:n] / np.max(np.abs(sizzle))
        stroke = _filter(stroke, 600.0, "highpass")
    elif _GROUP_OF[pitch] == "cymbals":
        stroke = _filter(stroke, 250.0, "highpass")
    return _from_onset(stroke).astype(np.float32)


def _filter(x: np.ndarray, frequency: float, kind: str) -> np.ndarray:
    return scipy.signal.lfilter(*_butterworth(2, frequency, kind), x).astype(np.float32)


def _shape(stroke: np.ndarray, group: str, design: KitDesign, variant: float) -> np.ndarray:
    """Tune, damp and equalise one stroke, and let it end in silence."""
    tune = design.tune.get(group, 1.0) * variant
    shaped = soxr.resample(stroke, SAMPLE_RATE * tune, SAMPLE_RATE, quality="HQ")
    damp = design.damp.get(group, 1.0)
    ring = _RING[group] * min(damp, 1.0)
    shaped = shaped[: round(ring * SAMPLE_RATE)]
    time = np.arange(len(shaped)) / SAMPLE_RATE
    if damp < 1.0:
        shaped = shaped * np.exp(-time * 2.5 * (1.0 / damp - 1.0) / _RING[group])
    fade = min(len(shaped), round(0.15 * ring * SAMPLE_RATE))
    shaped[len(shaped) - fade :] *= np.linspace(1.0, 0.0, fade)
    shaped = _shelf(shaped, design.tilt / 2)
    return (_shelf(shaped, design.tilt / 2, 600.0)).astype(np.float32)


def _shelf(x: np.ndarray, decibels: float, frequency: float = 3000.0) -> np.ndarray:
    """Raise or lower frequencies above `frequency` (first order)."""
    if abs(decibels) < 0.1:
        return x.astype(np.float32)
    high = scipy.signal.lfilter(*_butterworth(1, frequency, "highpass"), x)
    return (x + (10 ** (decibels / 20) - 1) * high).astype(np.float32)


@functools.lru_cache(maxsize=32)
def _butterworth(order: int, frequency: float, kind: str) -> tuple[np.ndarray, np.ndarray]:
    return scipy.signal.butter(order, frequency, kind, fs=SAMPLE_RATE)


# --- performances ----------------------------------------------------------------------------------------------------


def render_drums(notes: Sequence[Note], kit: Kit, duration: float, rng: np.random.Generator, stereo: bool = False) -> np.ndarray:
    """Play notes on a kit, `(round(duration * 44100),)` or `(…, 2)` float32, not normalised; see `adtlib.audio.mixing.to_peak`.

    A closed or pedal hi-hat ends an open one. Raises KeyError for a pitch that the kits do not have.
    """
    n_samples = round(duration * SAMPLE_RATE)
    out = np.zeros((n_samples, 2 if stereo else 1), dtype=np.float32)
    ordered = sorted(notes)
    for index, note in enumerate(ordered):
        start = round(note.seconds * SAMPLE_RATE)
        shot = kit.shot(note.pitch, note.velocity, int(rng.integers(len(_VARIANTS))))
        shot = _choked(shot, ordered, index)
        gain = amplitude(note.velocity, rng.normal(0.0, 0.5))
        for channel, side in enumerate(_sides(note.pitch) if stereo else (1.0,)):
            place(shot, out[:, channel], start, gain * side)
    if kit.design.wet > 0:
        out = _add_room(out, kit.design)
    if kit.design.drive > 0:
        scale = np.max(np.abs(out), initial=1e-9) / (1.0 + kit.design.drive)
        out = np.tanh(out / scale).astype(np.float32) * np.float32(scale)
    return out if stereo else out[:, 0]


def _sides(pitch: int) -> tuple[float, float]:
    """Gains of left and right for a drum's place in the kit, of constant power."""
    angle = (_PAN.get(pitch, 0.0) * 0.7 + 1.0) * np.pi / 4
    return float(np.cos(angle) * np.sqrt(2)), float(np.sin(angle) * np.sqrt(2))


def _choked(shot: np.ndarray, ordered: Sequence[Note], index: int) -> np.ndarray:
    note = ordered[index]
    if note.pitch not in _CHOKED_BY:
        return shot
    for later in ordered[index + 1 :]:
        open_for = later.seconds - note.seconds
        if open_for * SAMPLE_RATE > len(shot):
            return shot
        # A stroke within 20 ms is the same movement and does not close the hi-hat.
        if later.pitch in (*_CHOKED_BY[note.pitch], note.pitch) and open_for > 0.02:
            return fade_out(shot, round(open_for * SAMPLE_RATE), round(_CHOKE * SAMPLE_RATE))
    return shot


def _add_room(dry: np.ndarray, design: KitDesign) -> np.ndarray:
    """Add a room: a diffuse tail from 6 ms on. The direct sound is unchanged, so onsets do not move."""
    impulse = _room_impulse(design.room, dry.shape[1])
    wet = scipy.signal.oaconvolve(dry, impulse, axes=0)[: len(dry)]
    return (dry + design.wet * wet).astype(np.float32)


@functools.lru_cache(maxsize=32)
def _room_impulse(seconds: float, channels: int) -> np.ndarray:
    rng = np.random.default_rng(round(seconds * 1000))
    n = round(seconds * SAMPLE_RATE)
    time = np.arange(n)[:, None] / SAMPLE_RATE
    tail = rng.normal(size=(n, channels)) * np.exp(-6.9 * time / seconds)
    tail[: round(0.006 * SAMPLE_RATE)] = 0.0
    tail = scipy.signal.lfilter(*_butterworth(1, 5000.0, "lowpass"), tail, axis=0)
    return (tail / np.sqrt(np.mean(np.sum(tail**2, axis=0)))).astype(np.float32)
