"""Sung syllables by formant synthesis, in place of vocals, of which there are no free samples.

In singing not vowels but consonants are mistaken for drums: s and sh resemble a hi-hat, t and k a stick, p a kick. So each syllable
is a consonant of shaped noise and a vowel that glides: pulses of the glottis with vibrato and breath, through four resonances.
Formants are the averages of Peterson and Barney (1952) for adult voices.
"""

from collections.abc import Iterator

import numpy as np
from scipy.signal import butter, iirpeak, lfilter, sosfilt

from adtlib.audio.features import SAMPLE_RATE

PITCHES = range(40, 80, 3)
VARIANTS = 4
_SECONDS = 1.6
# Hz of the first three formants; a fourth is at 3,500.
VOWELS = {"a": (730, 1090, 2440), "e": (530, 1840, 2480), "i": (270, 2290, 3010), "o": (570, 840, 2410), "u": (300, 870, 2240)}
# Band in Hz and length in seconds of the noise.
CONSONANTS = {
    "": None,
    "s": (4_500, 12_000, 0.11),
    "sh": (2_000, 7_000, 0.12),
    "f": (1_200, 14_000, 0.08),
    "t": (2_500, 9_000, 0.022),
    "k": (1_200, 4_000, 0.03),
    "p": (150, 1_500, 0.015),
}


def syllables() -> Iterator[tuple[str, str, np.ndarray]]:
    """(key "voice:<pitch>", variant, waveform) of all syllables; the same on every run."""
    for pitch in PITCHES:
        for variant in range(VARIANTS):
            rng = np.random.default_rng([pitch, variant])
            yield f"voice:{pitch}", str(variant), syllable(pitch, rng)


def syllable(pitch: int, rng: np.random.Generator) -> np.ndarray:
    """One syllable at a MIDI pitch: `(n,)` float32 of 1.6 s and its consonant."""
    first, last = rng.choice(list(VOWELS), 2)
    consonant = _consonant(CONSONANTS[str(rng.choice(list(CONSONANTS)))], rng)
    vowel = _vowel(pitch, str(first), str(last), rng)
    gap = int(rng.uniform(0.0, 0.03) * SAMPLE_RATE) if len(consonant) else 0
    return np.concatenate([consonant * rng.uniform(0.1, 0.7), np.zeros(gap), vowel]).astype(np.float32)


def _consonant(shape, rng: np.random.Generator) -> np.ndarray:
    if shape is None:
        return np.zeros(0)
    low, high, seconds = shape
    n = int(seconds * rng.uniform(0.7, 1.5) * SAMPLE_RATE)
    noise = sosfilt(butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos"), rng.normal(size=n))
    # Plosives burst and decay, fricatives swell.
    envelope = np.exp(-np.arange(n) / (0.3 * n)) if seconds < 0.05 else np.sin(np.pi * np.arange(n) / n) ** 0.5
    noise = noise * envelope
    return noise / max(np.abs(noise).max(), 1e-9)


def _vowel(pitch: int, first: str, last: str, rng: np.random.Generator) -> np.ndarray:
    n = int(_SECONDS * SAMPLE_RATE)
    time = np.arange(n) / SAMPLE_RATE
    depth = rng.uniform(0.1, 0.5) * np.clip(time / 0.4, 0, 1)  # semitones of vibrato, which sets in late
    bend = -rng.uniform(0, 1.5) * np.exp(-time / 0.06)
    semitones = pitch - 69 + bend + depth * np.sin(2 * np.pi * rng.uniform(4.8, 6.2) * time)
    phase = np.cumsum(440 * 2 ** (semitones / 12) / SAMPLE_RATE)
    pulses = np.diff(phase % 1, prepend=0)
    pulses = lfilter([1], [1, -rng.uniform(0.9, 0.97)], np.where(pulses < 0, pulses, 0))  # a click a period, darkened
    source = pulses + rng.uniform(0.002, 0.02) * rng.normal(size=n)
    scale = rng.uniform(0.95, 1.2)  # length of the vocal tract
    mix = np.clip((time - rng.uniform(0.1, 0.5)) / 0.15, 0, 1)
    sung = (1 - mix) * _formants(source, VOWELS[first], scale) + mix * _formants(source, VOWELS[last], scale)
    sung *= np.clip(time / rng.uniform(0.008, 0.06), 0, 1) * np.clip((_SECONDS - time) / 0.2, 0, 1)
    return sung / max(np.abs(sung).max(), 1e-9)


def _formants(source: np.ndarray, formants, scale: float) -> np.ndarray:
    out = 0.03 * source
    for weight, frequency, quality in zip((1.0, 0.6, 0.35, 0.2), (*formants, 3_500), (6, 10, 14, 14), strict=True):
        out = out + weight * lfilter(*iirpeak(frequency * scale, quality, fs=SAMPLE_RATE), source)
    return out
