"""How loud each annotated stroke is: how hard it was struck where the annotation tells, and what of it is heard in any case.

Velocities are MIDI's, 1 to 127. Energy is the rise of the features at the onset, in log10(magnitude + 1) summed over the 84 bands:
all that sounds at the moment is in it, other drums and other instruments too.
"""

import numpy as np

from adtlib import midi
from adtlib.corpora.base import Corpus, Track
from adtlib.onsets import MIDI_SUFFIXES, Onsets, seconds_to_frames
from adtlib.vocabulary import CLASSES, UnknownLabel

BEFORE, AFTER = 3, 3  # frames around an onset between which features rise
SAME_TIME = 1e-6  # s


def velocities(corpus: Corpus, track: Track, onsets: Onsets) -> Onsets:
    """The velocity of each onset of a track, one float array for each class; NaN where its annotation does not tell."""
    found = [np.full(len(times), np.nan) for times in onsets]
    files = [path for path in track.annotation if path.suffix.lower() in MIDI_SUFFIXES]
    for path in files:
        channel = midi.DRUM_CHANNEL if corpus.drum_channel_only else None
        seconds, pitches, struck, _ = midi.read_velocities(path, channel)
        for pitch in np.unique(pitches).tolist():
            try:
                index = track.mapping.class_index(pitch)
            except UnknownLabel:
                continue
            if index is not None and len(onsets[index]):
                _fill(found[index], onsets[index], seconds[pitches == pitch], struck[pitches == pitch])
    return found


def _fill(found: np.ndarray, onsets: np.ndarray, seconds: np.ndarray, struck: np.ndarray) -> None:
    """Write the velocities of notes to the onsets of their times; of two notes at one time the harder counts."""
    at = np.searchsorted(onsets, seconds - SAME_TIME).clip(max=len(onsets) - 1)
    there = np.abs(onsets[at] - seconds) <= SAME_TIME
    np.fmax.at(found, at[there], struck[there].astype(float))


def broadband_energies(features: np.ndarray, onsets: Onsets) -> Onsets:
    """The rise of `(T, 84)` features at each onset, one float array for each class."""
    values = np.asarray(features, dtype=np.float32)
    energies = []
    for times in onsets:
        frames = seconds_to_frames(times)
        around = frames[:, None] + np.arange(-BEFORE, AFTER + 1)  # (n, 7)
        windows = values[around.clip(0, max(len(values) - 1, 0))] if len(values) else np.zeros((len(frames), 7, 84))
        rise = windows[:, BEFORE:].max(axis=1, initial=0) - windows[:, :BEFORE].min(axis=1, initial=np.inf)
        energies.append(np.maximum(rise, 0).sum(axis=1).astype(float))
    return energies


def no_velocities(onsets: Onsets) -> Onsets:
    """NaN for each onset: what is known where annotations are text or targets."""
    return [np.full(len(onsets[index]), np.nan) for index in range(len(CLASSES))]
