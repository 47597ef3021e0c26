"""What all kits have in common when a stroke is played: its loudness, the balance between the drums, and how it is stopped.

Three kinds of kits play strokes: those shaped from a sound font (`soundfont`), sampled kits varied for training data (`kits`), and
the recorded kit on which transcriptions are played (`adtlib.transcription.kit_playback`).
"""

import numpy as np

from adtlib.vocabulary import CLASSES

_DYNAMICS = 1.5  # amplitude = (velocity / 127) ** _DYNAMICS

# Levels in decibels at which drums of equal peak are mixed. First those of sampled kits: of each class, of percussion outside the
# vocabulary, and of an articulation relative to its class.
CLASS_DB = dict(zip(CLASSES, (0.0, 0.0, -3.0, -10.0, -9.0), strict=True))
OTHER_DB = -6.0
ARTICULATION_DB = {
    "hat_pedal": -4,
    "hat_open": 2,
    "ride": -3,
    "ride_bell": -1,
    "crash": 3,
    "china": 3,
    "side_stick": -4,
    "brush": -4,
    "tambourine": 3,
}
# One crash stands for all cymbals: softer than it is beside rides in training data (-6).
PLAYBACK_DB = CLASS_DB | {"CY": -7.0}
# Of the sound font's kits, by General MIDI pitch: a drum kit recorded from above. Side stick and tambourine are 3 dB softer than in
# the tables above, others differ by up to 2 dB; the miniature corpora were made with these values.
PITCH_DB = {35: 0, 36: 0, 37: -7, 38: -1, 39: -5, 40: -1, 42: -10, 44: -13, 46: -9, 54: -10}
PITCH_DB |= {41: -3, 43: -3, 45: -3, 47: -3, 48: -3, 50: -3, 49: -6, 57: -6, 52: -8, 55: -8, 51: -12, 59: -12, 53: -10}


def amplitude(velocity: float, decibels: float = 0.0) -> float:
    """Factor on a one-shot for a MIDI velocity (1 to 127) and a level."""
    return (velocity / 127) ** _DYNAMICS * 10 ** (decibels / 20)


def fade_out(waveform: np.ndarray, start: int, length: int) -> np.ndarray:
    """A copy that fades to silence within `length` samples from sample `start` on, or until its own end, and ends there."""
    faded = waveform[: start + length].copy()
    faded[start:] *= np.linspace(1, 0, len(faded) - start, dtype=np.float32)
    return faded
