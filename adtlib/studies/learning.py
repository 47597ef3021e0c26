"""Data of notebook 40, small enough to be learned by hand: rises of bands in generated drumming, and pairs of strokes.

A *rise* is the difference between the features (`audio.log_filter_spectrogram`) of the next frame and of the one before: a single
frame cannot tell a stroke that begins from one that rings.
"""

import numpy as np

from adtlib.audio.features import band_centres, log_filter_spectrogram
from adtlib.onsets.frames import frame_targets
from adtlib.onsets.midi import Note
from adtlib.synthesis.examples import play
from adtlib.synthesis.grooves import perform
from adtlib.vocabulary import CLASSES, GENERAL_MIDI, MIDI_PITCH

_APART = 0.3  # seconds between two moments of `kicks_and_hats`
_LOW, _HIGH = 100.0, 8_000.0  # Hz, the bands below and above which kick and hi-hat are measured


def rises_and_targets(style: str, bpm: float, seed: int, n_bars: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Rises `(T, 84)` of generated drumming, standardised, and its targets `(T, 5)`. ValueError as from `synthesis.perform`."""
    performance = perform(style, bpm, n_bars, np.random.default_rng(seed))
    rise = _rises(play(performance.notes, performance.duration))
    classes = np.array([GENERAL_MIDI.class_index(note.pitch) for note in performance.notes])
    times = np.array([note.seconds for note in performance.notes])
    targets = frame_targets([times[classes == index] for index in range(len(CLASSES))], len(rise))
    return (rise - rise.mean()) / rise.std(), targets


def kicks_and_hats(n: int = 240, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Moments at which kick, hi-hat, both or neither is struck, softly or hard.

    Returns the mean rises `(n, 2)` of the bands below 100 Hz and above 8 kHz, scaled to a standard deviation of 1, and whether kick
    and hi-hat were struck, `(n, 2)` bool.
    """
    rng = np.random.default_rng(seed)
    struck = np.arange(n)[:, None] // [1, 2] % 2 == 1  # each of the four cases equally often
    moments = 0.1 + _APART * np.arange(n)
    pitches = [MIDI_PITCH["KD"], MIDI_PITCH["HH"]]
    notes = [
        Note(float(moment), pitch, int(rng.integers(50, 121)))
        for moment, hits in zip(moments, struck, strict=True)
        for pitch, hit in zip(pitches, hits, strict=True)
        if hit
    ]
    rise = _rises(play(notes, moments[-1] + _APART))[np.round(100 * moments).astype(int)]
    centres = band_centres()
    points = np.column_stack([rise[:, centres < _LOW].mean(axis=1), rise[:, centres > _HIGH].mean(axis=1)])
    return points / points.std(axis=0), struck


def _rises(waveform: np.ndarray) -> np.ndarray:
    features = log_filter_spectrogram(waveform)
    rise = np.zeros_like(features)
    rise[1:-1] = features[2:] - features[:-2]
    return rise
