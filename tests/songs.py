"""Recordings that a small network learns in seconds."""

import numpy as np
import soundfile

from adtlib.audio.features import SAMPLE_RATE

TONES = {"KD": 60, "SD": 250, "TT": 700, "HH": 9000, "CY": 3000}


def write_song(folder, name, seed, seconds=12.0):
    """Decaying tones, one frequency a class: what a network can tell apart in seconds of training."""
    rng = np.random.default_rng(seed)
    waveform = rng.normal(0, 0.003, int(seconds * SAMPLE_RATE))
    decay = np.exp(-np.arange(4000) / 800)
    lines = []
    for time_ in np.arange(0.2, seconds - 0.3, 0.15):
        label = rng.choice(list(TONES))
        start = int(time_ * SAMPLE_RATE)
        waveform[start : start + 4000] += 0.5 * decay * np.sin(2 * np.pi * TONES[label] * np.arange(4000) / SAMPLE_RATE)
        lines.append(f"{time_:.4f} {label}\n")
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{name}.wav", np.clip(waveform, -1, 1), SAMPLE_RATE)
    (folder / f"{name}.txt").write_text("".join(lines))
